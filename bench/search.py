"""Searching: the first page of every filter, and of filters together, in a log of two million entries.

`python -m bench.search --entries 2000000`. Prints per question how long the first page took, how many blocks of the index were
looked through, and what entries and index take on disk. The entries are invented, and are recorded over a year.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub import db
from hub.audit import store as log_store
from hub.audit.entry import DisclosureTemplate, EntryKind, OutcomeKind, OutcomeTemplate, RefusalTemplate, complete, event
from hub.audit.search import Search, Selection, Sort, store
from hub.domain.stages import Candidate, Grant, Refused
from hub.domain.terms import (
    AgreementId,
    BasisId,
    ClauseId,
    ElementName,
    Form,
    LogId,
    Micros,
    PartyId,
    PolicyHash,
    PurposeId,
    ReasonCode,
    RecordKind,
)
from hub.ports import Draft
from hub.postgres import PrivatePostgres

LOG, OPERATOR = LogId("rijnmonde"), PartyId("hub-rijnmonde")
BEGAN = 1_760_000_000_000_000
YEAR = 365 * 86_400_000_000
TURN = 20_000
RECORD = RecordKind("uitvalmelding")
PURPOSES = [PurposeId(f"doel-{nth}") for nth in range(6)]
ELEMENTS = [ElementName(f"gegeven-{nth}") for nth in range(30)]
REASONS = [ReasonCode(f"REDEN_{nth}") for nth in range(25)]
SOURCES = [PartyId(f"mbo-school-{nth}") for nth in range(40)]
RECIPIENTS = [PartyId(f"doorstroompunt-gemeente-{nth}") for nth in range(60)]
POLICY = PolicyHash("0123456789abcdef" * 4)


def _grant(nth: int) -> Grant:
    return Grant(
        agreement=AgreementId(f"convenant-{nth}/2026"),
        clause=ClauseId(f"convenant-{nth}/2026/uitval"),
        purpose=PURPOSES[nth % 6],
        processing_activity="https://verwerkingen.example/1",
        bases=(BasisId(f"web-9.2.{nth % 5}"),),
        fields=tuple((one, Form.raw if at % 3 else Form.banded) for at, one in enumerate(ELEMENTS[nth % 20 : nth % 20 + 10])),
        withheld=((ELEMENTS[0], REASONS[0]),),
        obligations=(),
        retention="P2Y",
        policy=POLICY,
    )


def _drafts(chance: random.Random) -> Iterator[Draft]:
    """A third is refused; of what is given most is handed over and half confirmed; now and then somebody reads."""
    given: list[DisclosureTemplate] = []
    refused: list[RefusalTemplate] = []
    for nth in range(200):
        candidate = Candidate(RECIPIENTS[nth % 60], SOURCES[nth % 40], (SOURCES[nth % 40], RECIPIENTS[nth % 60]))
        given.append(DisclosureTemplate(LOG, SOURCES[nth % 40], candidate, _grant(nth % 24), RECORD))
        reasons = (REASONS[nth % 25], REASONS[nth * 7 % 24 + 1])[: 1 + nth % 2]
        no = Refused(cast(Any, None), candidate, PURPOSES[nth % 6], None, reasons, frozenset(), POLICY)
        refused.append(RefusalTemplate(LOG, SOURCES[nth % 40], no, RECORD))
    outcomes = {
        (recipient, kind): OutcomeTemplate(LOG, recipient, recipient, PURPOSES[0], kind, "release")
        for recipient in RECIPIENTS
        for kind in (OutcomeKind.handed_over, OutcomeKind.acknowledged)
    }
    while True:
        which = chance.randrange(200)
        raw = chance.randbytes(48)
        ref = UUID(bytes=raw[:16])
        digests = (raw[16:], raw[16:], raw[:16], raw[16:])
        if chance.random() < 0.35:
            yield refused[which].draft(ref, *digests)
            continue
        yield given[which].draft(ref, *digests)
        if (luck := chance.random()) < 0.8:
            for kind in (OutcomeKind.handed_over, OutcomeKind.acknowledged)[: 2 if luck < 0.5 else 1]:
                one = UUID(bytes=chance.randbytes(16))
                yield outcomes[RECIPIENTS[which % 60], kind].draft(one, ref)
        if luck > 0.98:
            staff = {"staff": f"m-{chance.randrange(40):016x}"}
            yield event(
                EntryKind.access, LOG, UUID(bytes=chance.randbytes(16)), OPERATOR, "read-log", PURPOSES[0], "log", staff
            )


async def fill(engine: AsyncEngine, entries: int) -> None:
    """A log of so many entries, without the tree over it: search does not ask for that."""
    chance = random.Random(7)
    drafts = _drafts(chance)
    async with db.transaction(engine) as connection:
        await log_store.open_log(connection, LOG, OPERATOR)
        await log_store.make_room(connection, LOG, entries)
    for start in range(0, entries, TURN):
        rows = []
        for seq in range(start, min(start + TURN, entries)):
            draft = next(drafts)
            body = complete(draft, BEGAN + seq // 3 * 3 * YEAR // entries)
            rows.append((LOG, OPERATOR, seq, draft.ref, sha256(body).digest(), body))
        async with db.transaction(engine) as connection:
            await connection.copy("audit_entry", ("log_id", "party_id", "seq", "ref", "leaf", "body"), rows)
            await connection.raw.execute("UPDATE audit_head SET size = $1, last_us = $1 WHERE size < $1", start + len(rows))
            note = f"bench\n{start + len(rows)}\nAAAA\n"
            await connection.raw.execute(
                "INSERT INTO audit_checkpoint (log_id, party_id, size, note, created_us) VALUES ($1, $2, $3, $4, 1)",
                LOG, OPERATOR, start + len(rows), note,
            )  # fmt: skip


async def nobody(_refs: object) -> dict[UUID, bytes]:
    """Tells nobody apart."""
    return {}


QUESTIONS: dict[str, tuple[Selection, Sort]] = {
    "everything": (Selection(), Sort.seq),
    "kind": (Selection(kind="refusal"), Sort.seq),
    "recipient": (Selection(recipient=RECIPIENTS[7]), Sort.seq),
    "source": (Selection(source=SOURCES[7]), Sort.seq),
    "purpose": (Selection(purpose=PURPOSES[3]), Sort.seq),
    "basis": (Selection(basis="web-9.2.3"), Sort.seq),
    "element": (Selection(element="gegeven-9"), Sort.seq),
    "element and form": (Selection(element="gegeven-9:banded"), Sort.seq),
    "outcome waiting": (Selection(outcome="waiting"), Sort.seq),
    "reason": (Selection(reason="REDEN_3"), Sort.seq),
    "any of three reasons": (Selection(any_of=tuple(("reason", f"REDEN_{nth}") for nth in range(3))), Sort.seq),
    "actor": (Selection(actor=SOURCES[3]), Sort.seq),
    "one of staff": (Selection(staff=f"m-{3:016x}"), Sort.seq),
    "a day": (Selection(from_us=BEGAN + YEAR // 2, until_us=BEGAN + YEAR // 2 + 86_400_000_000), Sort.seq),
    "recipient, element, a quarter": (
        Selection(recipient=RECIPIENTS[7], element="gegeven-9", from_us=BEGAN + YEAR // 4, until_us=BEGAN + YEAR // 2), Sort.seq
    ),
    "two that never meet": (Selection(kind="refusal", element="gegeven-9"), Sort.seq),
    "by recipient": (Selection(), Sort.recipient),
    "refusals by recipient": (Selection(kind="refusal"), Sort.recipient),
    "a reason by source": (Selection(reason="REDEN_3"), Sort.source),
}  # fmt: skip
_SIZES = """
SELECT of, sum(pg_total_relation_size(relid)) FROM (
    SELECT relid, CASE WHEN relname LIKE 'audit\\_entry%' THEN 'audit_entry' ELSE relname END AS of FROM pg_stat_user_tables
    WHERE relname LIKE 'audit\\_%') AS tables GROUP BY of ORDER BY 2 DESC
"""


async def ask(engine: AsyncEngine, search: Search, selection: Selection, sort: Sort) -> tuple[float, int, int]:
    """How long the first page takes (the median of five, in ms), how many blocks were looked through, and how many lines."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        page = await search.page(selection, sort=sort)
        times.append(1000 * (time.perf_counter() - began))
    async with store.reading(engine) as connection:
        question = store.Question(connection, LOG, selection, page.size, sort)
        await question.look()
        await question.page(None, 50)
    return median(times), question.looked, page.total


async def run(folder: Path, entries: int) -> None:
    """Fills, indexes, asks."""
    server = PrivatePostgres(folder / "postgres", settings={"max_wal_size": "4GB"})
    server.start()
    try:
        await db.migrate(server.urls.migration, "main")
        engine = db.create_engine(server.urls.database)
        search = Search(engine, LOG, OPERATOR, nobody)
        began = time.perf_counter()
        await fill(engine, entries)
        filled = time.perf_counter()
        while await search.catch_up():
            pass
        print(
            f"{entries} entries written in {filled - began:.0f} s, indexed at {entries / (time.perf_counter() - filled):,.0f}/s"
        )
        for of, size in await db.fetch(engine, _SIZES):
            if size / entries >= 0.05:
                print(f"  {of:<20}{size / entries:9.1f} bytes per entry")
        for name, (selection, sort) in QUESTIONS.items():
            ms, blocks, total = await ask(engine, search, selection, sort)
            print(f"  {name:<32}{ms:8.1f} ms{blocks:7} blocks{total:10} lines", flush=True)
        for name, work in (
            ("refusals by reason", lambda: search.refused(Selection(from_us=BEGAN + YEAR - 7 * 86_400_000_000))),
            ("signals", lambda: search.signals(Micros(BEGAN + YEAR))),
            ("choices", search.choices),
        ):
            began = time.perf_counter()
            await work()
            print(f"  {name:<32}{1000 * (time.perf_counter() - began):8.1f} ms")
        await engine.dispose()
    finally:
        server.stop()


def main() -> None:
    """Reads what was asked for."""
    parser = argparse.ArgumentParser(prog="bench.search", description=__doc__)
    parser.add_argument("--entries", type=int, default=2_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        asyncio.run(run(Path(folder), asked.entries))


if __name__ == "__main__":
    main()
