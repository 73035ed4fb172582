"""The form of a statement: read strictly, and what is wrong with it said in Dutch without a value. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from hub.consent.model import PolicySet
from hub.consent.statement import AUTHORITY, Channel, Notice, Scope, What
from hub.console.form import Fields
from hub.domain.facts import StatementKind, Voice
from hub.domain.staff import StaffId
from hub.domain.terms import PartyId, PurposeId, Term
from hub.statements.proof import CHANNELS, KINDS, VOICES
from hub.statements.said import Said, Spoken

Wrong = list[tuple[str, str]]
"""What is wrong: the field, and a sentence."""
CONSENTS: Final = frozenset({StatementKind.instemming, StatementKind.toestemming})
PLAIN: Final = (
    "soort",
    "antwoord",
    "ook_bezwaar",
    "stem",
    "hoe",
    "partij",
    "gezegd_op",
    "van",
    "tot",
    "tekst_naam",
    "opnieuw",
)
"""The fields that say nothing about whose statement it is: they are filled in again when something is wrong."""
_ASKED: Final = ("given", "refused", "requested")
_NOTICE: Final = re.compile(r"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)/([A-Za-z0-9][A-Za-z0-9.-]{0,31})", re.ASCII)
_E = TypeVar("_E", bound=StrEnum)


def options(policy: PolicySet) -> dict[str, list[tuple[str, str]]]:
    """What there is to choose from, per field; the first of each says that nothing is chosen yet."""
    parties = sorted(policy.parties.values(), key=lambda party: party.name)
    return {
        "soort": [("", "Kies een soort"), *((kind.value, label.capitalize()) for kind, label in KINDS.items())],
        "stem": [("", "Kies wie dit zegt"), *((voice.value, label.capitalize()) for voice, label in VOICES.items())],
        "hoe": [("", "Kies hoe"), *((channel.value, label.capitalize()) for channel, label in CHANNELS.items())],
        "partij": [("", "Kies een organisatie"), *((str(party.id), party.name) for party in parties)],
        "antwoord": [
            ("given", "Ja, of: zo wil ik het"),
            ("refused", "Nee"),
            ("requested", "Nog geen antwoord: alleen gevraagd"),
        ],
        "ook_bezwaar": [
            ("", "Kies een antwoord"),
            ("ja", "Ja, ook een bezwaar"),
            ("nee", "Nee, alleen voorlopig geen contact"),
        ],
        "doelen": [(str(row.id), row.label_nl) for row in sorted(policy.purposes.values(), key=lambda row: row.label_nl)],
        "partijen": [(str(party.id), party.name) for party in parties],
    }


def read_spoken(policy: PolicySet, form: Fields, by: StaffId, wrong: Wrong) -> Spoken | None:
    """Who spoke and how; what is missing is added to `wrong`. The member of staff who fills it in checked who it was."""
    voice, channel = _chosen(Voice, form.one("stem")), _chosen(Channel, form.one("hoe"))
    party = form.one("partij")
    happened = _day(form, "gezegd_op", "de dag waarop dit is gezegd", wrong)
    if voice is None:
        wrong.append(("stem", "Kies wie dit zegt."))
    if channel is None:
        wrong.append(("hoe", "Kies hoe dit is gezegd."))
    if party not in policy.parties:
        wrong.append(("partij", "Kies de organisatie waar dit is gezegd."))
    authority = AUTHORITY.get(voice) if voice is not None else None
    reference = form.one("kenmerk")
    if authority is not None and "kenmerk" in form and not reference:
        wrong.append(("kenmerk", "Vul het kenmerk in van het bewijs dat deze persoon voor de jongere mag spreken."))
    if voice is None or channel is None or party not in policy.parties:
        return None
    return Spoken(PartyId(party), voice, channel, Term(by), happened, authority if reference else None, reference)


def read_said(policy: PolicySet, form: Fields, by: StaffId, today: date, wrong: Wrong) -> Said | None:
    """The statement; what is wrong with it is added to `wrong`."""
    kind = _chosen(StatementKind, form.one("soort"))
    if kind is None:
        wrong.append(("soort", "Kies wat voor verklaring het is."))
    what = What(form.one("antwoord")) if form.one("antwoord") in _ASKED else What.given
    spoken = read_spoken(policy, form, by, wrong)
    scope = _scope(policy, form)
    begins, ends = _day(form, "van", "de eerste dag", wrong), _day(form, "tot", "de dag waarop het ophoudt", wrong)
    born = _day(form, "geboren", "de geboortedatum", wrong)
    wrong += _missing(kind, what, scope, form, born, ends)
    notice = _notice(form, wrong)
    again = _id(form.one("opnieuw"), wrong)
    if wrong or kind is None or spoken is None:
        return None
    return Said(
        kind,
        scope,
        spoken,
        begins or spoken.happened or today,
        ends,
        what,
        notice,
        born,
        "afgeschermd" in form,
        {"ja": True, "nee": False}.get(form.one("ook_bezwaar")),
        again,
    )


def _missing(
    kind: StatementKind | None, what: What, scope: Scope, form: Fields, born: date | None, ends: date | None
) -> Iterator[tuple[str, str]]:
    if kind in CONSENTS and (scope.purposes is None or scope.parties is None):
        yield "doelen", "Kies ten minste één doel en één organisatie: een ja telt alleen voor wat het noemt."
    if kind in CONSENTS and what is What.given:
        if born is None:
            yield (
                "geboren",
                "Vul de geboortedatum in. Wie ja mag zeggen, hangt af van de leeftijd. De datum wordt niet bewaard.",
            )
        if not form.one("tekst_naam") or not form.text("tekst").strip():
            yield "tekst_naam", "Vul in welke tekst is getoond, en de tekst zelf."
    if kind is StatementKind.contactvoorkeur:
        if ends is None:
            yield "tot", "Vul in vanaf welke dag iemand het weer mag vragen."
        if form.one("ook_bezwaar") not in ("ja", "nee"):
            yield "ook_bezwaar", "Vraag of het ook een bezwaar is, en vul het antwoord in."


def _scope(policy: PolicySet, form: Fields) -> Scope:
    purposes = frozenset(PurposeId(each) for each in form.all("doelen") if each in policy.purposes)
    parties = frozenset(PartyId(each) for each in form.all("partijen") if each in policy.parties)
    return Scope(purposes=purposes or None, parties=parties or None)


def _notice(form: Fields, wrong: Wrong) -> Notice | None:
    name, text = form.one("tekst_naam"), form.text("tekst")
    if not name or not text.strip():
        return None
    found = _NOTICE.fullmatch(name)
    if found is None:
        wrong.append(("tekst_naam", "Schrijf de naam van de tekst als naam/versie, bijvoorbeeld uitleg-hulp/3."))
        return None
    return Notice(id=Term(found[1]), version=found[2], sha256=hashlib.sha256(text.encode()).hexdigest())


def _chosen(kind: type[_E], word: str) -> _E | None:
    return next((each for each in kind if each.value == word), None)


def _day(form: Fields, name: str, what: str, wrong: Wrong) -> date | None:
    text = form.one(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong.append((name, f"Dit is geen datum. Schrijf {what} als jjjj-mm-dd."))
        return None


def _id(text: str, wrong: Wrong) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        wrong.append(("opnieuw", "Dit is geen kenmerk van een verklaring. Neem het over van het ontvangstbewijs."))
        return None
