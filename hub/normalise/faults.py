"""From pydantic's errors to our faults: a place by its published name and a reason code, never a value.

A fault's place is made of field names of our own models only. A key that the sender invented is input like any other, so it is
never repeated: its place reads `?`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from hub.errors import Fault, Malformed

ROW: Final = "rij"
"""The place of a fault that is about a row as a whole."""

_UNNAMED: Final = "?"
_FIELD: Final = re.compile(r"[A-Za-z_]{1,40}", re.ASCII)

_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "VERPLICHT_VELD_LEEG",
        "string_too_short": "VERPLICHT_VELD_LEEG",
        "string_too_long": "TE_LANG",
        "too_long": "TE_LANG",
        "string_unicode": "TEKEN_ONGELDIG",
        "literal_error": "CODE_ONBEKEND",
        "extra_forbidden": "VELD_ONBEKEND",
        "invalid_key": "VELD_ONBEKEND",
        "date_type": "DATUM_ONGELDIG",
        "date_parsing": "DATUM_ONGELDIG",
        "date_from_datetime_parsing": "DATUM_ONGELDIG",
        "date_from_datetime_inexact": "DATUM_ONGELDIG",
        "bsn_invalid": "BSN_ONGELDIG",
        "onderwijsnummer_invalid": "ONDERWIJSNUMMER_ONGELDIG",
        "pgn_one_of_two": "PGN_EEN_VAN_TWEE",
        "dates_out_of_order": "DATUM_VOLGORDE",
        "status_abolished": "STATUS_VERVALLEN",
        "json_invalid": "RIJ_ONVOLLEDIG",
    }
)
_ORDER: Final = "dates_out_of_order"
"""Its message begins with the field that lies before another."""
# The one pattern that says which characters a text may hold, and not which shape a code has, starts like this.
_CHARACTERS: Final = r"[^\x00"


def faults_of(wrong: ValidationError) -> tuple[Fault, ...]:
    """All faults of a record that pydantic refused, by wire name, such as `meldingen[3].geboortedatum`."""
    faults: dict[Fault, None] = {}  # a dict keeps the order and drops what several branches of one field say alike
    for error in wrong.errors(include_input=False, include_url=False, include_context=False):
        kind = error["type"]
        code = _CODES.get(kind, "WAARDE_ONGELDIG")
        if kind == "string_pattern_mismatch" and _CHARACTERS in error["msg"]:
            code = "TEKEN_ONGELDIG"
        faults[Fault(_place(kind, error["loc"], error["msg"]), code)] = None
    return tuple(faults)


def refusal(faults: tuple[Fault, ...]) -> Malformed:
    """The error for one record that cannot be read."""
    return Malformed(
        "The record cannot be read.",
        f"{len(faults)} field(s) do not have the agreed form.",
        "Mend the fields that are named and send the record again.",
        faults=faults,
    )


def _place(kind: str, loc: tuple[int | str, ...], message: str) -> str:
    parts: list[str] = []
    for number, part in enumerate(loc):
        if isinstance(part, int):
            parts.append(f"[{part}]")
            continue
        invented = number == len(loc) - 1 and kind in ("extra_forbidden", "invalid_key")
        name = _UNNAMED if invented or not _FIELD.fullmatch(part) else part
        parts.append(f".{name}" if parts else name)
    whole = {"pgn_one_of_two": "bsn", _ORDER: message.partition(" ")[0]}.get(kind)
    if whole is not None and _FIELD.fullmatch(whole):
        parts.append(f".{whole}" if parts else whole)
    return "".join(parts) or ROW
