"""One part of the smallest change, as a sentence for who must act. Pure; it says what is wanted, never what a record holds."""

from __future__ import annotations

from datetime import date
from typing import Final

from hub.consent.change import (
    AddField,
    Amend,
    Answer,
    DropClause,
    FactIs,
    ForPurpose,
    FurtherFactIs,
    Lift,
    Obtain,
    OnDay,
    Revive,
    StatementsKnown,
    Through,
)
from hub.consent.explain import FORMS, dutch_date, name_of
from hub.consent.model import PolicySet
from hub.consent.remedy import Part
from hub.domain.facts import StatementKind, Voice
from hub.domain.terms import AgreementId

_FACTS: Final = {
    "age": "de leeftijd",
    "overleden": "of de jongere leeft",
    "startkwalificatie": "de startkwalificatie",
    "ingeschreven": "de inschrijving op een school",
    "indicatie_geheim": "of het adres geheim is",
    "onderwijssoort": "de soort school",
    "datum_diploma": "de datum van het diploma",
    "gemeente": "de gemeente waar de jongere woont",
    "has_bsn": "of de jongere een BSN heeft",
}
_AMENDS: Final = {
    "effective": "Laat de afspraak {title} op deze dag gelden",
    "controllership": "Leg in de afspraak {title} vast wie verantwoordelijk is",
    "processor_contract": "Leg bij de afspraak {title} de verwerkersovereenkomst vast",
    "dpia": "Herzie de DPIA bij de afspraak {title}",
    "fg_advice": "Vraag de FG opnieuw om advies over de afspraak {title}",
}
_LIFTS: Final = {
    StatementKind.bezwaar: "De verantwoordelijke beslist op het bezwaar, en gaat door als dat mag",
    StatementKind.beperking: "De beperking wordt opgeheven, als de reden ervoor weg is",
    StatementKind.contactvoorkeur: "De tijd waarin de jongere met rust gelaten wil worden, gaat voorbij",
}
_FROM: Final = {Voice.jongere: "de jongere", Voice.ouder: "een ouder of voogd", Voice.school: "de school"}


def advice(policy: PolicySet, part: Part) -> str:
    """What would have to be otherwise, with what the reason itself advises."""
    return f"{_what(policy, part)}.{_helps(policy, part)}"


def _helps(policy: PolicySet, part: Part) -> str:
    found = None if part.code is None else policy.reasons.get(part.code)
    return "" if found is None or isinstance(part.change, OnDay) else f" {found.remedy_nl}"


def _what(policy: PolicySet, part: Part) -> str:
    change = part.change
    if isinstance(change, OnDay):
        return f"Wacht tot {dutch_date(change.day)}"
    if isinstance(change, Through):
        return f"Laat de gegevens deze weg gaan: {', '.join(name_of(policy, party) for party in change.path)}"
    if isinstance(change, ForPurpose):
        return f"Vraag het voor dit doel: {policy.purposes[change.purpose].label_nl}"
    if isinstance(change, FactIs):
        begin = "Zoek uit wat niet bekend is" if part.who is not None else "Dit past niet"
        return f"{begin}: {_FACTS[change.fact]}{_wanted(change)}"
    if isinstance(change, FurtherFactIs):
        begin = "Zoek uit wat niet bekend is" if part.who is not None else "Dit past niet"
        return f"{begin}: {policy.facts[change.fact].label_nl}{_yes_no(change.value)}"
    if isinstance(change, StatementsKnown):
        return "Maak bekend wat de jongere heeft verklaard"
    if isinstance(change, Obtain):
        return _asks(policy, change)
    if isinstance(change, Lift):
        return _LIFTS[change.kind]
    if isinstance(change, Amend):
        return _amends(policy, change)
    if isinstance(change, AddField):
        label = policy.elements[change.element].label_nl
        return f"Neem {label}{FORMS[change.form]} op in {change.clause}, met een zin die zegt waarom het nodig is"
    if isinstance(change, DropClause):
        return f"De partijen halen hun verbod {change.clause} weg"
    if isinstance(change, Revive):
        return f"De afspraak {_title(policy, change.agreement)} komt weer in werking"
    assert isinstance(change, Answer)
    return f"{name_of(policy, change.party)} beantwoordt wat openstaat"


def _wanted(change: FactIs) -> str:
    if change.fact == "age":
        return f" (nodig: bijvoorbeeld {change.value} jaar)"
    if change.fact == "gemeente":
        return " (nodig: waar de ontvanger voor werkt)"
    return "" if change.fact in ("overleden", "has_bsn") else _yes_no(change.value)


def _yes_no(value: bool | int | str | date) -> str:
    if isinstance(value, bool):
        return f" (nodig: {'ja' if value else 'nee'})"
    return " (nodig: kort geleden)" if isinstance(value, date) else f" (nodig: bijvoorbeeld {value})"


def _asks(policy: PolicySet, change: Obtain) -> str:
    said = change.stated
    purposes = ", ".join(policy.purposes[purpose].label_nl for purpose in sorted(said.purposes or ()))
    parties = ", ".join(name_of(policy, party) for party in sorted(said.parties or ()))
    kind = "de raadpleging" if said.kind is StatementKind.raadpleging_school else said.kind.value
    return f"Vraag {_FROM.get(said.voice, said.voice.value)} om {kind}, voor {purposes} en voor {parties}"


def _amends(policy: PolicySet, change: Amend) -> str:
    title = _title(policy, change.agreement)
    if change.what == "accession":
        assert change.party is not None
        return f"{name_of(policy, change.party)} treedt toe tot de afspraak {title}"
    return _AMENDS[change.what].format(title=title)


def _title(policy: PolicySet, agreement: AgreementId) -> str:
    return next(signed.title for signed in policy.agreements if signed.id == agreement)
