"""What changes in the regions and when."""

from __future__ import annotations

from datetime import date

from hub.territory.changes import Change, What, changes, ending
from hub.territory.model import due
from tests.fakes.house import shipped


def test_what_changes_in_the_example_region():
    regions = shipped().policy.regions
    assert changes(regions, date(2026, 1, 1), date(2028, 1, 1)) == (
        Change(date(2026, 1, 1), What.merger, "lindemark", "9009", "9001"),
        Change(date(2027, 1, 1), What.merger, "heiderland", "9008", "9007"),
    )
    assert changes(regions, date(2026, 1, 2), date(2027, 1, 1)) == ()
    assert ending(regions, date(2027, 1, 1)) == ("college-wolfslo", "werk-en-inkomen-wolfslo")
    assert ending(regions, date(2026, 12, 31)) == ()


def test_what_waits_after_a_merger_is_late_at_once():
    one = shipped().regions.successions[0]
    assert (one.old, one.new, due(one)) == ("college-overlinde", "college-aldermeer", one.day)
