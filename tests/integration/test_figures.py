"""Figures without persons: they add up, and a small count of something personal is not told apart."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import store
from hub.consent.store import count_refusals
from hub.db import transaction
from hub.domain.stages import Candidate, Protected, ProtectedRecord, Refused
from hub.domain.terms import LogId, PartyId, PolicyHash, ReasonCode
from hub.insight.store import figures

LOG, DUO, DESK = LogId("hub"), PartyId("duo"), PartyId("doorstroompunt-lindemark")
DECEASED, YOUNG = ReasonCode("OVERLEDEN"), ReasonCode("NOG_LEERPLICHTIG")


def record(*reasons: ReasonCode) -> ProtectedRecord:
    refused = Refused(
        canonical=None,  # type: ignore[arg-type]  # nobody looks at the person here
        candidate=Candidate(DESK, DUO, (DUO,)),
        purpose=None,
        agreement=None,
        reasons=reasons,
        personal=frozenset({DECEASED}),
        policy=PolicyHash("0" * 64),
    )
    return ProtectedRecord(uuid4(), b"", b"", b"", (Protected(uuid4(), refused, None, b"", b"", b"", b""),))


async def counted(engine: AsyncEngine, records: Sequence[ProtectedRecord], *, single: bool) -> None:
    async with transaction(engine) as connection:
        await store.run_all(connection, count_refusals(LOG, DUO, records, single=single))


async def test_a_small_count_of_a_personal_reason_is_told_with_the_others(engine: AsyncEngine) -> None:
    await counted(engine, [record(DECEASED)] * 9 + [record(YOUNG)] * 3, single=False)
    found = await figures(engine, LOG, {DECEASED})
    assert found.refusals == {"NOG_LEERPLICHTIG": 3, "PERSOONLIJK": 9}
    await counted(engine, [record(DECEASED)], single=False)
    found = await figures(engine, LOG, {DECEASED})
    assert found.refusals == {"NOG_LEERPLICHTIG": 3, "OVERLEDEN": 10}
    assert found.disclosures.refused == sum(found.refusals.values()) == 13


async def test_a_single_message_never_tells_a_personal_reason(engine: AsyncEngine) -> None:
    await counted(engine, [record(DECEASED)] * 10, single=False)
    await counted(engine, [record(DECEASED, YOUNG)], single=True)
    await counted(engine, [record(YOUNG)], single=True)
    found = await figures(engine, LOG, {DECEASED})
    assert found.refusals == {"NOG_LEERPLICHTIG": 1, "OVERLEDEN": 10, "PERSOONLIJK": 1}
