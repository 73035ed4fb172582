"""The whole list of what waits, read part by part; what cannot be read is said, and hides nothing of the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

from hub.audit.log import Log
from hub.audit.search.review.service import Reviews
from hub.clock import legal_date
from hub.consent.model import PolicySet
from hub.domain.staff import Role, Staff
from hub.domain.terms import Micros
from hub.errors import HubError
from hub.notices.desk import NoticeDesk
from hub.notices.model import Notice
from hub.notices.model import State as NoticeState
from hub.notices.plan import UNACKNOWLEDGED
from hub.observe import report
from hub.policies.service import Policies
from hub.ports import Clock
from hub.retention.service import Retention
from hub.rights.erasure.model import State as Asked
from hub.rights.erasure.service import Forgetting
from hub.rights.informing.service import Informing
from hub.statements.objections import Objection, last_day, waits_for
from hub.statements.rulings import Rulings
from hub.waiting import agreements
from hub.waiting.connectors import Connectors
from hub.waiting.model import Item, List, What, by_urgency

_OFFICER: Final = frozenset({Role.privacy_officer})
_WATCHED: Final = frozenset({Role.privacy_officer, Role.fg})
_DECIDE: Final = frozenset({Role.decision_maker})
_ORDER: Final = frozenset({Role.decision_maker, Role.fg})
_FRESH_US: Final = 60_000_000
"""How old the list may be on which the navigation counts; whoever acts here makes it anew, and its own page always does."""
_TOLD_US: Final = 300_000_000
"""The same of whom has to be told: every delivery is counted for that."""
Part = Callable[[], AsyncIterator[Item]]


@dataclass(slots=True)
class Waiting:
    """What waits in one log."""

    log: Log
    clock: Clock
    policies: Policies
    rulings: Rulings
    notices: NoticeDesk
    informing: Informing
    forgetting: Forgetting
    retention: Retention
    reviews: Reviews
    connectors: Connectors
    _kept: tuple[int, List] | None = field(default=None, init=False, repr=False)
    _told: tuple[int, tuple[Item, ...]] | None = field(default=None, init=False, repr=False)
    _making: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    @property
    def policy(self) -> PolicySet:
        """The set in use, for the names of parties."""
        return self.rulings.statements.rules.policy

    async def list(self) -> List:
        """All that waits now, what ends first in front."""
        items: list[Item] = []
        unread: list[str] = []
        for name, part in self._parts().items():
            try:
                async for one in part():
                    items.append(one)
            except HubError as error:
                report(error)
                unread.append(name)
        made = List(by_urgency(items), tuple(unread))
        self._kept = int(self.clock.now_us()), made
        return made

    async def recent(self) -> List:
        """The same, some seconds old at most: for what every page shows."""
        async with self._making:
            if self._kept is None or int(self.clock.now_us()) - self._kept[0] > _FRESH_US:
                await self.list()
            assert self._kept is not None, "it was just made"
            return self._kept[1]

    def forget(self) -> None:
        """Somebody acted: the next look is at what is so then."""
        self._kept = None

    def _parts(self) -> dict[str, Part]:
        around = self.connectors
        return {
            "agreements": self._agreements,
            "objections": self._objections,
            "notices": self._notices,
            "informing": self._informed,
            "forgetting": self._forgetting,
            "retention": self._retention,
            "reviews": self._reviews,
            "setups": around.second_persons,
            "mappings": around.mappings,
            "mended-alone": around.mended_alone,
            "layouts": around.layouts,
            "credentials": partial(around.keys, self.clock.now_us()),
            "moves": around.moves,
            "stuck": around.stuck,
        }

    async def _agreements(self) -> AsyncIterator[Item]:
        look = await self.policies.look()
        if look is None:
            return
        widens: dict[str, bool] = {}
        for one in look.history.open:
            change = await self.policies.difference(look.history, look.policy, look.proposed[one.policy])
            widens[one.policy] = bool(change.wider)
        for item in agreements.waiting(look, widens):
            yield item

    async def _objections(self) -> AsyncIterator[Item]:
        policy, today = self.policy, legal_date(self.clock.now_us())
        for one in await self.rulings.waiting():
            key, names = str(one.statement_id), ", ".join(one.controllers)
            roles = _DECIDE | (_WATCHED if one.late(today) else _OFFICER)
            yield Item(What.objection, names, roles, one.said_us, one.until, key, may=partial(_rules, policy, one))

    async def _notices(self) -> AsyncIterator[Item]:
        found: dict[tuple[What, str], list[Notice]] = {}
        for one in await self.notices.list():
            if one.state is NoticeState.refused:
                found.setdefault((What.refused_notice, one.recipient), []).append(one)
            elif one.late:
                found.setdefault((What.notice, one.recipient), []).append(one)
        for (what, recipient), notices in found.items():
            oldest = min(notices, key=lambda one: one.opened_us)
            deep = any(one.level > 1 for one in notices)
            until = None if what is What.refused_notice else legal_date(Micros(oldest.opened_us + UNACKNOWLEDGED[0]))
            key = str(oldest.notice_id) if len(notices) == 1 else ""
            roles = _WATCHED if deep else _OFFICER
            yield Item(what, recipient, roles, oldest.opened_us, until, key, len(notices))

    async def _informed(self) -> AsyncIterator[Item]:
        now = int(self.clock.now_us())
        if self._told is None or now - self._told[0] > _TOLD_US:
            found = [one for one in await self.informing.standing() if one.late]
            made = tuple(
                Item(What.informing, one.teller, _OFFICER, until=one.since, key=one.recipient, count=one.late) for one in found
            )
            self._told = now, made
        for item in self._told[1]:
            yield item

    async def _forgetting(self) -> AsyncIterator[Item]:
        for one in await self.forgetting.requests():
            if one.state is Asked.asked:
                key, until = str(one.erasure_id), last_day(legal_date(one.asked_us))
                may = partial(_another, one.asked_by)
                yield Item(What.forgetting, one.ground.label, _ORDER, one.asked_us, until, key, may=may)

    async def _retention(self) -> AsyncIterator[Item]:
        for one in await self.retention.proposals():
            if one.by is None and not one.done:
                may = partial(_another, one.staff)
                yield Item(What.pruning, str(one.purpose), _DECIDE, one.us, count=one.entries, may=may)

    async def _reviews(self) -> AsyncIterator[Item]:
        for one in await self.reviews.every():
            if one.signed_us is None:
                until = legal_date(Micros(one.month.span_us[1])) + timedelta(days=30)
                yield Item(What.review, str(one.month), _WATCHED, Micros(one.drawn_us), until, str(one.month))


def _rules(policy: PolicySet, one: Objection, by: Staff) -> bool:
    """A decision-maker rules on their own; the officer writes down, and the FG watches what is late."""
    return bool(by.roles & _WATCHED) or waits_for(policy, one, by)


def _another(first: str, by: Staff) -> bool:
    return str(by.staff_id) != first
