"""Write the lock files anew; each is tried in an empty environment before it takes its place.

uv resolves and pip, which looks at everything once more, must agree: it refuses a lock in which
anything that a package or one of its extras depends on is not pinned.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from requirements.install import CannotInstall, install

FOLDER = Path(__file__).resolve().parent
FIRST = "dev"
LOCKS = {
    FIRST: ["--all-extras", "--group", "dev"],
    "demo": ["--extra", "demo", "--group", "build"],
    "runtime": [],
    "bench": ["--all-extras", "--group", "bench"],
}
"""What each file is for: developing and testing, the demo, running the service, measuring."""
COMPILE = [
    *(sys.executable, "-m", "uv", "pip", "compile", "--quiet"),
    # For every platform and every Python we support, with the extras that packages ask for.
    *("--universal", "--python-version", "3.11", "--no-strip-extras", "--generate-hashes"),
    # Where packages come from is the machine's affair.
    *("--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock"),
]


def main() -> None:
    """Read the command line and write the locks."""
    parser = argparse.ArgumentParser(description="Write the lock files of pyproject.toml anew.")
    parser.add_argument("--upgrade", action="store_true", help="Take the newest releases.")
    asked = parser.parse_args()
    project = FOLDER.parent / "pyproject.toml"
    for name, options in LOCKS.items():
        # The others take the versions of the first, so that one environment serves all.
        same = [] if name == FIRST else ["--constraint", str(FOLDER / f"{FIRST}.txt")]
        upgrade = ["--upgrade"] if asked.upgrade else []
        try:
            write(FOLDER / f"{name}.txt", project=project, options=[*options, *same, *upgrade])
        except CannotInstall as error:
            sys.exit(f"requirements/{name}.txt stays as it was: {error}")


def write(lock: Path, *, project: Path, options: list[str]) -> None:
    """Resolve what a project asks for, try it, and replace the lock.

    Raises:
        CannotInstall: it cannot be resolved, or what was resolved is not whole.
    """
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / lock.name
        if lock.exists():
            # uv keeps the versions that it finds in the file it writes.
            draft.write_bytes(lock.read_bytes())
        command = [*COMPILE, *options, str(project), "-o", str(draft)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotInstall(done.stderr.strip())
        prove(draft, Path(folder) / "venv")
        lock.write_bytes(draft.read_bytes())


def prove(draft: Path, venv: Path) -> None:
    """Install a lock as whoever trusts nothing would: resolving, by hash, into nothing.

    Raises:
        CannotInstall: something that is needed is not pinned.
    """
    install(draft, venv=venv, resolve=True)


if __name__ == "__main__":
    main()
