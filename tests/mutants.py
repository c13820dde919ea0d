"""Changes the core line by line and tells which changes no test noticed: `make mutants`.

mutmut works in `mutants/`, in three rounds: what the tests of pure functions do not notice, a few
of the engine's tests get to see, and what those do not notice, all of them. Hundreds of tests enter
a function that every booking goes through, and the first few notice most of what is changed there.
One forgetful PostgreSQL serves these tests, which would otherwise start one per change. Names (or
patterns) of changes on the command line narrow it down; what was measured before and has not
changed since is not measured again.
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
from itertools import zip_longest
from pathlib import Path

from adapters.embedded import EmbeddedPostgres

MUTMUT = Path(sys.executable).with_name("mutmut")
WORK = Path("mutants")
KILLED, SURVIVED, UNSEEN = {1, 3, -24, 24, 36, 152, 255, 37}, 0, {5, 33}
WITHOUT_SERVERS = "MUTANTS_WITHOUT_SERVERS"
STATS = WORK / "mutmut-stats.json"
"""Where mutmut keeps which tests enter which functions."""
WHOLE = WORK / "whole-stats.json"
"""Where that is kept while mutmut knows only a few of them."""
FEW = 25
"""How many tests of a function try a change at first."""


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


@contextmanager
def by_few_tests() -> Iterator[None]:
    """Let mutmut know only a few of the tests of each function."""
    stats = json.loads(STATS.read_text("utf-8"))
    of_functions = stats["tests_by_mangled_function_name"]
    stats["tests_by_mangled_function_name"] = {
        function: few(tests, stats["duration_by_test"]) for function, tests in of_functions.items()
    }
    STATS.replace(WHOLE)
    STATS.write_text(json.dumps(stats), "utf-8")
    try:
        yield
    finally:
        restore_tests()


def restore_tests() -> None:
    """Let mutmut know all tests again, also where a run was killed that had it know a few."""
    if WHOLE.exists():
        WHOLE.replace(STATS)


def few(tests: Sequence[str], seconds: Mapping[str, float]) -> list[str]:
    """Return the fastest of these tests, as many of every file, and each with one parameter."""
    kinds: dict[str, dict[str, str]] = {}
    for test in sorted(tests, key=lambda test: seconds.get(test, 0.0)):
        kinds.setdefault(test.partition("::")[0], {}).setdefault(test.partition("[")[0], test)
    in_turn = zip_longest(*(kind.values() for kind in kinds.values()))
    return [test for turn in in_turn for test in turn if test is not None][:FEW]


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


def _run_with_servers(patterns: Sequence[str]) -> bool:
    """Try by tests with servers what was missed."""
    if not (left := missed(outcomes(patterns))):
        return True
    with database() as dsn:
        # The first of them has mutmut find out which tests enter which functions.
        if not run(left[:1], TEST_DATABASE_URL=dsn):
            return False
        with by_few_tests():
            if not run(left, TEST_DATABASE_URL=dsn):
                return False
        left = missed(outcomes(patterns))
        return not left or run(left, TEST_DATABASE_URL=dsn)


def main(patterns: Sequence[str]) -> int:
    restore_tests()
    if not (run(patterns, **{WITHOUT_SERVERS: "yes"}) and _run_with_servers(patterns)):
        return 1
    found = outcomes(patterns)
    return 1 if not found or tell(found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
