"""What the agency was not told, or not as it should be, is found."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

from tests.soak.hooks import again, heard
from tests.support.receivers import KEY, Received

MOVES = {"BF-1": [1, 3]}


def told(seq: int, *, number: int | None = None, key: bytes = KEY) -> Received:
    """Return an event as the service sends it; `number` is that of a wrong id."""
    body = json.dumps({"data": {"reference": "BF-1", "seq": seq}}).encode()
    name, at = f"BF-1-{number or seq}", str(int(time.time()))
    signed = b".".join([name.encode(), at.encode(), body])
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    headers = {"id": name, "timestamp": at, "signature": f"v1,{signature}"}
    return Received(
        headers={f"webhook-{name}": value for name, value in headers.items()}, body=body
    )


def test_what_was_told_in_order_even_twice_is_well() -> None:
    got = [told(1), told(1), told(3)]
    assert list(heard(MOVES, got)) == []
    assert again(got) == 1


def test_what_was_not_told_is_found() -> None:
    assert list(heard(MOVES, [told(1)])) == ["BF-1: moved at [1, 3], told of [1]"]


def test_what_was_told_too_early_is_found() -> None:
    assert list(heard(MOVES, [told(3), told(1)])) == ["BF-1: moved at [1, 3], told of [3, 1]"]


def test_another_number_or_signature_is_found() -> None:
    got = [told(1, number=2), told(3, key=b"x" * 32)]
    assert list(heard(MOVES, got)) == [
        "an event of BF-1 has the number BF-1-2",
        "BF-1-3 is not signed",
    ]
