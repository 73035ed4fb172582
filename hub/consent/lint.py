"""What a policy set says that will do harm, will lapse, or does nothing: each finding by the code of its rule, with what to do.
Pure.

What the loader refuses never comes this far; `as_finding` tells such a refusal in the same form. The texts are Dutch, for
privacy officers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from hub.consent.finding import Check, Finding, Severity
from hub.consent.lint_law import LAW
from hub.consent.lint_life import LIFE
from hub.consent.lint_ways import WAYS
from hub.consent.lint_words import WORDS
from hub.consent.model import PolicySet
from hub.consent.otherwise import otherwise
from hub.domain.rulebook import Place, parse
from hub.errors import Misconfigured

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "L01": "een gegeven zonder eigen noodzaak",
        "L02": "toestemming voor een overheidstaak",
        "L03": "bijzondere gegevens zonder vaste grond",
        "L04": "een persoonsnummer zonder dat de wet het voorschrijft",
        "L05": "een jokerteken, of alles bij elkaar",
        "L06": "een verbod dat niets doet",
        "L07": "een bepaling die nooit iets opent",
        "L08": "een bepaling die een verbod altijd tegenhoudt",
        "L09": "een grondslag of doel buiten zijn geldigheid",
        "L10": "een leeftijd of gebied ruimer dan de grondslag",
        "L11": "een bewaartermijn zonder of tegen de wet",
        "L12": "iets dat binnen negentig dagen verloopt",
        "L13": "een verklaring zonder ontvanger of intrekking",
        "L14": "een te jonge stem",
        "L15": "doorgifte die openstaat",
        "L16": "een doel dat niet past bij dat van de bron",
        "L17": "tekst die moeilijk te lezen is",
        "L18": "een partij die er niet bij hoort",
        "L19": "een fijnere vorm dan elders volstaat",
        "L20": "een gegeven dat niemand mag krijgen",
        "L21": "een FG die niet zonder meer ja zei",
    }
)
"""Every rule by its code, in a few words."""
CHECKS: Final[tuple[Check, ...]] = (*WORDS, *LAW, *WAYS, *LIFE)
_ORDER: Final = tuple(Severity)
_REFUSALS: Final = (
    ("L01", r"\bneed\b|12 characters"),
    ("L02", r"Consent alone"),
    ("L03", r"GDPR (9|10)\)"),
    ("L04", r"UAVG 46|Wabb 11|The law requires"),
    ("L05", r"wildcard"),
    ("L11", r"The law ends it|term of another kind"),
    ("L18", r"No party to this agreement|leaves before"),
    ("L10", r"youngest age is above|authority only"),
    ("L09", r"ends before it begins|hold on the same days"),
)
_IDS: Final = ("id", "name", "code")


def lint(policy: PolicySet, today: date) -> list[Finding]:
    """Everything that the rules find, worst first; `today` is for what lapses."""
    found = [finding for check in CHECKS for finding in check(policy, today)]
    return sorted(
        found, key=lambda one: (_ORDER.index(one.severity), one.code, one.agreement or "", one.clause or "", one.what)
    )


def placed(found: list[Finding], files: Mapping[str, str]) -> list[Finding]:
    """The same findings, each with the file and line of what it is about. `files` are the texts that the set was read from."""
    lines = _lines(files)
    told: list[Finding] = []
    for one in found:
        file, line = lines.get(one.clause or one.row or one.agreement or "", (None, None))
        told.append(otherwise(one, file=file, line=line))
    return told


def as_finding(refusal: Misconfigured) -> Finding:
    """What the loader refused, as a finding of the rule that it belongs to, or of none: then its code is L00."""
    text = f"{refusal.what} {refusal.why} {refusal.now}"
    code = next((code for code, pattern in _REFUSALS if re.search(pattern, text)), "L00")
    at = re.match(r"(?P<file>\S+\.yaml), line (?P<line>\d+)", refusal.what)
    return Finding(
        code,
        Severity.error,
        refusal.what,
        refusal.why,
        refusal.now,
        file=at["file"] if at else None,
        line=int(at["line"]) if at else None,
    )


def _lines(files: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """Where each row stands that has an id of its own."""
    found: dict[str, tuple[str, int]] = {}
    for file, text in files.items():
        document = parse(file, text)
        for place, line in document.lines.items():
            signed = place[:1] == ("parties",) and file.startswith("agreements/")
            if place and place[-1] in _IDS and not signed:
                found.setdefault(str(_at(document.data, place)), (file, line))
    return found


def _at(data: Any, place: Place) -> Any:
    for step in place:
        data = data[step]
    return data
