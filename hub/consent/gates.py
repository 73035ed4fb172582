"""The gates of one clause, each tried for one young person: what is shut, what carries it, what it lets pass. Pure.

`hub.consent.decide` asks every clause between two parties and says which answer counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from hub.consent import codes
from hub.consent.facts import months_after
from hub.consent.hear import hear, says_no
from hub.consent.table import Answer, BasisRow, ClauseRow, Cut, ForbidRow, Lane, Variant
from hub.domain.facts import StatementKind, SubjectFacts
from hub.domain.stages import Grant
from hub.domain.terms import BasisId, ElementName, ReasonCode

_NOTHING: Final = frozenset[ElementName]()


def prohibitions(forbids: Sequence[ForbidRow], facts: SubjectFacts) -> tuple[set[ReasonCode], dict[ElementName, ReasonCode]]:
    """What the agreements between two parties forbid about this young person: all of it, for these reasons, or elements."""
    stopped: set[ReasonCode] = set()
    cuts: dict[ElementName, ReasonCode] = {}
    for row in forbids:
        if facts.age is not None and not row.youngest <= facts.age <= row.oldest:
            continue
        if row.onderwijssoort and facts.onderwijssoort is not None and facts.onderwijssoort not in row.onderwijssoort:
            continue
        if not row.elements:
            stopped.add(row.reason)
        for name in row.elements:
            cuts[name] = min(row.reason, cuts.get(name, row.reason))
    return stopped, cuts


_Stated = frozenset[ElementName] | None


def gates(
    clause: ClauseRow, lane: Lane, facts: SubjectFacts, source: Answer | None
) -> tuple[set[ReasonCode], tuple[BasisId, ...], _Stated]:
    """The reasons why this clause is shut (none: it is open), the bases that carry it, the elements that statements name."""
    shut = set(clause.shut)
    _origin(clause, source, shut)
    bases, stated = _bases(clause, lane, facts, shut)
    _place(clause, lane, facts, shut)
    _subject(clause, lane, facts, shut)
    for asked in clause.requires:
        if lane.silent:
            shut.add(codes.ONTVANGER_ZWIJGT)
        reason, named = hear(asked, clause, lane, facts)
        if reason is not None:
            shut.add(reason)
        if named is not None:
            stated = named if stated is None else stated & named
    return shut, bases, stated


def _origin(clause: ClauseRow, source: Answer | None, shut: set[ReasonCode]) -> None:
    """What is passed on must have been received, for a purpose that this one follows, under a basis that allows it."""
    if source is None:
        if clause.reuse_of:
            shut.add(codes.HERKOMST_ONBEKEND)
    elif source.grant is None:
        shut.add(codes.GEVER_ONTVING_NIET)
    else:
        if source.grant.purpose not in clause.further_from:
            shut.add(codes.DOEL_ONVERENIGBAAR)
        if not clause.reuse_of:
            shut.add(codes.DOORGIFTE_NIET_GEREGELD)
        elif clause.reuse_of.isdisjoint(source.grant.bases):
            shut.add(codes.HERGEBRUIK_NIET_TOEGESTAAN)


def _bases(clause: ClauseRow, lane: Lane, facts: SubjectFacts, shut: set[ReasonCode]) -> tuple[tuple[BasisId, ...], _Stated]:
    """The bases that carry it for this young person; when there is none, why each of them does not.

    With the elements that they carry it for, where all of them rest on a statement that names elements.
    """
    if facts.age is None:
        shut.add(codes.LEEFTIJD_ONBEKEND)
        return (), None
    objects = says_no(StatementKind.bezwaar, clause, lane, facts) if facts.standing else False
    carrying: list[BasisId] = []
    missed: set[ReasonCode] = set()
    stated: _Stated = _NOTHING
    for basis in clause.bases:
        reason = _missed(basis, lane, facts, objects)
        named: _Stated = None
        if reason is None and basis.asks is not None:
            reason, named = (codes.ONTVANGER_ZWIJGT, None) if lane.silent else hear(basis.asks, clause, lane, facts)
        if reason is not None:
            missed.add(reason)
            continue
        carrying.append(basis.id)
        stated = None if stated is None or named is None else stated | named
    if not carrying:
        shut |= missed
        return (), None
    return tuple(carrying), stated


def _missed(basis: BasisRow, lane: Lane, facts: SubjectFacts, objects: bool) -> ReasonCode | None:
    assert facts.age is not None
    if facts.age < basis.youngest:
        return basis.below
    if facts.age > basis.oldest:
        return basis.above
    if objects and basis.objection_possible:
        return codes.BEZWAAR
    if basis.same_college:
        if facts.gemeente is None:
            return codes.GEMEENTE_ONBEKEND
        if facts.gemeente not in lane.giver_area or facts.gemeente not in lane.recipient_area:
            return codes.ANDER_COLLEGE
    return None


def _place(clause: ClauseRow, lane: Lane, facts: SubjectFacts, shut: set[ReasonCode]) -> None:
    if not clause.home:
        return
    if facts.gemeente is None:
        shut.add(codes.GEMEENTE_ONBEKEND)
    elif facts.gemeente not in lane.recipient_area:
        shut.add(codes.ANDERE_REGIO)


def _subject(clause: ClauseRow, lane: Lane, facts: SubjectFacts, shut: set[ReasonCode]) -> None:
    if facts.overleden is not False:
        shut.add(codes.OVERLIJDEN_ONBEKEND if facts.overleden is None else codes.OVERLEDEN)
    if facts.age is not None:
        if facts.age < clause.youngest:
            shut.add(clause.below)
        elif facts.age > clause.oldest:
            shut.add(clause.above)
        if facts.age >= clause.until_age:
            shut.add(clause.too_late)
    asked = clause.startkwalificatie
    if asked is not None and facts.startkwalificatie is not asked.value:
        shut.add(codes.STARTKWALIFICATIE_ONBEKEND if facts.startkwalificatie is None else asked.otherwise)
    asked = clause.ingeschreven
    if asked is not None and facts.ingeschreven is not asked.value:
        shut.add(codes.INSCHRIJVING_ONBEKEND if facts.ingeschreven is None else asked.otherwise)
    schools = clause.onderwijssoort
    if schools is not None and facts.onderwijssoort not in schools.one_of:
        shut.add(codes.ONDERWIJSSOORT_ONBEKEND if facts.onderwijssoort is None else schools.otherwise)
    if clause.facts or clause.within:
        _further(clause, facts, shut)
    if facts.standing is None:
        shut.add(codes.VERKLARINGEN_ONBEKEND)
    elif facts.standing:
        _statements(clause, lane, facts, shut)
    if clause.asks_secret and facts.indicatie_geheim is None:
        shut.add(codes.GEHEIM_ONBEKEND)
    if clause.asks_number and facts.has_bsn is None:
        shut.add(codes.NUMMER_ONBEKEND)


def _further(clause: ClauseRow, facts: SubjectFacts, shut: set[ReasonCode]) -> None:
    for row in clause.facts:
        known = facts.known(row.name)
        if known is not row.asked.value:
            shut.add(row.asked.otherwise if isinstance(known, bool) else row.unknown)
    for window in clause.within:
        day = facts.known(window.name)
        if not isinstance(day, date):
            shut.add(window.unknown)
        elif not day <= facts.as_of <= months_after(day, window.months):
            shut.add(window.otherwise)


def _statements(clause: ClauseRow, lane: Lane, facts: SubjectFacts, shut: set[ReasonCode]) -> None:
    """A restriction stops everything but what its own article lets pass (GDPR 18(2)); a preference stops outreach alone."""
    despite = clause.despite_restriction
    lifted = despite is not None and (despite != "toestemming" or _consents(clause, lane, facts))
    if not lifted and says_no(StatementKind.beperking, clause, lane, facts):
        shut.add(codes.BEPERKING)
    if clause.outreach and says_no(StatementKind.contactvoorkeur, clause, lane, facts):
        shut.add(codes.CONTACTVOORKEUR)


def _consents(clause: ClauseRow, lane: Lane, facts: SubjectFacts) -> bool:
    """Whether the clause's own toestemming, as a basis or a requirement, was given."""
    asked = [*clause.requires, *(basis.asks for basis in clause.bases if basis.asks is not None)]
    return any(
        one.required.statement is StatementKind.toestemming and hear(one, clause, lane, facts)[0] is None for one in asked
    )


def granted(
    clause: ClauseRow,
    lane: Lane,
    facts: SubjectFacts,
    bases: tuple[BasisId, ...],
    cuts: dict[ElementName, ReasonCode],
    stated: _Stated,
    received: Grant | None,
) -> Grant:
    """The shared grant of this variant; what the giver received is named by identity, and kept with it so that it stays one."""
    held = _barred(lane, facts, bases, cuts)
    has_bsn, secret = facts.has_bsn is not False, facts.indicatie_geheim is not False
    key = (clause.id, bases, has_bsn, secret, held, stated, id(received))
    found = lane.grants.get(key)
    if found is None:
        grant = clause.grant(Variant(bases, has_bsn, secret, held, stated, received))
        found = lane.grants[key] = (grant, received)
    return found[0]


def _barred(
    lane: Lane, facts: SubjectFacts, bases: tuple[BasisId, ...], cuts: dict[ElementName, ReasonCode]
) -> tuple[Cut, ...]:
    """What agreements and the law hold back from what these bases carry; first is told what no basis would lift."""
    held, for_good = dict(cuts), dict[ElementName, ReasonCode]()
    for bar in lane.bars:
        if bar.except_bases.issuperset(bases) or (bar.unless and bar.unless <= facts.more):
            continue
        found = held if bar.except_bases else for_good
        for name in bar.elements:
            found[name] = min(bar.reason, found.get(name, bar.reason))
    return tuple(sorted((held | for_good).items()))
