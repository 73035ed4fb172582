"""The only clock. Time is integer microseconds since 1970 UTC; the legal date is the date in Amsterdam."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hub.domain.terms import Micros

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")


class SystemClock:
    """The machine's clock; satisfies `hub.ports.Clock`."""

    def now_us(self) -> Micros:
        return Micros(time.time_ns() // 1000)


def legal_date(moment: Micros) -> date:
    """The date in Amsterdam at `moment`: the day that a law's terms and ages are counted by."""
    return datetime.fromtimestamp(moment / 1_000_000, _AMSTERDAM).date()


def rfc3339(moment: Micros) -> str:
    """`moment` in UTC as the interfaces write it, with microseconds."""
    return datetime.fromtimestamp(moment // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{moment % 1_000_000:06d}Z"
