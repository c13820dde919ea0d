"""The aiohttp service: handlers, schemas, problems, pages, settings and the command line."""
