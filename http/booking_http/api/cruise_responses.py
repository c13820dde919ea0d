"""Sailings as answers show them; pure functions of what the catalogue tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from adapters.catalogue.descriptions import Facet, ListedSailing, SailingDetails, SearchCounts, Stop
from adapters.catalogue.reader import CataloguePage
from booking_flow.model.party import PartyRules, PassengerType
from booking_http.api import cruise_models as tell
from booking_http.api.action_links import BASE
from booking_http.api.session_response import cruise_fields

PATH = f"{BASE}/cruises"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What every sailing is shown with: the currency, and the address of our own pictures."""

    currency: str
    public_url: str | None

    def address(self, url: str | None) -> str | None:
        """Return an address in full where it is a path of this service and that is known."""
        if url is None or self.public_url is None or not url.startswith("/"):
            return url
        return self.public_url.rstrip("/") + url


def cruises(
    page: CataloguePage,
    found: SearchCounts,
    *,
    updated_at: datetime | None,
    query: Mapping[str, str],
    shop: Shop,
) -> tell.CruisesResponse:
    """Return a page of sailings; `query` is what was asked, as it stood in the address."""
    return tell.CruisesResponse(
        cruises=[
            tell.CatalogueCruiseResponse.model_validate(_listed(entry, shop=shop))
            for entry in page.entries
        ],
        total=found.total,
        updated_at=updated_at,
        facets=_facets(found),
        next=page.next,
        links=_links(query, following=page.next),
    )


def _facets(found: SearchCounts) -> tell.FacetsResponse:
    def of(name: str) -> list[tell.FacetResponse]:
        return [_facet(facet) for facet in found.facets.get(name, ())]

    return tell.FacetsResponse(
        lines=of("lines"),
        ships=of("ships"),
        months=of("months"),
        nights=sorted(of("nights"), key=lambda facet: int(facet.value)),
        ports=of("ports"),
        embark_ports=of("embarkPorts"),
    )


def _facet(facet: Facet) -> tell.FacetResponse:
    return tell.FacetResponse(value=facet.value, label=facet.label, count=facet.count)


def _links(query: Mapping[str, str], *, following: str | None) -> tell.LinksResponse:
    first = {name: value for name, value in query.items() if name != "cursor"}
    return tell.LinksResponse(
        self=_link(query),
        first=_link(first),
        next=None if following is None else _link({**first, "cursor": following}),
    )


def _link(query: Mapping[str, str]) -> str:
    return f"{PATH}?{urlencode(query)}" if query else PATH


def cruise(details: SailingDetails, *, rules: PartyRules, shop: Shop) -> tell.CruiseDetailsResponse:
    """Return a sailing with all that is known of it."""
    return tell.CruiseDetailsResponse.model_validate(
        {
            **_listed(details, shop=shop),
            "itinerary": [_stop(stop, details) for stop in details.itinerary],
            "ship": _ship(details, shop=shop),
            "cabin_categories": [
                tell.CategoryResponse(
                    category=each.category,
                    name=each.name,
                    description=each.description,
                    image_url=shop.address(each.image_url),
                )
                for each in details.cabin_categories
            ],
            "age_bands": _age_bands(rules),
            "notices": list(details.notices),
        }
    )


def _listed(entry: ListedSailing, *, shop: Shop) -> dict[str, object]:
    sailing = entry.sailing
    return {
        **cruise_fields(sailing),
        "ship_id": sailing.ship_id,
        "ports": list(sailing.ports),
        "embark_port": entry.embark_port,
        "returns_on": entry.returns_on,
        "image_url": shop.address(entry.image_url),
        "from_price": sailing.from_price,
        "currency": shop.currency,
    }


def _stop(stop: Stop, details: SailingDetails) -> tell.StopResponse:
    return tell.StopResponse(
        day=stop.day,
        date=details.sailing.sailing_date + timedelta(days=stop.day - 1),
        port=stop.port,
        arrive=stop.arrive,
        depart=stop.depart,
    )


def _ship(details: SailingDetails, *, shop: Shop) -> tell.ShipResponse:
    pictures = [(picture.url, picture.caption) for picture in details.images]
    first = details.ship_image_url
    if first and first not in dict(pictures):
        pictures.insert(0, (first, details.sailing.ship_name))
    return tell.ShipResponse(
        ship_id=details.sailing.ship_id,
        name=details.sailing.ship_name,
        description=details.ship_description,
        year_built=details.year_built,
        guest_capacity=details.guest_capacity,
        deck_count=details.deck_count,
        images=[
            tell.PictureResponse(url=shop.address(url) or url, caption=caption)
            for url, caption in pictures
        ],
    )


def _age_bands(rules: PartyRules) -> list[tell.AgeBandResponse]:
    """Return the bands by which parties are checked."""
    bands = (
        (PassengerType.INFANT, 0, rules.max_infant_age),
        (PassengerType.CHILD, rules.max_infant_age + 1, rules.max_child_age),
        (PassengerType.ADULT, rules.max_child_age + 1, None),
    )
    return [
        tell.AgeBandResponse(passenger_type=kind, min_age=youngest, max_age=oldest)
        for kind, youngest, oldest in bands
    ]
