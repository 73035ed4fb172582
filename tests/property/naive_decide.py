"""The decision once more, as slowly and plainly as it can be said: the oracle that the table is compared with.

It reads the policy's own rows, keeps nothing between questions, and shares no code with `hub.consent.compile` or `decide`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hub.consent.model import Agreement, Forbid, Gate, Permit, PolicySet, Side
from hub.domain.facts import StatementKind, SubjectFacts
from hub.domain.records.uitvalmelding import Uitvalmelding

FORMS = ["raw", "banded", "yes_no", "pseudonym"]


@dataclass(frozen=True)
class Answer:
    """What is compared: fields and what is withheld when permitted, else the reasons."""

    permitted: bool
    clause: str | None
    purpose: str | None
    bases: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    withheld: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]


def naive(policy: PolicySet, facts: SubjectFacts, path: Sequence[tuple[str, str]]) -> list[Answer]:
    """One answer per step (giver, recipient)."""
    answers: list[Answer] = []
    for step, (giver, recipient) in enumerate(path):
        earlier = [answers[n] for n in range(step) if path[n][1] == giver]
        answers.append(_step(policy, facts, giver, recipient, earlier[0] if earlier else None))
    return answers


def _step(policy: PolicySet, facts: SubjectFacts, giver: str, recipient: str, source: Answer | None) -> Answer:
    day = facts.as_of
    unknown = [
        code for code, who in (("GEVER_ONBEKEND", giver), ("ONTVANGER_ONBEKEND", recipient)) if who not in policy.parties
    ]
    permits: list[tuple[Agreement, Permit]] = []
    stops: list[str] = []
    cuts: dict[str, str] = {}
    for agreement in [] if unknown else policy.agreements:
        for clause in agreement.clauses:
            if not (_on(policy, giver, clause.giver) and _on(policy, recipient, clause.recipient)):
                continue
            if isinstance(clause, Permit):
                permits.append((agreement, clause))
            elif agreement.effective.start <= day < agreement.effective.until and _forbids(clause, facts):
                if not clause.elements:
                    stops.append(clause.reason)
                for element in clause.elements:
                    cuts[element] = min(clause.reason, cuts.get(element, clause.reason))
    if not permits:
        return _no(policy, [*unknown, "GEEN_AFSPRAAK", *stops], None)
    tries = [_try(policy, facts, agreement, clause, giver, recipient, source, stops, cuts) for agreement, clause in permits]
    tries.sort(key=lambda answer: str(answer.clause))
    for answer in tries:
        if answer.permitted:
            return answer
    return max(tries, key=lambda answer: (_gate(policy, answer.reasons[0]), -len(answer.reasons)))


def _on(policy: PolicySet, party: str, side: Side) -> bool:
    return side.party == party or (side.kind is not None and policy.parties[party].kind == side.kind)


def _forbids(clause: Forbid, facts: SubjectFacts) -> bool:
    age_holds = clause.age is None or facts.age is None or facts.age in range(clause.age.min, clause.age.max + 1)
    school_holds = not clause.onderwijssoort or facts.onderwijssoort is None or facts.onderwijssoort in clause.onderwijssoort
    return age_holds and school_holds


def _gate(policy: PolicySet, code: str) -> int:
    return list(Gate).index(policy.reasons[code].gate)


def _no(policy: PolicySet, reasons: Sequence[str], clause: Permit | None) -> Answer:
    told = tuple(sorted(set(reasons), key=lambda code: (_gate(policy, code), code)))
    return Answer(False, clause and clause.id, clause and clause.purposes[0], (), (), (), told)


def _area(policy: PolicySet, party: str, day: date) -> set[str]:
    area = set()
    for region in policy.regions:
        for gemeente in region.gemeenten:
            works_there = party in (region.doorstroompunt, gemeente.college, gemeente.werk_en_inkomen)
            if works_there and region.holds(day) and gemeente.holds(day):
                area.add(gemeente.code)
    return area


def _years(day: date, years: int) -> date:
    return (
        date(day.year + years, 3, 1)
        if (day.month, day.day) == (2, 29) and (day.year + years) % 4
        else day.replace(year=day.year + years)
    )


def _try(
    policy: PolicySet,
    facts: SubjectFacts,
    agreement: Agreement,
    clause: Permit,
    giver: str,
    recipient: str,
    source: Answer | None,
    stops: list[str],
    cuts: dict[str, str],
) -> Answer:
    day, age, why = facts.as_of, facts.age, list(stops)
    # agreement
    if day < agreement.effective.start or day >= agreement.effective.until:
        why.append("AFSPRAAK_NIET_GELDIG")
    if not agreement.controllership or not agreement.processor_contract:
        why.append("AFSPRAAK_ONVOLLEDIG")
    if agreement.dpia.review_due <= day:
        why.append("DPIA_VERLOPEN")
    for party in (giver, recipient):
        rows = [row for row in agreement.parties if row.id == party]
        if not rows or rows[0].acceded > day or (rows[0].left and rows[0].left <= day):
            why.append("PARTIJ_NIET_TOEGETREDEN")
    # purpose
    purpose = policy.purposes[clause.purposes[0]]
    if not purpose.holds(day):
        why.append("DOEL_NIET_GELDIG")
    if source and source.permitted and source.purpose != purpose.id and source.purpose not in purpose.further_from:
        why.append("DOEL_ONVERENIGBAAR")
    # basis
    if source is None and clause.reuse_of:
        why.append("HERKOMST_ONBEKEND")
    if source and not source.permitted:
        why.append("GEVER_ONTVING_NIET")
    if source and source.permitted and not clause.reuse_of:
        why.append("DOORGIFTE_NIET_GEREGELD")
    if source and source.permitted and clause.reuse_of and not set(clause.reuse_of) & set(source.bases):
        why.append("HERGEBRUIK_NIET_TOEGESTAAN")
    in_force = [policy.laws[name] for name in clause.bases if policy.laws[name].holds(day)]
    if not in_force:
        why.append("GRONDSLAG_NIET_GELDIG")
    carrying, missed = [], []
    for basis in in_force:
        college = basis.same_college
        if age is None:
            missed.append("FEIT_ONTBREEKT_LEEFTIJD")
        elif age < basis.age.min:
            missed.append(basis.age.below)
        elif age > basis.age.max:
            missed.append(basis.age.above)
        elif basis.objection_possible and facts.standing and StatementKind.bezwaar in facts.standing:
            missed.append("BEZWAAR")
        elif college and facts.gemeente is None:
            missed.append("FEIT_ONTBREEKT_GEMEENTE")
        elif college and facts.gemeente not in _area(policy, giver, day) & _area(policy, recipient, day):
            missed.append("ANDER_COLLEGE")
        else:
            carrying.append(basis.id)
    if not carrying:
        why += missed
    # recipient
    if clause.recipient.home and facts.gemeente is None:
        why.append("FEIT_ONTBREEKT_GEMEENTE")
    elif clause.recipient.home and facts.gemeente not in _area(policy, recipient, day):
        why.append("ANDERE_REGIO")
    # subject
    if facts.overleden is None:
        why.append("FEIT_ONTBREEKT_OVERLIJDEN")
    if facts.overleden:
        why.append("OVERLEDEN")
    if age is None:
        why.append("FEIT_ONTBREEKT_LEEFTIJD")
    elif age < clause.subject.age.min:
        why.append(clause.subject.age.below)
    elif age > clause.subject.age.max:
        why.append(clause.subject.age.above)
    for condition, fact, name in (
        (clause.subject.startkwalificatie, facts.startkwalificatie, "STARTKWALIFICATIE"),
        (clause.subject.ingeschreven, facts.ingeschreven, "INSCHRIJVING"),
    ):
        if condition and fact is None:
            why.append(f"FEIT_ONTBREEKT_{name}")
        elif condition and fact != condition.value:
            why.append(condition.otherwise)
    if facts.standing is None:
        why.append("FEIT_ONTBREEKT_VERKLARINGEN")
    elif StatementKind.beperking in facts.standing:
        why.append("BEPERKING")
    if facts.indicatie_geheim is None and any(policy.elements[name].kind == "address" for name in clause.fields):
        why.append("FEIT_ONTBREEKT_GEHEIM")
    if facts.has_bsn is None and ("bsn" in clause.fields or "onderwijsnummer" in clause.fields):
        why.append("FEIT_ONTBREEKT_NUMMER")
    # consent
    for required in clause.requires:
        asked = not required.when
        for window in required.when:
            if facts.onderwijssoort in window.onderwijssoort:
                diploma = facts.datum_diploma
                asked = asked or diploma is None or day <= _years(diploma, window.years_after_diploma)
        if required.when and facts.onderwijssoort is None:
            why.append("FEIT_ONTBREEKT_ONDERWIJSSOORT")
        elif asked and required.statement not in (facts.standing or ()):
            why.append(required.reason)
    # retention
    if age is not None and age >= clause.retention.until_age:
        why.append(clause.retention.reason)
    if why:
        return _no(policy, why, clause)
    # fields
    passes, withheld = [], []
    for name in Uitvalmelding.model_fields:
        if name == ("onderwijsnummer" if facts.has_bsn or facts.has_bsn is None else "bsn"):
            continue
        element, need = policy.elements[name], clause.fields.get(name)
        got = dict(source.fields).get(name) if source else None
        if element.kind == "free_text":
            withheld.append((name, "VRIJE_TEKST"))
        elif name in cuts:
            withheld.append((name, cuts[name]))
        elif need is None:
            withheld.append((name, "GEZONDHEID_AFLEIDBAAR" if element.inferable_health else "NIET_NODIG"))
        elif element.kind == "address" and facts.indicatie_geheim and clause.geheim_adres == "withheld":
            withheld.append((name, "GEHEIM_ADRES"))
        elif source and (got is None or FORMS.index(got) > FORMS.index(need.form.value)):
            withheld.append((name, "NIET_ONTVANGEN"))
        else:
            passes.append((name, need.form.value))
    if not passes:
        return _no(policy, ["GEEN_VELD"], clause)
    return Answer(True, clause.id, purpose.id, tuple(sorted(carrying)), tuple(passes), tuple(withheld), ())
