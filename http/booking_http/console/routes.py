"""The console's routes: pages for people, no part of the API."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from booking_flow.staff.people import Role
from booking_http.console import (
    account_page,
    audit_page,
    bulk_pages,
    find_page,
    flow_page,
    live_updates,
    oidc,
    overview_page,
    second_factor_page,
    session_page,
    sign_in,
    sign_in_link,
    staff_page,
    task_pages,
)
from booking_http.console.auth import HOME, SECOND_FACTOR, SIGN_IN
from booking_http.console.pages import ASSETS, as_page, nothing_here
from booking_http.console.result_addresses import FOUND
from booking_http.staff.oidc import CALLBACK, OIDC
from booking_http.staff.sign_in_links import LINK
from booking_http.web.route import Handler

_SESSION: Final = "/console/sessions/{session_uuid}"
PAGES: Final[tuple[tuple[str, str, Handler, Role | None], ...]] = (
    ("GET", SIGN_IN, sign_in.show_sign_in, None),
    ("POST", SIGN_IN, sign_in.sign_in, None),
    ("POST", f"{SIGN_IN}/code", sign_in.sign_in_by_code, None),
    ("GET", OIDC, oidc.oidc_redirect, None),
    ("GET", CALLBACK, oidc.oidc_callback, None),
    ("GET", f"{LINK}/{{token}}", sign_in_link.show_link, None),
    ("POST", f"{LINK}/{{token}}", sign_in_link.use_link, None),
    ("POST", "/console/sign-out", sign_in.sign_out, Role.VIEWER),
    ("GET", account_page.ACCOUNT, account_page.show_account, Role.VIEWER),
    ("POST", f"{account_page.ACCOUNT}/password", account_page.change_password, Role.VIEWER),
    ("POST", f"{account_page.ACCOUNT}/tokens", account_page.make_token, Role.VIEWER),
    (
        "POST",
        f"{account_page.ACCOUNT}/tokens/{{number}}/revoke",
        account_page.revoke_token,
        Role.VIEWER,
    ),
    ("GET", SECOND_FACTOR, second_factor_page.show_second_factor, Role.VIEWER),
    ("POST", SECOND_FACTOR, second_factor_page.enrol, Role.VIEWER),
    ("GET", staff_page.ACCOUNTS, staff_page.show_accounts, Role.SUPERVISOR),
    ("POST", staff_page.ACCOUNTS, staff_page.add_account, Role.SUPERVISOR),
    ("GET", staff_page.ONE, staff_page.show_account, Role.SUPERVISOR),
    ("POST", f"{staff_page.ONE}/role", staff_page.change_role, Role.SUPERVISOR),
    ("POST", f"{staff_page.ONE}/disable", staff_page.disable_account, Role.SUPERVISOR),
    ("POST", f"{staff_page.ONE}/enable", staff_page.enable_account, Role.SUPERVISOR),
    ("POST", f"{staff_page.ONE}/link", staff_page.make_link, Role.SUPERVISOR),
    ("POST", f"{staff_page.ONE}/second-factor", staff_page.reset_factor, Role.SUPERVISOR),
    ("POST", f"{staff_page.ONE}/tokens/{{number}}", staff_page.revoke_token, Role.SUPERVISOR),
    ("GET", audit_page.AUDIT, audit_page.show_audit, Role.SUPERVISOR),
    ("GET", f"{audit_page.AUDIT}/export.json", audit_page.export_audit, Role.SUPERVISOR),
    ("GET", HOME, find_page.show_first_page, Role.VIEWER),
    ("POST", HOME, find_page.find, Role.VIEWER),
    ("GET", f"{FOUND}/{{token}}", find_page.show_found, Role.VIEWER),
    ("POST", bulk_pages.BULK, bulk_pages.start, Role.AGENT),
    ("GET", f"{bulk_pages.BULK}/{{run_id}}", bulk_pages.show_run, Role.VIEWER),
    ("GET", overview_page.OVERVIEW, overview_page.show_overview, Role.VIEWER),
    ("GET", flow_page.FLOW_PAGE, flow_page.show_flow, Role.VIEWER),
    ("POST", f"{flow_page.FLOW_PAGE}/check", flow_page.check, Role.AGENT),
    ("GET", f"{_SESSION}", session_page.show_session, Role.VIEWER),
    ("GET", f"{_SESSION}/events", live_updates.follow, Role.VIEWER),
    ("GET", f"{_SESSION}/story.json", session_page.export, Role.VIEWER),
    ("POST", f"{_SESSION}/{{deed}}", session_page.act, Role.AGENT),
    ("GET", task_pages.TASKS, task_pages.show_queue, Role.VIEWER),
    ("POST", f"{task_pages.TASKS}/answer", task_pages.answer_group, Role.AGENT),
    ("GET", f"{task_pages.TASKS}/{{task_id}}", task_pages.show_task, Role.VIEWER),
    ("POST", f"{task_pages.TASKS}/{{task_id}}/answer", task_pages.answer_task, Role.AGENT),
    ("POST", f"{task_pages.TASKS}/{{task_id}}/claim", task_pages.claim_task, Role.AGENT),
    ("POST", f"{task_pages.TASKS}/{{task_id}}/hand-back", task_pages.hand_back_task, Role.AGENT),
)
"""Method, path, who draws it, and what staff must be at least; None lets everyone in."""


def add_console(app: web.Application) -> None:
    """Serve every page, what pages load, and a page for what is none."""
    app.router.add_get(f"{ASSETS.path}/{{name}}", ASSETS.read)
    for method, path, handler, _ in PAGES:
        app.router.add_route(method, path, as_page(handler))
    app.router.add_route("*", "/console{tail:(/.*)?}", as_page(nothing_here))
