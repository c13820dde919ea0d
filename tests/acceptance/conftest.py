"""The fixtures of a whole service, as the HTTP tests use them."""

from tests.http.conftest import make_service, seeded_url, service, simulator

__all__ = ["make_service", "seeded_url", "service", "simulator"]
