"""Records and verdicts as the pure steps take them, about invented young people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

from hub.consent.facts import subject_facts
from hub.domain.facts import SubjectFacts
from hub.domain.personal import Personal
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import Candidate, Canonical, Grant, Permitted, Refused, Row
from hub.domain.terms import (
    AgreementId,
    BasisId,
    ClauseId,
    ElementName,
    Form,
    PartyId,
    PolicyHash,
    PurposeId,
    ReasonCode,
)
from tests import canary

DAY = date(2026, 11, 2)
_FULL: dict[str, Any] = {
    "bsn": canary.BSN,
    "geslachtsnaam": "Verzonnen",
    "voorvoegsel": "van",
    "voornamen": "Bo Kim",
    "geslacht": "X",
    "geboortedatum": "2007-05-04",
    "straatnaam": "Nergensstraat",
    "huisnummer": 12,
    "huisnummertoevoeging": "B",
    "postcode": "1234AB",
    "woonplaats": "Aldermeer",
    "gemeente": "9001",
    "indicatie_geheim": False,
    "telefoonnummer": "0612345678",
    "brin": "98ZZ",
    "vestigingscode": "01",
    "onderwijssoort": "mbo",
    "opleidingscode": "25180",
    "datum_inschrijving": "2024-08-01",
    "datum_uitschrijving": "2026-09-30",
    "reden_uitval": "4",
    "startkwalificatie": False,
    "opmerking": "Vrije tekst.",
}


def full_record(**other: Any) -> Uitvalmelding:
    """A record with (nearly) every field; None drops one."""
    values = {name: value for name, value in {**_FULL, **other}.items() if value is not None}
    return Uitvalmelding.model_validate_json(orjson.dumps(values))


def canonical(record: Uitvalmelding | None = None) -> Canonical:
    """The record as step 2 gives it."""
    return Canonical(record or full_record(), Row(1, Personal(None), Personal(b"")))


def facts(record: Uitvalmelding) -> SubjectFacts:
    """What the gates know about it."""
    return subject_facts(record, DAY, frozenset())


def grant(fields: Mapping[str, Form], purpose: str = "begeleiding", agreement: str = "duo-doorstroompunt/1") -> Grant:
    """A grant of these fields, in this order."""
    return Grant(
        agreement=AgreementId(agreement),
        clause=ClauseId(f"{agreement}/uitval"),
        purpose=PurposeId(purpose),
        processing_activity="https://verwerkingen.example/1",
        bases=(BasisId("wro-21-1"),),
        fields=tuple((ElementName(name), form) for name, form in fields.items()),
        withheld=(),
        obligations=(),
        retention="P2Y",
        policy=PolicyHash("0123456789abcdef" * 4),
    )


def candidate(recipient: str = "doorstroompunt-a") -> Candidate:
    """That recipient, from the source itself."""
    return Candidate(PartyId(recipient), PartyId("duo"), (PartyId("duo"), PartyId(recipient)))


def permitted(record: Canonical, given: Grant, recipient: str = "doorstroompunt-a") -> Permitted:
    """The verdict that lets the grant pass."""
    return Permitted(record, candidate(recipient), given, date(2030, 1, 1))


def refused(record: Canonical, *reasons: str, personal: tuple[str, ...] = (), recipient: str = "werk-en-inkomen-a") -> Refused:
    """The verdict that lets nothing pass."""
    return Refused(
        canonical=record,
        candidate=candidate(recipient),
        purpose=None,
        agreement=None,
        reasons=tuple(ReasonCode(code) for code in reasons),
        personal=frozenset(ReasonCode(code) for code in personal),
        policy=PolicyHash("0123456789abcdef" * 4),
    )
