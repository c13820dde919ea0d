"""The agency's cruise catalogue: a PostgreSQL database whose tables are not ours to shape."""
