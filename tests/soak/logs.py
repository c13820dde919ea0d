"""What the services' logs say that a storm does not explain."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path


def unexpected(folder: Path) -> Counter[str]:
    """Count errors and warnings of all servers by what they say."""
    found: Counter[str] = Counter()
    for log in sorted(folder.glob("server-*.log")):
        for line in log.read_text("utf-8", errors="replace").splitlines():
            found[_gist(line)] += 1
    return found


def _gist(line: str) -> str:
    """Return what is the same in two lines about one thing."""
    try:
        said = json.loads(line)
    except ValueError:
        return line[:160]
    raised = said.get("exception", {})
    words = [
        said.get("level"),
        said.get("event"),
        said.get("job"),
        said.get("code"),
        said.get("why"),
        raised,
    ]
    return " ".join(str(word) for word in words if word)
