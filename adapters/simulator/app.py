"""The simulator as a web application, and how to serve it."""

import asyncio
from collections import deque

from aiohttp import web

from adapters.simulator import back_office, control, gateway, images
from adapters.simulator.dispatch import RECENT, SUPPLIER, answer_call
from adapters.simulator.settings import SimulatorSettings
from adapters.simulator.supplier import Supplier
from adapters.simulator.transport import STOPPING


class UnsafeBindingError(ValueError):
    """The control API would be reachable from other machines, which nobody has allowed."""


def create_app(settings: SimulatorSettings) -> web.Application:
    """Build the supplier with its endpoints, its pictures and its control API."""
    app = web.Application(middlewares=[control.guard_control])
    app[SUPPLIER] = Supplier(settings)
    app[RECENT] = deque()
    app[STOPPING] = asyncio.Event()
    app.on_shutdown.append(_stop_silence)
    app.on_cleanup.append(_close)
    app.router.add_route("*", "/2.1/json/{name}", answer_call)
    app.router.add_route("*", gateway.SIGN_IN, gateway.sign_in)
    images.add_pictures(app, below="/images")
    _add_control(app)
    return app


def _add_control(app: web.Application) -> None:
    """Add the control API's routes."""
    app.router.add_routes(
        [
            web.get("/_control/ledger", control.show_ledger),
            web.get("/_control/faults", control.show_faults),
            web.post("/_control/faults", control.arm_fault),
            web.delete("/_control/faults", control.clear_faults),
            web.post("/_control/clock", control.advance_clock),
            web.post("/_control/latency", control.set_latency),
            web.get("/_control/policy", control.show_policies),
            web.post("/_control/policy", control.change_policies),
            web.post("/_control/reset", control.reset),
            web.get("/_control/calls", control.show_calls),
            web.delete("/_control/calls", control.forget_calls),
            web.post("/_control/inventory", control.set_inventory),
            web.post("/_control/cancel", control.cancel_at_line),
            web.get("/_control/sailings", control.show_sailings),
            web.post("/_control/back-office", back_office.find_bookings),
        ]
    )


async def _stop_silence(app: web.Application) -> None:
    """End the calls that are never answered, so that stopping does not wait for them."""
    app[STOPPING].set()


async def _close(app: web.Application) -> None:
    """Let go of the supplier's file when nobody can call any more."""
    app[SUPPLIER].close()


async def serve(settings: SimulatorSettings, *, host: str = "127.0.0.1", port: int) -> None:
    """Serve until cancelled; beyond loopback only when remote control is allowed."""
    if host not in control.LOOPBACK - {""} and not settings.allow_remote_control:
        raise UnsafeBindingError(
            f"refusing {host}: the control API binds to loopback unless allow_remote_control is set"
        )
    runner = web.AppRunner(create_app(settings), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
