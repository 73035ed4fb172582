"""An administrator's desk over a house, and a house in which everything that can be stuck is stuck."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import MappingProxyType
from uuid import UUID, uuid4

import hub.connectors.duo_uitval
from hub.audit.notes import Notes
from hub.connector import Trouble
from hub.console.desk import AdministratorDesk
from hub.deliver.lease import store as lease
from hub.domain.personal import Pgn
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.stages import DropPlace, Received
from hub.domain.terms import ConnectorId, Interface, Micros, PartyId, ReasonCode
from hub.formats.csv import FORMAT
from hub.health.findings import Finding, attention, ok, unknown, wrong
from hub.mend.deliveries import Deliveries, HoldReason
from hub.mend.desk import mending
from hub.mend.source import Source
from hub.receive.drop.store import DropIntake, DropStore
from tests import canary
from tests.fakes.house import DESK, DUO, WORK, House, body
from tests.fakes.recorder import LOG, OPERATOR
from tests.hostile.read import MAPPING, file, line

DAY = 86_400_000_000
NAME, SCHOOLS = ConnectorId("duo-uitval"), ConnectorId("duo-reserve")
INSTALLED = Path(hub.connectors.duo_uitval.__file__).parent / "mapping.yaml"
WHO = Staff(StaffId("m-0123456789abcdef"), "Een Beheerder", frozenset({Role.administrator}))
NUMBERS = tuple(number for number, _ in zip(canary.numbers(), range(600), strict=False))
NAMED = "Verzonnen"
"""Stands in rows in quarantine, and on no page but that of a row that is shown."""


def person(number: int, **other: str) -> bytes:
    """A row about one of many invented people."""
    return line(1, PERSOONSGEBONDENNUMMER=NUMBERS[number], INSTELLINGSCODE="98ZZ", **other)


async def take(house: House, *lines: bytes) -> UUID:
    """A file of these lines is taken in, as the poll does."""
    data = file(*lines)
    inspector = FORMAT.inspect(MAPPING.columns, MAPPING.required)
    inspector.feed(data)
    layout = inspector.finish()
    reader = FORMAT.read(layout, MAPPING.columns)
    rows = [*reader.feed(data), *reader.finish()]
    store, now = DropStore(house.engine, LOG, DUO, NAME), house.clock.us
    drop = await store.claim(uuid4(), secrets.token_bytes(32), refused=None, lines=layout.lines, ignored=0, now_us=now)

    async def chunks() -> AsyncIterator[Received]:
        place = DropPlace(drop.drop_id, NAME, 0, rows[-1].number)
        yield Received(DUO, LOG, Interface.file, uuid4(), Micros(now), tuple(rows), place)

    async for _ in house.route.admit_list(chunks(), MAPPING, DropIntake()):
        pass
    await store.finish(drop.drop_id, rows[-1].number, now)
    return drop.drop_id


def administrator(house: House, found: Sequence[Finding] = ()) -> AdministratorDesk:
    """The desk, as `hub.app` puts it together; the health of the hub is `found`."""
    rules = house.route.rules
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    sources = MappingProxyType({name: Source(name, DUO, FORMAT, INSTALLED) for name in (NAME, SCHOOLS)})

    async def tag_of(pgn: Pgn) -> bytes:
        return await house.tag(pgn.reveal())

    async def examine() -> Sequence[Finding]:
        return found

    return AdministratorDesk(
        mending(
            house.engine,
            LOG,
            sources,
            house.route,
            house.log,
            notes,
            house.vault.open_row,
            tag_of,
            house.clock,
            secrets.token_bytes,
            production=False,
        ),
        Deliveries(house.engine, LOG, notes, house.route.endings, rules, house.clock, {DESK}),
        rules,
        examine,
    )


SICK = (
    wrong("database-durability", "main", settings="fsync"),
    attention("delivery-held", str(DESK), count=3, days=2),
    unknown("vault-keys", cause="no-key-ring"),
    ok("log-kept"),
    ok("database", "main", bytes=1, version=150000),
)


async def break_everything(house: House, desk: AdministratorDesk) -> UUID:
    """Late, down, on hold, failed, unreachable, refused, stuck, and in quarantine; gives the file with rows in quarantine."""
    await house.drop([body(number) for number in range(1, 6)])
    await fail(house, 2, ReasonCode("PAGINA_GEWEIGERD"))
    house.clock.us += 1_000_000
    await house.send(body(1, datumUitschrijving="2026-10-01"))
    house.clock.us += 8 * DAY
    drop = await take(
        house,
        person(100),
        person(101, GEBOORTEDATUM="05/06/2007", GESLACHTSNAAM=NAMED),
        person(102, GEBOORTEDATUM="07/08/2007"),
        person(103, ONDERWIJSSOORT="ROC"),
        person(100),
    )
    now = house.clock.us
    duo, other = DropStore(house.engine, LOG, DUO, NAME), DropStore(house.engine, LOG, DUO, SCHOOLS)
    for store, trouble in ((duo, Trouble.none), (other, Trouble.login_refused)):
        await store.polled(trouble, now)
    for number, reason in enumerate(("KOLOM_DUBBEL", "BESTAND_TE_GROOT")):
        await duo.claim(uuid4(), bytes([number]) * 32, refused=ReasonCode(reason), lines=0, ignored=0, now_us=now - DAY)
    await other.claim(uuid4(), b"s" * 32, refused=None, lines=40, ignored=0, now_us=now - DAY)
    await lease.health(house.engine, LOG, DESK)
    for each in range(3):
        await lease.failed(house.engine, LOG, DESK, Micros(now + DAY // 24), ReasonCode("TIJD_VERSTREKEN"), Micros(now + each))
    await desk.deliveries.hold(WORK, HoldReason.maintenance, WHO)
    await stop(house, WORK, 1)
    return drop


async def waiting(house: House, recipient: PartyId, most: int) -> list[UUID]:
    """The oldest that wait for a recipient are handed over."""
    found = await house.rows(
        """UPDATE deliver_outbox SET state = 'handed', attempts = 3, handed_us = held_us WHERE delivery_id IN (
        SELECT delivery_id FROM deliver_outbox WHERE party_id = $1 AND state = 'held' ORDER BY delivery_id LIMIT $2)
        RETURNING delivery_id""",
        recipient,
        most,
    )
    return [UUID(bytes=row["delivery_id"].bytes) for row in found]


async def fail(house: House, most: int, cause: ReasonCode, recipient: PartyId = DESK) -> None:
    """What a recipient's system would not have."""
    await house.route.endings.fail(recipient, dict.fromkeys(await waiting(house, recipient, most), cause))


async def stop(house: House, recipient: PartyId, most: int) -> None:
    """What may not go any more."""
    await house.rows(
        """UPDATE deliver_outbox SET state = 'stopped', cause = 'AFSPRAAK_NIET_GELDIG', ended_us = $2
        WHERE delivery_id = ANY($1)""",
        await waiting(house, recipient, most),
        house.clock.us,
    )
