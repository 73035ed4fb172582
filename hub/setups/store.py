"""Rows of connector instances: what happened to each, its versions, its sealed credentials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch, transaction
from hub.domain.staff import StaffId
from hub.domain.terms import LogId, PartyId
from hub.formats.agreed import FileColumns
from hub.ports import Claim, RowSet
from hub.setups.standing import Act, Move

_MOVE_COLUMNS: Final = (
    *("log_id", "party_id", "instance", "seq", "move", "version", "who", "word", "digest", "entry_ref", "us"),
)
_MOVES: Final = """
SELECT party_id, instance, seq, move, version, who, word, digest, entry_ref, us FROM setup_move
WHERE log_id = $1 AND ($2::text IS NULL OR instance = $2) ORDER BY instance, seq
"""
_ACTS: Final = frozenset(act.value for act in Act)
_VERSION_COLUMNS: Final = ("log_id", "party_id", "instance", "version", "connector", "body")
_VERSION: Final = "SELECT body FROM setup_version WHERE log_id = $1 AND instance = $2 AND version = $3"
_NEEDED: Final = """
SELECT held.instance, held.version, held.body FROM setup_version AS held
JOIN unnest($2::text[], $3::int[]) AS wanted (instance, version)
    ON wanted.instance = held.instance AND wanted.version = held.version
WHERE held.log_id = $1
"""
_CREDENTIAL_COLUMNS: Final = (
    *("log_id", "party_id", "credential_id", "instance", "seq", "name", "kind", "sealed", "key_version", "fingerprint"),
    "until_us",
)
_CREDENTIALS: Final = """
SELECT credential_id, instance, seq, name, kind, sealed, fingerprint, until_us FROM setup_credential
WHERE log_id = $1 AND ($2::text IS NULL OR instance = $2) ORDER BY instance, seq
"""
_EMPTY: Final = """
UPDATE setup_credential AS held SET sealed = NULL
FROM unnest($1::text[], $2::text[], $3::int[]) AS gone (log_id, instance, seq)
WHERE held.log_id = gone.log_id AND held.instance = gone.instance AND held.seq = gone.seq
"""
_LAYOUT_COLUMNS: Final = ("log_id", "party_id", "instance", "seq", "body")
_LAYOUT: Final = "SELECT body FROM setup_layout WHERE log_id = $1 AND instance = $2 AND seq = $3"
_AGREED: Final = """
SELECT mapping, digests, names FROM connector_layout WHERE log_id = $1 AND connector = $2 AND state = 'agreed' AND readable
"""
_AGREE: Final = """
WITH found AS (
    SELECT seen.log_id, seen.party_id, seen.instance, new.us, seen.body::jsonb ->> 'mapping' AS mapping,
        ARRAY(SELECT decode(one ->> 0, 'hex') FROM jsonb_array_elements(seen.body::jsonb -> 'columns')
            WITH ORDINALITY AS found (one, place) ORDER BY place) AS digests,
        ARRAY(SELECT one ->> 1 FROM jsonb_array_elements(seen.body::jsonb -> 'columns')
            WITH ORDINALITY AS found (one, place) ORDER BY place) AS names
    FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[]) AS new (log_id, instance, seq, us)
    JOIN setup_layout AS seen ON (seen.log_id, seen.instance, seen.seq) = (new.log_id, new.instance, new.seq)
), gone AS (
    DELETE FROM connector_layout AS held USING found
    WHERE held.log_id = found.log_id AND held.connector = found.instance AND held.state = 'changed'
)
INSERT INTO connector_layout (log_id, party_id, connector, state, mapping, digests, names, readable, since_us)
SELECT log_id, party_id, instance, 'agreed', mapping, digests, names, true, us FROM found
ON CONFLICT (log_id, connector, state) DO UPDATE SET party_id = excluded.party_id, mapping = excluded.mapping,
    digests = excluded.digests, names = excluded.names, readable = true, since_us = excluded.since_us
"""
_HANDS: Final = "SELECT hand, staff_id FROM setup_hand WHERE log_id = $1"
_UNTIE: Final = """
DELETE FROM setup_hand AS held USING unnest($1::text[], $2::text[]) AS gone (log_id, hand)
WHERE held.log_id = gone.log_id AND held.hand = gone.hand
"""
_ALARM: Final = """
INSERT INTO setup_alarm (log_id, party_id, credential_id, days, us) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING days
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A credential as it is kept: given by move `seq`; `sealed` is None once another took its place."""

    credential_id: UUID
    instance: str
    seq: int
    name: str
    kind: str
    sealed: bytes | None = field(repr=False)
    fingerprint: str
    until_us: int | None


async def moves(engine: AsyncEngine, log_id: LogId, instance: str | None = None) -> dict[str, list[Move]]:
    """Everything that happened, by instance, in order."""
    found: dict[str, list[Move]] = {}
    for row in await fetch(engine, _MOVES, log_id, instance):
        party, name, seq, act, version, who, word, digest, ref, us = row
        # What is no move of ours has no place in the row of them, so that its instance is not as the log says, and no other.
        known = act in _ACTS
        move = Move(
            party, name, seq if known else -1, Act(act) if known else Act.end, version, who, word, bytes(digest), _uuid(ref), us
        )
        found.setdefault(name, []).append(move)
    return found


async def body(engine: AsyncEngine, log_id: LogId, instance: str, version: int) -> str | None:
    """What was set up in that version, as canonical JSON."""
    rows = await fetch(engine, _VERSION, log_id, instance, version)
    return str(rows[0][0]) if rows else None


async def bodies(engine: AsyncEngine, log_id: LogId, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The same of many."""
    rows = await fetch(engine, _NEEDED, log_id, [one[0] for one in wanted], [one[1] for one in wanted])
    return {(row[0], row[1]): row[2] for row in rows}


async def credentials(engine: AsyncEngine, log_id: LogId, instance: str | None = None) -> dict[tuple[str, int], Held]:
    """Credentials by their instance and the move that gave them."""
    return {
        (row[1], row[2]): Held(_uuid(row[0]), row[1], row[2], row[3], row[4], _bytes(row[5]), row[6], row[7])
        for row in await fetch(engine, _CREDENTIALS, log_id, instance)
    }


def move_row(log_id: LogId, move: Move) -> RowSet:
    """What happened; a conflict where something else happened first."""
    return RowSet("setup_move", _MOVE_COLUMNS, [(log_id, *move[:3], move.act.value, *move[4:])])


def version_row(log_id: LogId, party: PartyId, instance: str, version: int, connector: str, text: str) -> RowSet:
    """What is set up from now on, once it is activated."""
    return RowSet("setup_version", _VERSION_COLUMNS, [(log_id, party, instance, version, connector, text)])


def credential_row(log_id: LogId, party: PartyId, held: Held, key_version: int) -> RowSet:
    """What lets the hub in, sealed."""
    row = (held.credential_id, held.instance, held.seq, held.name, held.kind, held.sealed, key_version)
    return RowSet("setup_credential", _CREDENTIAL_COLUMNS, [(log_id, party, *row, held.fingerprint, held.until_us)])


def empty(log_id: LogId, instance: str, seqs: Sequence[int]) -> Claim:
    """The credentials of these moves are gone for good."""
    return Claim(_EMPTY, [(log_id, instance, seq) for seq in seqs])


def layout_row(log_id: LogId, party: PartyId, instance: str, seq: int, text: str) -> RowSet:
    """The layout that move `seq` found, as JSON."""
    return RowSet("setup_layout", _LAYOUT_COLUMNS, [(log_id, party, instance, seq, text)])


async def layout(engine: AsyncEngine, log_id: LogId, instance: str, seq: int) -> str | None:
    """The layout that a move found, as JSON."""
    rows = await fetch(engine, _LAYOUT, log_id, instance, seq)
    return str(rows[0][0]) if rows else None


async def agreed(engine: AsyncEngine, log_id: LogId, instance: str) -> FileColumns | None:
    """The layout that files are held to; None before anything was agreed on."""
    rows = await fetch(engine, _AGREED, log_id, instance)
    return FileColumns(rows[0][0], tuple(bytes(each) for each in rows[0][1]), tuple(rows[0][2])) if rows else None


def agree(log_id: LogId, instance: str, seq: int, us: int) -> Claim:
    """Files are held from now on to the layout that move `seq` found, and none stands that differs."""
    return Claim(_AGREE, [(str(log_id), instance, seq, us)])


async def hands(engine: AsyncEngine, log_id: LogId) -> dict[str, str]:
    """By which other hands, by their words in the log, members of staff work."""
    return {row[0]: row[1] for row in await fetch(engine, _HANDS, log_id)}


def hand_row(log_id: LogId, party: PartyId, hand: str, staff_id: StaffId, ref: UUID, us: int) -> RowSet:
    """A hand is that of a member of staff; a conflict where it is known to be somebody's."""
    columns = ("log_id", "party_id", "hand", "staff_id", "entry_ref", "us")
    return RowSet("setup_hand", columns, [(log_id, party, hand, staff_id, ref, us)])


def untie(log_id: LogId, hand: str) -> Claim:
    """A hand is nobody's in particular."""
    return Claim(_UNTIE, [(str(log_id), hand)])


async def announce(engine: AsyncEngine, log_id: LogId, party: PartyId, credential_id: UUID, days: int, us: int) -> bool:
    """Whether nobody was told of this end at this distance before; from now on somebody was."""
    async with transaction(engine) as connection:
        return bool(await connection.raw.fetch(_ALARM, log_id, party, credential_id, days, us))


def _uuid(given: Any) -> UUID:
    return UUID(bytes=given.bytes)


def _bytes(given: Any) -> bytes | None:
    return None if given is None else bytes(given)
