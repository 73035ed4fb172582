"""A decision on a question, told to three readers: who supervises, who works with the young person, and the young person.

Pure, in Dutch. What says something about a person is told to the data protection officer alone, and only where the sealed facts
were opened for them; a value of a fact is told to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, Final

from hub.consent.advice import advice
from hub.consent.explain import FORMS, dutch_date, explain_reason, find_clause, name_of
from hub.consent.explain_citizen import to_citizen
from hub.consent.model import Gate, Permit, PolicySet
from hub.consent.question import Decision, Outcome, Question
from hub.consent.remedy import Part, Remedy
from hub.domain.facts import StatementKind
from hub.domain.stages import Grant
from hub.domain.terms import ElementName, Form, ReasonCode, Term

_SEALED: Final = ReasonCode("PERSOONLIJK")
_NOT_TOLD: Final = "Dit hangt af van iets persoonlijks. De privacy officer kan zien wat het is."
_GATES: Final = {
    Gate.agreement: "afspraak",
    Gate.purpose: "doel",
    Gate.basis: "grondslag",
    Gate.recipient: "ontvanger",
    Gate.subject: "jongere",
    Gate.consent: "verklaring",
    Gate.fields: "gegevens",
    Gate.retention: "bewaren",
}


_AS: Final = {
    Form.raw: "",
    Form.banded: " (in grote lijnen)",
    Form.yes_no: " (alleen ja of nee)",
    Form.pseudonym: " (als code, niet het nummer zelf)",
}
"""In which form it passes, as the young person reads it."""
_GDPR: Final = {
    "consent": "toestemming, AVG artikel 6, eerste lid, onder a",
    "duty": "wettelijke plicht, AVG artikel 6, eerste lid, onder c",
    "task": "taak van algemeen belang, AVG artikel 6, eerste lid, onder e",
}
_OF_THE_YOUNG: Final = (StatementKind.toestemming, StatementKind.instemming)
_WITHDRAWN: Final = {
    "stop": "de levering stopt",
    "restrict": "de levering stopt, en de ontvanger gebruikt de gegevens niet meer",
    "erase": "de levering stopt, en de ontvanger wist de gegevens",
}


class Reader(StrEnum):
    """Who reads the explanation."""

    fg = "fg"
    medewerker = "medewerker"
    jongere = "jongere"


def tell(
    policy: PolicySet, question: Question, decision: Decision, remedy: Remedy | None, reader: Reader, *, opened: bool = False
) -> str:
    """The decision in sentences. `opened`: the sealed facts were opened for this reader, which counts for the `fg` alone."""
    shown = opened and reader is Reader.fg
    if reader is Reader.jongere:
        lines = _to_you(policy, question, decision, remedy)
    elif decision.grant is not None:
        lines = _permitted(policy, question, decision, decision.grant, shown)
    else:
        lines = _refused(policy, question, decision, remedy, shown)
    return "\n".join(lines)


def told(
    policy: PolicySet, decision: Decision, remedy: Remedy | None, reader: Reader, *, opened: bool = False
) -> dict[str, Any]:
    """The same as data, with no more in it than the reader may see."""
    shown = opened and reader is Reader.fg
    parts = [] if remedy is None else remedy.parts
    return {
        "outcome": decision.outcome.value,
        "policy": decision.policy,
        "agreement": decision.agreement,
        "clause": decision.clause,
        "purpose": decision.purpose,
        "fields": [{"element": name, "form": form.value} for name, form in decision.fields],
        "refused": [{"element": name, "reason": _shown(policy, code, shown)} for name, code in decision.refused],
        "reasons": [_as_data(policy, code, reader) for code in _codes(policy, decision.reasons, shown)],
        "change": [
            {"what": advice(policy, part), "reason": part.code, "who": part.who}
            if shown or not _is_personal(policy, part)
            else {"what": _NOT_TOLD, "reason": _SEALED, "who": "privacy officer"}
            for part in parts
        ],
        "obligations": [] if decision.grant is None else list(decision.grant.obligations),
        "valid_until": decision.valid_until.isoformat(),
    }


def _as_data(policy: PolicySet, code: ReasonCode, reader: Reader) -> dict[str, Any]:
    reason = policy.reasons[code]
    if reader is Reader.jongere:
        return {"code": code, "gate": reason.gate.value, "text": to_citizen(policy, code)}
    return {
        "code": code,
        "gate": reason.gate.value,
        "text": reason.text_nl,
        "remedy": reason.remedy_nl,
        "who": reason.who,
    }


def _permitted(policy: PolicySet, question: Question, decision: Decision, grant: Grant, shown: bool) -> Iterator[str]:
    clause = find_clause(policy, grant.agreement, grant.clause)
    assert clause is not None, "a grant is made from a clause of its own policy set"
    purpose = policy.purposes[grant.purpose]
    signed = next(signed for signed in policy.agreements if signed.id == grant.agreement)
    giver, recipient = _ends(policy, question)
    part = ", maar niet alles wat is gevraagd" if decision.outcome is Outcome.partial else ""
    yield f"Toegestaan{part}: {giver} geeft aan {recipient}."
    yield f"Waarom: {clause.why_nl}"
    yield f"Doel: {purpose.label_nl}. {purpose.plain_nl}"
    yield f"Afspraak: {signed.title} ({grant.agreement}), {clause.article}."
    if signed.controllership is not None:
        yield f"Verantwoordelijk: {signed.controllership}"
    for name in grant.bases:
        basis = policy.laws[name]
        doubt = " Een jurist moet deze lezing nog bevestigen." if basis.review == "needed" else ""
        yield f"Grondslag: {basis.law.name} ({basis.law.bwb}), {basis.article} ({_GDPR[basis.kind]}): {basis.text_nl}{doubt}"
    yield from _special(policy, decision, grant)
    yield from _rests(policy, clause, grant)
    objection = any(policy.laws[name].objection_possible for name in grant.bases)
    yield f"Bezwaar: {'kan (AVG artikel 21)' if objection else 'kan niet; AVG artikel 21 gaat alleen over een taak'}."
    yield "Gaat mee:"
    for element, form in decision.fields:
        yield f"- {policy.elements[element].label_nl}{FORMS[form]}: {clause.fields[element].need}"
    if decision.refused:
        yield "Blijft achter:"
    for reason, labels in _by_reason(policy, decision.refused, shown):
        yield f"- {labels}: {policy.reasons[reason].text_nl}"
    yield f"Bewaren: {clause.retention.text_nl}"
    for duty in grant.obligations:
        yield f"Plicht: {policy.obligations[Term(duty)].text_nl}"
    if clause.deadline is not None:
        yield f"Termijn: {clause.deadline.text_nl} ({clause.deadline.article})"
    informs = clause.duty_to_inform
    yield f"Informeren: door {informs.who.value}. {informs.when} Tekst: {informs.text}"
    if informs.exception is not None:
        yield f"Uitzondering op informeren: {informs.exception}"
    yield _until(decision)


def _special(policy: PolicySet, decision: Decision, grant: Grant) -> Iterator[str]:
    """What passes that the law protects more than the rest, and the ground for it (GDPR 9, 10)."""
    rows = [policy.elements[name] for name, _ in decision.fields]
    told = [row.name for row in rows if row.kind in ("special", "document") or row.category is not None or row.inferable_health]
    if told:
        bases = [policy.laws[name] for name in grant.bases]
        grounds = dict.fromkeys(basis.art9_ground or f"{basis.law.name}, {basis.article}, dat dit noemt" for basis in bases)
        yield f"Bijzonder: {_labels(policy, told)}. Grond daarvoor: {'; '.join(grounds)}."


def _refused(policy: PolicySet, question: Question, decision: Decision, remedy: Remedy | None, shown: bool) -> Iterator[str]:
    giver, recipient = _ends(policy, question)
    yield f"Geweigerd: {giver} geeft niets aan {recipient}."
    if decision.agreement is not None and decision.clause is not None:
        title = next(signed.title for signed in policy.agreements if signed.id == decision.agreement)
        clause = find_clause(policy, decision.agreement, decision.clause)
        article = "" if clause is None else f", {clause.article}"
        yield f"Dichtst bij: {title} ({decision.clause}{article})."
    yield "Wat dicht is:"
    for code in _codes(policy, decision.reasons, shown):
        reason = policy.reasons[code]
        yield f"- {_GATES.get(reason.gate, reason.gate.value)}: {explain_reason(policy, code)}"
    if remedy is not None:
        yield from _smallest(policy, remedy, shown)
        if not remedy.parts:
            yield from _never(policy, question)
    yield _until(decision)


def _never(policy: PolicySet, question: Question) -> Iterator[str]:
    """What no new clause would let pass either, by a law that knows no exception here."""
    giver, recipient = (policy.parties.get(party) for party in question.path[-2:])
    record = policy.records.get(question.record)
    if giver is None or recipient is None or record is None:
        return
    for row in policy.prohibitions.values():
        sides = giver.kind in (row.from_kinds or (giver.kind,)) and recipient.kind in (row.to_kinds or (recipient.kind,))
        if not sides or row.except_bases or row.unless or not row.holds(question.facts.as_of):
            continue
        held = [name for name in record.elements if name in row.elements or policy.elements[name].category in row.categories]
        if held:
            why = policy.reasons[row.reason].text_nl
            yield f"Ook dan blijft achter: {_labels(policy, held)}. {why} ({row.law.name}, {row.article})"


def _rests(policy: PolicySet, clause: Permit, grant: Grant) -> Iterator[str]:
    """Which statements it rests on, who makes them, and what a withdrawal does; not whether anybody made one."""
    bases = [policy.laws[name] for name in grant.bases]
    asked = (*clause.requires, *(basis.requires for basis in bases if basis.requires is not None))
    voice = next((basis.voice for basis in bases if basis.voice is not None), None)
    for kind in dict.fromkeys(need.statement for need in asked if need.statement in _OF_THE_YOUNG and not need.when):
        who = ""
        if voice is not None:
            who = f" Vanaf {voice.self_from} jaar geeft de jongere die zelf, daaronder een ouder of voogd ({voice.article})."
        yield f"Verklaring: dit rust op {kind.value}.{who} Bij intrekken: {_WITHDRAWN[clause.on_withdrawal]}."


def _until(decision: Decision) -> str:
    if decision.valid_until == date.max:
        return "Dit antwoord geldt zolang de afspraken en regels niet veranderen."
    return f"Dit antwoord geldt tot {dutch_date(decision.valid_until)}; daarna wordt opnieuw beslist."


def _smallest(policy: PolicySet, remedy: Remedy, shown: bool) -> Iterator[str]:
    if not remedy.parts:
        yield "Geen verandering van feiten of verklaringen opent deze weg."
        yield "Alleen een nieuwe bepaling kan dat, als de wet die toelaat."
        return
    yield "De kleinste verandering die het wel mogelijk maakt:" if remedy.possible else "Dit zou anders moeten zijn:"
    for part in remedy.parts:
        if not shown and _is_personal(policy, part):
            yield f"- {_NOT_TOLD}"
        else:
            who = "niemand kan dit veranderen" if part.who is None else f"wie: {part.who}"
            yield f"- {advice(policy, part)} ({who})"


def _to_you(policy: PolicySet, question: Question, decision: Decision, remedy: Remedy | None) -> Iterator[str]:
    giver, recipient = _ends(policy, question)
    grant = decision.grant
    if grant is None:
        yield f"{giver} mag uw gegevens nu niet aan {recipient} geven."
        yield from dict.fromkeys(to_citizen(policy, code) for code in decision.reasons)
        if remedy is not None and remedy.possible and not any(_is_personal(policy, part) for part in remedy.parts):
            yield "Dit kan veranderen. Vraag het aan wie de gegevens geeft."
        return
    clause = find_clause(policy, grant.agreement, grant.clause)
    assert clause is not None, "a grant is made from a clause of its own policy set"
    yield f"{giver} mag gegevens over u aan {recipient} geven."
    yield f"Waarvoor? {policy.purposes[grant.purpose].plain_nl}"
    bases = [policy.laws[basis] for basis in grant.bases]
    yield " ".join(
        ("Waarom mag dat?", clause.why_nl, *(f"De wet zegt: {basis.text_nl}" for basis in bases if basis.kind != "consent"))
    )
    passing = ", ".join(f"{_labels(policy, [name])}{_AS[form]}" for name, form in decision.fields)
    yield f"Deze gegevens gaan mee: {passing}."
    yield "Al het andere blijft achter."
    yield f"Hoe lang? {clause.retention.text_nl}"
    yield clause.duty_to_inform.text
    if any(basis.objection_possible for basis in bases) and "bezwaar" not in clause.duty_to_inform.text:
        yield "Wilt u dit niet? U mag bezwaar maken."
    if all(basis.kind == "duty" for basis in bases):
        yield "De wet zegt dat dit moet. Daarom kunt u geen bezwaar maken. Klopt er iets niet? Vraag dan om het te verbeteren."
    if next(_rests(policy, clause, grant), None) is not None:
        yield "Dit mag alleen zolang hier ja tegen is gezegd. Dat ja kan altijd worden ingetrokken."
    if decision.valid_until < date.max:
        yield f"Dit geldt tot {dutch_date(decision.valid_until)}. Daarna kijken wij opnieuw."


def _ends(policy: PolicySet, question: Question) -> tuple[str, str]:
    return name_of(policy, question.path[-2]), name_of(policy, question.path[-1])


def _labels(policy: PolicySet, names: Sequence[ElementName]) -> str:
    return ", ".join(policy.elements[name].label_nl if name in policy.elements else name for name in names)


def _shown(policy: PolicySet, code: ReasonCode, shown: bool) -> ReasonCode:
    return _SEALED if policy.reasons[code].personal and not shown else code


def _codes(policy: PolicySet, reasons: Sequence[ReasonCode], shown: bool) -> Sequence[ReasonCode]:
    return tuple(dict.fromkeys(_shown(policy, code, shown) for code in reasons))


def _by_reason(
    policy: PolicySet, refused: Sequence[tuple[ElementName, ReasonCode]], shown: bool
) -> Iterator[tuple[ReasonCode, str]]:
    held: dict[ReasonCode, list[ElementName]] = {}
    for element, code in refused:
        held.setdefault(_shown(policy, code, shown), []).append(element)
    for code, names in held.items():
        yield code, _labels(policy, names)


def _is_personal(policy: PolicySet, part: Part) -> bool:
    return part.code is not None and part.code in policy.reasons and policy.reasons[part.code].personal
