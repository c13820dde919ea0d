"""A simulator over HTTP, and clients of it."""

from tests.support.traveltek_fixtures import client, make_client, simulator

__all__ = ["client", "make_client", "simulator"]
