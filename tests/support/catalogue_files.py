"""Trees of files like the supplier's static export, as loose as the real one, by a seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

Json = dict[str, Any]
LINES = {22: "Royal Caribbean", 3: "Celebrity Cruises", 8: "Carnival Cruise Line"}
PORTS = {
    "378": "Miami",
    "383": "Cozumel",
    "2864": "St. John's, Antigua",
    "37": "Nassau",
    "412": "San Juan",
}
FIRST = 2_100_001
START = date(2027, 1, 3)
LEAK = "ARRAY(0x7f3c2a1b)"


@dataclass(slots=True)
class Tree:
    """What lies in a folder: each sailing as it should be read, and why files cannot be."""

    folder: Path
    sailings: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """By their ids, as our own schema keeps them."""
    paths: dict[str, str] = field(default_factory=dict)
    malformed: dict[str, str] = field(default_factory=dict)
    """Part of the reason, by the path."""

    def of_lines(self, *lines: int) -> list[tuple[Any, ...]]:
        return [
            self.sailings[key] for key in sorted(self.sailings) if self.sailings[key][2] in lines
        ]


def grow(folder: Path, number: int, *, seed: int = 0, ships: int = 12, heavy: int = 0) -> Tree:
    """Write sailings of three lines; `heavy` is how many cabins each file lists on top."""
    chance, tree = Random(seed), Tree(folder)
    for place in range(number):
        told = _sailing(chance, place, ships)
        path = _path(told)
        _write(folder / path, _spelt(chance, told, heavy), chance)
        tree.paths[told["id"]] = path
        tree.sailings[told["id"]] = _expected(told)
    return tree


def spoil(tree: Tree, *, seed: int = 0) -> None:
    """Add a file for every way in which one cannot be read."""
    chance = Random(seed)
    for place, (reason, broken) in enumerate(SPOILT):
        told = _sailing(chance, 900_000 + place, 3)
        path = _path(told)
        _write(tree.folder / path, {}, chance)
        (tree.folder / path).write_bytes(broken(_spelt(chance, told, 0)))
        tree.malformed[path] = reason


def _sailing(chance: Random, place: int, ships: int) -> Json:
    line = (22, 3, 8)[place % 3]
    ship = 100 * line + place % ships
    ports = chance.sample(list(PORTS), chance.randint(1, 4))
    price = Decimal(chance.randint(19_900, 499_999)) / 100 if chance.random() < 0.4 else None
    return {
        "id": str(FIRST + place),
        "name": chance.choice(("Western Caribbean", "Eastern Caribbean & Perfect Day", "Alaska")),
        "line": line,
        "ship": ship,
        "date": START + timedelta(days=chance.randint(0, 600)),
        "nights": chance.randint(2, 21),
        "ports": ports,
        "price": price,
        "currency": chance.choice(("USD", "GBP", None)),
        "shown": chance.random() > 0.05,
    }


def _path(told: Json) -> str:
    day = told["date"]
    return f"{day.year}/{day.month:02}/{told['line']}/{told['ship']}/{told['id']}.json"


def _expected(told: Json) -> tuple[Any, ...]:
    ports = [PORTS[port] for port in told["ports"]]
    facts = (told["id"], told["name"], told["line"], told["ship"], told["date"], told["nights"])
    money = (told["price"], told["currency"] or "USD", told["shown"])
    return (*facts, ports, ports[0], *money)


def _spelt(chance: Random, told: Json, heavy: int) -> Json:
    """Return the file's content in one of its many spellings."""
    loose = _loosely(chance)
    price = told["price"]
    return {
        "cruiseid": loose(int(told["id"]) // 7),
        "codetocruiseid": loose(int(told["id"])),
        "name": told["name"].replace("&", "&amp;") + chance.choice(("", "\n", " \r\n")),
        "lineid": loose(told["line"]),
        "shipid": chance.choice((loose(told["ship"]), None, LEAK)),
        **chance.choice(
            (
                {"saildate": f"{told['date']}\n", "startdate": ""},
                {"saildate": None, "startdate": f"{told['date']} 00:00:00"},
            )
        ),
        **chance.choice(({"nights": loose(told["nights"])}, {"sailnights": loose(told["nights"])})),
        "voyagecode": chance.choice(("", None, "RC2027")),
        "showcruise": chance.choice(("Y", "1", None, "", "Y\n")) if told["shown"] else "N",
        "currency": told["currency"] and told["currency"] + chance.choice(("", "\n")),
        **_spelt_price(chance, price),
        **_spelt_ports(chance, told["ports"]),
        "linecontent": {"id": loose(told["line"]), "name": LINES[told["line"]] + "\n"},
        "shipcontent": {"id": loose(told["ship"]), **_spelt_ship(chance, told["ship"])},
        "regionids": "12,3",
        "regions": {"12": "Caribbean", "3": "Bahamas"},
        "prices": chance.choice(({}, [], {"BESTFARE": {"IB": {"101": {"price": "1,299.00"}}}})),
        "cabins": {str(n): {"cabincode": f"C{n}", "description": "x" * 900} for n in range(heavy)},
        "altsailings": None,
    }


def _loosely(chance: Random) -> Callable[[int], Any]:
    def loose(value: int) -> Any:
        return chance.choice((value, str(value), f"{value}\n", f"{value}.0", float(value)))

    return loose


def _spelt_price(chance: Random, price: Decimal | None) -> Json:
    if price is None:
        return {
            "cheapestprice": chance.choice((None, "", "0.00", 0, LEAK)),
            "cheapest": chance.choice((None, [], {"combined": {"inside": None}})),
        }
    dearer = price + 500
    return chance.choice(
        (
            {"cheapestprice": f"{price:,}\n", "cheapestinside": str(dearer)},
            {"cheapestprice": None, "cheapestinside": {"price": f"{price}"}, "cheapest": {}},
            {"cheapest": {"combined": {"inside": float(price), "suite": f"{dearer:,}"}}},
        )
    )


def _spelt_ports(chance: Random, ports: list[str]) -> Json:
    names: Json = {port: f"{PORTS[port]}\n".replace("'", "&#39;") for port in ports}
    objects: Json = {port: {"id": int(port), "name": name} for port, name in names.items()}
    stops: list[Json] = [
        {"day": str(day), "orderid": day, "name": names[port], "portid": int(port)}
        for day, port in enumerate(ports, 1)
    ]
    stops.append({"day": "9", "orderid": 99, "name": "At Sea"})
    chance.shuffle(stops)
    told: Json = {
        "portids": ",".join(ports) + chance.choice(("", "\n")),
        "ports": chance.choice((names, objects)),
        "startportid": chance.choice((ports[0], int(ports[0]), "", None)),
    }
    itinerary: tuple[Any, ...] = (
        stops,
        {str(n): stop for n, stop in enumerate(stops)},
        [],
        {},
        None,
    )
    return told | {"itinerary": chance.choice(itinerary)}


def _spelt_ship(chance: Random, ship: int) -> Json:
    name = f"Ship {ship}\n"
    return chance.choice(({"name": name}, {"name": "", "nicename": name}, {"shortname": name}))


def _write(path: Path, told: Json, chance: Random) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mark = b"\xef\xbb\xbf" if chance.random() < 0.1 else b""
    path.write_bytes(mark + json.dumps(told).encode() + b"\n")


def _without(*names: str) -> Callable[[Json], bytes]:
    return lambda told: json.dumps({k: v for k, v in told.items() if k not in names}).encode()


def _with(**changes: Any) -> Callable[[Json], bytes]:
    return lambda told: json.dumps(told | changes).encode()


SPOILT: tuple[tuple[str, Callable[[Json], bytes]], ...] = (
    ("truncated", lambda told: json.dumps(told).encode()[:-40]),
    ("truncated", lambda _: b""),
    ("malformed", lambda _: b"<html><body>502 Bad Gateway</body></html>"),
    ("malformed", lambda told: json.dumps(told).encode() * 2),
    ("UTF-8", lambda told: json.dumps(told | {"name": "@"}).encode().replace(b"@", b"Cura\xe7ao")),
    ("Expected `object`", lambda told: json.dumps([told]).encode()),
    ("Expected `object`", lambda _: b"null"),
    ("saildate", _without("saildate", "startdate")),
    ("saildate", _with(saildate="soon", startdate="31/12/2027")),
    ("nights", _without("nights", "sailnights")),
    ("-3 is no number of nights", _with(nights=-3)),
    ("name", _with(name="\n")),
    ("its ship's name", _with(shipcontent=[])),
    ("its line's name", _with(linecontent={"id": "", "name": {}})),
    ("its codetocruiseid is 5, and its place says", _with(codetocruiseid="5\n")),
    ("its lineid is 99, and its place says", _with(lineid=99)),
    ("its shipid is 7, and its place says", _with(shipid="7")),
    ("malformed", lambda told: json.dumps(told).replace('"nights"', '"night": NaN, "n"').encode()),
    ("nested too deeply", lambda _: b'{"itinerary": ' + b"[" * 100_000),
)


def misplaced() -> Iterator[str]:
    """Return places where no sailing may lie."""
    yield from ("2027/01/22/2100001.json", "2027/01/22/royal/2100001.json", "2100001.json")
