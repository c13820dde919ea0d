"""Styles, scripts and pictures of pages, under names that change with their content."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from aiohttp import web

_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file a page may ask for."""

    name: str
    """Its name with a piece of its content's hash in it."""
    body: bytes
    zipped: bytes
    media_type: str


class Assets:
    """The files of one folder, served below one path."""

    def __init__(self, folder: Path, *, path: str) -> None:
        """Serve what lies in `folder`."""
        self.path = path
        self._folder = folder

    @cached_property
    def files(self) -> Mapping[str, Asset]:
        """Return every asset by the name of its file."""
        found = {each.name: each for each in self._folder.iterdir() if each.suffix in _TYPES}
        return {name: _asset(path) for name, path in sorted(found.items())}

    def href(self, name: str) -> str:
        """Return where a page finds a file."""
        return f"{self.path}/{self.files[name].name}"

    async def read(self, request: web.Request) -> web.Response:
        """Show a file, which a browser may keep for ever."""
        asked = request.match_info["name"]
        found = next((each for each in self.files.values() if each.name == asked), None)
        if found is None:
            raise web.HTTPNotFound
        small = "gzip" in request.headers.get("Accept-Encoding", "")
        return web.Response(
            body=found.zipped if small else found.body,
            content_type=found.media_type,
            charset="utf-8",
            headers={**_FOR_EVER, **({"Content-Encoding": "gzip"} if small else {})},
        )


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    print_of = sha256(body).hexdigest()[:12]
    return Asset(
        name=f"{path.stem}.{print_of}{path.suffix}",
        body=body,
        zipped=gzip.compress(body, mtime=0),
        media_type=_TYPES[path.suffix],
    )
