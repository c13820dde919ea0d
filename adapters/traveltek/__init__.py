"""The Traveltek adapter: what this package offers to the wiring."""

from adapters.traveltek.client import TraveltekClient, open_client
from adapters.traveltek.settings import TraveltekSettings

__all__ = ["TraveltekClient", "TraveltekSettings", "open_client"]
