"""Instances that are brought something, and an inbox over a house."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from hub.domain.terms import ConnectorId
from hub.receive.inbox import Brought, Inbox
from tests.fakes.house import House
from tests.fakes.recorder import LOG


@dataclass
class FakeInstances:
    """Instances in memory."""

    one: Brought
    others: dict[ConnectorId, Brought] = field(default_factory=dict)

    async def brought(self, instance: ConnectorId, /) -> Brought | None:
        return self.one if instance == self.one.connector else self.others.get(instance)


def inbox_of(house: House) -> Inbox:
    """The inbox, as `hub.app` puts it together."""
    vault = house.vault
    return Inbox(
        house.engine, LOG, vault.seal_row, vault.open_row, vault.key_version, house.digests, house.clock, secrets.token_bytes
    )


async def parts_of(*parts: bytes) -> AsyncIterator[bytes]:
    """Content as it comes."""
    for part in parts:
        yield part
