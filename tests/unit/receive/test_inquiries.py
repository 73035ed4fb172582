"""A question to a register, as it comes in: each fault by its field, and nothing of it repeated."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hub.errors import Malformed
from hub.receive.inquiries import _read

GOOD = {"register": "brp", "bsn": "999909848", "gebruiker": "j.jansen", "taak": "terugleiden"}


def without(name: str) -> dict[str, Any]:
    return {each: value for each, value in GOOD.items() if each != name}


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        (b"", [("rij", "RIJ_ONVOLLEDIG")]),
        (b"{", [("rij", "RIJ_ONVOLLEDIG")]),
        (b"[]", [("rij", "WAARDE_ONGELDIG")]),
        (b"geheim123", [("rij", "RIJ_ONVOLLEDIG")]),
        (GOOD | {"geheim123": 1, "geheim124": 2}, [("?", "VELD_ONBEKEND")]),
        *((without(name), [(name, "VERPLICHT_VELD_LEEG")]) for name in ("register", "gebruiker", "taak")),
        *((GOOD | {name: "geheim 123"}, [(name, "WAARDE_ONGELDIG")]) for name in ("register", "gebruiker", "taak")),
        *((GOOD | {name: "a" * 65}, [(name, "WAARDE_ONGELDIG")]) for name in ("register", "gebruiker", "taak")),
        (GOOD | {"taak": 7}, [("taak", "WAARDE_ONGELDIG")]),
        (without("bsn"), [("bsn", "PGN_EEN_VAN_TWEE")]),
        (GOOD | {"onderwijsnummer": "100000004"}, [("bsn", "PGN_EEN_VAN_TWEE")]),
        (GOOD | {"bsn": "999909849"}, [("bsn", "BSN_ONGELDIG")]),
        (GOOD | {"bsn": 999909848}, [("bsn", "BSN_ONGELDIG")]),
        (without("bsn") | {"onderwijsnummer": "geheim123"}, [("onderwijsnummer", "ONDERWIJSNUMMER_ONGELDIG")]),
        (without("bsn") | {"onderwijsnummer": 100000004}, [("onderwijsnummer", "ONDERWIJSNUMMER_ONGELDIG")]),
    ],
)
def test_what_is_wrong_is_told_by_field(body: Any, faults: list[tuple[str, str]]) -> None:
    with pytest.raises(Malformed) as refused:
        _read(body if isinstance(body, bytes) else orjson.dumps(body))
    assert [(one.where, one.code) for one in refused.value.faults] == faults
    assert "geheim" not in f"{refused.value} {refused.value.faults}"


def test_either_number_asks() -> None:
    assert _read(orjson.dumps(GOOD)).task == "terugleiden"
    assert _read(orjson.dumps(without("bsn") | {"onderwijsnummer": "100000004"})).pgn.reveal() == "100000004"
