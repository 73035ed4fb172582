"""Replay, retro and counting people: each reads sealed facts, so each is in the log before the first is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.diff import Change, Diff, effect_of
from hub.consent.facts import age_on, facts_again
from hub.consent.model import PolicySet
from hub.consent.otherwise import otherwise
from hub.consent.question import Question
from hub.consent.store import standing
from hub.consent.table import DecisionTable
from hub.domain.facts import KeptFacts, SubjectFacts
from hub.domain.staff import StaffId
from hub.domain.terms import LogId, Micros, PolicyHash
from hub.policies.use import Acts
from hub.ports import KeyedDigest
from hub.protect.seal import kind_of, read_facts, unseal
from hub.protect.vault import Vault
from hub.replay import store
from hub.replay.answer import Kind, Left, Replayed, Told, Why, Wrong, retold
from hub.replay.reading import Case, Progress, Reader
from hub.replay.sets import Sets

PEOPLE, REPLAY, RETRO = "policy-people", "policy-replay", "policy-retro"
_PAGE: Final = 1_000
_MOST_MISMATCHED: Final = 1_000


def _quiet(_done: int, _of: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Counted:
    """How many young people a diff touches: per change of `Diff.changes`, and in all who gain or lose; on one day."""

    day: date
    persons: int
    gain: int
    lose: int
    per_change: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Replays:
    """Replays of one log."""

    engine: AsyncEngine
    log_id: LogId
    vault: Vault
    notes: Notes
    acts: Acts
    digest: KeyedDigest | None = None
    """What statements are held against: a changed one is noticed."""

    async def people(
        self, a: PolicySet, b: PolicySet, found: Diff, day: date, by: StaffId | None, progress: Progress = _quiet
    ) -> Counted:
        """Everyone whose facts are kept, decided under both sets as of `day`, with the statements that stand on it.

        Raises Retry when the log cannot be written, Tampered where facts do not open.
        """
        await self._note(EntryKind.access, PEOPLE, {"policy": a.hash, "candidate": b.hash}, by)
        tables = (compile_policy(a), compile_policy(b))
        ways = {(change.record, change.way) for change in found.changes}
        touched: dict[int, set[bytes]] = {}
        everyone: set[bytes] = set()
        after = store.FIRST
        while page := await store.all_facts(self.engine, self.log_id, after, _PAGE):
            after = page[-1].record
            keys = await self.vault.existing([one.tag for one in page])
            said = await standing(self.engine, [(one.tag, day) for one in page], self.digest)
            questions: list[tuple[bytes, Question]] = []
            for one, statements in zip(page, said, strict=True):
                if (key := keys.get(one.tag)) is not None:
                    everyone.add(one.tag)
                    plain = unseal(key, one.sealed, one.record.bytes)
                    kind, facts = kind_of(plain), facts_again(read_facts(plain), day, statements)
                    theirs = (way for record, way in ways if record == kind and way[0] == one.source)
                    questions += [(one.tag, Question(kind, way, facts)) for way in theirs]
            for tag, number in _differing(tables, questions, found.changes):
                touched.setdefault(number, set()).add(tag)
            progress(len(everyone), len(everyone))
        gain = {tag for number, tags in touched.items() if found.changes[number].gained for tag in tags}
        lose = {tag for number, tags in touched.items() if found.changes[number].lost for tag in tags}
        counts = {number: len(tags) for number, tags in sorted(touched.items())}
        return Counted(day, len(everyone), len(gain), len(lose), counts)

    async def replay(
        self,
        candidate: PolicySet,
        in_use: PolicyHash,
        since: Micros | None,
        until: Micros | None,
        by: StaffId | None,
        progress: Progress = _quiet,
    ) -> Replayed:
        """Every decision of the log in that time, decided again: by its own set, which must lead to it, then by `candidate`."""
        size = await self._note(EntryKind.access, REPLAY, {"candidate": candidate.hash}, by)
        result = Replayed(candidate.hash, in_use, size)
        table, sets = compile_policy(candidate), Sets(self.acts)
        async for cases in Reader(self.engine, self.log_id, self.vault).cases(since, until, size, progress):
            asked = await _own(sets, cases, result)
            for (case, _), decision in zip(asked, ask(table, [question for _, question in asked]), strict=True):
                result.kinds[Kind.of(case.recipient, case.told, retold(decision))] += 1
            result.decided += len(asked)
        return result

    async def retro(
        self,
        candidate: PolicySet,
        since: Micros | None,
        until: Micros | None,
        by: StaffId | None,
        progress: Progress = _quiet,
    ) -> AsyncIterator[Wrong]:
        """Deliveries that were handed over, and of which some would be refused now: by `candidate`, or with corrected facts.

        Corrected are the statements, those that stand on the day of the decision as is known today, and the dates of birth and
        of a diploma, as the newest record about the same young person has them.
        """
        size = await self._note(EntryKind.export, RETRO, {"candidate": candidate.hash}, by)
        table, sets = compile_policy(candidate), Sets(self.acts)
        async for cases in Reader(self.engine, self.log_id, self.vault).cases(since, until, size, progress):
            given = [case for case in cases if case.told.permits and case.question is not None]
            handed = await store.handed(self.engine, [case.ref for case in given]) if given else {}
            left = [case for case in given if case.ref in handed]
            for case, question in zip(left, await self._corrected(left), strict=True):
                (by_candidate,) = ask(table, [question])
                wrong = await _wrong(sets, case, question, retold(by_candidate))
                if wrong is not None:
                    why, elements, told = wrong
                    times = handed[case.ref]
                    about = (case.ref, case.recipient, case.source, case.told.clause, case.policy)
                    yield Wrong(*about, why, elements, told.reasons, *times)

    async def _corrected(self, cases: Sequence[Case]) -> list[Question]:
        """What would be asked about the same day, knowing what is known now."""
        questions = [case.question for case in cases if case.question is not None]
        asked = [(case.tag, one.facts.as_of) for case, one in zip(cases, questions, strict=True)]
        said = await standing(self.engine, asked, self.digest)
        return [
            otherwise(one, facts=_known_now(case.later, one.facts).but(standing=now))
            for case, one, now in zip(cases, questions, said, strict=True)
        ]

    async def _note(self, kind: EntryKind, operation: str, details: Mapping[str, str], by: StaffId | None) -> int:
        return (await self.notes.write(kind, operation, "policy", details, by=by)).size


def _known_now(later: KeptFacts | None, facts: SubjectFacts) -> SubjectFacts:
    """The facts with the dates of a later record; what it does not tell stays as it was."""
    changes: dict[str, object] = {}
    if later is not None and later.geboortedatum is not None:
        changes["age"] = age_on(later.geboortedatum, facts.as_of) if later.geboortedatum <= facts.as_of else None
    if later is not None and later.datum_diploma is not None:
        changes["datum_diploma"] = later.datum_diploma
    return facts.but(**changes)


def _differing(
    tables: tuple[DecisionTable, DecisionTable], questions: Sequence[tuple[bytes, Question]], changes: Sequence[Change]
) -> list[tuple[bytes, int]]:
    """Who of these is answered differently, and in which change that lies."""
    asked = [question for _, question in questions]
    before, after = (map(effect_of, ask(table, asked)) for table in tables)
    found: list[tuple[bytes, int]] = []
    for (tag, question), was, becomes in zip(questions, before, after, strict=True):
        if was != becomes:
            found += [(tag, number) for number, change in enumerate(changes) if change.holds(question)][:1]
    return found


async def _own(sets: Sets, cases: Sequence[Case], result: Replayed) -> list[tuple[Case, Question]]:
    """Those that can be taken again; counts why others cannot, and which their own set does not lead to."""
    asked = [(case, case.question) for case in cases if case.question is not None]
    decided = await sets.decide([case for case, _ in asked])
    mismatched = [case.ref for case in cases if case.question is None and case.tampered]
    result.left.update(case.left for case in cases if case.left is not None)
    again: list[tuple[Case, Question]] = []
    for (case, question), decision in zip(asked, decided, strict=True):
        if decision is None:
            result.left[Left.policy_not_kept] += 1
            continue
        again.append((case, question))
        if retold(decision) != case.told or (case.reasons is not None and case.reasons != decision.reasons):
            mismatched.append(case.ref)
    result.mismatches += len(mismatched)
    result.mismatched += mismatched[: _MOST_MISMATCHED - len(result.mismatched)]
    return again


async def _wrong(sets: Sets, case: Case, corrected: Question, candidate: Told) -> tuple[Why, tuple[str, ...], Told] | None:
    """Whether some of a delivery should not have gone, since when that is so, and what the set says that shows it."""
    for decision in await sets.decide([case, otherwise(case, question=corrected)]):
        told = None if decision is None else retold(decision)
        if told is not None and (elements := _beyond(case.told, told)):
            return Why.never_lawful, elements, told
    if elements := _beyond(case.told, candidate):
        return Why.lawful_then, elements, candidate
    return None


def _beyond(given: Told, allowed: Told) -> tuple[str, ...]:
    return tuple(name for name in given.attributes if name not in allowed.attributes)
