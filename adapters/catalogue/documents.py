"""JSON of a catalogue that describes sailings and ships; what cannot be read is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import time
from typing import Any, Final

from adapters.catalogue.descriptions import CabinCategoryText, Picture, Stop
from adapters.catalogue.values import number, words
from booking_flow.model.pricing import CabinCategory

_MOST: Final = 200
_CATEGORIES: Final = {category.value: category for category in CabinCategory}


def stops(value: str | None) -> tuple[Stop, ...]:
    """Read the days of an itinerary, in their order."""
    found = [
        Stop(
            day=day,
            port=_words(each.get("port")),
            arrive=_time(each.get("arrive")),
            depart=_time(each.get("depart")),
        )
        for each in _objects(value)
        if (day := number(str(each.get("day"))))
    ]
    return tuple(sorted(found, key=lambda stop: stop.day))


def notices(value: str | None) -> tuple[str, ...]:
    """Read a list of texts; what is no list is one text."""
    listed = _parsed(value)
    if isinstance(listed, list):
        return tuple(text for each in listed[:_MOST] if (text := _words(each)))
    text = words(listed if isinstance(listed, str) else value)
    return (text,) if text and not isinstance(listed, dict) else ()


def pictures(value: str | None) -> tuple[Picture, ...]:
    """Read pictures, which have an address at least."""
    return tuple(
        Picture(url=url, caption=_words(each.get("caption")))
        for each in _objects(value)
        if (url := _words(each.get("url")))
    )


def cabin_categories(value: str | None) -> tuple[CabinCategoryText, ...]:
    """Read what cabins are like, for the categories that we know."""
    return tuple(
        CabinCategoryText(
            category=category,
            name=_words(each.get("name")),
            description=_words(each.get("description")),
            image_url=_words(each.get("imageUrl")),
        )
        for each in _objects(value)
        if (category := _CATEGORIES.get(str(each.get("category"))))
    )


def _objects(value: str | None) -> Iterator[Mapping[str, Any]]:
    listed = _parsed(value)
    return (
        each
        for each in (listed if isinstance(listed, list) else [])[:_MOST]
        if isinstance(each, dict)
    )


def _parsed(value: str | None) -> Any:
    try:
        return json.loads(value) if value else None
    except (ValueError, RecursionError):
        return None


def _words(value: object) -> str | None:
    return words(value) if isinstance(value, str) else None


def _time(value: object) -> time | None:
    try:
        return time.fromisoformat(value.strip()[:5]) if isinstance(value, str) else None
    except ValueError:
        return None
