"""What the invented young people say to their school, and how the school passes it on: `POST /v1/verklaringen`.

Before their messages go some of them say yes to a coach, one says no, and one says yes and not now. Afterwards two take their
yes back, and one objects to what Work & Income does with what it was told; that waits for a decision of the controller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

STATEMENTS_PATH: Final = "/v1/verklaringen"
COACHING: Final = "vrijwillige-coaching"
COACH: Final = "zorgaanbieder-rietzorg"
TEXT: Final = Path(__file__).with_name("toestemming-jongerencoach.txt")
_YES: Final = (1, 2, 3, 4, 6, 10)
_NO: Final = 5
_NOT_NOW: Final = 6
WITHDREW: Final = (1, 2)
"""Who takes a yes back, by the place of their message."""
OBJECTS: Final = 7
"""Who objects."""
NAMED: Final = len(_YES)
"""How many said yes to the coach, so that their messages are weighed for it as well."""
KEPT_FROM_COACH: Final = len({_NOT_NOW})
"""How many of those the coach hears nothing of."""
WITHDRAWN: Final = len(WITHDREW)
"""How many take their yes back afterwards."""


def before(reports: Sequence[Mapping[str, Any]], today: date) -> Iterator[dict[str, Any]]:
    """What is said before the messages go, about the young people of `reports`."""
    for place in _YES:
        yield _coach(reports[place], "vastleggen")
    yield _coach(reports[_NO], "weigeren")
    yield {
        **_said(reports[_NOT_NOW], "vastleggen", "contactvoorkeur"),
        "tot": (today + timedelta(days=182)).isoformat(),
        "ookBezwaar": False,
    }


def afterwards(reports: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What is said once the messages have arrived."""
    for place in WITHDREW:
        yield {**_said(reports[place], "intrekken", "toestemming"), "doelen": [COACHING], "partijen": [COACH]}
    yield {**_said(reports[OBJECTS], "vastleggen", "bezwaar"), "doelen": ["ondersteuning-arbeidsinschakeling"]}


def _coach(report: Mapping[str, Any], act: str) -> dict[str, Any]:
    shown = {"naam": "toestemming-jongerencoach", "versie": "1", "sha256": hashlib.sha256(TEXT.read_bytes()).hexdigest()}
    return {
        **_said(report, act, "toestemming"),
        "doelen": [COACHING],
        "partijen": [COACH],
        "geboortedatum": report["geboortedatum"],
        "tekst": shown,
    }


def _said(report: Mapping[str, Any], act: str, kind: str) -> dict[str, Any]:
    return {"handeling": act, "bsn": report["bsn"], "soort": kind, "stem": "jongere", "wijze": "balie"}
