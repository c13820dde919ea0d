"""Thin handlers: read the request, ask the engine, render the answer."""
