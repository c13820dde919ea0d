"""Changes the core line by line and tells which changes no test noticed: `make mutants`.

mutmut works in `mutants/`, in two rounds: what the tests of pure functions do not notice, the
engine's tests get to see. One forgetful PostgreSQL serves all of these, which would otherwise
start one per change. Names (or patterns) of changes on the command line narrow it down; what was
measured before and has not changed since is not measured again.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from adapters.embedded import EmbeddedPostgres

MUTMUT = Path(sys.executable).with_name("mutmut")
WORK = Path("mutants")
KILLED, SURVIVED, UNSEEN = {1, 3, -24, 24, 36, 152, 255, 37}, 0, {5, 33}
WITHOUT_SERVERS = "MUTANTS_WITHOUT_SERVERS"


def run(names: Sequence[str], **environ: str) -> bool:
    """Run mutmut over these changes, or over all; whether it came to its end."""
    command = [str(MUTMUT), "run", "--max-children", os.environ.get("CHILDREN", "1"), *names]
    return subprocess.run(command, env={**os.environ, **environ}, check=False).returncode == 0


@contextmanager
def database() -> Iterator[str]:
    """Start a PostgreSQL for one round, and yield its address."""
    folder = Path(tempfile.mkdtemp(prefix="mutants-"))
    server = EmbeddedPostgres(folder, durable=False)
    server.start_blocking()
    try:
        yield server.dsn
    finally:
        server.stop_blocking()
        shutil.rmtree(folder)


def outcomes(patterns: Sequence[str]) -> Mapping[str, int | None]:
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


def missed(found: Mapping[str, int | None]) -> list[str]:
    """Return the changes that no test has noticed yet."""
    return [name for name, code in found.items() if code not in KILLED]


def tell(found: Mapping[str, int | None]) -> int:
    """Print what no test noticed, and return how many changes that are."""
    unnoticed = missed(found)
    for name in unnoticed:
        shown = subprocess.run(
            [str(MUTMUT), "show", name], capture_output=True, text=True, check=False
        )
        sys.stdout.write(f"\n{name}: {_word(found[name])}\n{shown.stdout}\n")
    counted = Counter(_word(code) for code in found.values())
    sys.stdout.write(f"\n{len(found)} changes: {dict(counted)}\n")
    return len(unnoticed)


def _word(code: int | None) -> str:
    if code in KILLED:
        return "noticed"
    if code == SURVIVED:
        return "survived"
    return "no test" if code in UNSEEN else f"not run ({code})"


def main(patterns: Sequence[str]) -> int:
    if not run(patterns, **{WITHOUT_SERVERS: "yes"}):
        return 1
    if left := missed(outcomes(patterns)):
        with database() as dsn:
            if not run(left, TEST_DATABASE_URL=dsn):
                return 1
    found = outcomes(patterns)
    return 1 if not found or tell(found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
