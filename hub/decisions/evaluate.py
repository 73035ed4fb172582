"""A decision call from a partner: read, decided, recorded, and only then answered.

The log entry says who asked and how it came out; what was asked and answered is kept sealed beside it, for its facts may
single a young person out. The entry's keyed digest binds the two. No entry, no answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import OPERATION, Notes
from hub.clock import legal_date
from hub.consent.decide import ask
from hub.consent.question import Decision, Question
from hub.decisions import store
from hub.decisions.adl import EVALUATE
from hub.decisions.answer import answer, says_yes
from hub.decisions.request import UNREAD, Asked, Reader
from hub.domain.terms import LogId, PartyId
from hub.errors import Malformed, Refused
from hub.ports import Clock, KeyedDigest
from hub.rules import Rules

_AT_ONCE: Final = 50
"""Questions that are decided before others on this process get a turn."""
DIGEST: Final = "decision-call"


@dataclass(slots=True)
class Evaluations:
    """Answers decision calls under the rules in use. `seal` seals content bound to an id; `version` is the hub's own."""

    rules: Rules
    notes: Notes
    engine: AsyncEngine
    log_id: LogId
    clock: Clock
    digest: KeyedDigest
    seal: Callable[[bytes, bytes], bytes]
    key_version: int
    new_id: Callable[[], UUID]
    version: str

    async def evaluate(
        self, party: PartyId, body: Any, *, many: bool, traceparent: str | None = None, transaction: str | None = None
    ) -> dict[str, Any]:
        """The AuthZEN response to `body`, once the call is in the log.

        Raises Malformed with every fault, Refused where `party` asks about what is between others, Retry when the log cannot be
        written.
        """
        policy, table, life = self.rules.policy, self.rules.table.apart(), self.rules.life
        now = self.clock.now_us()
        reader = Reader(policy, legal_date(now))
        asked = reader.many(body) if many else reader.single(body)
        if asked is None:
            raise Malformed(
                "The question was refused.",
                "It does not have the agreed form.",
                "Mend what is named.",
                faults=tuple(reader.faults),
            )
        _check_own(party, asked.questions)
        decisions: list[Decision] = []
        for start in range(0, len(asked.questions), _AT_ONCE):
            decisions += ask(table, [self._lives(one) for one in asked.questions[start : start + _AT_ONCE]])
            await asyncio.sleep(0)
        told = answer(policy, asked, decisions)
        content = {
            "request": _kept(body),
            "response": told,
            "traceparent": asked.traceparent or traceparent,
            "fsc": transaction,
            "life": {"not_in_force": dict(sorted(life.shut.items())), "silent": sorted(life.silent)},
            "hub": self.version,
        }
        await self._record(party, asked, decisions, orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS))
        return told

    def _lives(self, one: Question) -> Question:
        """The same question, with the gemeente as it is called on its day."""
        return Question(one.record, one.path, self.rules.lives(one.facts), one.purpose, one.elements, one.born)

    async def _record(self, party: PartyId, asked: Asked, decisions: Sequence[Decision], content: bytes) -> None:
        ref, first = self.new_id(), asked.questions[0]
        details: dict[str, str | int] = {
            "form": "evaluations" if asked.many else "evaluation",
            "policy": decisions[0].policy,
            "content": self.digest(DIGEST, ref.bytes + content).hex(),
            "questions": len(decisions),
            "permitted": sum(map(says_yes, asked.questions, decisions)),
        }
        if not asked.many:
            details |= {"source": first.path[-2], "recipient": first.path[-1], "record": first.record}
        purposes = {question.purpose for question in asked.questions}
        one = purposes.pop() if len(purposes) == 1 else None
        now = self.clock.now_us()
        row = store.call_row(self.log_id, party, ref, self.seal(content, ref.bytes), self.key_version, now)
        await self.notes.write(
            EntryKind.access, EVALUATE, "decision", details, actor=party, purpose=one or OPERATION, rows=(row,), ref=ref
        )


def _check_own(party: PartyId, questions: Sequence[Question]) -> None:
    """A party asks about what it gives or receives itself. Raises Refused."""
    if any(party not in question.path[-2:] for question in questions):
        raise Refused(
            "The question was refused.",
            "It is about what passes between others.",
            "Ask about what you give or receive yourself.",
        )


def _kept(body: Mapping[str, Any]) -> dict[str, Any]:
    """The request without what was not read."""
    kept = dict(body)
    if isinstance(context := kept.get("context"), dict):
        kept["context"] = {name: value for name, value in context.items() if name not in UNREAD}
    if isinstance(each := kept.get("evaluations"), list):
        kept["evaluations"] = [_kept(one) for one in each]
    return kept
