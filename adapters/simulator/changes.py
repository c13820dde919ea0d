"""Memory that notes by itself what of it has changed since it was last written down."""

from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
    ValuesView,
)
from typing import TYPE_CHECKING, Any, TypeVar, overload

T = TypeVar("T")
_WHOLE = ""


class Record:
    """Something remembered; its fields are set and never changed within, so no change is missed."""

    # The type checker must not take this for leave to set fields that do not exist.
    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            object.__setattr__(self, name, value)
            note = self.__dict__.get("_note")
            if note is not None:
                note(name)

    def report_to(self, note: Callable[[str], None]) -> None:
        """Call this from now on with the name of each field that is set."""
        self.__dict__["_note"] = note


class Shelf(MutableMapping[str, T]):
    """Things by their key, with a note of those put in, changed or taken out."""

    def __init__(self, things: Mapping[str, T] | None = None) -> None:
        self._things: dict[str, T] = {}
        self._changed: dict[str, set[str]] = {}
        self.update(things or {})

    def __getitem__(self, key: str) -> T:
        return self._things[key]

    def __setitem__(self, key: str, thing: T) -> None:
        self._things[key] = thing
        self._note(key, _WHOLE)
        if isinstance(thing, Record):
            thing.report_to(lambda name: self._note(key, name))

    def __delitem__(self, key: str) -> None:
        del self._things[key]
        self._note(key, _WHOLE)

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def values(self) -> ValuesView[T]:
        """Return the things alone, without looking each of them up."""
        return self._things.values()

    def changes(self) -> dict[str, Any]:
        """Return by key what is new, the changed fields of a record, or None for what is gone."""
        return {key: self._changes(key, names) for key, names in self._changed.items()}

    def written(self) -> None:
        """Begin the notes anew, because the changes have been written down."""
        self._changed.clear()

    def _changes(self, key: str, names: set[str]) -> Any:
        """Return what to write of one thing."""
        thing = self._things.get(key)
        if thing is None or _WHOLE in names:
            return thing
        return {name: getattr(thing, name) for name in sorted(names)}

    def _note(self, key: str, name: str) -> None:
        """Note that a field, or all of a thing, is to be written down."""
        self._changed.setdefault(key, set()).add(name)


class Rows(Sequence[T]):
    """Things in the order in which they came, kept by their place; none is ever taken out."""

    def __init__(self, rows: Iterable[T] = ()) -> None:
        self.places: Shelf[T] = Shelf({str(place): row for place, row in enumerate(rows)})

    def append(self, row: T) -> None:
        """Add a thing at the end."""
        self.places[str(len(self.places))] = row

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        """Return the thing at a place, counted from the end when it is negative."""
        places = range(len(self.places))[place]
        if isinstance(places, range):
            return [self.places[str(one)] for one in places]
        return self.places[str(places)]

    def __iter__(self) -> Iterator[T]:
        return iter(self.places.values())

    def __len__(self) -> int:
        return len(self.places)
