"""The console's style and scripts, under names that change with their content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from aiohttp import web

STATIC: Final = "/console/static"
_FOLDER: Final = Path(__file__).resolve().parent / "static"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file a page may ask for."""

    name: str
    """Its name with a piece of its content's hash in it."""
    body: bytes
    media_type: str


@lru_cache(maxsize=1)
def assets() -> Mapping[str, Asset]:
    """Return every asset by the name of its file."""
    return {path.name: _asset(path) for path in _FOLDER.iterdir() if path.suffix in _TYPES}


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    print_of = sha256(body).hexdigest()[:12]
    name = f"{path.stem}.{print_of}{path.suffix}"
    return Asset(name=name, body=body, media_type=_TYPES[path.suffix])


def href(name: str) -> str:
    """Return where a page finds a file."""
    return f"{STATIC}/{assets()[name].name}"


async def read_asset(request: web.Request) -> web.Response:
    """Show a file, which a browser may keep for ever."""
    asked = request.match_info["name"]
    found = next((each for each in assets().values() if each.name == asked), None)
    if found is None:
        raise web.HTTPNotFound
    return web.Response(
        body=found.body, content_type=found.media_type, charset="utf-8", headers=_FOR_EVER
    )
