from __future__ import annotations

import pytest

from hub.domain.terms import Micros, PartyId
from hub.inquiry.pace import HOUR_US, Pace, TooMany

ONE, OTHER = PartyId("werk-en-inkomen-aldermeer"), PartyId("werk-en-inkomen-rietvoorde")


def test_a_party_asks_so_often_in_any_hour_and_no_more() -> None:
    pace = Pace(2)
    pace.take(ONE, Micros(0))
    pace.take(ONE, Micros(HOUR_US // 2))
    for _ in range(3):
        with pytest.raises(TooMany) as many:
            pace.take(ONE, Micros(HOUR_US - 1_500_000))
    assert many.value.after_s == 2
    pace.take(OTHER, Micros(HOUR_US - 1))
    pace.take(ONE, Micros(HOUR_US))
    with pytest.raises(TooMany):
        pace.take(ONE, Micros(HOUR_US))
