"""What the demo prints: where to look, and one booking to paste."""

from __future__ import annotations

from typing import Final

from adapters.simulator.sailings import EXAMPLE_SAILING
from booking_http.demo.staff import SUPERVISOR

DEFAULT_PORT: Final = 8080
DEFAULT_SIMULATOR_PORT: Final = 8090

_BOOKING: Final = r"""
API=http://127.0.0.1:@PORT@/api/v1/booking
JSON='Content-Type: application/json'
pick() { python3 -c 'import functools, json, sys
body = json.load(sys.stdin)
try: print(functools.reduce(lambda value, key: value[key], sys.argv[1].split("."), body))
except (KeyError, TypeError): sys.exit(f"no {sys.argv[1]} in {body}")' "$1"; }

# 1. Two adults start a session on sailing @SAILING@.
SESSION=$(curl -sS "$API/session" -H "$JSON" -d '{"cruiseId": "@SAILING@",
  "passengerCount": {"adults": 2, "children": 0, "childAges": []}}' | pick sessionId)

# 2. They see live prices; we take the first rate of the first cabin.
RATE=$(curl -sS "$API/$SESSION/pricing" | python3 -c 'import json, sys
cabin = json.load(sys.stdin)["cabins"][0]
rate = cabin["rates"][0]
chosen = {key: rate[key] for key in ("resultNo", "gradeNo", "rateCode")}
print(json.dumps({**chosen, "cabinCode": cabin["cabinCode"]}))')

# 3. They choose it, and the cruise line holds the cabin.
TOTAL=$(curl -sS "$API/$SESSION/select-cabin" -H "$JSON" -d "$RATE" | pick price.total)

# 4. They book and pay the whole price with a test card.
KEY="Idempotency-Key: $(python3 -c 'import uuid; print(uuid.uuid4())')"
curl -sS "$API/$SESSION/create" -H "$JSON" -H "$KEY" -d @- <<END | pick booking.reservation
{"passengers": [
   {"title": "Mrs", "firstName": "Ada", "lastName": "Example", "dateOfBirth": "1980-12-10",
    "gender": "F", "nationality": "US", "passengerType": "adult"},
   {"title": "Mr", "firstName": "Ben", "lastName": "Example", "dateOfBirth": "1979-06-23",
    "gender": "M", "nationality": "US", "passengerType": "adult"}],
 "contact": {"title": "Mrs", "firstName": "Ada", "lastName": "Example", "email": "ada@example.com",
   "phone": "+13055550100", "address": "1 Harbour Street", "city": "Miami", "state": "FL",
   "postalCode": "33101", "country": "US"},
 "payment": {"cardNumber": "4111111111111111", "expiryMonth": 12, "expiryYear": 2035, "cvv": "123",
   "cardholderName": "Ada Example", "amount": "$TOTAL", "paymentType": "full_payment"}}
END

# 5. The session as the guest sees it now, and the reference to give to staff.
curl -sS "$API/session/$SESSION" | python3 -m json.tool
REFERENCE=$(curl -sS "$API/session/$SESSION" | pick reference)
echo "$REFERENCE"
"""


def booking_lines(*, port: int = DEFAULT_PORT) -> str:
    """Return one booking as lines for bash; they need curl and python3 only."""
    lines = _BOOKING.strip("\n").replace("@PORT@", str(port))
    return lines.replace("@SAILING@", str(EXAMPLE_SAILING))


def welcome(*, port: int, simulator: str | None, command: str, console: str | None = None) -> str:
    """Return what to open, what to paste and how to look at the result.

    `console` is the path of a link that signs in once; without it, that of the sign-in page.
    """
    service = f"http://127.0.0.1:{port}"
    shown = [
        f"Book a cruise    {service}/",
        f"API reference    {service}/docs",
        f"Cruises to book  {service}/api/v1/booking/cruises",
    ]
    shown.append(f"Staff console    {service}{console or '/console'}")
    if console:
        shown.append("                 opens once, within 30 minutes; for another one:")
        shown.append(f"                 {command} staff link {SUPERVISOR} --url {service}")
    if simulator:
        shown.append(f"Supplier ledger  {simulator}/_control/ledger")
        shown.append(f"Supplier faults  {simulator}/_control/faults")
    return "\n".join(
        [
            f"\nThe service answers on {service}. Ctrl-C stops everything.\n",
            *(f"  {line}" for line in shown),
            "\nOne booking, to paste into a second terminal (bash, curl and python3):\n",
            booking_lines(port=port),
            "\nWhat happened to it, as staff see it, from the same folder:\n",
            f'{command} session show "$REFERENCE"\n',
        ]
    )
