"""Notices over a house: consents given and taken back, deliveries fetched, and what follows from it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.consent.model import PolicySet
from hub.consent.policy import canonical_policy
from hub.consent.store import keep_policy, policy_in_use
from hub.db import transaction
from hub.deliver.store import touch
from hub.domain.facts import StatementKind
from hub.domain.terms import Micros, PartyId, PurposeId
from hub.notices import store
from hub.notices.answers import Answers
from hub.notices.deliveries import Deliveries
from hub.notices.issue import Issue
from hub.notices.model import Cause, CauseKind, Notice
from hub.notices.push import NoticePusher
from hub.notices.service import Notices
from hub.notices.watch import Watch
from hub.rules import Rules
from hub.statements.desk import Statements
from tests import canary
from tests.fakes.consenting import AGENCY, FOUNDATION, GUIDANCE, TO_WORK, consenting, young
from tests.fakes.house import LOG, OPERATOR, House, open_house
from tests.fakes.statements import said, scope

NUMBERS = list(canary.numbers())
BOTH, ALL = (FOUNDATION, AGENCY), (GUIDANCE, TO_WORK)


@dataclass
class Told:
    """A house whose deliveries rest on consent."""

    house: House
    rules: Rules

    def __post_init__(self) -> None:
        house = self.house
        notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
        search = Search(house.engine, LOG, OPERATOR, house.vault.tags_of)
        self.issue = Issue(notes, house.engine)
        self.deliveries = Deliveries(house.log, search, house.vault)
        self.notices = Notices(self.issue, self.deliveries, lambda: self.rules.policy)
        self.answers = Answers(self.issue, house.vault, lambda: self.rules.policy)
        self.watch = Watch(self.notices)
        self.pusher = NoticePusher(self.issue, self.answers)
        self.statements = Statements(
            house.engine,
            LOG,
            house.log,
            notes,
            house.digests,
            house.people,
            house.clock,
            secrets.token_bytes,
            self.rules,
        )

    async def keep(self, policy: PolicySet) -> None:
        """Keeps a policy set under its hash, as a hub does that puts it into use."""
        follows, _ = await policy_in_use(self.house.engine, LOG)
        ref = uuid4()
        claim = keep_policy(LOG, OPERATOR, ref, follows, policy.hash, canonical_policy(policy), Micros(self.house.clock.us))
        await self.issue.notes.write(EntryKind.configuration, "policy-use", "policy", {}, ref=ref, claims=(claim,))

    async def tag(self, number: int) -> bytes:
        """Of the `number`th young person."""
        return await self.house.tag(NUMBERS[number])

    async def consent(self, number: int, parties: Iterable[PartyId] = BOTH, purposes: Iterable[PurposeId] = ALL) -> None:
        """They said yes, long ago."""
        named = scope(set(map(str, purposes)), set(map(str, parties)))
        kind, period = StatementKind.toestemming, (date(2026, 1, 1), None)
        claim = said(self.house.digests, LOG, await self.tag(number), kind, period, scope=named, evidence=None)
        async with transaction(self.house.engine) as connection:
            await connection.raw.execute(claim.statement, *(list(column) for column in zip(*claim.rows, strict=True)))

    async def deliver(self, number: int, **other: object) -> list[UUID]:
        """A record about them comes in, and all that may leave is fetched; gives what was handed over."""
        await self.house.send(young(number, **other))
        found: list[UUID] = []
        for recipient in BOTH:
            handed = await self.house.route.release(recipient, 100)
            await self.house.route.acknowledge(recipient, [one.delivery_id for one in handed.deliveries])
            found += [one.delivery_id for one in handed.deliveries]
        return found

    async def cause(self, number: int, kind: CauseKind = CauseKind.withdrawn, **other: object) -> UUID:
        """Something happens after delivery, as whoever records it writes it: with its entry, in one transaction."""
        given: dict[str, object] = {
            "statement": StatementKind.toestemming,
            "parties": frozenset(BOTH),
            "purposes": frozenset(ALL),
        }
        ref = uuid4()
        cause = Cause(ref, ref, kind, Micros(self.house.clock.us), **{**given, **other})  # type: ignore[arg-type]
        tag = await self.tag(number)
        row = store.cause_row(LOG, OPERATOR, cause, tag)
        await self.issue.notes.write(
            EntryKind.statement,
            "statement-withdraw",
            "toestemming",
            {},
            ref=ref,
            subject=tag,
            rows=(row,),
            touches=(touch(tag),),
        )
        return ref

    async def withdrawn(self, number: int, **other: object) -> tuple[Notice, ...]:
        """They took it back, and whoever has it is told."""
        return await self.notices.follow(await self.cause(number, **other))  # type: ignore[arg-type]

    async def by(self, operation: str) -> list[dict[str, object]]:
        """The entries of one operation."""
        return [one for one in await self.house.entries() if one["operation"] == operation]


@asynccontextmanager
async def open_told(
    engine: AsyncEngine, vault_engine: AsyncEngine, high_water: Path, policy: PolicySet | None = None
) -> AsyncIterator[Told]:
    """Notices over a house on these databases, its policy set kept."""
    rules = Rules(policy or consenting())
    async with open_house(engine, vault_engine, high_water, rules=rules) as house:
        told = Told(house, rules)
        await told.keep(rules.policy)
        yield told
