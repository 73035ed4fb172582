"""What the tests beside an agreement may ask and expect, and that a name in a policy file is one of its set. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from hub.consent.given import Example, GivenStatement
from hub.consent.model import Agreement, PolicySet
from hub.domain.rulebook import Document, Place
from hub.domain.rulefault import mend_name

_WHERE: Final = {
    "reason code": "reasons/ or under brings",
    "legal basis": "laws/ or under brings",
    "data element": "elements/ or under brings",
    "record kind": "records/ or under brings",
    "fact": "facts/ or under brings",
    "purpose": "purposes/ or under brings",
    "obligation": "obligations/ or under brings",
    "retention row": "retentions in laws/ or under brings",
    "party": "parties.yaml or under brings",
}
"""Where a row of each sort stands."""
_OLDEST: Final = 120


def check_known(names: Collection[str], table: Collection[Any], document: Document, place: Place, what: str) -> None:
    """Every name is one of `table`. Raises errors.Misconfigured where one is not, with the nearest that is."""
    for name in names:
        if name not in table:
            add = f"Mend the name, or add a row to {_WHERE[what]}."
            document.refuse(document.find(place, name), f"{name} is no {what} of this policy set.", mend_name(name, table, add))


def check_example(test: Example, agreement: Agreement, policy: PolicySet, document: Document, at: Place) -> None:
    """A test asks about what the set knows, and expects what a decision can be. Raises errors.Misconfigured."""
    check_known((*test.reasons, *test.withheld.values()), policy.reasons, document, at, "reason code")
    check_known((*test.passes, *test.forms, *test.withheld), policy.elements, document, at, "data element")
    check_known(test.path, policy.parties, document, (*at, "path"), "party")
    check_known(test.given.facts, policy.facts, document, (*at, "given", "facts"), "fact")
    if test.given.age is not None and not 0 <= test.given.age <= _OLDEST:
        document.refuse((*at, "given", "age"), f"Nobody is {test.given.age} years old.", "Correct the age.")
    if test.given.gemeente is not None and not (test.given.gemeente.isdecimal() and len(test.given.gemeente) == 4):
        now = 'Write the code of four digits, such as "9001", or null.'
        document.refuse((*at, "given", "gemeente"), f"{test.given.gemeente} is no code of a gemeente.", now)
    for said in test.given.standing or ():
        if isinstance(said, GivenStatement):
            check_known(said.purposes or (), policy.purposes, document, (*at, "given", "standing"), "purpose")
            check_known(said.parties or (), policy.parties, document, (*at, "given", "standing"), "party")
    if test.reasons if test.expect == "permit" else test.passes or test.forms:
        document.refuse((*at, "expect"), "A permit has no reasons, and of a deny nothing passes.", "Correct what is expected.")
    for name, form in test.forms.items():
        if form not in policy.elements[name].forms:
            document.refuse((*at, "forms", name), f"{name} never passes as {form.value}.")
    for fact, value in test.given.facts.items():
        if value is not None and isinstance(value, bool) != (policy.facts[fact].kind == "yes_no"):
            wanted = "a date, such as 2026-11-02" if policy.facts[fact].kind == "date" else "true or false"
            document.refuse((*at, "given", "facts", fact), f"{fact} is {wanted}, or null when nobody knows.")
    kinds = {clause.record for clause in agreement.clauses}
    if test.record is None and len(kinds) > 1:
        document.refuse(at, "The agreement is about several record kinds.", "Say which: record.")
    if test.record is not None:
        check_known((test.record,), policy.records, document, (*at, "record"), "record kind")
    record = policy.records[test.record or agreement.clauses[0].record]
    for part, names in (("passes", test.passes), ("forms", test.forms), ("withheld", test.withheld)):
        for name in names:
            if name not in record.elements:
                document.refuse((*at, part), f"{name} is no element of {record.id}.", "Ask about what such a record holds.")
    if test.purpose is not None:
        check_known((test.purpose,), policy.purposes, document, (*at, "purpose"), "purpose")
