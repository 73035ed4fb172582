"""The book of connector instances: read with its proof, written with its log entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.connector import Credential, Endpoint, Setup
from hub.domain.ids import new_ids
from hub.domain.terms import LogId, PartyId
from hub.errors import Conflict
from hub.ports import Claim, Clock, Entropy, RowSet
from hub.registry import Connector
from hub.setups import store
from hub.setups.actor import Actor
from hub.setups.checks import Checks, options_of
from hub.setups.ledger import check_body, check_sealed, details_of, ledger_of, tampered
from hub.setups.rules import Absent, someone_was_first
from hub.setups.secret import partner_of
from hub.setups.standing import MAKES, Act, Move, Standing, standing_of

TRIES: Final = 5
"""Times that something is written which changes nothing, where others write meanwhile."""


class Seals(Protocol):
    """Seals what names nobody under the key ring; `hub.protect.vault.Vault` is the one there is."""

    key_version: int

    def seal_row(self, raw: bytes, bound_to: bytes) -> bytes: ...
    def open_row(self, sealed: bytes, bound_to: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance: how it stands, and everything that happened to it."""

    standing: Standing
    moves: Sequence[Move]

    @property
    def id(self) -> str:
        """What it is called."""
        return self.standing.instance


class Book:
    """What every service of this package stands on."""

    def __init__(
        self,
        engine: AsyncEngine,
        log_id: LogId,
        log: Log,
        notes: Notes,
        seals: Seals,
        clock: Clock,
        entropy: Entropy,
        checks: Checks,
    ) -> None:
        self._engine, self._log_id, self._notes, self._seals = engine, log_id, notes, seals
        self._clock, self._entropy, self._checks = clock, entropy, checks
        self._ledger = ledger_of(log)

    @property
    def connectors(self) -> Mapping[str, Connector]:
        """What there can be instances of."""
        return self._checks.connectors

    @property
    def checks(self) -> Checks:
        """What a setup is held against."""
        return self._checks

    async def read(self, instance: str) -> Instance:
        """Raises errors.Refused where there is none of this name, Tampered where it is not as the log says."""
        found = (await store.moves(self._engine, self._log_id, instance)).get(instance)
        if not found:
            raise Absent("There is no connector of this name.", "It is not set up here.", "See 'hub connector list'.")
        return await self._proven(found)

    async def _proven(self, moves: Sequence[Move]) -> Instance:
        """Proven from the first move on that still matters: what is older decides nothing, and may have gone from the log."""
        if [move.seq for move in moves] != list(range(1, len(moves) + 1)):
            raise tampered(moves[0].instance)
        standing = standing_of(moves)
        versions = {standing.newest, standing.active or standing.newest}
        first = min(
            *(move.seq for move in moves if move.act in MAKES and move.version in versions),
            *map(abs, standing.held.values()),
            standing.seq if standing.found is None else standing.found.seq,
            standing.seq,
        )
        await self._ledger.check([move for move in moves if move.seq >= first], lambda move: tampered(move.instance))
        return Instance(standing, moves)

    async def hands(self) -> Mapping[str, str]:
        """Whose the hands are that are known to be somebody's: a member of staff by the word of an account or a client."""
        return await store.hands(self._engine, self._log_id)

    async def _setup(self, one: Instance, version: int) -> Setup:
        text = await store.body(self._engine, self._log_id, one.id, version)
        if not any(move.act in MAKES and move.version == version for move in one.moves):
            raise Absent("There is no version of this number.", "It was never made.", "See 'hub connector versions'.")
        return check_body(text, one.moves, version)

    def _connector(self, setup: Setup) -> Connector:
        return self._checks.connector(setup.connector)

    async def _secrets(self, one: Instance, setup: Setup, held: Mapping[str, int]) -> dict[str, bytes]:
        """The credentials of these moves, opened. Raises errors.Tampered."""
        kept = await store.credentials(self._engine, self._log_id, one.id)
        return self._opened(one, setup, held, kept)

    def _opened(
        self, one: Instance, setup: Setup, held: Mapping[str, int], kept: Mapping[tuple[str, int], store.Held]
    ) -> dict[str, bytes]:
        declared = self._connector(setup).credentials(setup.protocol)
        found: dict[str, bytes] = {}
        for name, seq in effective(declared, held).items():
            row = kept.get((one.id, seq))
            sealed = check_sealed(row.sealed if row else None, one.moves, seq)
            assert row is not None, "a seal was in it"
            found[name] = self._seals.open_row(sealed, row.credential_id.bytes)
        return found

    def _endpoint(self, setup: Setup, secrets: Mapping[str, bytes]) -> Endpoint:
        return Endpoint(setup.address, options_of(setup, self._connector(setup)), secrets, setup.timeout_s)

    async def _emptied(self, one: Instance, keep: Mapping[str, int], *, but: frozenset[int] = frozenset()) -> list[Claim]:
        """What empties every other credential of the instance."""
        kept = await store.credentials(self._engine, self._log_id, one.id)
        gone = [row.seq for row in kept.values() if row.sealed is not None and row.seq not in {*keep.values(), *but}]
        return [store.empty(self._log_id, one.id, gone)] if gone else []

    async def _write(
        self,
        standing: Standing,
        act: Act,
        version: int,
        by: Actor,
        *,
        word: str = "",
        digest: bytes = b"",
        kind: EntryKind = EntryKind.configuration,
        rows: Sequence[RowSet] = (),
        claims: Sequence[Claim] = (),
        more: Mapping[str, str | int] | None = None,
    ) -> Move:
        """The next thing that happens to it, in the log and here together. Raises errors.Conflict where another was first."""
        now = int(self._clock.now_us())
        (ref,) = new_ids(1, self._clock.now_us(), self._entropy(8))
        party = str(standing.party)
        move = Move(party, standing.instance, standing.seq + 1, act, version, by.word, word, digest, ref, now)
        try:
            await self._notes.write(
                kind,
                act.operation,
                "connector",
                {**details_of(move, by), **(more or {})},
                by=by.staff_id,
                ref=ref,
                claims=claims,
                rows=(store.move_row(self._log_id, move), *rows),
            )
        except Conflict:
            raise someone_was_first() from None
        return move

    async def _insist(self, instance: str, act: Act, version: int, by: Actor, word: str) -> Move:
        """Notes that something was done that changes nothing, whatever others do meanwhile."""
        for _ in range(TRIES - 1):
            try:
                return await self._write((await self.read(instance)).standing, act, version, by, word=word)
            except Conflict:
                continue
        return await self._write((await self.read(instance)).standing, act, version, by, word=word)


def effective(declared: Sequence[Credential], held: Mapping[str, int]) -> dict[str, int]:
    """The credentials that count: of a choice the one given last, if it was not taken away, and with a certificate its key."""
    chosen = dict(held)
    for group in {one.one_of for one in declared if one.one_of}:
        names = [one.name for one in declared if one.one_of == group and one.name in held]
        for name in sorted(names, key=lambda name: abs(held[name]))[:-1]:
            chosen.pop(name)
            chosen.pop(partner_of(name, declared) or name, None)
    known = {one.name for one in declared}
    return {name: seq for name, seq in chosen.items() if name in known and seq > 0}


def party_of(setup: Setup) -> PartyId:
    """Whose connector it is."""
    return PartyId(setup.party)
