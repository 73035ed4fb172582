"""Turns a policy set into a decision table: everything that is the same for all young people is worked out here. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from types import MappingProxyType
from typing import Final

from hub.consent import codes
from hub.consent.check import stands_on
from hub.consent.model import Agreement, Forbid, Gate, LegalBasis, Permit, PolicySet
from hub.consent.table import BasisRow, ClauseRow, DecisionTable, ForbidRow, Lane, Variant
from hub.domain.element import elements_of
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import Grant
from hub.domain.terms import BasisId, ElementName, Form, PartyId, ReasonCode
from hub.domain.territory import Gemeente, Region

_GATES: Final = tuple(Gate)
_FORMS: Final = tuple(Form)
_ELEMENTS: Final = tuple(elements_of(Uitvalmelding).values())
_BSN: Final = ElementName("bsn")
_ONDERWIJSNUMMER: Final = ElementName("onderwijsnummer")
_NEVER: Final = date.max


def compile_policy(policy: PolicySet) -> DecisionTable:
    """The table of `policy`. Reasons rank by their gate, then by their code, so that they are always told in one order."""
    told = sorted(policy.reasons.values(), key=lambda reason: (_GATES.index(reason.gate), reason.code))
    rank = {reason.code: _GATES.index(reason.gate) * 1000 + place for place, reason in enumerate(told)}

    homes = _homes(policy)
    moves = frozenset(day for region in policy.regions for period in (region, *region.gemeenten) for day in period.borders)

    def open_lane(giver: PartyId, recipient: PartyId, day: date) -> Lane:
        return _lane(policy, homes, moves, giver, recipient, day)

    return DecisionTable(policy.hash, MappingProxyType(rank), policy.personal, open_lane)


def _homes(policy: PolicySet) -> dict[PartyId, list[tuple[Region, Gemeente]]]:
    """For whose young people a party works: where they live, and since when that is so."""
    found: dict[PartyId, list[tuple[Region, Gemeente]]] = {}
    for region in policy.regions:
        for gemeente in region.gemeenten:
            for party in (region.doorstroompunt, gemeente.college, gemeente.werk_en_inkomen):
                found.setdefault(party, []).append((region, gemeente))
    return found


def _lane(
    policy: PolicySet,
    homes: dict[PartyId, list[tuple[Region, Gemeente]]],
    moves: frozenset[date],
    giver: PartyId,
    recipient: PartyId,
    day: date,
) -> Lane:
    def area(party: PartyId) -> frozenset[str]:
        return frozenset(home.code for region, home in homes.get(party, ()) if region.holds(day) and home.holds(day))

    unknown: list[ReasonCode] = []
    if giver not in policy.parties:
        unknown.append(codes.GEVER_ONBEKEND)
    if recipient not in policy.parties:
        unknown.append(codes.ONTVANGER_ONBEKEND)
    between = [] if unknown else list(_between(policy, giver, recipient))
    permits = [(agreement, clause) for agreement, clause in between if isinstance(clause, Permit)]
    if not permits:
        unknown.append(codes.GEEN_AFSPRAAK)
    forbids = [(agreement, clause) for agreement, clause in between if isinstance(clause, Forbid)]
    in_force = [clause for agreement, clause in forbids if agreement.effective.start <= day < agreement.effective.until]
    ages = {age for _, clause in permits for age in _ages(policy, clause)}
    ages |= {age for clause in in_force if clause.age for age in (clause.age.min, clause.age.max + 1)}
    dates = {moment for agreement, _ in between for moment in _dates(agreement)}
    dates |= {moment for _, clause in permits for moment in _clause_dates(policy, clause)}
    return Lane(
        unknown=tuple(unknown),
        clauses=tuple(_clause_row(policy, agreement, clause, giver, recipient, day) for agreement, clause in permits),
        forbids=tuple(_forbid_row(clause) for clause in in_force),
        giver_area=area(giver),
        recipient_area=area(recipient),
        until=min((moment for moment in dates | moves if moment > day), default=_NEVER),
        borders=tuple(sorted(ages)),
        diploma_of=frozenset(_diploma_of(clause for _, clause in permits)),
    )


def _between(policy: PolicySet, giver: PartyId, recipient: PartyId) -> Iterator[tuple[Agreement, Permit | Forbid]]:
    one, other = policy.parties[giver], policy.parties[recipient]
    found = [
        (agreement, clause)
        for agreement in policy.agreements
        for clause in agreement.clauses
        if stands_on(one, clause.giver) and stands_on(other, clause.recipient)
    ]
    yield from sorted(found, key=lambda pair: pair[1].id)


def _dates(agreement: Agreement) -> Iterator[date]:
    yield from (agreement.effective.start, agreement.effective.until, agreement.dpia.review_due)
    for party in agreement.parties:
        yield party.acceded
        if party.left is not None:
            yield party.left


def _clause_dates(policy: PolicySet, clause: Permit) -> Iterator[date]:
    for basis in clause.bases:
        yield from policy.laws[basis].borders
    for purpose in clause.purposes:
        yield from policy.purposes[purpose].borders


def _ages(policy: PolicySet, clause: Permit) -> Iterator[int]:
    for ages in (clause.subject.age, *(policy.laws[basis].age for basis in clause.bases)):
        yield from (ages.min, ages.max + 1)
    yield clause.retention.until_age


def _diploma_of(clauses: Iterable[Permit]) -> Iterator[str]:
    for clause in clauses:
        for required in clause.requires:
            for window in required.when:
                yield from window.onderwijssoort


def _forbid_row(clause: Forbid) -> ForbidRow:
    youngest, oldest = (0, 200) if clause.age is None else (clause.age.min, clause.age.max)
    return ForbidRow(youngest, oldest, frozenset(clause.onderwijssoort), clause.elements, clause.reason)


def _shut(
    policy: PolicySet, agreement: Agreement, clause: Permit, giver: PartyId, recipient: PartyId, day: date
) -> set[ReasonCode]:
    shut: set[ReasonCode] = set()
    if not agreement.effective.start <= day < agreement.effective.until:
        shut.add(codes.AFSPRAAK_NIET_GELDIG)
    if agreement.controllership is None or agreement.processor_contract is None:
        shut.add(codes.AFSPRAAK_ONVOLLEDIG)
    if day >= agreement.dpia.review_due:
        shut.add(codes.DPIA_VERLOPEN)
    present = {p.id for p in agreement.parties if p.acceded <= day and (p.left is None or day < p.left)}
    if not {giver, recipient} <= present:
        shut.add(codes.PARTIJ_NIET_TOEGETREDEN)
    if not policy.purposes[clause.purposes[0]].holds(day):
        shut.add(codes.DOEL_NIET_GELDIG)
    if not any(policy.laws[basis].holds(day) for basis in clause.bases):
        shut.add(codes.GRONDSLAG_NIET_GELDIG)
    return shut


def _basis_row(basis: LegalBasis) -> BasisRow:
    ages = basis.age
    return BasisRow(basis.id, ages.min, ages.max, ages.below, ages.above, basis.objection_possible, basis.same_college)


def _clause_row(
    policy: PolicySet, agreement: Agreement, clause: Permit, giver: PartyId, recipient: PartyId, day: date
) -> ClauseRow:
    purpose = policy.purposes[clause.purposes[0]]
    bases = sorted({basis for basis in clause.bases if policy.laws[basis].holds(day)})

    def grant(variant: Variant) -> Grant:
        return _grant(policy, agreement, clause, variant)

    return ClauseRow(
        id=clause.id,
        agreement=agreement.id,
        purpose=purpose.id,
        further_from=frozenset((purpose.id, *purpose.further_from)),
        shut=tuple(sorted(_shut(policy, agreement, clause, giver, recipient, day))),
        bases=tuple(_basis_row(policy.laws[basis]) for basis in bases),
        reuse_of=frozenset(clause.reuse_of),
        home=clause.recipient.home,
        youngest=clause.subject.age.min,
        oldest=clause.subject.age.max,
        below=clause.subject.age.below,
        above=clause.subject.age.above,
        startkwalificatie=clause.subject.startkwalificatie,
        ingeschreven=clause.subject.ingeschreven,
        requires=clause.requires,
        asks_secret=any(policy.elements[name].kind == "address" for name in clause.fields),
        asks_number=not clause.fields.keys().isdisjoint((_BSN, _ONDERWIJSNUMMER)),
        until_age=clause.retention.until_age,
        too_late=clause.retention.reason,
        grant=grant,
    )


def _grant(policy: PolicySet, agreement: Agreement, clause: Permit, variant: Variant) -> Grant:
    """What passes and what does not, in the order of the record; the number that the young person does not have is left out."""
    passes: list[tuple[ElementName, Form]] = []
    withheld: list[tuple[ElementName, ReasonCode]] = []
    cuts = dict(variant.cuts)
    for name in _ELEMENTS:
        if name == (_ONDERWIJSNUMMER if variant.has_bsn else _BSN):
            continue
        reason = _held_back(policy, clause, name, variant, cuts)
        if reason is None:
            passes.append((name, clause.fields[name].form))
        else:
            withheld.append((name, reason))
    sole: dict[ElementName, BasisId] = {}
    if len(variant.bases) == 1:
        sole = {name: variant.bases[0] for name, _ in passes}
    return Grant(
        agreement=agreement.id,
        clause=clause.id,
        purpose=clause.purposes[0],
        processing_activity=policy.purposes[clause.purposes[0]].processing_activity,
        bases=variant.bases,
        fields=tuple(passes),
        withheld=tuple(withheld),
        obligations=clause.obligations,
        retention=clause.retention.term,
        policy=policy.hash,
        sole_basis=MappingProxyType(sole),
        personal=policy.personal.intersection(code for _, code in withheld),
    )


def _held_back(
    policy: PolicySet, clause: Permit, name: ElementName, variant: Variant, cuts: dict[ElementName, ReasonCode]
) -> ReasonCode | None:
    element = policy.elements[name]
    if element.kind == "free_text":
        return codes.VRIJE_TEKST
    if name in cuts:
        return cuts[name]
    need = clause.fields.get(name)
    if need is None:
        return codes.GEZONDHEID_AFLEIDBAAR if element.inferable_health else codes.NIET_NODIG
    if variant.secret and clause.geheim_adres == "withheld" and element.kind == "address":
        return codes.GEHEIM_ADRES
    if variant.received is not None:
        got = dict(variant.received.fields).get(name)
        if got is None or _FORMS.index(got) > _FORMS.index(need.form):
            return codes.NIET_ONTVANGEN
    return None
