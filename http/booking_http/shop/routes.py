"""The shop's routes: pages for guests, no part of the API."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from booking_http.shop import (
    balance_page,
    booking_page,
    cabin_page,
    extras_page,
    find_page,
    guests_page,
    live_updates,
    lookup_page,
    manage_page,
    notice_page,
    payment_page,
    prices_page,
    sailing_page,
)
from booking_http.shop.pages import ASSETS, as_page, nothing_here
from booking_http.web.route import Handler

_BOOK: Final = "/book/{reference}"
_BOOKING: Final = "/booking/{reference}"
PAGES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/", find_page.show_first_page),
    ("GET", "/cruise/{cruise_id}", sailing_page.show_sailing),
    ("POST", "/cruise/{cruise_id}", sailing_page.open_session),
    ("GET", _BOOK, prices_page.show_prices),
    ("GET", f"{_BOOK}/price", prices_page.show_items),
    ("GET", f"{_BOOK}/cabin", cabin_page.show_cabins),
    ("POST", f"{_BOOK}/cabin", cabin_page.hold_cabin),
    ("GET", f"{_BOOK}/release", cabin_page.ask_release),
    ("POST", f"{_BOOK}/release", cabin_page.release),
    ("POST", f"{_BOOK}/hold", cabin_page.hold_again),
    ("GET", f"{_BOOK}/guests", guests_page.show_guests),
    ("POST", f"{_BOOK}/guests", guests_page.keep_guests),
    ("POST", f"{_BOOK}/draft", guests_page.keep_draft),
    ("GET", f"{_BOOK}/extras", extras_page.show_extras),
    ("POST", f"{_BOOK}/extras", extras_page.keep_extras),
    ("GET", f"{_BOOK}/pay", payment_page.show_payment),
    ("POST", f"{_BOOK}/pay", payment_page.pay),
    ("GET", f"{_BOOK}/wait", booking_page.show_wait),
    ("GET", f"{_BOOK}/events", live_updates.follow),
    ("GET", f"{_BOOK}/notice", notice_page.show_notice),
    ("POST", f"{_BOOK}/notice", notice_page.keep_notice),
    ("GET", "/return/{token}", notice_page.show_return),
    ("POST", "/return/{token}", notice_page.come_back),
    ("POST", f"{_BOOK}/restart", prices_page.start_again),
    ("GET", _BOOKING, booking_page.show_booking),
    ("GET", f"{_BOOKING}/calendar.ics", booking_page.read_calendar),
    ("GET", f"{_BOOKING}/cancel", prices_page.ask_cancel),
    ("POST", f"{_BOOKING}/cancel", prices_page.cancel),
    ("GET", f"{_BOOKING}/pay", balance_page.show_balance),
    ("POST", f"{_BOOKING}/pay", balance_page.pay_balance),
    ("POST", f"{_BOOKING}/pay/code", manage_page.mail_code_to_pay),
    ("GET", f"{_BOOKING}/manage", manage_page.show_manage),
    ("GET", f"{_BOOKING}/manage/{{act}}", manage_page.show_change),
    ("POST", f"{_BOOKING}/manage/{{act}}", manage_page.change),
    ("POST", f"{_BOOKING}/manage/{{act}}/code", manage_page.mail_code),
    ("GET", "/booking", lookup_page.show_lookup),
    ("POST", "/booking", lookup_page.ask_lookup),
)
_BELOW: Final = ("/book/{tail:.*}", "/booking/{tail:.*}", "/cruise/{tail:.*}", "/shop/{tail:.*}")


def add_shop(app: web.Application) -> None:
    """Serve every page, what pages load, and a page for what is none."""
    app.router.add_get(f"{ASSETS.path}/{{name}}", ASSETS.read)
    for method, path, handler in PAGES:
        app.router.add_route(method, path, as_page(handler))
    for path in _BELOW:
        app.router.add_route("*", path, as_page(nothing_here))
