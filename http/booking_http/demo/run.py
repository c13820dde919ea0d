"""Everything on one machine: embedded servers, a simulated supplier, the service and its worker."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Final

from booking_http.demo.home import DemoHome
from booking_http.demo.servers import DemoOptions, require_ports, running_servers

_SERVICE: Final = "booking_http.demo.service"


async def run_demo(options: DemoOptions) -> None:
    """Run the demo until cancelled.

    Raises:
        CannotRun: a port or the folder is in use, or a server does not start.
    """
    require_ports(options)
    home = DemoHome(options.home)
    with home.taken():
        if options.fresh:
            home.forget()
        # The service takes as long to import as the servers to start, so both happen at once.
        imported = asyncio.create_task(asyncio.to_thread(import_module, _SERVICE))
        async with running_servers(options, home) as servers:
            service = await imported
            await service.serve_demo(options, home, servers)
