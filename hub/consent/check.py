"""The rules that a policy set must keep before it decides anything; each refuses with file, line and what to do. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from hub.consent import codes
from hub.consent.model import Ages, Agreement, Element, Forbid, LegalBasis, Permit, PolicySet, Purpose, Reason, Side
from hub.domain.element import elements_of
from hub.domain.records.uitvalmelding import KIND, Uitvalmelding
from hub.domain.rulebook import Document, Place
from hub.domain.terms import ElementName, Form, PurposeId, ReasonCode
from hub.domain.territory import Party
from hub.errors import Misconfigured

_NUMBERS: Final = ("bsn", "onderwijsnummer")
_FORMS: Final = tuple(Form)


def _known(names: Collection[str], table: Collection[Any], document: Document, place: Place, what: str) -> None:
    for name in names:
        if name not in table:
            document.refuse(place, f"{name} is no {what} of this policy set.", "Add the row, or mend the name.")


def _ages(ages: Ages, reasons: Mapping[ReasonCode, Reason], document: Document, place: Place) -> None:
    if ages.min > ages.max:
        document.refuse(place, "The youngest age is above the oldest.")
    _known((ages.below, ages.above), reasons, document, place, "reason code")


def check_element(element: Element, document: Document, place: Place) -> None:
    """Free text never has a form in which it passes; every other element has them in order of what they tell."""
    if (element.kind == "free_text") != (not element.forms):
        document.refuse(place, "Free text passes in no form; every other element names the forms in which it may pass.")
    if list(element.forms) != sorted(set(element.forms), key=_FORMS.index):
        document.refuse((*place, "forms"), "Forms stand in the order raw, banded, yes_no, pseudonym, each once.")


def check_basis(
    reasons: Mapping[ReasonCode, Reason], elements: Mapping[ElementName, Element]
) -> Callable[[LegalBasis, Document, Place], None]:
    """A duty rests on 6(1)(c) and knows no objection, a task on 6(1)(e) and does (GDPR 21)."""

    def check(basis: LegalBasis, document: Document, place: Place) -> None:
        duty = basis.kind == "duty"
        if duty != (basis.gdpr == "6.1.c") or duty == basis.objection_possible:
            document.refuse(place, "A duty is 6.1.c without objection, a task is 6.1.e with it.")
        if basis.valid_until is not None and basis.valid_until <= basis.valid_from:
            document.refuse((*place, "valid_until"), "The article ends before it begins.")
        _ages(basis.age, reasons, document, (*place, "age"))
        _known(basis.names_elements, elements, document, (*place, "names_elements"), "data element")

    return check


def check_purpose(purpose: Purpose, purposes: Mapping[PurposeId, Purpose], document: Document, place: Place) -> None:
    """Further purposes are purposes of the same set."""
    _known(purpose.further_from, purposes, document, (*place, "further_from"), "purpose")


def check_agreement(agreement: Agreement, policy: PolicySet, document: Document) -> None:
    """Everything that one agreement must keep by itself."""
    if agreement.effective.until <= agreement.effective.start:
        document.refuse(("effective",), "The agreement ends before it begins.")
    signed = [party.id for party in agreement.parties]
    _known(signed, policy.parties, document, ("parties",), "party")
    if len(set(signed)) != len(signed):
        document.refuse(("parties",), "A party stands here twice.")
    seen: set[str] = set()
    for number, clause in enumerate(agreement.clauses):
        place = ("clauses", number)
        if not clause.id.startswith(f"{agreement.id}/") or clause.id in seen:
            document.refuse((*place, "id"), f"The id is taken, or does not begin with {agreement.id}/.")
        seen.add(clause.id)
        if clause.record != KIND:
            document.refuse((*place, "record"), f"{clause.record} is no record kind of this hub.")
        for key, side in (("from", clause.giver), ("to", clause.recipient)):
            _side(side, signed, policy, document, (*place, key))
        if isinstance(clause, Permit):
            _permit(clause, signed, policy, document, place)
        else:
            _forbid(clause, policy, document, place)
    for number, test in enumerate(agreement.tests):
        at = ("tests", number)
        _known((*test.reasons, *test.withheld.values()), policy.reasons, document, at, "reason code")
        _known((*test.passes, *test.withheld), policy.elements, document, at, "data element")
        _known(test.path, policy.parties, document, (*at, "path"), "party")


def _side(side: Side, signed: list[Any], policy: PolicySet, document: Document, place: Place) -> None:
    if (side.kind is None) == (side.party is None):
        document.refuse(place, "Name a kind of party or a single party, and not both.")
    if not any(stands_on(policy.parties[party], side) for party in signed):
        document.refuse(place, "No party to this agreement stands on this side of the clause.")


def stands_on(party: Party, side: Side) -> bool:
    """Whether `party` is what one side of a clause names."""
    return party.id == side.party if side.kind is None else party.kind is side.kind


def _permit(clause: Permit, signed: list[Any], policy: PolicySet, document: Document, place: Place) -> None:
    _known(clause.purposes, policy.purposes, document, (*place, "purposes"), "purpose")
    _known((*clause.bases, *clause.reuse_of), policy.laws, document, (*place, "bases"), "legal basis")
    _known(clause.fields, policy.elements, document, (*place, "fields"), "data element")
    _known(clause.obligations, policy.obligations, document, (*place, "obligations"), "obligation")
    named = {clause.retention.reason, *(need.reason for need in clause.requires)}
    named |= {fact.otherwise for fact in (clause.subject.startkwalificatie, clause.subject.ingeschreven) if fact is not None}
    _known(named, policy.reasons, document, place, "reason code")
    _ages(clause.subject.age, policy.reasons, document, (*place, "subject", "age"))
    if len(clause.purposes) != 1:
        document.refuse((*place, "purposes"), "A disclosure serves one purpose.", "Write a clause for each purpose.")
    bases = [policy.laws[basis] for basis in clause.bases]
    givers = {policy.parties[party].kind for party in signed if stands_on(policy.parties[party], clause.giver)}
    takers = [policy.parties[party] for party in signed if stands_on(policy.parties[party], clause.recipient)]
    for basis in bases:
        if not givers <= set(basis.provider_kinds) or not {party.kind for party in takers} <= set(basis.recipient_kinds):
            document.refuse((*place, "bases"), f"{basis.id} does not carry giving by this side to that side.")
    for name, need in clause.fields.items():
        _field(policy.elements[name], need.form, bases, document, (*place, "fields", name))
    for number in _NUMBERS:
        if any(getattr(basis, number) == "required" for basis in bases) and ElementName(number) not in clause.fields:
            document.refuse((*place, "fields"), f"The law requires that {number} passes.", "Add it in its raw form.")
    if clause.geheim_adres == "passes" and not all(party.is_authority for party in takers):
        document.refuse((*place, "secret_address"), "A secret address passes to an authority only.", "Write: withheld.")


def _field(element: Element, form: Form, bases: Sequence[LegalBasis], document: Document, place: Place) -> None:
    if form not in element.forms:
        document.refuse((*place, "form"), f"{element.name} does not pass in the form {form.value}.")
    if element.name in _NUMBERS:
        uses = {getattr(basis, element.name) for basis in bases}
        if form is not Form.pseudonym and "forbidden" in uses:
            document.refuse((*place, "form"), f"The law forbids {element.name} here (UAVG 46).", "Write: form: pseudonym.")
        if form is not Form.raw and "required" in uses:
            document.refuse((*place, "form"), f"The law requires {element.name} here (Wabb 11).", "Write: form: raw.")
    sensitive = element.kind == "special" or element.inferable_health
    for basis in bases:
        if sensitive and basis.art9_ground is None and element.name not in basis.names_elements:
            document.refuse(place, f"{element.name} may tell about health, and {basis.id} gives no ground for that (GDPR 9).")


def _forbid(clause: Forbid, policy: PolicySet, document: Document, place: Place) -> None:
    _known((clause.reason,), policy.reasons, document, (*place, "reason"), "reason code")
    _known(clause.elements, policy.elements, document, (*place, "elements"), "data element")


def check_overlaps(agreements: Sequence[tuple[Agreement, Document]], policy: PolicySet) -> None:
    """One version at a time, and one permit at a time for the same giver, recipient and age.

    So a disclosure rests on one clause, clauses of different purposes are never added up, and their order never matters.
    """
    for number, (later, document) in enumerate(agreements):
        for earlier, _ in agreements[: number + 1]:
            same = earlier is later
            if not same and not (
                earlier.effective.start < later.effective.until and later.effective.start < earlier.effective.until
            ):
                continue
            if not same and earlier.id.rsplit("/", 1)[0] == later.id.rsplit("/", 1)[0]:
                document.refuse(("effective",), f"{later.id} and {earlier.id} hold on the same days.", "End the older version.")
            _check_permits(earlier, later, policy, document)


def _check_permits(earlier: Agreement, later: Agreement, policy: PolicySet, document: Document) -> None:
    both = {party.id for party in earlier.parties} & {party.id for party in later.parties}
    parties = [policy.parties[party] for party in sorted(both)]
    for number, clause in enumerate(later.clauses):
        for other in earlier.clauses:
            if other is clause and earlier is later:
                break
            if isinstance(clause, Permit) and isinstance(other, Permit) and _compete(clause, other, parties):
                document.refuse(
                    ("clauses", number),
                    f"{clause.id} and {other.id} permit the same giver and recipient at the same time and age.",
                    "Make one clause of them, or give them ages that do not meet.",
                )


def _compete(one: Permit, other: Permit, parties: Sequence[Party]) -> bool:
    if one.subject.age.max < other.subject.age.min or other.subject.age.max < one.subject.age.min:
        return False
    return any(stands_on(party, one.giver) and stands_on(party, other.giver) for party in parties) and any(
        stands_on(party, one.recipient) and stands_on(party, other.recipient) for party in parties
    )


def check_complete(elements: Mapping[ElementName, Element], reasons: Mapping[ReasonCode, Reason]) -> None:
    """Every field of a canonical record has its element, and every code that decisions use by themselves its sentence."""
    for name in sorted({*elements_of(Uitvalmelding).values()} - elements.keys()):
        raise Misconfigured(f"elements.yaml has no row for {name}.", "Records carry it, and nothing passes unknown.", "Add it.")
    for code in sorted(codes.ALL - reasons.keys()):
        raise Misconfigured(f"reasons.yaml has no row for {code}.", "Decisions give it, and every no has its why.", "Add it.")
