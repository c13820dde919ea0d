"""Ports that nobody uses, for programs which a test starts."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from typing import Final

_PORTS: Final = range(12_000, 32_000)
"""Below those that the machine gives to connections: one of these could be gone a moment later."""
_chance = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses now; a test that takes them soon gets them."""
    found: list[int] = []
    while len(found) < count:
        port = _chance.choice(_PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


def free_port() -> int:
    """Return a port that nobody uses now."""
    return free_ports(1)[0]
