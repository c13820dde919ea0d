"""The last tagged release: its code in a folder of its own, run with the packages of this one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conftest import ROOT

_SEED: Final = """
import asyncio, os
from tests.support.service import seed_catalogue
asyncio.run(seed_catalogue(os.environ["DATABASE_URL"]))
"""
_WHERE: Final = "import booking_http.cli, booking_flow; print(booking_flow.__file__)"


class NoRelease(Exception):  # noqa: N818 - says what there is not
    """There is no release before this one to run."""


def newest_tag(checkout: Path = ROOT) -> str:
    """Return the tag of the last release before what is checked out.

    Raises:
        NoRelease: there is no git, no history or no tag.
    """
    asked = ("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^")
    try:
        return _git(*asked, checkout=checkout).decode().strip()
    except FileNotFoundError:
        raise NoRelease("there is no git on this machine") from None
    except subprocess.CalledProcessError as error:
        raise NoRelease(error.stderr.decode().strip().partition("\n")[0]) from None


def _git(*arguments: str, checkout: Path) -> bytes:
    command = ("git", *arguments)
    return subprocess.run(command, cwd=checkout, capture_output=True, check=True).stdout


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release whose code lies in a folder."""

    tag: str
    folder: Path

    @classmethod
    def unpacked(cls, tag: str, folder: Path) -> Release:
        """Write a release's files to a folder; the repository does not come to know of it."""
        folder.mkdir()
        files = _git("archive", "--format=tar", tag, checkout=ROOT)
        subprocess.run(("tar", "-x", "-C", str(folder)), input=files, check=True)
        return cls(tag=tag, folder=folder)

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return an environment in which this release's code comes before ours."""
        places = (str(self.folder), str(self.folder / "http"))
        return {**environ, "PYTHONPATH": os.pathsep.join(places)}

    async def prepare(self, environ: Mapping[str, str]) -> str:
        """Make the tables and put the sailings on sale, and return what was said of the tables."""
        where = await self._run("-c", _WHERE, environ=environ)
        # The packages of this environment include ours; running these would show nothing.
        assert Path(where).is_relative_to(self.folder), where
        told = await self._run("-m", "booking_http.cli", "migrate", environ=environ)
        await self._run("-c", _SEED, environ=environ)
        return told

    async def _run(self, *arguments: str, environ: Mapping[str, str]) -> str:
        return await run_to_its_end(*arguments, environ=self.environ(environ), folder=self.folder)


async def run_to_its_end(*arguments: str, environ: Mapping[str, str], folder: Path = ROOT) -> str:
    """Run Python to its end, and return what it printed; it must have ended well."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments), cwd=folder, env=dict(environ), stdout=subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, f"{arguments[:3]} ended with {process.returncode}"
    return printed.decode().strip()
