"""Turns a policy set into a decision table: everything that is the same for all young people is worked out here. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

from hub.consent import codes
from hub.consent.check import stands_on
from hub.consent.model import AS_WRITTEN, Agreement, Forbid, Gate, LegalBasis, Life, Permit, PolicySet, Prohibition, Requirement
from hub.consent.table import (
    Asked,
    BarRow,
    BasisRow,
    ClauseRow,
    DecisionTable,
    FactRow,
    ForbidRow,
    Lane,
    LaneKey,
    Variant,
    WithinRow,
)
from hub.domain.stages import Grant
from hub.domain.tenure import Tenure, followed, successions, tenures
from hub.domain.terms import BasisId, ClauseId, ElementName, FactName, Form, PartyId, PurposeId, ReasonCode, RecordKind

_GATES: Final = tuple(Gate)
_FORMS: Final = tuple(Form)
_BSN: Final = ElementName("bsn")
_ONDERWIJSNUMMER: Final = ElementName("onderwijsnummer")
_NEVER: Final = date.max
_Pair = tuple[Agreement, Permit | Forbid]
_Way = tuple[PartyId, PartyId, RecordKind, PurposeId | None]


def compile_policy(policy: PolicySet, life: Life = AS_WRITTEN) -> DecisionTable:
    """The table of `policy`. Reasons rank by their gate, then by their code, so that they are always told in one order."""
    told = sorted(policy.reasons.values(), key=lambda reason: (_GATES.index(reason.gate), reason.code))
    rank = {reason.code: _GATES.index(reason.gate) * 1000 + place for place, reason in enumerate(told)}
    elements = {name: frozenset(record.elements) for name, record in policy.records.items()}
    working = list(tenures(policy.regions))
    before = followed(successions(policy.regions, policy.parties))
    source = _Source(policy, life, _homes(working), before, policy.personal, _about(policy))
    return DecisionTable(
        policy.hash, MappingProxyType(rank), policy.personal, MappingProxyType(elements), lambda key: _opened(source, key)
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """What lanes are made from."""

    policy: PolicySet
    life: Life
    homes: Mapping[PartyId, Sequence[Tenure]]
    before: Mapping[PartyId, Sequence[tuple[date, PartyId]]]
    """Whom each party follows, and since when."""
    personal: frozenset[ReasonCode]
    about: Mapping[RecordKind, Sequence[_Pair]]
    """The clauses by the records that they are about, in order of their ids."""
    between: dict[tuple[PartyId, PartyId, RecordKind], list[_Pair]] = field(default_factory=dict)
    spans: dict[_Way, list[tuple[date, Lane]]] = field(default_factory=dict)
    """Per way the lanes that were opened, each with its first day."""
    bars: dict[tuple[BasisId, RecordKind], BarRow] = field(default_factory=dict)
    rows: dict[tuple[ClauseId, tuple[ReasonCode, ...], tuple[BasisId, ...]], ClauseRow] = field(default_factory=dict)
    """A permit by what is shut of it, and which bases hold: it is no other for other parties or on other days."""

    def area(self, party: PartyId, day: date) -> frozenset[str]:
        """The gemeenten whose young people `party` works for on `day`."""
        return frozenset(one.code for one in self.homes.get(party, ()) if one.days.holds(day))

    def moves(self, *parties: PartyId) -> Iterator[date]:
        """The days on which it changes for whom these work, or whom they or those who answer for them follow."""
        for party in parties:
            for one in self.homes.get(party, ()):
                yield from (one.days.since, one.days.until)
            known = self.policy.parties.get(party)
            for each in (party,) if known is None else (party, known.controller):
                yield from (since for since, _ in self.before.get(each, ()))

    def follows(self, party: PartyId, day: date) -> Iterator[PartyId]:
        """Everyone whom `party` follows on `day`: what was said to them is said to it."""
        return (old for since, old in self.before.get(party, ()) if since <= day)


def _homes(working: Sequence[Tenure]) -> dict[PartyId, list[Tenure]]:
    """For whose young people a party works: where they live, and since when that is so."""
    found: dict[PartyId, list[Tenure]] = {}
    for one in working:
        found.setdefault(one.party, []).append(one)
    return found


def _opened(source: _Source, key: LaneKey) -> Lane:
    """The lane of that day: one that is open and holds until later, with answers of its own where they count from the day."""
    giver, recipient, record, purpose, day = key
    spans = source.spans.setdefault((giver, recipient, record, purpose), [])
    for since, lane in spans:
        if since <= day < lane.until:
            return lane.of_its_own() if lane.asks or lane.diploma_of else lane
    since, lane = _lane(source, key)
    if not lane.unknown:
        spans.append((since, lane))
    return lane


def _lane(source: _Source, key: LaneKey) -> tuple[date, Lane]:
    """The lane of a day, and since when it is so."""
    giver, recipient, record, purpose, day = key
    policy = source.policy
    unknown = list(_unknown(policy, key))
    between = [] if unknown else _between(source, giver, recipient, record)
    permits = [(agreement, clause) for agreement, clause in between if isinstance(clause, Permit)]
    if not permits:
        unknown.append(codes.GEEN_AFSPRAAK)
    elif purpose is not None:
        permits = [(agreement, clause) for agreement, clause in permits if purpose in clause.purposes]
        if not permits:
            unknown.append(codes.DOEL_ZONDER_BEPALING)
    in_force = [
        clause
        for agreement, clause in between
        if isinstance(clause, Forbid) and agreement.effective.start <= day < agreement.effective.until
    ]
    bars = [] if unknown else [row for row in policy.prohibitions.values() if _between_kinds(policy, row, giver, recipient)]
    dates = {moment for agreement, _ in between for moment in _dates(agreement)}
    dates |= {moment for _, clause in permits for moment in _clause_dates(policy, clause)}
    dates |= {moment for row in bars for moment in row.borders}
    dates |= set(source.moves(giver, recipient))
    lane = Lane(
        recipient=recipient,
        addressed=frozenset(_addressed(source, day, giver, recipient)),
        silent=recipient in source.life.silent,
        unknown=tuple(unknown),
        one_purpose=len({clause.purposes for _, clause in permits}) == 1,
        clauses=tuple(_clause_row(source, agreement, clause, giver, recipient, day) for agreement, clause in permits),
        forbids=tuple(_forbid_row(clause) for clause in in_force),
        bars=tuple(_bar_row(source, row, record) for row in bars if row.holds(day)),
        giver_area=source.area(giver, day),
        recipient_area=source.area(recipient, day),
        until=min((moment for moment in dates if moment > day), default=_NEVER),
        borders=tuple(sorted(set(_lane_ages(policy, [clause for _, clause in permits], in_force)))),
        diploma_of=frozenset(_diploma_of(policy, [clause for _, clause in permits])),
        asks=frozenset(_asks([clause for _, clause in permits], bars)),
    )
    return max((moment for moment in dates if moment <= day), default=date.min), lane


def _unknown(policy: PolicySet, key: LaneKey) -> Iterator[ReasonCode]:
    giver, recipient, record, purpose, _ = key
    if giver not in policy.parties:
        yield codes.GEVER_ONBEKEND
    if recipient not in policy.parties:
        yield codes.ONTVANGER_ONBEKEND
    if record not in policy.records:
        yield codes.RECORD_ONBEKEND
    if purpose is not None and purpose not in policy.purposes:
        yield codes.DOEL_ONBEKEND


def _addressed(source: _Source, day: date, *parties: PartyId) -> Iterator[PartyId]:
    """These, who answers for them, and whom these follow: a no outlives the body that it was said to."""
    for party in parties:
        known = source.policy.parties.get(party)
        for each in (party,) if known is None else (party, known.controller):
            yield each
            yield from source.follows(each, day)


def _between(source: _Source, giver: PartyId, recipient: PartyId, record: RecordKind) -> list[_Pair]:
    """The clauses about such records between these two, in order of their ids; looked up once for all days and purposes."""
    found = source.between.get((giver, recipient, record))
    if found is None:
        one, other = source.policy.parties[giver], source.policy.parties[recipient]
        found = source.between[giver, recipient, record] = [
            (agreement, clause)
            for agreement, clause in source.about.get(record, ())
            if stands_on(one, clause.giver) and stands_on(other, clause.recipient)
        ]
    return found


def _about(policy: PolicySet) -> dict[RecordKind, list[_Pair]]:
    found: dict[RecordKind, list[_Pair]] = {}
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            found.setdefault(clause.record, []).append((agreement, clause))
    for pairs in found.values():
        pairs.sort(key=lambda pair: pair[1].id)
    return found


def _between_kinds(policy: PolicySet, row: Prohibition, giver: PartyId, recipient: PartyId) -> bool:
    return (not row.from_kinds or policy.parties[giver].kind in row.from_kinds) and (
        not row.to_kinds or policy.parties[recipient].kind in row.to_kinds
    )


def _dates(agreement: Agreement) -> Iterator[date]:
    yield from (agreement.effective.start, agreement.effective.until, agreement.dpia.review_due)
    if agreement.fg_advice.review_due is not None:
        yield agreement.fg_advice.review_due
    for party in agreement.parties:
        yield party.acceded
        if party.left is not None:
            yield party.left


def _clause_dates(policy: PolicySet, clause: Permit) -> Iterator[date]:
    for basis in clause.bases:
        yield from policy.laws[basis].borders
    for purpose in clause.purposes:
        yield from policy.purposes[purpose].borders


def _lane_ages(policy: PolicySet, permits: Sequence[Permit], forbids: Sequence[Forbid]) -> Iterator[int]:
    for clause in permits:
        for ages in (clause.subject.age, *(policy.laws[basis].age for basis in clause.bases)):
            yield from (ages.min, ages.max + 1)
        yield clause.retention.until_age
        yield from (voice.self_from for basis in clause.bases if (voice := policy.laws[basis].voice) is not None)
    for forbid in forbids:
        if forbid.age is not None:
            yield from (forbid.age.min, forbid.age.max + 1)


def _required(policy: PolicySet, clause: Permit) -> Iterator[Requirement]:
    yield from clause.requires
    yield from (asked for basis in clause.bases if (asked := policy.laws[basis].requires) is not None)


def _diploma_of(policy: PolicySet, clauses: Sequence[Permit]) -> Iterator[str]:
    for clause in clauses:
        for required in _required(policy, clause):
            for window in required.when:
                yield from window.onderwijssoort


def _asks(clauses: Sequence[Permit], bars: Sequence[Prohibition]) -> Iterator[FactName]:
    for clause in clauses:
        yield from (*clause.subject.facts, *clause.subject.within)
    for row in bars:
        yield from row.unless


def _forbid_row(clause: Forbid) -> ForbidRow:
    youngest, oldest = (0, 200) if clause.age is None else (clause.age.min, clause.age.max)
    return ForbidRow(youngest, oldest, frozenset(clause.onderwijssoort), clause.elements, clause.reason)


def _bar_row(source: _Source, row: Prohibition, record: RecordKind) -> BarRow:
    found = source.bars.get((row.id, record))
    if found is None:
        known = source.policy.elements
        elements = tuple(
            name
            for name in source.policy.records[record].elements
            if name in row.elements or known[name].category in row.categories
        )
        made = BarRow(elements, frozenset(row.except_bases), frozenset(row.unless.items()), row.reason)
        found = source.bars[row.id, record] = made
    return found


def _shut(
    source: _Source, agreement: Agreement, clause: Permit, giver: PartyId, recipient: PartyId, day: date
) -> set[ReasonCode]:
    policy = source.policy
    shut: set[ReasonCode] = set()
    if agreement.id in source.life.shut:
        shut.add(source.life.shut[agreement.id])
    if not agreement.effective.start <= day < agreement.effective.until:
        shut.add(codes.AFSPRAAK_NIET_GELDIG)
    if agreement.controllership is None or agreement.processor_contract is None:
        shut.add(codes.AFSPRAAK_ONVOLLEDIG)
    if day >= agreement.dpia.review_due:
        shut.add(codes.DPIA_VERLOPEN)
    if agreement.fg_advice.review_due is not None and day >= agreement.fg_advice.review_due:
        shut.add(codes.FG_ADVIES_VERLOPEN)
    present = {p.id for p in agreement.parties if p.acceded <= day and (p.left is None or day < p.left)}
    present -= source.life.unsigned.get(agreement.id, frozenset())
    if not {giver, recipient} <= present:
        shut.add(codes.PARTIJ_NIET_TOEGETREDEN)
    if not policy.purposes[clause.purposes[0]].holds(day):
        shut.add(codes.DOEL_NIET_GELDIG)
    if not any(policy.laws[basis].holds(day) for basis in clause.bases):
        shut.add(codes.GRONDSLAG_NIET_GELDIG)
    return shut


def _basis_row(basis: LegalBasis) -> BasisRow:
    ages, voice = basis.age, None if basis.voice is None else basis.voice.self_from
    return BasisRow(
        id=basis.id,
        youngest=ages.min,
        oldest=ages.max,
        below=ages.below,
        above=ages.above,
        objection_possible=basis.objection_possible,
        same_college=basis.same_college,
        asks=None if basis.requires is None else Asked(basis.requires, voice),
    )


def _clause_row(
    source: _Source, agreement: Agreement, clause: Permit, giver: PartyId, recipient: PartyId, day: date
) -> ClauseRow:
    shut = tuple(sorted(_shut(source, agreement, clause, giver, recipient, day)))
    held = tuple(basis for basis in sorted({*clause.bases}) if source.policy.laws[basis].holds(day))
    row = source.rows.get((clause.id, shut, held))
    if row is None:
        row = source.rows[clause.id, shut, held] = _permit_row(source.policy, source.personal, agreement, clause, shut, held)
    return row


def _permit_row(
    policy: PolicySet,
    personal: frozenset[ReasonCode],
    agreement: Agreement,
    clause: Permit,
    shut: tuple[ReasonCode, ...],
    held: Sequence[BasisId],
) -> ClauseRow:
    subject, purpose = clause.subject, policy.purposes[clause.purposes[0]]
    bases = [policy.laws[basis] for basis in held]
    voices = [basis.voice.self_from for basis in bases if basis.voice is not None]

    def grant(variant: Variant) -> Grant:
        return _grant(policy, personal, agreement, clause, variant)

    return ClauseRow(
        id=clause.id,
        agreement=agreement.id,
        purpose=purpose.id,
        outreach=purpose.outreach,
        further_from=frozenset((purpose.id, *purpose.further_from)),
        shut=shut,
        bases=tuple(_basis_row(basis) for basis in bases),
        reuse_of=frozenset(clause.reuse_of),
        home=clause.recipient.home,
        youngest=subject.age.min,
        oldest=subject.age.max,
        below=subject.age.below,
        above=subject.age.above,
        startkwalificatie=subject.startkwalificatie,
        ingeschreven=subject.ingeschreven,
        onderwijssoort=subject.onderwijssoort,
        facts=tuple(FactRow(name, asked, policy.facts[name].unknown) for name, asked in subject.facts.items()),
        within=tuple(
            WithinRow(name, asked.months, asked.otherwise, policy.facts[name].unknown) for name, asked in subject.within.items()
        ),
        requires=tuple(Asked(required, max(voices, default=None)) for required in clause.requires),
        despite_restriction=clause.despite_restriction,
        asks_secret=any(policy.elements[name].kind == "address" for name in clause.fields),
        asks_number=not clause.fields.keys().isdisjoint((_BSN, _ONDERWIJSNUMMER)),
        until_age=clause.retention.until_age,
        too_late=clause.retention.reason,
        grant=grant,
    )


def _grant(policy: PolicySet, personal: frozenset[ReasonCode], agreement: Agreement, clause: Permit, variant: Variant) -> Grant:
    """What passes and what does not, in the order of the record; the number that the young person does not have is left out."""
    passes: list[tuple[ElementName, Form]] = []
    withheld: list[tuple[ElementName, ReasonCode]] = []
    cuts = dict(variant.cuts)
    for name in policy.records[clause.record].elements:
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
    purpose: PurposeId = clause.purposes[0]
    return Grant(
        agreement=agreement.id,
        clause=clause.id,
        purpose=purpose,
        processing_activity=policy.purposes[purpose].processing_activity,
        bases=variant.bases,
        fields=tuple(passes),
        withheld=tuple(withheld),
        obligations=clause.obligations,
        retention=clause.retention.term,
        policy=policy.hash,
        sole_basis=MappingProxyType(sole),
        personal=personal.intersection(code for _, code in withheld),
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
    if variant.stated is not None and name not in variant.stated:
        return codes.BUITEN_VERKLARING
    if variant.received is not None:
        got = dict(variant.received.fields).get(name)
        if got is None or _FORMS.index(got) > _FORMS.index(need.form):
            return codes.NIET_ONTVANGEN
    return None
