"""The real way over real databases, put together as `hub.app` does, with a clock that moves when told."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.again import Again
from hub.audit.entries import EntryWriter
from hub.audit.log import Log
from hub.audit.record import Committer
from hub.db import transaction
from hub.deliver.outbox import Outbox
from hub.domain.personal import Bsn, Personal
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import DropPlace, Received, Row
from hub.domain.terms import ConnectorId, Interface, Micros, PartyId
from hub.endings import Endings
from hub.gather import Gatherer
from hub.normalise import JsonMapping
from hub.ports import Admitted
from hub.protect.keys import KeyRing
from hub.protect.people import People
from hub.protect.protector import Protector
from hub.protect.pseudonymise import Digests, Pseudonymiser
from hub.protect.vault import Vault
from hub.receive.drop.store import DropIntake, DropStore
from hub.receive.messages import MessageIntake
from hub.route import Route
from hub.rules import Rules
from tests import canary
from tests.fakes.recorder import KEY, LOG, OPERATOR, Clock, committing
from tests.fakes.shipped import shipped_policy

POLICY = Path(__file__).parents[2] / "schemas/policy"
DUO, SCHOOL = PartyId("duo"), PartyId("mbo-zilverlinde")
DESK, WORK = PartyId("doorstroompunt-lindemark"), PartyId("werk-en-inkomen-aldermeer")
RING = KeyRing(bytes(range(32)), 1)
JSON = JsonMapping(Uitvalmelding)
_NUMBERS = tuple(number for number, _ in zip(canary.numbers(), range(600), strict=False))


@cache
def shipped() -> Rules:
    """The shipped policy, compiled once."""
    return Rules(shipped_policy())


def body(number: int = 0, **other: Any) -> bytes:
    """The `number`th invented young person, who left a school in Aldermeer; None drops a field."""
    good = {
        "bsn": _NUMBERS[number],
        "geslachtsnaam": "Verzonnen",
        "geboortedatum": "2007-05-04",
        "gemeente": "9001",
        "indicatieGeheim": False,
        "brin": "98ZZ",
        "onderwijssoort": "mbo",
        "datumUitschrijving": "2026-09-30",
        "startkwalificatie": False,
    }
    return orjson.dumps({name: value for name, value in {**good, **other}.items() if value is not None})


@dataclass
class House:
    """A hub in one process."""

    engine: AsyncEngine
    vault_engine: AsyncEngine
    clock: Clock
    committer: Committer
    log: Log
    vault: Vault
    pseudonymiser: Pseudonymiser
    digests: Digests
    route: Route

    def message(self, raw: bytes, party: PartyId = DUO, key: bytes | None = None, request_id: UUID | None = None) -> Received:
        """One message as the REST door hands it on."""
        content, key = Personal(raw), key or secrets.token_bytes(32)
        return Received(
            party=party,
            log_id=LOG,
            interface=Interface.rest,
            request_id=request_id or uuid4(),
            received_us=Micros(self.clock.us),
            rows=(Row(1, content, content),),
            key_digest=key,
            body_digest=self.digests("body", key + raw),
        )

    async def send(self, raw: bytes, party: PartyId = DUO, **other: Any) -> Admitted:
        """Admits one message."""
        return await self.route.admit(self.message(raw, party, **other), JSON, MessageIntake())

    async def drop(self, bodies: Sequence[bytes], party: PartyId = DUO, chunk: int = 250) -> list[Admitted]:
        """Admits a file of these records, in chunks."""
        store = DropStore(self.engine, LOG, party, ConnectorId("duo-uitval"))
        digest = self.digests("file", b"".join(bodies) + uuid4().bytes)
        drop = await store.claim(uuid4(), digest, refused=None, lines=len(bodies), ignored=0, now_us=self.clock.us)

        async def chunks() -> AsyncIterator[Received]:
            for start in range(0, len(bodies), chunk):
                rows = tuple(
                    Row(number, Personal(raw), Personal(raw))
                    for number, raw in enumerate(bodies[start : start + chunk], start + 1)
                )
                place = DropPlace(drop.drop_id, ConnectorId("duo-uitval"), start, start + len(rows))
                yield Received(party, LOG, Interface.file, uuid4(), Micros(self.clock.us), rows, place)

        return [admitted async for admitted in self.route.admit_list(chunks(), JSON, DropIntake())]

    @property
    def people(self) -> People:
        """Who bears a number, in this house."""
        return People(self.pseudonymiser, self.vault)

    async def tag(self, number: str) -> bytes:
        """What the person with this BSN is called in this house."""
        return (await self.people.meet(Bsn(number), OPERATOR, Micros(self.clock.us))).tag

    async def about(self, tag: bytes) -> set[UUID]:
        """The entries about this person."""
        return set(await self.vault.refs_of(tag))

    async def rows(self, query: str, *args: Any) -> list[Mapping[str, Any]]:
        """What the database says."""
        async with transaction(self.engine) as connection:
            return [dict(row) for row in await connection.raw.fetch(query, *args)]

    async def entries(self) -> list[dict[str, Any]]:
        """The log, from its first entry."""
        return [orjson.loads(row["body"]) for row in await self.rows("SELECT body FROM audit_entry ORDER BY seq")]


@asynccontextmanager
async def open_house(
    engine: AsyncEngine, vault_engine: AsyncEngine, high_water: Path, ring: KeyRing = RING, rules: Rules | None = None
) -> AsyncIterator[House]:
    """A house on these databases."""
    clock, rules = Clock(), rules or shipped()
    digests, pseudonymiser = Digests(ring), Pseudonymiser(ring)
    vault = Vault(vault_engine, ring, LOG, secrets.token_bytes)
    log = Log(engine, LOG, KEY.vkey)
    outbox = Outbox(engine, LOG)
    protector = Protector(pseudonymiser, vault, secrets.token_bytes)
    entries = EntryWriter(LOG, OPERATOR, secrets.token_bytes)
    async with committing(engine, high_water, clock) as committer:
        route = Route(
            clock=clock,
            entropy=secrets.token_bytes,
            gatherer=Gatherer(engine, vault, pseudonymiser, digests, rules),
            rules=rules,
            protector=protector,
            entries=entries,
            recorder=committer,
            log=log,
            outbox=outbox,
            again=Again(engine, protector, log, rules, digests),
            endings=Endings(clock, secrets.token_bytes, entries, committer, log, outbox, rules),
        )
        yield House(engine, vault_engine, clock, committer, log, vault, pseudonymiser, digests, route)
