"""The aiohttp service: its API, its pages for staff, its worker, settings and command line."""
