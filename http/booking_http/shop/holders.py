"""What pages know of who holds a booking: its body as this holder may see it."""

from __future__ import annotations

import json
from typing import Final

from booking_http.api.endpoints.with_code import Holder
from booking_http.shop.pages import Body
from booking_http.shop.texts import N_

NO_CODE: Final = N_("Enter the six digits that we mailed.")


def body_for(holder: Holder) -> Body:
    """Return the body that the API shows this holder."""
    shown = holder.body(holder.loaded)
    whole: Body = json.loads(shown.__pydantic_serializer__.to_json(shown, by_alias=True))
    return whole
