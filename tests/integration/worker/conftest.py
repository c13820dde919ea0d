"""The fixtures of a whole service, as the HTTP tests use them."""

from tests.integration.http.conftest import guest, make_service, seeded_url, service, simulator

__all__ = ["guest", "make_service", "seeded_url", "service", "simulator"]
