"""The rules that a policy set must keep before it decides anything; each refuses with file, line and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hub.consent import codes
from hub.consent.check_example import check_example, check_known
from hub.consent.kept import LogTerm
from hub.consent.model import (
    Ages,
    Agreement,
    Category,
    Element,
    FactSpec,
    Forbid,
    LegalBasis,
    Need,
    Permit,
    PolicySet,
    Prohibition,
    Purpose,
    RecordSpec,
    RetentionRow,
    Side,
)
from hub.domain.element import elements_of, names_chain_number
from hub.domain.facts import YES, StatementKind
from hub.domain.kinds import RECORDS
from hub.domain.rulebook import Document, Place
from hub.domain.terms import ElementName, Form, RecordKind
from hub.domain.territory import Party, PartyKind, Period
from hub.errors import Misconfigured

NUMBERS: Final = ("bsn", "onderwijsnummer")
CARRIED: Final[Mapping[RecordKind, tuple[ElementName, ...]]] = {
    kind: tuple(elements_of(model).values()) for kind, model in RECORDS.items()
}
"""The record kinds that the hub has a canonical record for, each with its elements: they come in without a purpose."""
_FORMS: Final = tuple(Form)
_TELLS: Final = {
    Category.strafrechtelijk: ("tells about crime", "GDPR 10"),
    Category.etniciteit: ("tells about descent", "GDPR 9"),
    Category.religie: ("tells about belief", "GDPR 9"),
}
_EEA: Final = frozenset(
    {
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"),
        *("IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
    }
)
"""The countries of the European Economic Area: elsewhere needs what GDPR 45 to 49 ask, and no clause can say so."""
_PUBLIC: Final = frozenset(
    {
        *(PartyKind.duo, PartyKind.minister, PartyKind.college, PartyKind.leerplicht, PartyKind.uwv),
        *(PartyKind.openbaar_ministerie, PartyKind.regionaal_bureau),
    }
)
"""What only a public body can be."""
_A_TASK: Final = frozenset({PartyKind.doorstroompunt, PartyKind.werk_en_inkomen, PartyKind.wmo, PartyKind.schuldhulp})
"""Whoever works for a college is a public body in this; a foundation that answers for itself may do such work."""
_OF_A_PERSON: Final = YES - {StatementKind.raadpleging_school}


def _ages(ages: Ages, policy: PolicySet, document: Document, place: Place) -> None:
    if ages.min > ages.max:
        document.refuse(place, "The youngest age is above the oldest.", "Correct min or max.")
    check_known((ages.below, ages.above), policy.reasons, document, place, "reason code")


def _period(row: Period, document: Document, place: Place) -> None:
    if row.valid_until is not None and row.valid_until <= row.valid_from:
        document.refuse((*place, "valid_until"), "It ends before it begins.")


def check_element(element: Element, policy: PolicySet, document: Document, place: Place) -> None:
    """Free text never has a form in which it passes; every other element has them in order of what they tell."""
    if (element.kind == "free_text") != (not element.forms):
        document.refuse(place, "Free text passes in no form; every other element names the forms in which it may pass.")
    if list(element.forms) != sorted(set(element.forms), key=_FORMS.index):
        document.refuse((*place, "forms"), "Forms stand in the order raw, banded, yes_no, pseudonym, each once.")
    check_known(element.only_along, policy.laws, document, (*place, "only_along"), "legal basis")
    if names_chain_number(element.name) and element.category is not Category.ketennummer:
        document.refuse(
            place,
            f"{element.name} is a number for learning material (ECK iD), which serves nothing else (WEB 2.5.5a).",
            "Leave it out, or write category: ketennummer, so that it passes nowhere.",
        )


def check_record(record: RecordSpec, policy: PolicySet, document: Document, place: Place) -> None:
    """A record names known elements, each once; one that the hub carries itself those of its canonical record, and then what
    nobody can send it, so that tests can say that it would not pass."""
    check_known(record.elements, policy.elements, document, (*place, "elements"), "data element")
    if len(set(record.elements)) != len(record.elements):
        document.refuse((*place, "elements"), "An element stands here twice.")
    carried = CARRIED.get(record.id, ())
    if record.elements[: len(carried)] != carried:
        document.refuse(
            (*place, "elements"), f"The hub's own record {record.id} begins with other elements, or in another order."
        )


def check_fact(fact: FactSpec, policy: PolicySet, document: Document, place: Place) -> None:
    """A fact has a reason for when nobody knows it."""
    check_known((fact.unknown,), policy.reasons, document, (*place, "unknown"), "reason code")


def check_basis(basis: LegalBasis, policy: PolicySet, document: Document, place: Place) -> None:
    """A duty rests on 6(1)(c) and knows no objection, a task on 6(1)(e) and does (GDPR 21); consent (6(1)(a)) is asked for."""
    gdpr = {"consent": "6.1.a", "duty": "6.1.c", "task": "6.1.e"}[basis.kind]
    if basis.gdpr != gdpr or basis.objection_possible != (basis.kind == "task"):
        document.refuse(
            place,
            "A duty is 6.1.c and a consent 6.1.a, both without objection (a consent is withdrawn); a task is 6.1.e with it.",
        )
    asked = None if basis.requires is None else basis.requires.statement
    if (basis.kind == "consent") != (asked is StatementKind.toestemming):
        document.refuse((*place, "requires"), "A basis of kind consent requires toestemming, and no other basis does.")
    if asked in _OF_A_PERSON and basis.voice is None:
        document.refuse(place, "Who asks for a statement says from which age the young person makes it.", "Add voice.")
    if asked is not None:
        assert basis.requires is not None
        _requirement(asked, basis.requires.reason, policy, document, (*place, "requires"))
    _period(basis, document, place)
    _ages(basis.age, policy, document, (*place, "age"))
    check_known(basis.names_elements, policy.elements, document, (*place, "names_elements"), "data element")


def _requirement(statement: StatementKind, reason: str, policy: PolicySet, document: Document, place: Place) -> None:
    if statement not in YES:
        document.refuse(place, f"{statement.value} opens no gate; it shuts one.")
    check_known((reason,), policy.reasons, document, place, "reason code")


def check_prohibition(row: Prohibition, policy: PolicySet, document: Document, place: Place) -> None:
    """A prohibition names what it keeps from passing."""
    if not row.elements and not row.categories:
        document.refuse(place, "It keeps nothing from passing.", "Name elements or categories.")
    if row.id in policy.laws:
        document.refuse((*place, "id"), f"{row.id} is a legal basis already.")
    _period(row, document, place)
    check_known(row.elements, policy.elements, document, (*place, "elements"), "data element")
    check_known(row.except_bases, policy.laws, document, (*place, "except_bases"), "legal basis")
    check_known((row.reason,), policy.reasons, document, (*place, "reason"), "reason code")
    for name in row.unless:
        _fact(name, "yes_no", policy, document, (*place, "unless"))


def check_retention_row(row: RetentionRow, policy: PolicySet, document: Document, place: Place) -> None:
    """A term of retention ends at an age or after years; `policy` is not asked."""
    _period(row, document, place)
    if (row.until_age is None) == (row.years is None):
        document.refuse(place, "Give until_age or years, and not both.")


def check_log_term(term: LogTerm, policy: PolicySet, document: Document, place: Place) -> None:
    """A term of the log is about a purpose of the same set, and no other row says how long the same is kept at the time."""
    _period(term, document, place)
    if term.purpose is not None:
        check_known((term.purpose,), policy.purposes, document, (*place, "purpose"), "purpose")
    for other in policy.log_terms.values():
        if other.id != term.id and (other.kind, other.purpose) == (term.kind, term.purpose) and other.meets(term):
            document.refuse(place, f"{other.id} says how long the same is kept.", "Leave one out, or let one end first.")


def check_party(party: Party, policy: PolicySet, document: Document, place: Place) -> None:
    """Who answers for a party is one of the set; it is in the European Economic Area, and a public body says that it is one."""
    check_known((party.controller,), policy.parties, document, (*place, "controller"), "party")
    if party.established not in _EEA:
        document.refuse(
            (*place, "established"),
            f"{party.id} lies outside the European Economic Area (GDPR 44); the hub gives nothing there.",
            "Leave the party out, or name the body in the European Economic Area that receives.",
        )
    answers = policy.parties[party.controller]
    public = party.kind in _PUBLIC or (party.kind in _A_TASK and answers.is_authority)
    if public and not party.is_authority:
        document.refuse(
            (*place, "is_authority"),
            f"A {party.kind.value} such as this is a public body: consent carries nothing to it (GDPR recital 43).",
            "Write: is_authority: true.",
        )


def check_purpose(purpose: Purpose, policy: PolicySet, document: Document, place: Place) -> None:
    """Further purposes are purposes of the same set, and none follows itself."""
    check_known(purpose.further_from, policy.purposes, document, (*place, "further_from"), "purpose")
    _period(purpose, document, place)
    before, look = set(purpose.further_from), list(purpose.further_from)
    while look:
        known = policy.purposes.get(look.pop())
        new = set() if known is None else set(known.further_from) - before
        before |= new
        look += new
    if purpose.id in before:
        document.refuse(
            (*place, "further_from"),
            f"{purpose.id} follows itself, so data could go round for ever new purposes (GDPR 5(1)(b)).",
            "Leave out the purpose that comes later.",
        )


def _fact(name: str, kind: str, policy: PolicySet, document: Document, place: Place) -> None:
    check_known((name,), policy.facts, document, place, "fact")
    found = next(fact for fact in policy.facts.values() if fact.id == name)
    if found.kind != kind:
        document.refuse(place, f"{name} is {'a date' if found.kind == 'date' else 'yes or no'}.")


def check_agreement(agreement: Agreement, policy: PolicySet, document: Document) -> None:
    """Everything that one agreement must keep by itself."""
    if not agreement.id.rpartition("/")[2].isdecimal():
        document.refuse(("id",), "An agreement is named with its version.", f"Write: {agreement.id}/1")
    if agreement.dpia.review_due <= agreement.dpia.date:
        document.refuse(("dpia", "review_due"), "The DPIA would have to be reviewed before it was made.")
    if agreement.effective.until <= agreement.effective.start:
        document.refuse(("effective",), "The agreement ends before it begins.", "Correct from or until.")
    signed = [party.id for party in agreement.parties]
    check_known(signed, policy.parties, document, ("parties",), "party")
    if len(set(signed)) != len(signed):
        document.refuse(("parties",), "A party stands here twice.")
    for number, party in enumerate(agreement.parties):
        if party.left is not None and party.left <= party.acceded:
            document.refuse(("parties", number, "left"), f"{party.id} leaves before it accedes.")
    seen: set[str] = set()
    for number, clause in enumerate(agreement.clauses):
        place = ("clauses", number)
        if not clause.id.startswith(f"{agreement.id}/"):
            document.refuse((*place, "id"), f"The id of a clause begins with {agreement.id}/.", f"Write: {agreement.id}/...")
        if clause.id in seen:
            document.refuse((*place, "id"), f"Two clauses are called {clause.id}.", "Give each a name of its own.")
        seen.add(clause.id)
        check_known((clause.record,), policy.records, document, (*place, "record"), "record kind")
        if clause.giver.home:
            document.refuse(
                (*place, "from", "home"),
                "Of the giver home asks nothing.",
                "Leave it out; set home: true at to, or name a basis with same_college.",
            )
        for key, side in (("from", clause.giver), ("to", clause.recipient)):
            _side(side, signed, policy, document, (*place, key))
        if isinstance(clause, Permit):
            _permit(clause, signed, policy, document, place)
        else:
            _forbid(clause, policy, document, place)
    for number, test in enumerate(agreement.tests):
        check_example(test, agreement, policy, document, ("tests", number))


def _side(side: Side, signed: list[Any], policy: PolicySet, document: Document, place: Place) -> None:
    if (side.kind is None) == (side.party is None):
        document.refuse(place, "Name a kind of party or a single party, and not both.")
    if not any(stands_on(policy.parties[party], side) for party in signed):
        document.refuse(
            place,
            "No party to this agreement stands on this side of the clause.",
            "Name a party of it here, or let such a party accede under parties.",
        )


def stands_on(party: Party, side: Side) -> bool:
    """Whether `party` is what one side of a clause names."""
    return party.id == side.party if side.kind is None else party.kind is side.kind


def _reasons(clause: Permit) -> Iterator[str]:
    yield clause.retention.reason
    subject = clause.subject
    yield from (need.reason for need in clause.requires)
    yield from (fact.otherwise for fact in (subject.startkwalificatie, subject.ingeschreven) if fact is not None)
    yield from (fact.otherwise for fact in subject.facts.values())
    yield from (date.otherwise for date in subject.within.values())
    if subject.onderwijssoort is not None:
        yield subject.onderwijssoort.otherwise


def _permit(clause: Permit, signed: list[Any], policy: PolicySet, document: Document, place: Place) -> None:
    check_known(clause.purposes, policy.purposes, document, (*place, "purposes"), "purpose")
    check_known((*clause.bases, *clause.reuse_of), policy.laws, document, (*place, "bases"), "legal basis")
    check_known(clause.fields, policy.elements, document, (*place, "fields"), "data element")
    check_known(clause.obligations, policy.obligations, document, (*place, "obligations"), "obligation")
    check_known(list(_reasons(clause)), policy.reasons, document, place, "reason code")
    check_known(clause.joint_controllers, policy.parties, document, (*place, "joint_controllers"), "party")
    _ages(clause.subject.age, policy, document, (*place, "subject", "age"))
    for fact in clause.subject.facts:
        _fact(fact, "yes_no", policy, document, (*place, "subject", "facts", fact))
    for fact in clause.subject.within:
        _fact(fact, "date", policy, document, (*place, "subject", "within", fact))
    informed = {policy.parties[party].kind for party in (*signed, *clause.joint_controllers)}
    if clause.duty_to_inform.who not in informed:
        document.refuse(
            (*place, "duty_to_inform", "who"),
            f"No party to this agreement is a {clause.duty_to_inform.who.value}, so nobody would tell the young person.",
            f"Name one of them: {', '.join(sorted(informed))}.",
        )
    for nth, required in enumerate(clause.requires):
        _requirement(required.statement, required.reason, policy, document, (*place, "requires", nth))
    asked = {required.statement for required in clause.requires}
    if asked & _OF_A_PERSON and all(policy.laws[basis].voice is None for basis in clause.bases):
        document.refuse(
            (*place, "requires"),
            "None of the bases says from which age a young person speaks for themselves.",
            "Add voice to the law row.",
        )
    if len(clause.purposes) != 1:
        document.refuse((*place, "purposes"), "A disclosure serves one purpose.", "Write a clause for each purpose.")
    bases = [policy.laws[basis] for basis in clause.bases]
    givers = {policy.parties[party].kind for party in signed if stands_on(policy.parties[party], clause.giver)}
    takers = [policy.parties[party] for party in signed if stands_on(policy.parties[party], clause.recipient)]
    for basis in bases:
        if not givers <= set(basis.provider_kinds) or not {party.kind for party in takers} <= set(basis.recipient_kinds):
            document.refuse(
                (*place, "bases"),
                f"{basis.id} does not carry giving by this side to that side.",
                "Name a basis whose provider_kinds hold who gives and whose recipient_kinds hold who receives.",
            )
        if basis.kind == "consent" and any(party.is_authority for party in takers):
            document.refuse(
                (*place, "bases"),
                "Consent alone carries nothing to a public body (GDPR recital 43).",
                "Name the law that gives it the task; where that law asks for instemming, add requires.",
            )
    for name, need in clause.fields.items():
        _field(clause, name, need, bases, policy, document, (*place, "fields", name))
    for number in NUMBERS:
        if (
            any(getattr(basis, number) == "required" for basis in bases)
            and ElementName(number) in policy.records[clause.record].elements
            and ElementName(number) not in clause.fields
        ):
            document.refuse((*place, "fields"), f"The law requires that {number} passes.", "Add it in its raw form.")
    if clause.geheim_adres == "passes" and not all(party.is_authority for party in takers):
        document.refuse((*place, "secret_address"), "A secret address passes to an authority only.", "Write: withheld.")
    _retention(clause, takers, policy, document, (*place, "retention"))


def _retention(clause: Permit, takers: Sequence[Party], policy: PolicySet, document: Document, place: Place) -> None:
    if clause.retention.row is None:
        return
    check_known((clause.retention.row,), policy.retentions, document, (*place, "row"), "retention row")
    row = policy.retentions[clause.retention.row]
    if {party.kind for party in takers} != {row.kind}:
        rows = [other.id for other in policy.retentions.values() if {party.kind for party in takers} == {other.kind}]
        document.refuse(
            (*place, "row"),
            f"{row.id} is the term of another kind of recipient ({row.kind.value}).",
            f"Rows of this recipient: {', '.join(rows) or 'none; add one to retentions in laws/'}.",
        )
    if row.until_age is not None and clause.retention.until_age > row.until_age:
        document.refuse((*place, "until_age"), f"The law ends it at {row.until_age} ({row.article}).", "Lower the age.")


def _field(
    clause: Permit,
    name: ElementName,
    need: Need,
    bases: Sequence[LegalBasis],
    policy: PolicySet,
    document: Document,
    place: Place,
) -> None:
    element = policy.elements[name]
    if name not in policy.records[clause.record].elements:
        document.refuse(
            place, f"{name} is no element of the record {clause.record}.", "Leave it out, or name a record that has it."
        )
    if need.form not in element.forms:
        forms = ", ".join(form.value for form in element.forms)
        now = f"Write one of: {forms}." if forms else "Leave it out: free text passes in no form."
        document.refuse((*place, "form"), f"{element.name} does not pass in the form {need.form.value}.", now)
    if element.name in NUMBERS:
        uses = {getattr(basis, element.name) for basis in bases}
        if need.form is not Form.pseudonym and "forbidden" in uses:
            document.refuse((*place, "form"), f"The law forbids {element.name} here (UAVG 46).", "Write: form: pseudonym.")
        if need.form is not Form.raw and "required" in uses:
            document.refuse((*place, "form"), f"The law requires {element.name} here (Wabb 11).", "Write: form: raw.")
    if (need.statute is not None) != (element.kind == "document") or (need.statute and need.statute not in clause.bases):
        document.refuse(
            (*place, "statute"),
            "A document passes only where statute names the clause's basis that speaks of it; nothing else has one.",
        )
    if element.only_along and not {basis.id for basis in bases} <= set(element.only_along):
        document.refuse(place, f"{name} passes along {', '.join(element.only_along)} alone.", "Leave it out of this clause.")
    sensitive = element.kind in ("special", "document") or element.inferable_health or element.category is not None
    for basis in bases:
        if sensitive and basis.art9_ground is None and element.name not in basis.names_elements:
            tells, article = (element.category and _TELLS.get(element.category)) or ("may tell about health", "GDPR 9")
            document.refuse(
                place,
                f"{element.name} {tells}, and {basis.id} gives no ground for that ({article}).",
                "Leave it out of this clause. A ground that the law does give stands in art9_ground of its row.",
            )


def _forbid(clause: Forbid, policy: PolicySet, document: Document, place: Place) -> None:
    check_known((clause.reason,), policy.reasons, document, (*place, "reason"), "reason code")
    check_known(clause.elements, policy.elements, document, (*place, "elements"), "data element")


def check_overlaps(agreements: Sequence[tuple[Agreement, Document]], policy: PolicySet) -> None:
    """One version at a time, and one permit at a time for the same giver, recipient, record, purpose and age.

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
                    f"{clause.id} and {other.id} permit the same giver and recipient the same at the same time and age.",
                    "Make one clause of them, or give them ages that do not meet.",
                )


def _compete(one: Permit, other: Permit, parties: Sequence[Party]) -> bool:
    if one.record != other.record or (one.purposes != other.purposes and one.record not in CARRIED):
        return False
    if one.subject.age.max < other.subject.age.min or other.subject.age.max < one.subject.age.min:
        return False
    return any(stands_on(party, one.giver) and stands_on(party, other.giver) for party in parties) and any(
        stands_on(party, one.recipient) and stands_on(party, other.recipient) for party in parties
    )


def check_complete(policy: PolicySet) -> None:
    """There is something that the hub carries, and every code that decisions use by themselves has its sentence."""
    if not CARRIED.keys() & policy.records.keys():
        known = ", ".join(sorted(CARRIED))
        raise Misconfigured("records has no row that the hub carries.", f"It carries {known}.", "Add what you exchange.")
    for code in sorted(codes.ALL - policy.reasons.keys()):
        raise Misconfigured(f"reasons has no row for {code}.", "Decisions give it, and every no has its why.", "Add it.")
