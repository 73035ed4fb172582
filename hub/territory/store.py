"""Rows of moves from a party that ended to the one that follows it, and what waits for the old one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.statement import hold
from hub.consent.store import histories
from hub.db import fetch
from hub.deliver.store import held_of
from hub.domain.facts import YES, StatementState
from hub.domain.stages import Candidate, Grant, Held
from hub.domain.terms import LogId, Micros, PartyId, ReasonCode, RecordKind
from hub.ports import Claim, KeyedDigest, RowSet
from hub.protect.onward import Onward
from hub.protect.store import SealedFacts
from hub.territory.model import Act, Became, Does, Glass, Move, Named, Resupply, State

_PAGE: Final = """
SELECT delivery_id, source, record_kind, subject_tag, sealed, nonce, digest, attempts, record_id, statements, state, held_us
FROM deliver_outbox AS held
WHERE log_id = $1 AND party_id = $2 AND delivery_id > $3 AND state IN ('held', 'handed', 'failed', 'stopped')
    AND NOT EXISTS (SELECT FROM region_moved AS moved WHERE moved.move_id = $4 AND moved.delivery_id = held.delivery_id)
ORDER BY delivery_id LIMIT $5
"""
_WAITING: Final = """
SELECT state, count(*)::bigint FROM deliver_outbox
WHERE log_id = $1 AND party_id = $2 AND state IN ('held', 'handed', 'failed', 'stopped') GROUP BY state ORDER BY state
"""
_PEOPLE: Final = """
SELECT count(DISTINCT subject_tag)::bigint FROM deliver_outbox
WHERE log_id = $1 AND party_id = $2 AND state IN ('held', 'handed', 'failed', 'stopped')
"""
_NOTICES: Final = "SELECT count(*)::bigint FROM consent_notice WHERE log_id = $1 AND party_id = $2 AND state <> 'closed'"
_NAMING: Final = """
SELECT DISTINCT subject_tag FROM consent_event
WHERE log_id = $1 AND position(convert_to($2, 'UTF8') in body) > 0 AND subject_tag > $3 ORDER BY subject_tag LIMIT 500
"""
_ORDER: Final = """
INSERT INTO region_move (log_id, party_id, move_id, old_party, new_party, since, state, ordered_by, ordered_us, confirmed_by,
    confirmed_us, glass)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::date[], $7::text[], $8::text[],
    $9::bigint[], $10::text[], $11::bigint[], $12::text[])
ON CONFLICT DO NOTHING
"""
_TURN: Final = """
UPDATE region_move AS move SET state = new.state, confirmed_by = coalesce(new.staff, move.confirmed_by),
    confirmed_us = coalesce(new.us, move.confirmed_us), done_us = coalesce(new.done, move.done_us)
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
    AS new (move, was, state, staff, us, done)
WHERE move.move_id = new.move AND move.state = new.was
"""
_GOES: Final = """
UPDATE region_move AS move SET batches = move.batches + 1 FROM unnest($1::uuid[]) AS new (move)
WHERE move.move_id = new.move AND move.state IN ('confirmed', 'done')
"""
_CLOSE: Final = """
UPDATE deliver_outbox AS held SET state = new.state, cause = new.cause, ended_us = new.us, lease_id = NULL, due_us = NULL,
    sealed = CASE WHEN new.state = 'dropped' THEN NULL ELSE held.sealed END,
    subject_tag = CASE WHEN new.state = 'dropped' THEN NULL ELSE held.subject_tag END,
    record_id = CASE WHEN new.state = 'dropped' THEN NULL ELSE held.record_id END
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[], $7::bigint[])
    AS new (recipient, delivery, was, statements, state, cause, us)
WHERE held.party_id = new.recipient AND held.delivery_id = new.delivery AND held.state = new.was
AND held.statements = new.statements
"""
_MOVED: Final = """
INSERT INTO region_moved (log_id, party_id, move_id, delivery_id, became, source, record_kind, new_id, reason, moved_us)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::uuid[],
    $9::text[], $10::bigint[])
ON CONFLICT DO NOTHING
"""
_MOVES: Final = """
SELECT move_id, old_party, new_party, since, state, ordered_by, ordered_us, confirmed_by, confirmed_us, glass, done_us
FROM region_move WHERE log_id = $1 AND ($2::uuid IS NULL OR move_id = $2) ORDER BY ordered_us DESC LIMIT 500
"""
_ACTS: Final = """
SELECT move_id, seq, act, who, entry_ref, us FROM region_act WHERE move_id = ANY($1::uuid[]) ORDER BY move_id, seq
"""
_ACT: Final = ("log_id", "party_id", "move_id", "seq", "act", "who", "entry_ref", "us")
_BECAME: Final = "SELECT move_id, became, count(*)::bigint FROM region_moved WHERE move_id = ANY($1::uuid[]) GROUP BY 1, 2"
_RESUPPLY: Final = """
SELECT delivery_id, source, record_kind, reason FROM region_moved
WHERE log_id = $1 AND move_id = $2 AND became = 'resupply' ORDER BY source, delivery_id
"""
_OUTBOX: Final = (
    *("log_id", "party_id", "delivery_id", "source", "record_kind", "subject_tag", "sealed", "nonce", "digest", "state"),
    *("attempts", "held_us", "record_id"),
)
_KNOWN: Final = ("log_id", "party_id", "record_id", "subject_tag", "sealed", "created_us")
_NEVER: Final = UUID(int=0)
_COUNT: Final = frozenset({StatementState.given, StatementState.requested, StatementState.refused})


@dataclass(frozen=True, slots=True)
class Waits:
    """A delivery that waits or has ended without its recipient, with its state and since when it waits."""

    held: Held
    state: str
    held_us: int


@dataclass(frozen=True, slots=True)
class Went:
    """What became of one of them; `onward` where it goes on, to `candidate`."""

    waits: Waits
    became: Became
    reason: ReasonCode | None
    candidate: Candidate | None = None
    grant: Grant | None = None
    onward: Onward | None = None


async def page(
    engine: AsyncEngine, log_id: LogId, old: PartyId, move: UUID | None, after: UUID | None, limit: int
) -> list[Waits]:
    """What waits for `old` after that delivery and was not dealt with in this move, oldest first."""
    rows = await fetch(engine, _PAGE, log_id, old, after or _NEVER, move or _NEVER, limit)
    return [Waits(held_of(row[:10]), row[10], row[11]) for row in rows]


async def waiting(engine: AsyncEngine, log_id: LogId, party: PartyId) -> tuple[dict[str, int], int]:
    """How many deliveries wait or have ended without this recipient, by state, and how many young people they are about."""
    states = {state: int(count) for state, count in await fetch(engine, _WAITING, log_id, party)}
    return states, int((await fetch(engine, _PEOPLE, log_id, party))[0][0])


async def notices(engine: AsyncEngine, log_id: LogId, party: PartyId) -> int:
    """How many notices to a party are not closed."""
    return int((await fetch(engine, _NOTICES, log_id, party))[0][0])


async def naming(engine: AsyncEngine, log_id: LogId, party: PartyId, day: date, digest: KeyedDigest) -> list[Named]:
    """The statements that hold on `day` and name this party. Raises Tampered where one is not what was recorded."""
    found: list[Named] = []
    after = b""
    while rows := await fetch(engine, _NAMING, log_id, f'"{party}"', after):
        tags = [bytes(row[0]) for row in rows]
        after = tags[-1]
        for histories_of in (await histories(engine, tags, digest)).values():
            for history in histories_of:
                said = hold(history.events, day)
                if said is not None and party in (said.scope.parties or ()) and said.state in _COUNT:
                    found.append(Named(said.statement_id, said.kind.value, said.state.value, said.kind in YES))
    return found


def claim_order(log_id: LogId, operator: PartyId, one: Move) -> Claim:
    """The condition that no such move waits for its second person; keeps this one."""
    glass = None if one.glass is None else one.glass.value
    return Claim(
        _ORDER,
        [
            (
                *(log_id, operator, one.move_id, one.old, one.new, one.since, one.state.value, one.ordered_by),
                *(int(one.ordered_us), one.confirmed_by, one.confirmed_us, glass),
            )
        ],
    )


def claim_turn(
    move: UUID, was: State, state: State, staff: str | None = None, us: Micros | None = None, done: Micros | None = None
) -> Claim:
    """The condition that the move is as it `was`."""
    return Claim(_TURN, [(move, was.value, state.value, staff, us, done)])


def claim_batch(log_id: LogId, one: Move, went: Sequence[Went], now: Micros) -> tuple[Claim, ...]:
    """The conditions that the move was confirmed, that each of these still waits as it did when it was decided anew, and that
    nobody dealt with it in this move before; closes them."""
    states = {Became.moved: "dropped", Became.refused: "stopped", Became.resupply: "stopped"}
    closing = [
        (
            *(one.old, each.waits.held.delivery_id, each.waits.state, each.waits.held.statements),
            *(states[each.became], each.reason, int(now)),
        )
        for each in went
    ]
    moved = [
        (
            *(log_id, one.old, one.move_id, each.waits.held.delivery_id, each.became.value, each.waits.held.source),
            *(each.waits.held.record_kind, None if each.onward is None else each.onward.ref, each.reason, int(now)),
        )
        for each in went
    ]
    return Claim(_GOES, [(one.move_id,)]), Claim(_CLOSE, closing), Claim(_MOVED, moved)


def rows_of(log_id: LogId, went: Sequence[Went], facts: Mapping[UUID, SealedFacts], now: Micros) -> tuple[RowSet, RowSet]:
    """What waits for the new recipient, as long as it waited before; and the facts that it was decided anew by.

    `facts` say by record which party gave it.
    """
    waits: list[tuple[Any, ...]] = []
    known: list[tuple[Any, ...]] = []
    for each in went:
        held, on, candidate = each.waits.held, each.onward, each.candidate
        if on is not None and candidate is not None and held.record_id is not None:
            waits.append(
                (
                    *(log_id, candidate.recipient, on.ref, candidate.provider, held.record_kind, held.subject_tag),
                    *(on.sealed, on.nonce, on.digest, "held", 0, each.waits.held_us, on.record_id),
                )
            )
            source = facts[held.record_id].source
            known.append((log_id, source, on.record_id, held.subject_tag, on.facts, int(now)))
    return RowSet("deliver_outbox", _OUTBOX, waits), RowSet("consent_facts", _KNOWN, known)


async def moves(engine: AsyncEngine, log_id: LogId, move: UUID | None = None) -> list[Move]:
    """The moves as they say of themselves, newest first, with what was done and what became of what waited; or this one."""
    rows = await fetch(engine, _MOVES, log_id, move)
    found = {UUID(bytes=row[0].bytes): row for row in rows}
    acts: dict[UUID, list[Act]] = {}
    for name, seq, does, who, ref, us in await fetch(engine, _ACTS, list(found)):
        _, old, new, *_, glass, _ = found[move_id := UUID(bytes=name.bytes)]
        reason = (glass or "") if does == Does.glass else ""
        act = Act(move_id, seq, Does(does), who, UUID(bytes=ref.bytes), Micros(us), PartyId(old), PartyId(new), reason)
        acts.setdefault(move_id, []).append(act)
    became: dict[UUID, dict[Became, int]] = {}
    for name, what, count in await fetch(engine, _BECAME, [row[0] for row in rows]):
        became.setdefault(UUID(bytes=name.bytes), {})[Became(what)] = int(count)
    return [_move(row, became.get(name, {}), acts.get(name, [])) for name, row in found.items()]


def act_row(log_id: LogId, operator: PartyId, act: Act) -> RowSet:
    """What was done; a conflict where something else was done first."""
    row = (log_id, operator, act.move_id, act.seq, act.does.value, act.who, act.ref, int(act.us))
    return RowSet("region_act", _ACT, [row])


def _move(row: Sequence[Any], became: dict[Became, int], acts: Sequence[Act]) -> Move:
    name, old, new, since, state, by, us, confirmed, confirmed_us, glass, done = row
    return Move(
        UUID(bytes=name.bytes),
        PartyId(old),
        PartyId(new),
        since,
        State(state),
        by,
        Micros(us),
        confirmed,
        None if confirmed_us is None else Micros(confirmed_us),
        None if glass is None else Glass(glass),
        None if done is None else Micros(done),
        became,
        tuple(acts),
    )


async def resupply(engine: AsyncEngine, log_id: LogId, move: UUID) -> list[Resupply]:
    """What sources must give anew after a move, by source."""
    return [
        Resupply(UUID(bytes=ref.bytes), PartyId(source), RecordKind(kind), None if reason is None else ReasonCode(reason))
        for ref, source, kind, reason in await fetch(engine, _RESUPPLY, log_id, move)
    ]
