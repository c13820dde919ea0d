"""The guest's API: its routes, endpoints, requests, responses and document."""
