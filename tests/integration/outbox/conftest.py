"""Fixtures: receivers on this machine, and the office that sends to them."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.http.conftest import make_service, seeded_url, service, simulator
from tests.support.receivers import (
    Authority,
    Office,
    Postbox,
    Receiver,
    hooks,
    mail,
    make_authority,
    open_office,
    running_postbox,
    running_receiver,
)

__all__ = ["make_service", "seeded_url", "service", "simulator"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def receiver(authority: Authority) -> AsyncIterator[Receiver]:
    async with running_receiver(authority) as receiver:
        yield receiver


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    async with running_postbox() as postbox:
        yield postbox


@pytest.fixture
async def office(
    database_url: str, authority: Authority, receiver: Receiver
) -> AsyncIterator[Office]:
    """Return an office that sends webhooks."""
    async with open_office(database_url, tls=authority.client, **hooks(receiver)) as office:
        yield office


@pytest.fixture
async def desk(database_url: str, postbox: Postbox) -> AsyncIterator[Office]:
    """Return an office that sends mail."""
    settings = mail(postbox, public_url="https://cruises.test/")
    async with open_office(database_url, **settings) as office:
        yield office
