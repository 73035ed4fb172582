"""The hub's command line, killed at a chosen moment: `KILL_AT="module:name.name:before|after:nth" python killing_hub.py serve`.

The nth call of that function ends the process as a power cut would (SIGKILL), just before or just after it ran. Nothing in the
hub knows of it. `LEASE_MARGIN_S` makes the leases short that a killed process leaves behind; `AHEAD_US` sets the clock ahead.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import itertools
import os
import signal
from typing import Any

from hub.cli import main
from hub.clock import SystemClock
from hub.domain.terms import Micros
from hub.push import worker
from hub.receive.drop import poll


def _arm(target: str) -> None:
    module_name, path, when, nth = target.split(":")
    holder: Any = importlib.import_module(module_name)
    *owners, name = path.split(".")
    for owner in owners:
        holder = getattr(holder, owner)
    original = getattr(holder, name)
    calls = itertools.count(1)

    def die(moment: str, number: int) -> None:
        if moment == when and number >= int(nth):
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(original)
    async def later(*args: Any, **named: Any) -> Any:
        number = next(calls)
        die("before", number)
        result = await original(*args, **named)
        die("after", number)
        return result

    @functools.wraps(original)
    def now(*args: Any, **named: Any) -> Any:
        number = next(calls)
        die("before", number)
        result = original(*args, **named)
        die("after", number)
        return result

    setattr(holder, name, later if inspect.iscoroutinefunction(original) else now)


def _ahead(us: int) -> None:
    now_us = SystemClock.now_us
    SystemClock.now_us = lambda self: Micros(now_us(self) + us)  # type: ignore[method-assign]


if __name__ == "__main__":
    poll.CHUNK = 100  # type: ignore[misc]  # so that the files of a test are more than one commit
    _ahead(int(os.environ.get("AHEAD_US", "0")))
    if margin_s := os.environ.get("LEASE_MARGIN_S"):
        worker._MARGIN_S = float(margin_s)  # type: ignore[misc]
    if os.environ.get("KILL_AT"):
        _arm(os.environ["KILL_AT"])
    main()
