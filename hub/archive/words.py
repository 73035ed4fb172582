"""The Dutch words of what is handed out, for what stands in the log as codes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from hub.audit.entry import NO_PURPOSE
from hub.audit.notes import OPERATION
from hub.consent.explain import FORMS, dutch_date, name_of
from hub.consent.model import PolicySet
from hub.domain.terms import BasisId, ElementName, Form, PartyId, PurposeId, ReasonCode

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "disclosure": "Verstrekking",
        "refusal": "Weigering",
        "outcome": "Verloop van een verstrekking",
        "access": "Inzage door een medewerker",
        "statement": "Verklaring van of over een jongere",
        "erasure": "Wissen",
        "prune": "Opschonen",
        "key_rotation": "Nieuwe sleutel",
        "configuration": "Instelling",
        "re_identification": "Pseudoniemen herleid",
        "export": "Uitgifte uit het logboek",
        "unreadable": "Onleesbaar",
        "redacted": "Gewist na de bewaartermijn",
    }
)
"""The closed list of kinds, and what the search index found unreadable or without its text."""
OUTCOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "handed-over": "Afgegeven",
        "acknowledged": "Ontvangst bevestigd",
        "failed": "Niet gelukt",
        "stopped": "Alsnog gestopt",
        "resumed": "Opnieuw klaargezet",
        "dropped": "Niet meer verstuurd",
    }
)
EMPTIED: Final = KINDS["redacted"]
"""Of an entry whose text retention took away; its place stays."""

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_NO_PURPOSES: Final = MappingProxyType({str(OPERATION): "Beheer van de hub", str(NO_PURPOSE): "Geen doel vastgesteld"})


def local(us: int) -> datetime:
    """The moment `us` on the clocks of Amsterdam, exact."""
    whole, rest = divmod(us, 1_000_000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest).astimezone(_AMSTERDAM)


def moment(us: int) -> str:
    """ISO 8601 with the hours that Amsterdam is ahead, to the microsecond as the log has it."""
    return local(us).isoformat(timespec="microseconds")


def day(us: int) -> str:
    """`21 november 2026`."""
    return dutch_date(local(us).date())


def at(us: int) -> str:
    """`21 november 2026, 14:05 uur`."""
    return f"{day(us)}, {local(us):%H:%M} uur"


def number(count: int) -> str:
    """`1.234`."""
    return f"{count:,}".replace(",", ".")


def listed(words: list[str]) -> str:
    """`a, b en c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} en {words[-1]}" if words else ""


def party(policy: PolicySet, word: str) -> str:
    """The name of a party; empty for none."""
    return name_of(policy, PartyId(word)) if word else ""


def purpose(policy: PolicySet, word: str) -> str:
    """The name of a purpose."""
    known = policy.purposes.get(PurposeId(word)) if word else None
    return known.label_nl if known else _NO_PURPOSES.get(word, word)


def basis(policy: PolicySet, word: str) -> str:
    """A law and its article."""
    known = policy.laws.get(BasisId(word))
    return f"{known.law.name}, {known.article}" if known else word


def reason(policy: PolicySet, word: str) -> str:
    """The sentence of a reason; the code of one that this set does not know."""
    known = policy.reasons.get(ReasonCode(word))
    return known.text_nl if known else f"De reden heeft de code {word}."


def element(policy: PolicySet, word: str) -> str:
    """A data element and the form in which it passed."""
    name, _, form = word.partition(":")
    known = policy.elements.get(ElementName(name))
    return (known.label_nl if known else name) + FORMS[Form(form or Form.raw)]


def agreement(policy: PolicySet, word: str | None) -> str:
    """The title of an agreement and its id; empty for none."""
    title = next((each.title for each in policy.agreements if each.id == word), None)
    return f"{title} ({word})" if title else word or ""
