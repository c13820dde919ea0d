"""PostgreSQL and Valkey without an installation, for the demo and for tests."""

from adapters.embedded.folder import EmbeddedServerError
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey

__all__ = ["EmbeddedPostgres", "EmbeddedServerError", "EmbeddedValkey"]
