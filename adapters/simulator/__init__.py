"""The other side of the wire: a simulated supplier, faults included."""

from adapters.simulator.app import create_app, serve
from adapters.simulator.settings import SimulatorSettings

__all__ = ["SimulatorSettings", "create_app", "serve"]
