"""Clauses and lanes as a decision reads them, made by hand: each open to `pupil`, but for what a test changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hub.consent.compile import compile_policy
from hub.consent.model import Requirement
from hub.consent.table import Answer, Asked, BasisRow, ClauseRow, DecisionTable, Lane, Variant
from hub.domain.facts import Stated, StatementKind, SubjectFacts
from hub.domain.stages import Grant
from hub.domain.terms import AgreementId, BasisId, ClauseId, ElementName, Form, PartyId, PurposeId, ReasonCode
from tests.fakes.wide import WIDE

DAY = date(2026, 11, 2)
GIVER, TAKER, NEXT = PartyId("vso-zilverbos"), PartyId("zorgaanbieder-rietzorg"), PartyId("re-integratie-opstap")
HELP, CALL = PurposeId("proef-hulp"), PurposeId("proef-bellen")
WISH, CARE, ADDRESS = ElementName("proef_wens"), ElementName("proef_zorg"), ElementName("proef_adres")
BELOW, ABOVE, LATE = ReasonCode("NOG_LEERPLICHTIG"), ReasonCode("BUITEN_DOELGROEP"), ReasonCode("BEWAARTERMIJN_VERSTREKEN")
MISSING, OTHERWISE = ReasonCode("RAADPLEGING_SCHOOL_ONTBREEKT"), ReasonCode("BESLUIT_NOEMT_NIET")
_TABLE = compile_policy(WIDE)


def pupil(*standing: Stated, **other: object) -> SubjectFacts:
    """Somebody of 19 about whom every fact is known, and of whom a clause asks nothing."""
    facts = SubjectFacts(DAY, 19, False, False, False, False, "vso", None, "9001", True, frozenset(standing))
    return facts.but(**other)


def yes(kind: StatementKind = StatementKind.toestemming, **other: Any) -> Stated:
    """A yes of the young person to what `clause` and `lane` are about."""
    return Stated(kind, **{"purposes": frozenset({HELP}), "parties": frozenset({TAKER}), **other})


def asked(kind: StatementKind = StatementKind.toestemming, self_from: int | None = 16, **other: Any) -> Asked:
    """That a gate asks for such a statement."""
    return Asked(Requirement(statement=kind, reason=MISSING, **other), self_from)


def basis(name: str = "taak", **other: Any) -> BasisRow:
    """A basis for those from 18 up to and including 22."""
    plain: dict[str, Any] = {
        "youngest": 18,
        "oldest": 22,
        "below": BELOW,
        "above": ABOVE,
        "objection_possible": True,
        "same_college": False,
        "asks": None,
    }
    return BasisRow(BasisId(name), **{**plain, **other})


def clause(name: str = "een", **other: Any) -> ClauseRow:
    """A clause on one basis that asks nothing further, about those from 16 up to and including 26; three fields pass."""
    fields: dict[str, Any] = {
        "purpose": HELP,
        "outreach": False,
        "further_from": frozenset({HELP}),
        "shut": (),
        "bases": (basis(),),
        "reuse_of": frozenset(),
        "home": False,
        "youngest": 16,
        "oldest": 26,
        "below": BELOW,
        "above": ABOVE,
        "startkwalificatie": None,
        "ingeschreven": None,
        "onderwijssoort": None,
        "facts": (),
        "within": (),
        "requires": (),
        "despite_restriction": None,
        "asks_secret": False,
        "asks_number": False,
        "until_age": 30,
        "too_late": LATE,
        **other,
    }

    def given(variant: Variant) -> Grant:
        return grant(fields["purpose"], variant, name)

    return ClauseRow(ClauseId(name), AgreementId("proef/1"), grant=given, **fields)


def grant(purpose: PurposeId = HELP, variant: Variant | None = None, name: str = "een") -> Grant:
    """What passes of the three fields: those that are not cut, that the statements name and that the giver received."""
    variant = variant or Variant((BasisId("taak"),), True, False, (), None, None)
    cuts = dict(variant.cuts)
    passing = {WISH, CARE, ADDRESS} - cuts.keys()
    if variant.stated is not None:
        passing &= variant.stated
    if variant.received is not None:
        passing &= dict(variant.received.fields).keys()
    return Grant(
        agreement=AgreementId("proef/1"),
        clause=ClauseId(name),
        purpose=purpose,
        processing_activity="https://verwerkingen.example/1",
        bases=variant.bases,
        fields=tuple((each, Form.raw) for each in (WISH, CARE, ADDRESS) if each in passing),
        withheld=variant.cuts,
        obligations=(),
        retention="P1Y",
        policy=WIDE.hash,
        personal=_TABLE.personal.intersection(cuts.values()),
    )


def answer(given: Grant | None = None, **other: Any) -> Answer:
    """What an earlier party was answered: this grant, or a refusal."""
    plain: dict[str, Any] = {"next_age": None, "clause": None, "purpose": None, "agreement": None, "reasons": ()}
    return Answer(given, **{**plain, "personal": frozenset(), "received": None, **other})


def lane(*clauses: ClauseRow, **other: Any) -> Lane:
    """All between the giver and the taker: these clauses."""
    plain: dict[str, Any] = {
        "recipient": TAKER,
        "addressed": frozenset({GIVER, TAKER}),
        "silent": False,
        "unknown": (),
        "one_purpose": len({each.purpose for each in clauses}) == 1,
        "clauses": clauses,
        "forbids": (),
        "bars": (),
        "giver_area": frozenset({"9001", "9002"}),
        "recipient_area": frozenset({"9001", "9003"}),
        "until": date(2030, 1, 1),
        "borders": (),
        "diploma_of": frozenset(),
        "asks": frozenset(),
    }
    return Lane(**{**plain, **other})


def table(*lanes: Lane) -> DecisionTable:
    """A table of these lanes, from each giver to each recipient by the recipient's name, for every day and purpose."""
    by_recipient = {each.recipient: each for each in lanes}
    return replace(_TABLE, open_lane=lambda key: by_recipient[key[1]], lanes={})
