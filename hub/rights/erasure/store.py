"""The rows of forgetting: requests, tombstones, and what stands under the tag of somebody."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind, parse
from hub.audit.store import locate
from hub.db import fetch, transaction
from hub.domain.terms import LogId, Micros, PartyId, PurposeId
from hub.ports import Claim, RowSet
from hub.retention import store as retention
from hub.retention.model import Entry
from hub.rights.erasure.model import Ground, Request, State

_ASK: Final = """
INSERT INTO rights_erasure (log_id, party_id, erasure_id, subject_tag, ground, state, asked_by, asked_us)
SELECT new.*  FROM unnest($1::text[], $2::text[], $3::uuid[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::bigint[])
    AS new ON CONFLICT DO NOTHING
"""
_READ: Final = """
SELECT erasure_id, ground, state, asked_by, asked_us, decided_by, decided_us, entry_ref FROM rights_erasure
"""
_ALL: Final = _READ + "WHERE log_id = $1 ORDER BY asked_us DESC LIMIT 500"
_ONE: Final = _READ + "WHERE log_id = $1 AND erasure_id = $2"
_WHOSE: Final = "SELECT subject_tag FROM rights_erasure WHERE log_id = $1 AND erasure_id = $2"
_DECIDE: Final = """
UPDATE rights_erasure AS one SET state = new.state, decided_by = new.staff, decided_us = new.us, entry_ref = new.ref,
    subject_tag = CASE WHEN new.state = 'declined' THEN NULL ELSE one.subject_tag END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::uuid[], $6::text[])
    AS new (erasure, state, staff, us, ref, words)
WHERE one.erasure_id = new.erasure AND one.state = 'asked' AND (new.state <> 'ordered' OR NOT EXISTS (
    SELECT FROM retention_hold AS made
    WHERE made.event = 'opened' AND (made.scope = 'all' OR made.subject_tag = one.subject_tag
        OR made.scope IN ('party', 'purpose') AND made.word = ANY (string_to_array(new.words, ' ')))
    AND NOT EXISTS (SELECT FROM retention_hold AS lifted WHERE lifted.hold_id = made.hold_id AND lifted.event = 'lifted')))
"""
_DONE: Final = """
UPDATE rights_erasure SET state = 'done', subject_tag = NULL WHERE subject_tag = ANY($1::bytea[])
"""

_BURY: Final = """
INSERT INTO rights_tombstone (log_id, party_id, subject_tag, erased_us)
SELECT $1, $2, new.tag, new.us FROM unnest($3::bytea[], $4::bigint[]) AS new (tag, us) ON CONFLICT DO NOTHING
"""
_BURIED: Final = "SELECT subject_tag, erased_us FROM rights_tombstone"
_FORGET: Final = "SELECT forget_rows($1)"
_RETURNED: Final = " UNION ".join(
    f"SELECT gone.subject_tag FROM rights_tombstone AS gone WHERE EXISTS (SELECT FROM {table} AS one "  # noqa: S608  # our tables
    "WHERE one.subject_tag = gone.subject_tag)"
    for table in ("consent_facts", "deliver_outbox", "consent_event", "consent_notice", "consent_cause", "rights_erasure")
)
_COUNTS: Final = """
SELECT (SELECT count(*) FROM consent_facts WHERE subject_tag = $1), (SELECT count(*) FROM consent_event WHERE subject_tag = $1)
"""


def claim_asked(log_id: LogId, operator: PartyId, tag: bytes, one: Request) -> Claim:
    """The condition that nobody asked the same of the same person before; keeps the request."""
    row = (log_id, operator, one.erasure_id, tag, one.ground.value, one.state.value, one.asked_by, int(one.asked_us))
    return Claim(_ASK, [row])


def claim_decided(erasure_id: UUID, state: State, staff: str, now: Micros, entry: UUID, words: Collection[str] = ()) -> Claim:
    """The condition that a request still waits for its decision, and, to order it, that no hold stands against it.

    `words` are the parties and purposes that the person's entries name.
    """
    return Claim(_DECIDE, [(erasure_id, state.value, staff, int(now), entry, " ".join(sorted(words)))])


def tombstone(log_id: LogId, operator: PartyId, tag: bytes, now: Micros) -> RowSet:
    """That whoever is called so is forgotten."""
    return RowSet("rights_tombstone", ("log_id", "party_id", "subject_tag", "erased_us"), [(log_id, operator, tag, int(now))])


async def requests(engine: AsyncEngine, log_id: LogId) -> list[Request]:
    """The requests, newest first; 500 at most."""
    return [_request(row) for row in await fetch(engine, _ALL, log_id)]


async def request(engine: AsyncEngine, log_id: LogId, erasure_id: UUID) -> tuple[Request, bytes | None] | None:
    """A request, and the tag of whom it is about while it is kept; None where there is none."""
    rows = await fetch(engine, _ONE, log_id, erasure_id)
    if not rows:
        return None
    tag = (await fetch(engine, _WHOSE, log_id, erasure_id))[0][0]
    return _request(rows[0]), None if tag is None else bytes(tag)


def _request(row: Sequence[Any]) -> Request:
    erasure, ground, state, asked_by, asked_us, decided_by, decided_us, entry = row
    return Request(
        UUID(bytes=erasure.bytes),
        Ground(ground),
        State(state),
        asked_by,
        Micros(asked_us),
        decided_by,
        None if decided_us is None else Micros(decided_us),
        None if entry is None else UUID(bytes=entry.bytes),
    )


async def counts(engine: AsyncEngine, tag: bytes) -> tuple[int, int]:
    """How many records with facts, and how many events of statements, stand under this tag."""
    row = (await fetch(engine, _COUNTS, tag))[0]
    return int(row[0]), int(row[1])


async def entries(engine: AsyncEngine, log_id: LogId, seqs: Sequence[int]) -> list[Entry]:
    """These entries as retention reads them: whether the recipient may still hold what was given."""
    if not seqs:
        return []
    async with transaction(engine) as connection:
        return await retention.these(connection, log_id, seqs)


async def recipients(engine: AsyncEngine, log_id: LogId, refs: Sequence[UUID]) -> dict[int, PartyId]:
    """To whom the disclosures among these entries went, by their place in that log; what was redacted is left out."""
    async with transaction(engine) as connection:
        located = await locate(connection, log_id, refs)
    said = {one.seq: parse(one.kept) for one in located.values() if one.kept is not None}
    return {seq: PartyId(fields["recipient"]) for seq, fields in said.items() if fields["kind"] == EntryKind.disclosure}


async def named(engine: AsyncEngine, log_id: LogId, refs: Sequence[UUID]) -> tuple[set[PartyId], set[PurposeId]]:
    """The parties and purposes that these entries name: a hold may be about one of them."""
    async with transaction(engine) as connection:
        located = await locate(connection, log_id, refs)
    parties: set[PartyId] = set()
    purposes: set[PurposeId] = set()
    for one in located.values():
        if one.kept is not None:
            said = parse(one.kept)
            purposes.add(PurposeId(said["purpose"]))
            words = (said.get("source"), said.get("recipient"), *said.get("controllers", ()))
            parties.update(PartyId(word) for word in words if word)
    return parties, purposes


async def buried(engine: AsyncEngine) -> dict[bytes, Micros]:
    """The tags of those who were forgotten, and when."""
    return {bytes(tag): Micros(us) for tag, us in await fetch(engine, _BURIED)}


async def bury(engine: AsyncEngine, log_id: LogId, operator: PartyId, gone: Mapping[bytes, Micros]) -> None:
    """Adds tombstones that a restored database lost."""
    async with transaction(engine) as connection:
        await connection.raw.execute(_BURY, log_id, operator, list(gone), [int(us) for us in gone.values()])


async def returned(engine: AsyncEngine) -> list[bytes]:
    """Of whom rows stand here that were forgotten: the work was interrupted, or a backup was put back."""
    return [bytes(row[0]) for row in await fetch(engine, _RETURNED)]


async def forget(engine: AsyncEngine, tags: Sequence[bytes]) -> int:
    """Removes what stands under these tags; gives how many rows. Raises Tampered where nobody decided that they go."""
    gone = 0
    for tag in tags:
        async with transaction(engine) as connection:
            gone += int(await connection.raw.fetchval(_FORGET, tag))
            await connection.raw.execute(_DONE, [tag])
    return gone
