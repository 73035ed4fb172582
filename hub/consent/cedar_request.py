"""A question as Cedar requests, one per element: what whoever uses the Cedar export must hand to its engine. Pure.

Cedar has no sum over a set and no calendar, so what needs these is worked out here and handed in as plain facts: in whose area
someone lives, whether a term has passed, and which statements meet the question. A fact that nobody knows is left out, and the
policies take its absence for a no.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from hub.consent.facts import birthday, months_after
from hub.consent.model import Permit, PolicySet
from hub.domain.facts import YES, Stated, StatementKind, StatementState, SubjectFacts
from hub.domain.stages import Grant
from hub.domain.tenure import followed, successions, tenures_of
from hub.domain.terms import ElementName, FactName, Form, PartyId, PurposeId, RecordKind

_FORMS: Final = tuple(Form)
_NO_STANDS: Final = (StatementState.given, StatementState.requested)


def day_number(day: date) -> int:
    """A date as a number that sorts like it: 20260131."""
    return day.year * 10_000 + day.month * 100 + day.day


def terms_of(policy: PolicySet) -> tuple[tuple[FactName | None, int], ...]:
    """The terms that the policy counts: months after a further fact, and years after the diploma (named None)."""
    found: set[tuple[FactName | None, int]] = set()
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            if isinstance(clause, Permit):
                found |= {(name, asked.months) for name, asked in clause.subject.within.items()}
                required = [*clause.requires, *(policy.laws[basis].requires for basis in clause.bases)]
                found |= {(None, term.years_after_diploma) for one in required if one is not None for term in one.when}
    return tuple(sorted(found, key=lambda term: (term[0] or "", term[1])))


def term_name(fact: FactName | None, length: int) -> str:
    """The attribute that says whether a term is still running."""
    return f"diploma_within_{length}_years" if fact is None else f"{fact}_within_{length}_months"


def cedar_requests(
    policy: PolicySet,
    record: RecordKind,
    giver: PartyId,
    recipient: PartyId,
    purpose: PurposeId,
    facts: SubjectFacts,
    received: Grant | None = None,
    *,
    passed_on: bool = False,
    elements: Sequence[ElementName] | None = None,
) -> dict[ElementName, dict[str, Any]]:
    """One request per element. `passed_on`: the giver has the record from another, and `received` is what it was given."""
    common = _common(policy, giver, facts)
    forms = {} if received is None else dict(received.fields)
    asked = policy.records[record].elements if elements is None else elements
    requests: dict[ElementName, dict[str, Any]] = {}
    for element in asked:
        context = dict(common)
        if facts.standing is not None:
            context["said"] = sorted(_said(policy, facts.standing, giver, recipient, purpose, element, facts.as_of))
        if passed_on:
            context["received"] = _received(received, forms.get(element))
        requests[element] = {
            "principal": f'Party::"{recipient}"',
            "action": f'Action::"{purpose}"',
            "resource": f'Field::"{record}/{element}"',
            "context": context,
        }
    return requests


def _common(policy: PolicySet, giver: PartyId, facts: SubjectFacts) -> dict[str, Any]:
    plain = {
        "age": facts.age,
        "overleden": facts.overleden,
        "startkwalificatie": facts.startkwalificatie,
        "ingeschreven": facts.ingeschreven,
        "indicatie_geheim": facts.indicatie_geheim,
        "onderwijssoort": facts.onderwijssoort,
        "has_bsn": facts.has_bsn,
    }
    context: dict[str, Any] = {"giver": _party(giver), "day": day_number(facts.as_of)}
    context |= {name: value for name, value in plain.items() if value is not None}
    context |= {str(name): value for name, value in facts.more if isinstance(value, bool)}
    if facts.gemeente is not None:
        context["works_here"] = [_party(party) for party in sorted(_working_in(policy, facts.gemeente, facts.as_of))]
    for fact, length in terms_of(policy):
        running = _runs(facts, fact, length)
        if running is not None:
            context[term_name(fact, length)] = running
    return context


def _party(party: PartyId) -> dict[str, Any]:
    return {"__entity": {"type": "Party", "id": str(party)}}


def _runs(facts: SubjectFacts, fact: FactName | None, length: int) -> bool | None:
    if fact is None:
        return None if facts.datum_diploma is None else facts.as_of <= birthday(facts.datum_diploma, length)
    since = facts.known(fact)
    return since <= facts.as_of <= months_after(since, length) if isinstance(since, date) else None


def _working_in(policy: PolicySet, gemeente: str, day: date) -> Iterator[PartyId]:
    """For whom a young person of that gemeente is one of their own on that day."""
    found: dict[PartyId, None] = {}
    for region in policy.regions:
        for home in region.gemeenten:
            if home.code == gemeente:
                found |= dict.fromkeys(one.party for one in tenures_of(region, home) if one.days.holds(day))
    yield from found


def _said(
    policy: PolicySet,
    standing: frozenset[Stated],
    giver: PartyId,
    recipient: PartyId,
    purpose: PurposeId,
    element: ElementName,
    day: date,
) -> Iterator[str]:
    """The statements that meet the question, as words: a no by its kind; a yes by kind and voice, once as given and once more
    where it names the element; and that someone refused."""
    addressed = {giver, recipient} | {policy.parties[party].controller for party in (giver, recipient)}
    before = followed(successions(policy.regions, policy.parties))
    addressed |= {old for party in addressed for since, old in before.get(party, ()) if since <= day}
    words: set[str] = set()
    for one in standing:
        if one.kind not in YES:
            meets = one.parties is None or not one.parties.isdisjoint(addressed)
            if one.state in _NO_STANDS and meets and (one.purposes is None or purpose in one.purposes):
                words.add(one.kind.value)
            continue
        unlimited = one.kind is StatementKind.raadpleging_school
        if not (unlimited if one.purposes is None else purpose in one.purposes):
            continue
        if not (unlimited if one.parties is None else recipient in one.parties):
            continue
        if one.state is StatementState.refused:
            words.add(f"{one.kind.value}:refused")
        elif one.state is StatementState.given:
            words.add(f"{one.kind.value}:given:{one.voice.value}")
            if one.elements is None or element in one.elements:
                words.add(f"{one.kind.value}:names:{one.voice.value}")
    yield from words


def _received(grant: Grant | None, form: Form | None) -> Mapping[str, Any]:
    if grant is None:
        return {"granted": False, "purpose": "", "bases": []}
    told = {"granted": True, "purpose": str(grant.purpose), "bases": [str(basis) for basis in grant.bases]}
    return told if form is None else {**told, "form": _FORMS.index(form)}
