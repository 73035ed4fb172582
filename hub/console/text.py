"""How moments, days, numbers and durations read in Dutch. Times are those of Europe/Amsterdam."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from hub.consent.explain import dutch_date

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_SECOND: Final = 1_000_000
_STEPS: Final = ((86_400, "dag", "dagen"), (3_600, "uur", "uur"), (60, "minuut", "minuten"))


def local(us: int) -> datetime:
    """The moment `us` (microseconds since 1970 UTC) on the clocks of Amsterdam, exact."""
    whole, rest = divmod(us, _SECOND)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest).astimezone(AMSTERDAM)


def moment(us: int) -> Markup:
    """`21 november 2026, 14:05`, as an element that also tells the exact time to machines."""
    at = local(us)
    return Markup('<time datetime="{}">{}, {:%H:%M}</time>').format(at.isoformat(), dutch_date(at.date()), at)


def day(value: int | date) -> Markup:
    """`21 november 2026`, of a date or of the moment `value` in microseconds."""
    when = local(value).date() if isinstance(value, int) else value
    return Markup('<time datetime="{}">{}</time>').format(when.isoformat(), dutch_date(when))


def number(value: int) -> str:
    """`1.234`: thousands are parted by a point."""
    return f"{value:,}".replace(",", ".")


def since(us: int, now_us: int) -> str:
    """How long ago `us` was, or how far ahead it is, in its largest whole unit: `3 dagen`, `1 uur`, `minder dan een minuut`."""
    seconds = abs(now_us - us) // _SECOND
    for size, one, many in _STEPS:
        if count := seconds // size:
            return f"{number(count)} {one if count == 1 else many}"
    return "minder dan een minuut"
