"""What a receipt of a statement says: its fields in the words of ISO/IEC TS 27560, and sentences for who takes it home. Pure.

Where the young person's whereabouts are kept from a representative, a receipt of what that representative said names no
recipient, controller or place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from hub.clock import legal_date, rfc3339
from hub.consent.explain import dutch_date, name_of
from hub.consent.model import Permit, PolicySet
from hub.consent.statement import Channel, Event, What
from hub.domain.facts import YES, StatementKind, Voice
from hub.domain.terms import Micros, PartyId
from hub.statements.receipt import Receipt, ReceiptKind, Receipts

_STATES: Final = {
    What.requested: "dpv:ConsentRequested",
    What.given: "dpv:ConsentGiven",
    What.refused: "dpv:ConsentRefused",
    What.reaffirmed: "dpv:RenewedConsentGiven",
    What.scope_changed: "dpv:ConsentGiven",
    What.withdrawn: "dpv:ConsentWithdrawn",
    What.expired: "dpv:ConsentExpired",
    What.invalidated: "dpv:ConsentInvalidated",
    What.proxy_ended: "dpv:ConsentExpired",
    What.upheld: "dpv:RequestAccepted",
    What.rejected: "dpv:RequestRejected",
}
_RIGHTS: Final = [f"eu-gdpr:A{article}" for article in ("7-3", "15", "16", "17", "18", "21", "77")]
KINDS: Final = {
    StatementKind.instemming: "instemming",
    StatementKind.toestemming: "toestemming",
    StatementKind.bezwaar: "bezwaar",
    StatementKind.beperking: "verzoek om beperking",
    StatementKind.contactvoorkeur: "voorkeur voor contact",
    StatementKind.raadpleging_school: "raadpleging van de school",
}
VOICES: Final = {
    Voice.jongere: "de jongere zelf",
    Voice.ouder: "een ouder met gezag",
    Voice.voogd: "de voogd",
    Voice.curator: "de curator",
    Voice.bewindvoerder: "de bewindvoerder",
    Voice.mentor: "de mentor",
    Voice.school: "de school",
}
CHANNELS: Final = {
    Channel.digid: "met DigiD",
    Channel.papier: "op papier",
    Channel.balie: "aan de balie",
    Channel.telefoon: "door de telefoon",
    Channel.brief: "in een brief",
}
HAPPENED: Final = {
    What.requested: "gevraagd",
    What.given: "gegeven",
    What.refused: "geweigerd",
    What.reaffirmed: "opnieuw bevestigd",
    What.scope_changed: "beperkt tot een deel",
    What.withdrawn: "ingetrokken",
    What.expired: "verlopen",
    What.invalidated: "vervallen",
    What.proxy_ended: "geëindigd, omdat de jongere nu zelf beslist",
    What.upheld: "toegewezen",
    What.rejected: "afgewezen",
}
_HELD_BACK: Final = "Op dit bewijs staat niet bij wie en waar, om de jongere te beschermen."


@dataclass(frozen=True, slots=True)
class Slip:
    """A receipt to print: a headline, facts by their term, and how to go back on it."""

    headline: str = field(repr=False)
    facts: tuple[tuple[str, str], ...] = field(repr=False)
    way_back: tuple[str, ...]
    receipt: Receipt


def prove(receipts: Receipts, policy: PolicySet, event: Event) -> Slip:
    """The receipt of one event of a statement, signed and in sentences."""
    kind = ReceiptKind.withdrawal if event.what in (What.withdrawn, What.scope_changed) else ReceiptKind.statement
    signed = receipts.receipt(
        kind, event.statement_id, bytes.fromhex(event.tag), Micros(event.recorded_us), _fields(policy, event)
    )
    day = dutch_date(legal_date(Micros(event.event_us)))
    headline = f"Op {day} is een {KINDS[event.kind]} {HAPPENED[event.what]}."
    return Slip(headline, tuple(_facts(policy, event)), tuple(_way_back(policy, event)), signed)


def _shielded(event: Event) -> bool:
    return event.shielded and event.voice is not Voice.jongere


def _facts(policy: PolicySet, event: Event) -> Iterator[tuple[str, str]]:
    scope, evidence, shielded = event.scope, event.evidence, _shielded(event)
    yield "Wie sprak", VOICES[event.voice].capitalize()
    if evidence is not None:
        yield "Hoe", CHANNELS[evidence.channel].capitalize()
    purposes = "; ".join(policy.purposes[each].label_nl for each in sorted(scope.purposes or ()) if each in policy.purposes)
    yield "Waarvoor", purposes or ("Niets meer" if event.kind in YES and event.what is What.withdrawn else "Alle doelen")
    if not shielded:
        parties = "; ".join(name_of(policy, PartyId(each)) for each in sorted(scope.parties or ()))
        yield "Aan wie" if event.kind in YES else "Bij wie", parties or "Alle organisaties die hierbij horen"
        yield "Vastgelegd door", name_of(policy, event.party)
    else:
        yield "Bij wie", _HELD_BACK
    if scope.elements:
        labels = [policy.elements[each].label_nl for each in sorted(scope.elements) if each in policy.elements]
        yield "Welke gegevens", ", ".join(labels)
    if event.what in (What.given, What.reaffirmed):
        yield "Geldt vanaf", dutch_date(event.day)
        end = min((each for each in (event.until, event.proxy_until) if each is not None), default=None)
        yield "Geldt tot", "U dit intrekt" if end is None else dutch_date(end)
    if evidence is not None and evidence.notice is not None:
        yield "Tekst die is getoond", f"{evidence.notice.id}, versie {evidence.notice.version}"
        yield "Kenmerk van die tekst (SHA-256)", evidence.notice.sha256


def _way_back(policy: PolicySet, event: Event) -> Iterator[str]:
    where = "de organisatie waar u dit zei" if _shielded(event) else name_of(policy, event.party)
    if event.what in (What.withdrawn, What.scope_changed):
        yield "Wat u introk, geldt vanaf nu niet meer. Wat daarvoor is gegeven, was toen toegestaan."
        yield "Wie uw gegevens alleen hierdoor kreeg, krijgt bericht en moet laten weten wat er met die gegevens is gedaan."
        return
    yield "U kunt hier altijd op terugkomen. Dat is net zo makkelijk als het geven."
    yield f"Zeg het bij {where}, of bij de privacyfunctionaris. U kunt dit bewijs laten zien; het hoeft niet."
    yield "U hoeft niet te zeggen waarom. Het geldt meteen, ook voor gegevens die klaarliggen om te versturen."
    if event.kind is StatementKind.bezwaar:
        yield "Zolang over uw bezwaar niet is beslist, mogen uw gegevens hiervoor niet worden gebruikt (AVG, artikel 18)."


def _fields(policy: PolicySet, event: Event) -> dict[str, Any]:
    """The fields of the GDPR profile, but for the header."""
    shielded, scope = _shielded(event), event.scope
    parties = [] if shielded else [policy.parties[each] for each in sorted(scope.parties or ()) if each in policy.parties]
    controllers = dict.fromkeys(party.controller for party in parties)
    clauses = list(_clauses(policy, event))
    named = scope.elements or dict.fromkeys(name for clause in clauses for name in clause.fields)
    elements = [policy.elements[name] for name in named if name in policy.elements]
    evidence = event.evidence
    notice = None if evidence is None else evidence.notice
    return {
        "privacy_notice": None
        if notice is None
        else {"@type": "dpv:ConsentNotice", "label": notice.id, "version": notice.version, "sha256": notice.sha256},
        "purpose": [
            {"@type": "dpv:Purpose", "@id": row.processing_activity, "label": row.label_nl, "explanation": row.plain_nl}
            if not shielded
            else {"@type": "dpv:Purpose", "label": row.label_nl}
            for each in sorted(scope.purposes or ())
            if (row := policy.purposes.get(each)) is not None
        ],
        "lawful_basis": "eu-gdpr:A6-1-a" if event.kind is StatementKind.toestemming else "eu-gdpr:A6-1-e",
        "pii_information": [
            {
                "@type": "dpv:SpecialCategoryPersonalData" if row.kind == "special" else "dpv:PersonalData",
                "party_id": str(row.name),
                "label": row.label_nl,
            }
            for row in elements
        ],
        "pii_controllers": [
            {
                "@type": "dpv:DataController",
                "party_id": str(each),
                "party_name": policy.parties[each].name,
                "party_contact": policy.parties[each].privacy_contact,
            }
            for each in controllers
        ],
        "recipient_third_parties": [
            {"@type": "dpv:Recipient", "party_id": str(party.id), "party_name": party.name, "party_role": "dpv:Recipient"}
            for party in parties
        ],
        "collection_method": None if evidence is None else evidence.channel.value,
        "processing_method": ["dpv:Disclose"],
        "storage_locations": "EU",
        "geographic_restrictions": "EU",
        "retention_period": sorted({clause.retention.text_nl for clause in clauses}),
        "withdrawal_method": {"@type": "dpv:WithdrawConsent", "explanation": " ".join(_way_back(policy, event))},
        "privacy_rights": _RIGHTS,
        "authority_party": {
            "@type": "dpv:Authority",
            "party_name": "Autoriteit Persoonsgegevens",
            "party_contact": "https://autoriteitpersoonsgegevens.nl",
        },
        "event": {
            "event_type": event.kind.value,
            "event_state": _STATES[event.what],
            "event_time": rfc3339(Micros(event.event_us)),
            "entity_id": "dpv:DataSubject" if event.voice is Voice.jongere else "dpv:Representative",
            "validity_duration": {"from": event.day, "until": event.until},
        },
        "elements_limited": scope.elements is not None,
    }


def _clauses(policy: PolicySet, event: Event) -> Iterator[Permit]:
    """The permits that this yes is about; none for what shuts, which is about whatever there is."""
    purposes, parties = event.scope.purposes or frozenset(), event.scope.parties or frozenset()
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            side = clause.recipient
            if (
                isinstance(clause, Permit)
                and not purposes.isdisjoint(clause.purposes)
                and any(
                    each == side.party or policy.parties[each].kind is side.kind for each in parties if each in policy.parties
                )
            ):
                yield clause
