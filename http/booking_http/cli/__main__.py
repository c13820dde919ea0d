"""`python -m booking_http.cli` is `booking-flow`."""

from __future__ import annotations

from booking_http.cli.main import main

main()
