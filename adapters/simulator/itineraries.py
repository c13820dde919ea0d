"""The routes that sailings follow, day by day."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A day of a route; without a port it is a day at sea. Times are `HH:MM` of the port."""

    day: int
    port: str | None = None
    arrive: str | None = None
    depart: str | None = None


@dataclass(frozen=True, kw_only=True)
class Route:
    """An itinerary that several sailings share."""

    title: str
    region: str
    stops: tuple[Stop, ...]

    @property
    def nights(self) -> int:
        """Return how many nights it lasts."""
        return self.stops[-1].day - 1

    @property
    def ports(self) -> tuple[str, ...]:
        """Return the ports in their order, the first and the last included."""
        return tuple(stop.port for stop in self.stops if stop.port)


def _route(title: str, region: str, *days: str) -> Route:
    """Read a route of which every day is `port, arrive, depart`, a dash where there is no time."""
    return Route(
        title=title,
        region=region,
        stops=tuple(_stop(number, day) for number, day in enumerate(days, 1)),
    )


def _stop(number: int, day: str) -> Stop:
    if day == _SEA:
        return Stop(day=number)
    port, arrive, depart = (part.strip() for part in day.split(","))
    return Stop(day=number, port=port, arrive=_time(arrive), depart=_time(depart))


def _time(text: str) -> str | None:
    return None if text == "-" else text


_SEA = "at sea"

WESTERN = _route(
    *("Western Caribbean", "Caribbean"),
    *("Miami, -, 16:30", _SEA, "Cozumel, 07:00, 17:00", "Roatan, 09:30, 18:00"),
    *("Costa Maya, 07:00, 16:00", _SEA, _SEA, "Miami, 06:00, -"),
)
BAHAMAS = _route(
    *("Bahamas & Perfect Day", "Bahamas"),
    *("Miami, -, 16:30", "Nassau, 08:00, 17:00", "CocoCay, 07:00, 17:00", _SEA, "Miami, 06:00, -"),
)
EASTERN = _route(
    *("Eastern Caribbean", "Caribbean"),
    *("Fort Lauderdale, -, 16:00", _SEA, "San Juan, 13:00, 21:00", "St. Thomas, 08:00, 17:00"),
    *("St. Maarten, 08:00, 17:00", _SEA, _SEA, "Fort Lauderdale, 06:00, -"),
)
MED = _route(
    *("Western Mediterranean", "Mediterranean"),
    *("Barcelona, -, 18:00", "Palma de Mallorca, 09:00, 18:00", _SEA, "Marseille, 08:00, 18:00"),
    *("La Spezia, 08:00, 19:00", _SEA, _SEA, "Barcelona, 05:00, -"),
)
ALASKA = _route(
    *("Alaska Glacier", "Alaska"),
    *("Seattle, -, 16:00", _SEA, "Juneau, 11:00, 20:00", "Skagway, 07:00, 17:30"),
    *(_SEA, _SEA, "Victoria, 16:00, 23:00", "Seattle, 06:00, -"),
)
BERMUDA = _route(
    *("Bermuda", "Bermuda"),
    *("Cape Liberty, -, 16:00", _SEA, "King's Wharf, 08:00, 17:00", _SEA, _SEA),
    "Cape Liberty, 07:00, -",
)
GALVESTON = _route(
    *("Western Caribbean From Galveston, TX", "Caribbean"),
    *("Galveston, -, 16:00", _SEA, "Cozumel, 08:00, 18:00", _SEA, "Galveston, 08:00, -"),
)
GREEK_ISLES = _route(
    *("Greek Isles", "Greek Isles"),
    *("Athens (Piraeus), -, 18:00", "Mykonos, 07:00, 23:00", "Santorini, 07:00, 21:00"),
    *("Rhodes, 08:00, 18:00", _SEA, "Katakolon, 08:00, 17:00", _SEA, "Athens (Piraeus), 06:00, -"),
)
FJORDS = _route(
    *("Norwegian Fjords", "Norwegian Fjords"),
    *("Southampton, -, 16:30", _SEA, "Stavanger, 08:00, 17:00", "Olden, 08:00, 18:00"),
    *("Geiranger, 08:00, 17:00", "Bergen, 09:00, 18:00", _SEA, "Southampton, 06:00, -"),
)
SOUTHERN = _route(
    *("Southern Caribbean", "Caribbean"),
    *("San Juan, -, 20:30", "St. Croix, 08:00, 17:00", "Antigua, 08:00, 17:00"),
    *("St. Lucia, 08:00, 17:00", "Barbados, 08:00, 17:00", "St. Kitts, 09:00, 18:00"),
    *(_SEA, "San Juan, 06:00, -"),
)
WEEKEND = _route(
    *("Bahamas Weekend", "Bahamas"),
    *("Port Canaveral, -, 16:00", "CocoCay, 07:00, 17:00", "Nassau, 07:00, 16:00"),
    "Port Canaveral, 06:00, -",
)
GRAND_MED = _route(
    *("Grand Mediterranean", "Mediterranean"),
    *("Rome (Civitavecchia), -, 17:00", "Naples, 07:00, 18:30", _SEA, "Messina, 07:00, 18:00"),
    *("Valletta, 08:00, 18:00", _SEA, "Dubrovnik, 08:00, 18:00", "Kotor, 08:00, 17:00"),
    *("Corfu, 08:00, 16:00", _SEA, "Rome (Civitavecchia), 05:00, -"),
)
