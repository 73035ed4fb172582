"""Says a verdict in Dutch, for an officer: what passes, to whom, why, under which article, what stays behind, and what to do.

Pure, and without a value of any record. `for_log=True` leaves out what says something about the young person, for readers who
may see that a decision was taken but not about whom.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from hub.consent.model import Permit, PolicySet
from hub.domain.stages import Grant, Permitted, Refused, Verdict
from hub.domain.terms import AgreementId, ClauseId, ElementName, Form, PartyId, ReasonCode, Term

FORMS = {
    Form.raw: "",
    Form.banded: " (alleen een klasse)",
    Form.yes_no: " (alleen ja of nee)",
    Form.pseudonym: " (als pseudoniem van de ontvanger)",
}
"""In which form an element passes, as it is added to its label."""
_SEALED = ReasonCode("PERSOONLIJK")


def explain(policy: PolicySet, verdict: Verdict, *, for_log: bool = False) -> str:
    """The verdict in sentences. `policy` is the set that it was taken by; ValueError when it is another one."""
    taken_by = verdict.grant.policy if isinstance(verdict, Permitted) else verdict.policy
    if taken_by != policy.hash:
        raise ValueError("the verdict was taken under another policy set; explain it by that one")
    lines = _permitted(policy, verdict, for_log) if isinstance(verdict, Permitted) else _refused(policy, verdict, for_log)
    return "\n".join(lines)


def explain_reason(policy: PolicySet, code: ReasonCode) -> str:
    """One code: why, what helps, and who can do that."""
    reason = policy.reasons[code]
    return f"{reason.text_nl} {reason.remedy_nl} (wie: {reason.who})"


def find_clause(policy: PolicySet, agreement: AgreementId, clause: ClauseId) -> Permit | None:
    """The permit clause of that name, if the set holds it."""
    rows = (row for signed in policy.agreements if signed.id == agreement for row in signed.clauses if row.id == clause)
    return next((row for row in rows if isinstance(row, Permit)), None)


def name_of(policy: PolicySet, party: PartyId) -> str:
    """The party's name, or its id where the set does not know it."""
    known = policy.parties.get(party)
    return party if known is None else known.name


def _permitted(policy: PolicySet, verdict: Permitted, for_log: bool) -> Iterator[str]:
    grant = verdict.grant
    purpose = policy.purposes[grant.purpose]
    title = next(signed.title for signed in policy.agreements if signed.id == grant.agreement)
    clause = find_clause(policy, grant.agreement, grant.clause)
    assert clause is not None, "a grant is made from a clause of its own policy set"
    giver, recipient = name_of(policy, verdict.candidate.provider), name_of(policy, verdict.candidate.recipient)
    yield f"Toegestaan: {giver} geeft aan {recipient}."
    yield f"Waarom: {clause.why_nl}"
    yield f"Doel: {purpose.label_nl}. {purpose.plain_nl}"
    yield f"Afspraak: {title} ({grant.agreement}), {clause.article}."
    for name in grant.bases:
        basis = policy.laws[name]
        doubt = " Een jurist moet deze lezing nog bevestigen." if basis.review == "needed" else ""
        yield f"Grondslag: {basis.law.name} ({basis.law.bwb}), {basis.article}: {basis.text_nl}{doubt}"
    yield "Gaat mee:"
    for element, form in grant.fields:
        yield f"- {policy.elements[element].label_nl}{FORMS[form]}: {clause.fields[element].need}"
    yield "Blijft achter:"
    yield from _withheld(policy, grant, for_log)
    yield f"Bewaren: {clause.retention.text_nl}"
    for duty in grant.obligations:
        yield f"Plicht: {policy.obligations[Term(duty)].text_nl}"
    informs = clause.duty_to_inform
    yield f"Informeren: door {informs.who.value}. {informs.when} Tekst: {informs.text}"
    if informs.exception is not None:
        yield f"Uitzondering op informeren: {informs.exception}"
    yield f"Dit antwoord geldt tot {dutch_date(verdict.valid_until)}; daarna wordt opnieuw beslist."


def _withheld(policy: PolicySet, grant: Grant, for_log: bool) -> Iterator[str]:
    by_reason: dict[ReasonCode, list[ElementName]] = {}
    for element, code in grant.withheld:
        shown = _SEALED if for_log and policy.reasons[code].personal else code
        by_reason.setdefault(shown, []).append(element)
    for code, elements in by_reason.items():
        labels = ", ".join(policy.elements[element].label_nl for element in elements)
        yield f"- {labels}: {policy.reasons[code].text_nl}"


def _refused(policy: PolicySet, verdict: Refused, for_log: bool) -> Iterator[str]:
    giver, recipient = name_of(policy, verdict.candidate.provider), name_of(policy, verdict.candidate.recipient)
    yield f"Geweigerd: {giver} geeft niets aan {recipient}."
    if verdict.agreement is not None:
        title = next(signed.title for signed in policy.agreements if signed.id == verdict.agreement)
        yield f"Dichtst bij: {title} ({verdict.agreement})."
    shown = [_SEALED if for_log and code in verdict.personal else code for code in verdict.reasons]
    for code in dict.fromkeys(shown):
        yield f"- {explain_reason(policy, code)}"


_MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)


def dutch_date(day: date) -> str:
    """The date as it is written in Dutch."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
