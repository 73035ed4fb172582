"""The Dutch words of the officer's desk for what stands in the log as codes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hub.archive import words as written
from hub.archive.words import basis as basis
from hub.archive.words import listed as listed
from hub.archive.words import party as party
from hub.archive.words import purpose as purpose
from hub.consent.explain import FORMS
from hub.consent.model import PolicySet
from hub.console.table import Badge
from hub.console.words import Tone
from hub.domain.terms import ElementName, Form, ReasonCode

_MEMBER: Final = re.compile(r"\bm-[0-9a-f]{16}\b", re.ASCII)


def named(text: str, names: Mapping[str, str]) -> str:
    """The same text with the name of every member of staff that it knows by a code, the code behind it."""
    return _MEMBER.sub(lambda found: f"{names[found[0]]} ({found[0]})" if found[0] in names else found[0], text)


KINDS: Final = written.KINDS
OUTCOMES: Final = MappingProxyType(
    {
        "waiting": Badge("Wacht op de ontvanger", Tone.note),
        "handed-over": Badge("Afgegeven", Tone.note),
        "acknowledged": Badge("Ontvangst bevestigd", Tone.ok),
        "failed": Badge("Niet gelukt", Tone.error),
        "stopped": Badge("Alsnog gestopt", Tone.warning),
        "resumed": Badge("Opnieuw klaargezet", Tone.note),
        "dropped": Badge("Niet meer verstuurd", Tone.warning),
        "refused": Badge("Geweigerd", Tone.warning),
    }
)
STATEMENTS: Final = MappingProxyType(
    {
        "instemming": "Instemming",
        "toestemming": "Toestemming",
        "bezwaar": "Bezwaar",
        "beperking": "Beperking van de verwerking",
        "contactvoorkeur": "Voorkeur voor contact",
        "raadpleging-school": "Raadpleging van de school",
    }
)
_OPERATIONS: Final = MappingProxyType(
    {
        "admit": "Gegevens beoordeeld",
        "release": "Gegevens afgegeven",
        "acknowledge": "Ontvangst bevestigd",
        "fail": "Levering mislukt",
        "stop": "Levering gestopt",
        "resume": "Levering opnieuw klaargezet",
        "drop": "Levering opgegeven",
        "evaluate": "Besluit gevraagd",
        "search-person": "Persoon opgezocht",
        "read-bundle": "Logboek opgehaald door partij",
        "witness-allow": "Getuige geworden van een logboek",
        "witness-stop": "Gestopt als getuige van een logboek",
        "witness-forked": "Logboek van een ander gesplitst",
        "witness-refused": "Getuige spreekt het logboek tegen",
        "reveal-row": "Rij zichtbaar gemaakt",
        "new-origin": "Logboek onder andere naam of sleutel",
        "export": "Logboek uitgegeven",
        "export-archive": "Archief uitgegeven",
        "export-csv": "CSV uitgegeven",
        "export-xlsx": "Excelbestand uitgegeven",
        "export-ldv": "Dataverwerkingen uitgegeven",
        "export-fsc": "FSC-transacties uitgegeven",
        "export-report": "Verslag uitgegeven",
        "export-letter": "Overzicht voor een persoon uitgegeven",
        "send-ldv": "Dataverwerkingen verstuurd",
        "confirm-ldv": "Dataverwerkingen bevestigd",
        "read-ldv": "Partner las eigen regels",
        "policy-use": "Afspraken in gebruik genomen",
        "policy-found": "Begonnen met afspraken",
        "policy-lay": "Afspraken klaargelegd",
        "policy-propose": "Afspraken voorgesteld",
        "policy-advise": "Advies van de FG",
        "policy-activate": "Voorstel in gebruik genomen",
        "policy-people": "Jongeren geteld bij een voorstel",
        "policy-replay": "Beslissingen opnieuw genomen",
        "policy-usage": "Gebruik van bepalingen geteld",
        "policy-retro": "Werklijst van leveringen uitgegeven",
        "agreement-sign": "Afspraak ondertekend",
        "agreement-suspend": "Afspraak geschorst",
        "agreement-resume": "Schorsing opgeheven",
        "agreement-end": "Afspraak beëindigd",
        "signatory-add": "Ondertekenaar toegelaten",
        "signatory-close": "Sleutel van ondertekenaar gesloten",
        "partner-add": "Systeem toegelaten",
        "partner-close": "Toegang gesloten",
        "statement-record": "Verklaring vastgelegd",
        "statement-withdraw": "Verklaring ingetrokken",
        "statement-decide": "Over een bezwaar beslist",
        "statement-end": "Verklaring geëindigd",
        "statement-read": "Verklaringen bekeken",
        "hold-open": "Bewaarplicht vastgelegd",
        "hold-lift": "Bewaarplicht opgeheven",
        "register-ask": "Register bevraagd",
        "register-refused": "Bevraging geweigerd",
        "retention-propose": "Opschonen voorgesteld",
        "redact-entries": "Inhoud gewist na de bewaartermijn",
        "prune-prefix": "Begin van het logboek verwijderd",
        "erase-ask": "Gevraagd om te vergeten",
        "erase-decline": "Niet vergeten",
        "erase-person": "Jongere vergeten",
        "erase-again": "Opnieuw vergeten",
        "person-key": "Sleutel van een jongere gegeven",
        "person-complete": "Logboek vergeleken voor één jongere",
        "sign-in": "Aangemeld",
        "read-log": "Logboek bekeken",
        "read-entry": "Regel van het logboek bekeken",
        "read-whole": "Hele logboek gelezen",
        "review-drawn": "Steekproef getrokken",
        "review-marked": "Regel van de steekproef beoordeeld",
        "review-signed": "Steekproef afgetekend",
        "notice-cause": "Aanleiding voor berichten vastgelegd",
        "notice-open": "Bericht aan ontvanger opgesteld",
        "notice-hand": "Bericht aan ontvanger afgegeven",
        "notice-acknowledge": "Bericht bevestigd",
        "notice-attest": "Bericht uitgevoerd",
        "notice-refuse": "Bericht geweigerd",
        "notice-onward": "Verdere ontvanger gemeld",
        "notice-escalate": "Bericht niet op tijd beantwoord",
        "notice-close": "Bericht afgesloten",
        "inform-record": "Jongere geïnformeerd",
        "sign-out": "Afgemeld",
        "connector-create": "Koppeling klaargezet",
        "connector-change": "Koppeling gewijzigd",
        "connector-rollback": "Koppeling teruggezet",
        "connector-credential": "Sleutel van een koppeling gegeven",
        "connector-remove": "Sleutel van een koppeling weggenomen",
        "connector-propose": "Koppeling voorgesteld",
        "connector-activate": "Koppeling geactiveerd",
        "connector-break-glass": "Koppeling zonder tweede persoon geactiveerd",
        "connector-confirm": "Koppeling achteraf bevestigd",
        "connector-pause": "Koppeling stilgezet",
        "connector-resume": "Koppeling hervat",
        "connector-end": "Koppeling beëindigd",
        "connector-test": "Verbinding van een koppeling getest",
        "connector-dry-run": "Koppeling op proef gelezen",
        "connector-sample": "Voorbeeldbestand van een koppeling gelezen",
        "connector-layout": "Kolommen van een koppeling vastgelegd",
        "hand-tie": "Account of systeem aan een medewerker gekoppeld",
        "hand-untie": "Account of systeem losgemaakt van een medewerker",
        "connector-rotate": "Sleutels van een koppeling vervangen",
        "mapping-change": "Leeswijze gewijzigd",
        "mapping-propose": "Leeswijze voorgesteld",
        "mapping-confirm": "Leeswijze achteraf bevestigd",
        "mapping-break-glass": "Leeswijze zonder tweede persoon gewijzigd",
        "mapping-sample": "Leeswijze op een voorbeeld geprobeerd",
        "layout-accept": "Andere vorm van bestanden aanvaard",
        "bounce": "Terugmelding aan een gever uitgegeven",
        "replay": "Opnieuw beoordeeld",
        "upload": "Bestand ingeleverd",
        "connector-run": "Koppeling meteen laten ophalen",
        "connector-cancel": "Ophalen van een koppeling gestopt",
        "file-again": "Bestand opnieuw ingelezen",
        "hold-recipient": "Ontvanger stilgezet",
        "free-recipient": "Ontvanger vrijgegeven",
        "try-recipient": "Ontvanger meteen opnieuw geprobeerd",
        "resume-deliveries": "Leveringen opnieuw klaargezet",
        "drop-deliveries": "Leveringen opgegeven",
        "region-move": "Overgegaan naar opvolger",
        "region-move-order": "Overgang van leveringen gevraagd",
        "region-move-confirm": "Overgang van leveringen bevestigd",
        "region-move-glass": "Overgang van leveringen alleen gedaan",
        "region-move-approve": "Overgang van leveringen achteraf bevestigd",
        "region-move-withdraw": "Overgang van leveringen ingetrokken",
        "region-move-done": "Overgang van leveringen klaar",
    }
)


def outcome(word: str) -> Badge | None:
    """How a delivery stands; None for an entry that has none."""
    return OUTCOMES.get(word, Badge(word)) if word else None


CONFIRMED: Final = "acknowledged"
"""What a recipient says of a disclosure that it has."""
LEFT: Final = ("handed-over", CONFIRMED)
"""What happened to a disclosure of which the data left, or may have: whether they arrived, the recipient alone knows."""


def operation(word: str) -> str:
    """What was done."""
    return _OPERATIONS.get(word, word)


def reason(policy: PolicySet, word: str) -> str:
    """The sentence of a reason."""
    known = policy.reasons.get(ReasonCode(word))
    return known.text_nl if known else word


def remedy(policy: PolicySet, word: str) -> str:
    """What helps against a reason; empty where the set does not know it."""
    known = policy.reasons.get(ReasonCode(word))
    return known.remedy_nl if known else ""


def element(policy: PolicySet, word: str) -> str:
    """The name of a data element, with the form that stands behind it."""
    name, _, form = word.partition(":")
    known = policy.elements.get(ElementName(name))
    label = known.label_nl if known else name
    if not form:
        return label
    return f"{label} ({_FORMS.get(form, form)})"


_FORMS: Final = MappingProxyType(
    {"raw": "zoals het is", **{form.value: text.strip(" ()") for form, text in FORMS.items() if form is not Form.raw}}
)


def who(policy: PolicySet, word: str) -> str:
    """Who can do something about a reason; empty where the set does not know it."""
    known = policy.reasons.get(ReasonCode(word))
    return known.who if known else ""


def counted(count: int, one: str, many: str) -> str:
    """`1 regel`, `3 regels`."""
    return f"{count} {one if count == 1 else many}"
