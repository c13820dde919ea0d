"""How long a newcomer waits: from a clone, with nothing installed or cached, to the first booking.

`make first-booking` prints the parts; `--python` tries another interpreter, `--each` every one that
this machine has. It needs git, make, bash and curl, and nothing of ours, since a clone has nothing
yet.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUPPORTED = range(11, 15)
"""The minor versions of Python 3 that we support where every package has a wheel."""
LIMIT = 900.0
READY = 'session show "$REFERENCE"'
MARKS = {
    "Installing the": "environment made",
    "  installed in": "packages installed",
    "The service answers": "service answers",
}
"""Lines that the demo prints, and what they end."""


def main() -> None:
    """Measure, print, and fail when nothing was booked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default="python3", help="The interpreter to install for.")
    parser.add_argument("--each", action="store_true", help="Every supported one found here.")
    asked = parser.parse_args()
    for python in interpreters() if asked.each else [asked.python]:
        with tempfile.TemporaryDirectory(prefix="first-booking-") as folder:
            parts = measure(Path(folder), python=python)
        for name, seconds in parts.items():
            print(f"{name:<34}{seconds:6.1f} s", flush=True)


def interpreters() -> list[str]:
    """Return one interpreter of each supported version that this machine has."""
    places = [Path(place) for place in os.get_exec_path()]
    places += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    found = {}
    for name in (f"python3.{minor}" for minor in SUPPORTED):
        candidates = [str(place / name) for place in places if (place / name).exists()]
        # A shim that leads to no installed version exists and does not run.
        if working := [each for each in candidates if runs(each)]:
            found[name] = working[0]
    return list(found.values())


def runs(python: str) -> bool:
    """Say whether an interpreter starts."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def measure(folder: Path, *, python: str) -> dict[str, float]:
    """Clone, run the demo, paste its lines, and return what each part took, in seconds."""
    parts, began = {}, time.monotonic()
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    parts["clone"] = time.monotonic() - began
    with demo(clone, python=python, environ=bare_environment(folder)) as (lines, output):
        last = time.monotonic()
        for mark in lines:
            parts[mark], last = time.monotonic() - last, time.monotonic()
        parts["first booking, lines pasted"] = paste(output, folder)
    after = parts["service answers"] + parts["first booking, lines pasted"]
    total = sum(parts.values())
    installed = size_of(clone / ".venv")
    print(f"{version_of(clone)}, {installed / 1e6:.0f} MB installed")
    return parts | {"everything after the install": after, "clone to first booking": total}


@contextmanager
def demo(
    clone: Path, *, python: str, environ: dict[str, str]
) -> Iterator[tuple[Iterator[str], Path]]:
    """Run `make demo` on free ports; the iterator yields each mark as it is reached."""
    output, (port, simulator_port) = clone.parent / "output.txt", free_ports(2)
    command = ["make", "demo", f"PYTHON={python}", f"PORT={port}"]
    command += [f"SIMULATOR_PORT={simulator_port}"]
    with output.open("wb") as printed:
        running = subprocess.Popen(
            command, cwd=clone, env=environ, stdout=printed, stderr=printed, start_new_session=True
        )
    try:
        yield marks(output, running), output
    finally:
        # One that could not start has ended already, and said why.
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGINT)
        running.wait(60)


def marks(output: Path, running: subprocess.Popen[bytes]) -> Iterator[str]:
    """Follow what is printed, and yield the name of each part that ends."""
    wanted, deadline = dict(MARKS), time.monotonic() + LIMIT
    while wanted or READY not in output.read_text("utf-8"):
        printed = output.read_text("utf-8")
        for words in [words for words in wanted if words in printed]:
            yield wanted.pop(words)
        if running.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"the demo did not start:\n{printed}")
        time.sleep(0.02)


def paste(output: Path, folder: Path) -> float:
    """Book with the lines that the demo printed, and return how long that took."""
    printed, began = output.read_text("utf-8"), time.monotonic()
    block = printed[printed.index("API=") : printed.index("\nWhat happened to it")]
    done = subprocess.run(
        ["bash"], input=block, cwd=folder, capture_output=True, text=True, check=False
    )
    if '"state": "paid"' not in done.stdout:
        sys.exit(f"nothing was booked:\n{done.stdout}\n{done.stderr}")
    return time.monotonic() - began


def bare_environment(folder: Path) -> dict[str, str]:
    """Return an environment without settings of ours, without uv, and without caches."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not re.match(r"(DATABASE|REDIS|CATALOGUE|TRAVELTEK|VIRTUAL_ENV|PYTHON|MAKE|PORT)", name)
    }
    path = [place for place in os.get_exec_path() if not Path(place, "uv").exists()]
    return kept | {"HOME": str(folder), "PIP_NO_CACHE_DIR": "1", "PATH": os.pathsep.join(path)}


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def size_of(folder: Path) -> int:
    """Return how many bytes a folder takes, its links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def version_of(clone: Path) -> str:
    """Return the interpreter that was installed for."""
    python = clone / ".venv" / "bin" / "python"
    told = subprocess.run([python, "--version"], capture_output=True, text=True, check=True)
    return told.stdout.strip()


if __name__ == "__main__":
    if missing := [name for name in ("git", "make", "bash", "curl") if shutil.which(name) is None]:
        sys.exit(f"needs {', '.join(missing)}")
    main()
