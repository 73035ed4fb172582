"""How far a source of pages was, as text."""

from __future__ import annotations

import pytest

from hub.connector import SourceBarred, Trouble
from hub.transports.paging import Ask
from hub.transports.remembered import MOST_REFUSED, Known, Remembered, remembered


def test_what_was_kept_is_what_comes_back() -> None:
    ask, after = Ask("/lijst?a=é", (("page", "2"), ("q", "x y"))), Ask("/3")
    held = Remembered("m1", "m2", ask, [after], {ask: Known('"e"', "", after), after: Known("", "gisteren", None)})
    assert remembered(held.dump()) == held
    assert remembered(None) == remembered("") == Remembered()


@pytest.mark.parametrize("length", [10, 2000])
def test_refused_pages_are_kept_as_far_as_there_is_room_and_none_is_forgotten(length: int) -> None:
    held = Remembered(pages={Ask(f"/p{number}"): Known("e" * 300, "", None) for number in range(200)})

    def refuse_all() -> None:
        for number in range(MOST_REFUSED + 1):
            held.refuse(Ask("/" + "x" * length, (("page", str(number)),)))

    with pytest.raises(SourceBarred) as barred:
        refuse_all()
    assert barred.value.trouble is Trouble.drift
    assert 20 <= len(held.refused) <= MOST_REFUSED
    text = held.dump()
    assert len(text.encode()) <= 65_536
    assert remembered(text).refused == held.refused
