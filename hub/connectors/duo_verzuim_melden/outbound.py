"""A delivery to a message for DUO, and DUO's answer to what it says. Pure.

Of an answer only three things count: that it is about this delivery, that it was taken, or by which known code it was not. Its
words, and the number that DUO gives a report, stay here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from hub.connector import Rejected
from hub.domain.stages import Delivered
from hub.domain.terms import ReasonCode

NEW: Final = "MeldenRelatiefVerzuim"
CHANGED: Final = "MutatieMeldingRelatiefVerzuim"
FORM: Final = ReasonCode("VORM_ONGELDIG")
NO_REASON: Final = ReasonCode("GEEN_REDEN")
REASONS: Final[Mapping[str, ReasonCode]] = MappingProxyType(
    {
        "PERSOON_ONBEKEND": ReasonCode("NIET_VERWERKBAAR"),
        "MELDING_ONBEKEND": ReasonCode("NIET_VERWERKBAAR"),
        "INSTELLING_NIET_BEVOEGD": ReasonCode("NIET_BEVOEGD"),
        "GEEN_WOONGEMEENTE": ReasonCode("BUITEN_WERKGEBIED"),
        "BERICHT_ONGELDIG": FORM,
    }
)
"""Why DUO does not take a report, in the hub's words. DUO's own codes are not public; the keys are ours until they are."""
_REFERENCE: Final = "identificatiecodeBedrijfsdocument"
_TAKEN: Final = ("DC0018LeveringNummerMeldingRelatiefVerzuim", "DC0001Bevestiging")
_FAULT: Final = "DC0002Foutmelding"
_DAYS: Final = "verzuimdagen"


def message_of(delivered: Delivered) -> tuple[str, dict[str, Any]]:
    """The operation and its body. A report that has a number at DUO is a later state of one. Raises `Rejected`."""
    held: Any = json.loads(delivered.payload.reveal())
    if delivered.record_kind != "verzuimmelding" or not isinstance(held, dict):
        raise not_written()
    report = {name: value for name, value in held.items() if name != _DAYS}
    if days := held.get(_DAYS):
        report["verzuimdag"] = [
            {"datum": day["datum"], "heledag": day["heleDag"], "lesuur": list(day.get("lesuren", ()))} for day in days
        ]
    body = {_REFERENCE: str(delivered.delivery_id), "melding": report}
    return CHANGED if "meldingsnummer" in held else NEW, body


def refusal_in(delivered: Delivered, answer: Mapping[str, Any]) -> ReasonCode | None:
    """Why DUO did not take it; None where it did. Raises ValueError where the answer says neither, or of another delivery."""
    for name in _TAKEN:
        if name in answer:
            _about(delivered, answer[name])
            return None
    return REASONS.get(str(_about(delivered, answer.get(_FAULT)).get("foutcode")), NO_REASON)


def _about(delivered: Delivered, document: object) -> Mapping[str, Any]:
    if not isinstance(document, Mapping) or document.get(_REFERENCE) != str(delivered.delivery_id):
        raise ValueError("an answer about something else")
    return document


def not_written() -> Rejected:
    """The error for a delivery that cannot be said in a message of the register."""
    return Rejected(
        FORM,
        "A report cannot be written for the register.",
        "It is of another kind, or holds something in a form that the service does not know.",
        "Compare the clause for DUO with the form of this connector.",
    )
