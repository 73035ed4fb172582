"""Statements in memory, as the REST door needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hub.consent.statement import Scope
from hub.domain.facts import StatementKind
from hub.domain.terms import PartyId
from hub.errors import Refused
from hub.ports import Claim
from hub.receive.store import Earlier
from hub.statements.objections import Objection
from hub.statements.said import Done, Said, Spoken
from hub.waiting.model import List


@dataclass
class FakeStatements:
    """Remembers what was said and taken back, and the keys of the calls; `refuse` says no to whatever comes."""

    said: list[tuple[str, Said]] = field(default_factory=list)
    taken_back: list[tuple[str, StatementKind, Scope, Spoken]] = field(default_factory=list)
    keys: dict[tuple[Any, bytes], Earlier] = field(default_factory=dict)
    refuse: bool = False

    async def record(self, number: str, said: Said, /, *, claims: Sequence[Claim], ref: UUID) -> Done:
        if self.refuse:
            raise Refused("The statement was not recorded.", "Somebody else speaks here.", "Ask them.")
        self._claim(claims)
        self.said.append((number, said))
        return Done((ref,), 1)

    async def withdraw(
        self, number: str, kind: StatementKind, scope: Scope, spoken: Spoken, /, *, claims: Sequence[Claim]
    ) -> Done:
        self._claim(claims)
        self.taken_back.append((number, kind, scope, spoken))
        return Done((), 1)

    def _claim(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            for _, party, key, body, request_id, _ in claim.rows:
                self.keys[party, key] = Earlier(body, request_id)

    async def receipt_of(self, statement_id: UUID) -> str:
        return f"kop.{statement_id.hex}.handtekening"


@dataclass
class FakeObjections:
    """Objections that wait, and what was ruled on them."""

    known: list[Objection] = field(default_factory=list)
    ruled: list[tuple[UUID, bool, PartyId]] = field(default_factory=list)

    async def waiting(self) -> Sequence[Objection]:
        return self.known

    async def rule_for(self, statement_id: UUID, upheld: bool, party: PartyId, /) -> None:
        if not any(one.statement_id == statement_id and party in one.asked for one in self.known):
            raise Refused("There is no such objection.")
        self.ruled.append((statement_id, upheld, party))


@dataclass
class FakeWaiting:
    """What waits for people."""

    found: List = field(default_factory=List)

    async def list(self) -> List:
        return self.found
