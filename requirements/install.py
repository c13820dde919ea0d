"""Install what a lock file pins, exactly that, and show how far it is.

Nothing is resolved: every package comes with version and hash out of the lock, as a wheel, without
looking at what it depends on (`--no-deps`), and `pip check` confirms afterwards that nothing is
missing. A release that appears after the lock was written can therefore change nothing.

It runs before anything is installed, so it uses the standard library only, and starts on a Python
that is too old for the rest in order to say so.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

OLDEST = (3, 11)
SHOWN_LINES = 20
"""How much of a failed command's output is worth reading."""
PACE = 5.0
"""Seconds between two lines of progress where lines cannot be overwritten."""
PACKAGE = re.compile(r"^(?:Collecting|Requirement already satisfied:|Processing) (?:\S*/)?([\w.]+)")


class CannotInstall(Exception):  # noqa: N818 - says what is in the way
    """Something that must be put right before the packages can be installed."""


class Progress:
    """How many of the packages have been looked at: one line that moves, or one every `PACE`."""

    def __init__(self, total: int) -> None:
        self._total, self._seen, self._shown = total, 0, time.monotonic()
        self._moves = sys.stdout.isatty()

    def read(self, line: str) -> None:
        """Take one line of the installer's output."""
        if found := PACKAGE.match(line):
            self._seen += 1
            self._show(f"{min(self._seen, self._total)}/{self._total} {found[1]}")
        elif line.startswith("Installing collected packages"):
            self._show(f"unpacking {self._seen} packages", now=True)

    def end(self) -> None:
        """Leave the line to whatever is printed next."""
        if self._moves:
            print("\r\033[K", end="", flush=True)

    def _show(self, words: str, *, now: bool = False) -> None:
        if self._moves:
            print(f"\r\033[K  {words}", end="", flush=True)
        elif now or time.monotonic() - self._shown > PACE:
            self._shown = time.monotonic()
            print(f"  {words}", flush=True)


def main() -> None:
    """Read the command line and install."""
    parser = argparse.ArgumentParser(description="Install what a lock file pins, and only that.")
    parser.add_argument("lock", type=Path)
    parser.add_argument("--venv", type=Path, default=Path(".venv"))
    parser.add_argument("--project", type=Path, help="Install this folder, too, editable.")
    parser.add_argument("--compile", default="", help="Modules that are to start quickly.")
    asked = parser.parse_args()
    try:
        install(asked.lock, venv=asked.venv, project=asked.project, modules=asked.compile)
    except CannotInstall as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; the next call goes on")


def install(
    lock: Path,
    *,
    venv: Path,
    project: Path | None = None,
    modules: str = "",
    resolve: bool = False,
) -> None:
    """Make the environment if it is missing or broken, and install into it.

    `modules` of the project, with commas between them, and what they import are compiled while pip
    looks whether all is whole: several processes start with them at once, and each would do it.

    With `resolve`, pip looks at what the packages depend on and refuses a lock that leaves
    something out, extras included; that is for whoever writes a lock.

    Raises:
        CannotInstall: this Python is too old, a package is not to be had, or the lock is not whole.
    """
    require_python()
    python, began = environment(venv), time.monotonic()
    count = len(re.findall(r"^[\w.\-\[\],]+==", lock.read_text("utf-8"), re.MULTILINE))
    print(f"Installing the {count} packages of {lock} into {venv}", flush=True)
    options = ["--require-hashes", "--only-binary=:all:", "-r", str(lock)]
    if resolve:
        _pip(python, options, Progress(count))
    elif not _uv(python, options):
        _pip(python, ["--no-deps", "--no-compile", *options], Progress(count))
    with _compiled(python, modules, project or Path()):
        if project is not None:
            _run([*pip(python), "install", "--no-deps", "--no-build-isolation", "-e", str(project)])
        _run([*pip(python), "check"], advice=f"{lock} is not whole: `make lock` writes it anew")
    print(f"  installed in {time.monotonic() - began:.0f} s", flush=True)


def require_python() -> None:
    """Refuse a Python that is too old.

    Raises:
        CannotInstall: it is.
    """
    if sys.version_info[:2] < OLDEST:
        needed = ".".join(map(str, OLDEST))
        found = ".".join(map(str, sys.version_info[:2]))
        advice = f"name a newer one: make PYTHON=python{needed}"
        raise CannotInstall(f"Python {needed} or newer is needed, this is {found}; {advice}")


def environment(venv: Path) -> Path:
    """Return the Python of the environment, which is made if it is missing or does not start."""
    python = venv / "bin" / "python"
    if not _works(python):
        print(f"Making {venv}", flush=True)
        _run([sys.executable, "-m", "venv", "--clear", str(venv)])
    return python


def pip(python: Path) -> list[str]:
    """Return the command that is pip of an environment."""
    return [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input"]


@contextmanager
def _compiled(python: Path, modules: str, project: Path) -> Iterator[None]:
    """Import modules beside the block; what cannot be imported is told by who starts it."""
    folders = os.pathsep.join(str(folder.resolve()) for folder in (project, project / "http"))
    with ExitStack() as running:
        for module in filter(None, modules.split(",")):
            importing = subprocess.Popen(
                [str(python), "-c", f"import {module}"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": folders},
            )
            running.enter_context(importing)
        yield


def _works(python: Path) -> bool:
    """Say whether an environment is whole; one whose Python was removed or replaced is not."""
    if not python.exists():
        return False
    tried = subprocess.run(
        [str(python), "-m", "pip", "--version"], capture_output=True, check=False
    )
    return tried.returncode == 0


def _uv(python: Path, options: list[str]) -> bool:
    """Install by uv, which is quicker, where the machine has it; False where that does not work.

    uv does not read pip's settings, so a machine with its own index may know it only by pip.
    """
    program = shutil.which("uv")
    if program is None:
        return False
    command = [program, "pip", "install", "--python", str(python), "--no-deps", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print("  uv could not install them, so pip does", flush=True)
    return done.returncode == 0


def _pip(python: Path, options: list[str], progress: Progress) -> None:
    command = [*pip(python), "install", "--progress-bar", "off", *options]
    lines: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_environ()
    ) as installer:
        for line in installer.stdout or ():
            lines.append(line)
            progress.read(line)
    progress.end()
    if installer.returncode != 0:
        raise CannotInstall(_failure(command, "".join(lines)))


def _run(command: list[str], *, advice: str = "") -> None:
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=_environ(),
    )
    if done.returncode != 0:
        raise CannotInstall(_failure(command, done.stdout, advice))


def _environ() -> dict[str, str]:
    """Return our environment without what would make pip print less or more than is read here."""
    return {name: value for name, value in os.environ.items() if name not in _LOUDNESS}


_LOUDNESS = ("PIP_QUIET", "PIP_VERBOSE", "PIP_PROGRESS_BAR")


def _failure(command: list[str], output: str, advice: str = "") -> str:
    told = [line for line in output.splitlines() if not line.startswith("WARNING: Location")]
    lines = [f"{' '.join(command[:6])} … failed:", *(f"  {line}" for line in told[-SHOWN_LINES:])]
    return "\n".join([*lines, *([advice] if advice else [])])


if __name__ == "__main__":
    main()
