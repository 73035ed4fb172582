"""A desk with the interface, and a client before it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.fakes.partner import Desk


@pytest.fixture
def desk() -> Desk:
    """An interface of its own, with two partners."""
    return Desk()


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of that interface."""
    async with desk.client() as client:
        yield client
