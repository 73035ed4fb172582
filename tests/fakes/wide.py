"""A policy set in which everything occurs that a clause can say: the shipped one with an agreement of no practice at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from hub.consent.model import Agreement, PolicySet
from hub.consent.policy import read_policy
from hub.consent.question import Question
from hub.domain.facts import Stated, StatementKind, SubjectFacts
from hub.domain.terms import FactName, PartyId, PurposeId, RecordKind

_HERE = Path(__file__).parent
_POLICY = _HERE.parents[1] / "schemas" / "policy"
_FILES = {file.relative_to(_POLICY).as_posix(): file.read_text("utf-8") for file in _POLICY.rglob("*.yaml")}

WIDE: PolicySet = replace(
    read_policy({**_FILES, "agreements/proef.v1.yaml": (_HERE / "wide.yaml").read_text("utf-8")}),
    prohibitions={},  # a property draws its own
)
OWN: Agreement = next(agreement for agreement in WIDE.agreements if agreement.id == "proef/1")
CARD = RecordKind("proefkaart")
SCHOOL, CARE, WORK = PartyId("vso-zilverbos"), PartyId("zorgaanbieder-rietzorg"), PartyId("re-integratie-opstap")
HELP, CALL = PurposeId("proef-hulp"), PurposeId("proef-bellen")
LAST, END = FactName("proef_laatste_jaar"), FactName("proef_einde")
DAY = date(2026, 11, 2)


def yes(kind: StatementKind = StatementKind.toestemming, **other: object) -> Stated:
    """A yes of the young person for everything that the wide agreement is about, but for what is `other`."""
    whole: dict[str, object] = {"purposes": frozenset({HELP, CALL}), "parties": frozenset({CARE, WORK})}
    return Stated(kind, **{**whole, **other})  # type: ignore[arg-type]  # by name


def someone(*standing: Stated, **other: object) -> SubjectFacts:
    """A pupil of 19 in the last year of vso, whom the wide agreement is about, but for what is `other`."""
    facts = SubjectFacts(DAY, 19, False, False, False, False, "vso", None, "9001", True, frozenset(standing))
    return facts.but(**{"more": frozenset({(LAST, True), (END, date(2026, 7, 1))}), **other})


def to_care(facts: SubjectFacts, purpose: PurposeId | None = HELP) -> Question:
    """May the school give the card of this pupil to the care provider?"""
    return Question(CARD, (SCHOOL, CARE), facts, purpose)
