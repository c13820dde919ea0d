"""Changes the core line by line and tells which changes no test noticed: `make mutants`.

mutmut works in `mutants/`. One forgetful PostgreSQL serves all runs of the tests, which would
otherwise start one per change. Names (or patterns) of changes on the command line narrow it down.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

from adapters.embedded import EmbeddedPostgres

MUTMUT = Path(sys.executable).with_name("mutmut")
WORK = Path("mutants")
KILLED, SURVIVED, UNSEEN = {1, 3, -24, 24, 36, 152, 255, 37}, 0, {5, 33}


def run(patterns: list[str]) -> int:
    """Run mutmut over a database of its own."""
    folder = Path(tempfile.mkdtemp(prefix="mutants-"))
    server = EmbeddedPostgres(folder, durable=False)
    server.start_blocking()
    try:
        children = os.environ.get("CHILDREN", "1")
        command = [str(MUTMUT), "run", "--max-children", children, *patterns]
        return subprocess.run(
            command, env={**os.environ, "TEST_DATABASE_URL": server.dsn}, check=False
        ).returncode
    finally:
        server.stop_blocking()
        shutil.rmtree(folder)


def outcomes(patterns: list[str]) -> Mapping[str, int | None]:
    """Return how the tests ended for every change that was asked for."""
    found: dict[str, int | None] = {}
    for path in sorted(WORK.rglob("*.py.meta")):
        found |= json.loads(path.read_text("utf-8"))["exit_code_by_key"]
    wanted = patterns or ["*"]
    return {
        name: code
        for name, code in found.items()
        if any(fnmatch(name, pattern) for pattern in wanted)
    }


def tell(found: Mapping[str, int | None]) -> int:
    """Print what no test noticed, and return how many changes that are."""
    missed = [name for name, code in found.items() if code not in KILLED]
    for name in missed:
        shown = subprocess.run(
            [str(MUTMUT), "show", name], capture_output=True, text=True, check=False
        )
        sys.stdout.write(f"\n{name}: {_word(found[name])}\n{shown.stdout}\n")
    counted = Counter(_word(code) for code in found.values())
    sys.stdout.write(f"\n{len(found)} changes: {dict(counted)}\n")
    return len(missed)


def _word(code: int | None) -> str:
    if code in KILLED:
        return "noticed"
    if code == SURVIVED:
        return "survived"
    return "no test" if code in UNSEEN else f"not run ({code})"


def main(patterns: list[str]) -> int:
    code = run(patterns)
    found = outcomes(patterns)
    return 1 if code != 0 or not found or tell(found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
