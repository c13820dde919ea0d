"""Books a cabin with a client that was generated from the document, and nothing else."""

from __future__ import annotations

import datetime
import sys
import uuid
from typing import TypeVar

from booking_client import Client, models
from booking_client.api.booking import create_booking
from booking_client.api.cabins import pricing, select_cabin
from booking_client.api.cruises import list_cruises
from booking_client.api.session import edit_session, open_session

T = TypeVar("T")


def answered(answer: object, kind: type[T]) -> T:
    """Return an answer of the kind that is expected."""
    if not isinstance(answer, kind):
        raise SystemExit(f"unexpected: {answer}")
    return answer


def traveller(first_name: str, title: str, gender: str) -> models.PassengerRequest:
    return models.PassengerRequest(
        title=title,
        first_name=first_name,
        last_name="Example",
        date_of_birth=datetime.date(1980, 12, 10),
        gender=models.PassengerRequestGender(gender),
        nationality=models.PassengerRequestNationality("US"),
        passenger_type=models.PassengerType.ADULT,
    )


def main() -> None:
    api = Client(base_url=sys.argv[1])
    found = answered(list_cruises.sync(client=api, q="Wonder", nights_min=7), models.Cruises)
    opened = answered(
        open_session.sync(
            client=api,
            idempotency_key=str(uuid.uuid4()),
            body=models.OpenSessionRequest(
                cruise_id=found.cruises[0].cruise_id,
                passenger_count=models.PartyRequest(adults=2),
            ),
        ),
        models.Session,
    )
    session = opened.session_id
    priced = answered(pricing.sync(session, client=api), models.PricedSession)
    grade = priced.cabins[0]
    rate = grade.rates[0]
    held = answered(
        select_cabin.sync(
            session,
            client=api,
            body=models.SelectCabinRequest(
                result_no=rate.result_no,
                grade_no=rate.grade_no,
                rate_code=rate.rate_code,
                cabin_code=grade.cabin_code,
            ),
        ),
        models.Session,
    )
    price = answered(held.price, models.Price)
    contact = models.ContactRequest(
        title="Mrs",
        first_name="Ada",
        last_name="Example",
        email="ada@example.com",
        phone="+13055550100",
        address="1 Harbour Street",
        city="Miami",
        state="FL",
        postal_code="33101",
        country=models.ContactRequestCountry("US"),
    )
    edit_session.sync(session, client=api, body=models.DetailsRequest(contact=contact))
    kept = answered(
        edit_session.sync(
            session, client=api, body=models.DetailsRequest(special_requests="A quiet cabin.")
        ),
        models.Session,
    )
    if answered(kept.details.contact, models.Contact).email != contact.email:
        raise SystemExit("the contact was erased")
    booked = answered(
        create_booking.sync(
            session,
            client=api,
            idempotency_key=str(uuid.uuid4()),
            body=models.BookRequest(
                contact=contact,
                passengers=[traveller("Ada", "Mrs", "F"), traveller("Ben", "Mr", "M")],
                payment=models.PaymentRequest(
                    card_number="4111111111111111",
                    expiry_month=12,
                    expiry_year=2035,
                    cvv="123",
                    cardholder_name="Ada Example",
                    amount=price.total,
                    payment_type=models.PaymentType.FULL_PAYMENT,
                ),
            ),
        ),
        models.Session,
    )
    reservation = answered(booked.booking, models.Booking).reservation
    sys.stdout.write(f"booked {reservation} with Python\n")


main()
