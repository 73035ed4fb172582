"""Every small change of a policy set that would matter: each bound moved, each condition, field and requirement dropped. Pure.

Tests beside an agreement are worth what they notice: `hub.consent.coverage` runs them against each of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final, get_args

from hub.consent.check import check_agreement
from hub.consent.given import Onderwijssoort
from hub.consent.model import Agreement, Forbid, LegalBasis, Need, Permit, PolicySet, Prohibition, Side, Subject
from hub.consent.otherwise import otherwise, rewritten
from hub.domain.rulebook import Document
from hub.domain.terms import BasisId, ClauseId
from hub.errors import Misconfigured

_DAY: Final = timedelta(days=1)
_SCHOOLS: Final = get_args(Onderwijssoort)
_NEED: Final = "Alleen om te zien of een test het merkt."


@dataclass(frozen=True, slots=True)
class Mutant:
    """The set with one change; `what` says which, and `clauses` whose tests should notice."""

    policy: PolicySet
    clauses: tuple[ClauseId, ...]
    what: str

    @property
    def clause(self) -> ClauseId:
        """The clause that it is told under."""
        return self.clauses[0]


def mutants(policy: PolicySet) -> Iterator[Mutant]:
    """All of them that the loader would take."""
    for agreement in policy.agreements:
        for what, changed in _agreement(agreement):
            yield Mutant(_with(policy, changed), tuple(clause.id for clause in agreement.clauses), what)
        for number, clause in enumerate(agreement.clauses):
            found = _permit(policy, clause) if isinstance(clause, Permit) else _forbid(clause)
            for what, other in found:
                clauses = list(agreement.clauses)
                clauses[number : number + 1] = [] if other is None else [other]
                if not clauses:
                    continue
                changed = rewritten(agreement, clauses=tuple(clauses))
                if _loads(policy, changed):
                    yield Mutant(_with(policy, changed), (clause.id,), what)
    yield from _laws(policy)


def _with(policy: PolicySet, changed: Agreement) -> PolicySet:
    return otherwise(policy, agreements=tuple(changed if each.id == changed.id else each for each in policy.agreements))


def _loads(policy: PolicySet, agreement: Agreement) -> bool:
    try:
        check_agreement(agreement, policy, Document("", None, {}))
    except Misconfigured:
        return False
    return True


def _agreement(agreement: Agreement) -> Iterator[tuple[str, Agreement]]:
    effective = agreement.effective
    for what, start, until in (
        ("begint een dag eerder", effective.start - _DAY, effective.until),
        ("begint een dag later", effective.start + _DAY, effective.until),
        ("eindigt een dag later", effective.start, effective.until + _DAY),
        ("eindigt een dag eerder", effective.start, effective.until - _DAY),
    ):
        yield f"de afspraak {what}", rewritten(agreement, effective=rewritten(effective, start=start, until=until))
    for key, label in (("dpia", "de DPIA"), ("fg_advice", "het FG-advies")):
        dated = getattr(agreement, key)
        if dated.review_due is not None and dated.review_due < effective.until:  # later, the agreement has ended first
            yield f"{label} verloopt nooit", rewritten(agreement, **{key: rewritten(dated, review_due=date.max)})
            yield (
                f"{label} verloopt een dag later",
                rewritten(agreement, **{key: rewritten(dated, review_due=dated.review_due + _DAY)}),
            )
    for number, party in enumerate(agreement.parties):
        if party.acceded > effective.start:
            others = list(agreement.parties)
            others[number] = rewritten(party, acceded=effective.start)
            yield f"{party.id} is vanaf het begin toegetreden", rewritten(agreement, parties=tuple(others))
        if party.left is not None:
            others = list(agreement.parties)
            others[number] = rewritten(party, left=None)
            yield f"{party.id} gaat niet weg", rewritten(agreement, parties=tuple(others))


def _permit(policy: PolicySet, clause: Permit) -> Iterator[tuple[str, Permit]]:
    for what, subject in _subject(clause.subject):
        yield what, rewritten(clause, subject=subject)
    for by in (1, -1):
        age = clause.retention.until_age + by
        yield f"bewaren tot {age} jaar", rewritten(clause, retention=rewritten(clause.retention, until_age=age))
    yield from _fields(policy, clause)
    for nth, required in enumerate(clause.requires):
        yield f"{required.statement.value} is niet nodig", rewritten(clause, requires=_without(clause.requires, nth))
        for window_nth, window in enumerate(required.when):
            for years in (window.years_after_diploma + 1, window.years_after_diploma - 1):
                if 1 <= years <= 10:
                    when = _instead(required.when, window_nth, rewritten(window, years_after_diploma=years))
                    requires = _instead(clause.requires, nth, rewritten(required, when=when))
                    school = ", ".join(window.onderwijssoort)
                    yield (
                        f"{required.statement.value} tot {years} jaar na een diploma van {school}",
                        rewritten(clause, requires=requires),
                    )
    for nth, basis in enumerate(clause.bases):
        if len(clause.bases) > 1:
            yield f"zonder grondslag {basis}", rewritten(clause, bases=_without(clause.bases, nth))
    for nth, source in enumerate(clause.reuse_of):
        yield f"geen hergebruik van {source}", rewritten(clause, reuse_of=_without(clause.reuse_of, nth))
    if clause.recipient.home:
        yield "ook wie elders woont", rewritten(clause, recipient=rewritten(clause.recipient, home=False))
    for key, label, side in (("giver", "gever", clause.giver), ("recipient", "ontvanger", clause.recipient)):
        if side.party is not None:
            wider = Side(kind=policy.parties[side.party].kind, home=side.home)
            yield f"elke {label} van die soort", rewritten(clause, **{key: wider})
    other = "withheld" if clause.geheim_adres == "passes" else "passes"
    yield f"een geheim adres: {other}", rewritten(clause, geheim_adres=other)
    despite = "zwaarwegend-belang" if clause.despite_restriction is None else None
    yield "een beperking telt anders", rewritten(clause, despite_restriction=despite)


def _subject(subject: Subject) -> Iterator[tuple[str, Subject]]:
    ages = subject.age
    for least, most in ((-1, 0), (1, 0), (0, 1), (0, -1)):
        youngest, oldest = ages.min + least, ages.max + most
        if 0 <= youngest <= oldest:
            yield f"leeftijd {youngest} tot en met {oldest}", rewritten(subject, age=rewritten(ages, min=youngest, max=oldest))
    for key in ("startkwalificatie", "ingeschreven", "onderwijssoort"):
        if getattr(subject, key) is not None:
            yield f"{key} doet er niet toe", rewritten(subject, **{key: None})
    schools = subject.onderwijssoort
    if schools is not None:
        for school in _SCHOOLS:
            one_of = tuple(one for one in schools.one_of if one != school)
            if school in schools.one_of and one_of:
                yield f"niet voor {school}", rewritten(subject, onderwijssoort=rewritten(schools, one_of=one_of))
            elif school not in schools.one_of:
                yield (
                    f"ook voor {school}",
                    rewritten(subject, onderwijssoort=rewritten(schools, one_of=(*schools.one_of, school))),
                )
    for name in subject.facts:
        yield f"{name} doet er niet toe", rewritten(subject, facts={key: v for key, v in subject.facts.items() if key != name})
    for name, window in subject.within.items():
        yield (
            f"{name} doet er niet toe",
            rewritten(subject, within={key: v for key, v in subject.within.items() if key != name}),
        )
        for months in (window.months + 1, window.months - 1):
            if months > 0:
                within = {**subject.within, name: rewritten(window, months=months)}
                yield f"{name} hooguit {months} maanden geleden", rewritten(subject, within=within)


def _fields(policy: PolicySet, clause: Permit) -> Iterator[tuple[str, Permit]]:
    for name in policy.records[clause.record].elements:
        need = clause.fields.get(name)
        if need is not None and len(clause.fields) > 1:
            yield f"{name} gaat niet mee", rewritten(clause, fields={key: v for key, v in clause.fields.items() if key != name})
        for form in policy.elements[name].forms:
            if need is None or need.form is not form:
                statute = clause.bases[0] if policy.elements[name].kind == "document" else None
                added = Need(form=form, need=_NEED, statute=statute)
                yield f"{name} gaat mee als {form.value}", rewritten(clause, fields={**clause.fields, name: added})


def _forbid(clause: Forbid) -> Iterator[tuple[str, Forbid | None]]:
    yield "dit verbod is er niet", None
    for nth, name in enumerate(clause.elements):
        if len(clause.elements) > 1:
            yield f"{name} is niet verboden", rewritten(clause, elements=_without(clause.elements, nth))
    for nth, school in enumerate(clause.onderwijssoort):
        if len(clause.onderwijssoort) > 1:
            yield f"niet verboden voor {school}", rewritten(clause, onderwijssoort=_without(clause.onderwijssoort, nth))
    if clause.age is not None:
        for least, most in ((1, 0), (0, -1), (-1, 0), (0, 1)):
            youngest, oldest = clause.age.min + least, clause.age.max + most
            if 0 <= youngest <= oldest:
                yield (
                    f"verboden van {youngest} tot en met {oldest} jaar",
                    rewritten(clause, age=rewritten(clause.age, min=youngest, max=oldest)),
                )


def _laws(policy: PolicySet) -> Iterator[Mutant]:
    for basis in policy.laws.values():
        clauses = _on(policy, basis.id)
        if clauses:
            for what, row in _basis(basis):
                laws = MappingProxyType({**policy.laws, basis.id: row})
                yield Mutant(otherwise(policy, laws=laws), clauses, f"{basis.id}: {what}")
    for name, bar in policy.prohibitions.items():
        rest = {key: row for key, row in policy.prohibitions.items() if key != name}
        clauses = tuple(
            clause.id
            for agreement in policy.agreements
            for clause in agreement.clauses
            if isinstance(clause, Permit) and _barred(policy, bar, clause)
        )
        if clauses:
            yield Mutant(
                otherwise(policy, prohibitions=MappingProxyType(rest)), clauses, f"{name}: dit verbod van de wet is er niet"
            )


def _barred(policy: PolicySet, bar: Prohibition, clause: Permit) -> bool:
    """Whether a record of the clause carries what the law keeps from passing between such parties."""
    for kinds, side in ((bar.from_kinds, clause.giver), (bar.to_kinds, clause.recipient)):
        if kinds and (side.kind if side.party is None else policy.parties[side.party].kind) not in kinds:
            return False
    carried = (policy.elements[name] for name in policy.records[clause.record].elements)
    return any(one.name in bar.elements or one.category in bar.categories for one in carried)


def _on(policy: PolicySet, basis: BasisId) -> tuple[ClauseId, ...]:
    return tuple(
        clause.id
        for agreement in policy.agreements
        for clause in agreement.clauses
        if isinstance(clause, Permit) and basis in clause.bases
    )


def _basis(basis: LegalBasis) -> Iterator[tuple[str, LegalBasis]]:
    ages = basis.age
    for least, most in ((-1, 0), (1, 0), (0, 1), (0, -1)):
        youngest, oldest = ages.min + least, ages.max + most
        if 0 <= youngest <= oldest:
            yield f"leeftijd {youngest} tot en met {oldest}", rewritten(basis, age=rewritten(ages, min=youngest, max=oldest))
    if basis.same_college:
        yield "ook een ander college", rewritten(basis, same_college=False)
    if basis.requires is not None and basis.kind != "consent":
        yield f"{basis.requires.statement.value} is niet nodig", rewritten(basis, requires=None)
    if basis.voice is not None:
        for age in (basis.voice.self_from + 1, basis.voice.self_from - 1):
            if 12 <= age <= 21:
                yield f"de jongere spreekt zelf vanaf {age}", rewritten(basis, voice=rewritten(basis.voice, self_from=age))
    if basis.objection_possible:
        yield "bezwaar houdt het niet tegen", rewritten(basis, objection_possible=False)


def _without(rows: tuple[Any, ...], nth: int) -> tuple[Any, ...]:
    return rows[:nth] + rows[nth + 1 :]


def _instead(rows: tuple[Any, ...], nth: int, row: Any) -> tuple[Any, ...]:
    return (*rows[:nth], row, *rows[nth + 1 :])
