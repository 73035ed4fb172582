"""Withdrawals while 100,000 deliveries wait and go: how long after the young person's word something of theirs still left.

Consents are withdrawn one after another while recipients are sent to and fetch as fast as they can. Per withdrawal: the time
from the call until nothing of the person can leave any more, which is when its entry is durable, or the last hand-over of
theirs in the log where that is later. A hand-over that stands behind the withdrawal in the log ends the run with an error.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from bench.world import Result, message, numbers, say, world
from hub.app import Hub
from hub.connector import Said
from hub.consent.chain import digest_of
from hub.consent.statement import Channel, Event, Evidence, Scope, What
from hub.consent.store import claim_events
from hub.db import transaction
from hub.domain.facts import StatementKind, Voice
from hub.domain.ids import new_ids
from hub.domain.personal import Bsn, Personal
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import Delivered, DropPlace, Received, Row
from hub.domain.terms import ConnectorId, Interface, Micros, PartyId, Term
from hub.errors import Conflict
from hub.normalise import JsonMapping
from hub.push.worker import Pusher, Target
from hub.receive.drop.store import DropIntake, DropStore
from hub.statements.said import Spoken
from tests.fakes.consenting import AGENCY, FOUNDATION, GEMEENTE, GUIDANCE, TO_WORK, consenting

DUO = PartyId("duo")
SPOKEN = Spoken(FOUNDATION, Voice.jongere, Channel.balie, Term(FOUNDATION))


class _Taker:
    """A recipient's system that has everything at once."""

    async def send(self, page: Sequence[Delivered], _checkpoint: str, /) -> Said:
        """Takes it."""
        return Said(frozenset(each.delivery_id for each in page))

    async def tell(self, _page: Mapping[str, Any], ids: Sequence[UUID], /) -> frozenset[UUID]:
        """Takes it."""
        return frozenset(ids)

    async def close(self) -> None:
        """Lets go."""


async def _tags(hub: Hub, bsns: Sequence[str]) -> list[bytes]:
    pgns, now = [Bsn(bsn) for bsn in bsns], hub.clock.now_us()
    locators = [hub.people.pseudonymiser.locator(pgn) for pgn in pgns]
    found = {}
    for start in range(0, len(locators), 1_000):
        found |= await hub.vault.subjects(locators[start : start + 1_000], FOUNDATION, now)
    return [found[locator].tag for locator in locators]


async def _consents(hub: Hub, bsns: Sequence[str]) -> list[bytes]:
    scope = Scope(purposes=frozenset({GUIDANCE, TO_WORK}), parties=frozenset({FOUNDATION, AGENCY}))
    evidence = Evidence(channel=Channel.balie, checked_by=Term(FOUNDATION))
    tags = await _tags(hub, bsns)
    ids = new_ids(len(tags), hub.clock.now_us(), secrets.token_bytes(8 * len(tags)))
    events = [
        Event(
            tag=tag.hex(),
            statement_id=each,
            seq=1,
            what=What.given,
            kind=StatementKind.toestemming,
            party=FOUNDATION,
            event_us=1,
            recorded_us=1,
            day=date(2026, 1, 1),
            voice=Voice.jongere,
            scope=scope,
            evidence=evidence,
        )
        for tag, each in zip(tags, ids, strict=True)
    ]
    for start in range(0, len(events), 5_000):
        claim = claim_events(hub.log_id, [(event, digest_of(event, hub.digests)) for event in events[start : start + 5_000]])
        async with transaction(hub.engine) as connection:
            await connection.raw.execute(claim.statement, *(list(column) for column in zip(*claim.rows, strict=True)))
    return tags


async def _admit(hub: Hub, bsns: Sequence[str]) -> None:
    store = DropStore(hub.engine, hub.log_id, DUO, ConnectorId("bench"))
    now, year = hub.clock.now_us(), datetime.now(UTC).year
    drop = await store.claim(hub.new_id(), secrets.token_bytes(32), refused=None, lines=len(bsns), ignored=0, now_us=now)

    async def chunks() -> AsyncIterator[Received]:
        for start in range(0, len(bsns), 250):
            raws = [
                orjson.loads(message(bsn, nth, year)) | {"gemeente": GEMEENTE}
                for nth, bsn in enumerate(bsns[start : start + 250])
            ]
            some = [Personal(orjson.dumps(raw)) for raw in raws]
            rows = tuple(Row(start + nth, raw, raw) for nth, raw in enumerate(some, 1))
            place = DropPlace(drop.drop_id, ConnectorId("bench"), start, start + len(rows))
            yield Received(DUO, hub.log_id, Interface.file, hub.new_id(), Micros(hub.clock.now_us()), rows, place)

    done = 0
    async for admitted in hub.route.admit_list(chunks(), JsonMapping(Uitvalmelding), DropIntake()):
        done += admitted.tally.accepted
        if done % 10_000 < 250:
            say(f"  withdrawal: {done} admitted")


@asynccontextmanager
async def _busy(hub: Hub) -> AsyncIterator[list[int]]:
    """Sends to one recipient and lets the other fetch, as fast as it goes, until left; counts what went."""
    pusher = Pusher(hub.engine, hub.log_id, hub.route, hub.endings, hub.clock, secrets.token_bytes)
    target, gone, stopping = Target(FOUNDATION, _Taker(), 50, 3, 10.0), [0], asyncio.Event()

    async def push() -> None:
        while not stopping.is_set() and (done := await pusher.once(target)) is not None:
            gone[0] += done

    async def fetch() -> None:
        while not stopping.is_set():
            with suppress(Conflict):
                handed = await hub.route.release(AGENCY, 50)
                await hub.route.acknowledge(AGENCY, [one.delivery_id for one in handed.deliveries])
                gone[0] += len(handed.deliveries)

    lanes = [asyncio.create_task(work()) for work in (push, push, push, fetch)]
    try:
        yield gone
    finally:
        stopping.set()
        await asyncio.gather(*lanes)


async def _fire(hub: Hub, bsns: Sequence[str], every_s: float) -> list[tuple[float, int]]:
    """Withdraws for each in turn; gives how long each took, and when (us) it was asked."""
    took: list[tuple[float, int]] = []
    for bsn in bsns:
        asked, began = int(hub.clock.now_us()), time.perf_counter()
        await hub.statements.withdraw(bsn, StatementKind.toestemming, Scope(), SPOKEN)
        took.append((time.perf_counter() - began, asked))
        await asyncio.sleep(every_s)
    return took


async def _read(hub: Hub) -> tuple[dict[bytes, int], dict[bytes, tuple[int, int]]]:
    """Per person, from the log: where the withdrawal stands; where and when the last hand-over of theirs does."""
    async with transaction(hub.engine) as connection:
        bodies = await connection.raw.fetch("SELECT seq, body FROM audit_entry WHERE log_id = $1 ORDER BY seq", hub.log_id)
    refs = [UUID(orjson.loads(bytes(body))["ref"]) for _, body in bodies]
    whose = {ref.bytes: tag for ref, tag in (await hub.vault.tags_of(refs)).items()}
    withdrawn: dict[bytes, int] = {}
    last: dict[bytes, tuple[int, int]] = {}
    for seq, body in bodies:
        said = orjson.loads(bytes(body))
        if said["operation"] == "statement-withdraw":
            withdrawn[whose[UUID(said["ref"]).bytes]] = seq
        elif said.get("outcome") == "handed-over":
            last[whose[UUID(said["delivery"]).bytes]] = (seq, said["us"])
    return withdrawn, last


async def run(folder: Path, persons: int, withdrawals: int = 300) -> list[Result]:
    """`persons` people with two deliveries each; so many of them withdraw meanwhile."""
    async with world(folder) as (hub, _, _):
        hub.rules.put(consenting(), hub.rules.life)
        bsns = [bsn for bsn, _ in zip(numbers(), range(persons), strict=False)]
        await _consents(hub, bsns)
        await _admit(hub, bsns)
        # From the part of what waits that goes meanwhile, so that some are under way when they take it back.
        near = bsns[: max(withdrawals, len(bsns) // 3)]
        chosen = near[:: max(1, len(near) // withdrawals)][:withdrawals]
        async with _busy(hub) as gone:
            began = time.perf_counter()
            took = await _fire(hub, chosen, 0.02)
            rate = gone[0] / (time.perf_counter() - began)
        withdrawn, last = await _read(hub)
        tags = await _tags(hub, chosen)
        late = [tag for tag in tags if tag in last and last[tag][0] > withdrawn[tag]]
        if late:
            raise SystemExit(f"{len(late)} people were handed over after their withdrawal")
        effective = sorted(
            max(durable, (last[tag][1] - asked) / 1e6 if tag in last else 0.0)
            for tag, (durable, asked) in zip(tags, took, strict=True)
        )
        p99, most = effective[int(0.99 * (len(effective) - 1))], effective[-1]
        before = sum(tag in last for tag in tags)
        say(f"  withdrawal: {len(took)} withdrawn while {rate:.0f} deliveries/s went; of {before} something had left before")
        return [
            Result("withdrawal: effective everywhere, p99", p99 * 1e3, 1_000.0, p99, "ms", "< 1 s"),
            Result("withdrawal: effective everywhere, most", most * 1e3, 1_000.0, most, "ms", "< 1 s"),
        ]
