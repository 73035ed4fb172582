"""Whether anyone outside can say what the log was: witnesses and time stamps; and the logs that this hub is a witness of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.trust import Policy, Witness
from hub.domain.terms import LogId
from hub.health.findings import Finding, attention, ok, wrong
from hub.witness import store
from hub.witness.model import AWAY, INVALID, REFUSED, UNKNOWN, Asked, contradiction_of
from hub.witness.stamping import AUTHORITY, lag_us

_SECOND_US: Final = 1_000_000
_REASONS: Final = {AWAY: "away", INVALID: "invalid", UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Outside:
    """What is set up: the log's key, by `policy` its witnesses (None for nobody), and whether this hub `has_key` to be one.

    Lags are in seconds; `stamp_lag_s` is None where no time stamps are set up, `stamp_stop_s` where the hub goes on without.
    """

    vkey: Callable[[], str]
    policy: Callable[[], Policy | None]
    has_key: Callable[[], bool]
    witness_lag_s: float = 3600.0
    stamp_lag_s: float | None = None
    stamp_stop_s: float | None = None


async def witnesses(engine: AsyncEngine, log_id: LogId, outside: Outside, now: int, *, strict: bool) -> list[Finding]:
    """Each witness cosigned not long ago what the log was then; none of them saw another log."""
    policy, known = outside.policy(), await store.asked(engine, log_id)
    found = [wrong("witness-refused", "of a partner", size=0)] if contradiction_of(outside.vkey()) in known else []
    if policy is None or not policy.witnesses:
        return [*found, attention("witness-none")] if strict else found
    found += [
        await _of_one(engine, log_id, each, known.get(str(each.key)), outside.witness_lag_s, now) for each in policy.witnesses
    ]
    if not any(one.code == "witness-refused" for one in found):
        found.append(ok("witness-refused"))
    return found


async def _of_one(engine: AsyncEngine, log_id: LogId, witness: Witness, asked: Asked | None, lag_s: float, now: int) -> Finding:
    if asked is not None and asked.trouble == REFUSED:
        return wrong("witness-refused", witness.name, size=asked.size)
    since = await store.beyond_since(engine, log_id, 0 if asked is None else asked.size)
    minutes = 0 if since is None else max(0, now - since) // (60 * _SECOND_US)
    late = bool(witness.url) and minutes * 60 > lag_s  # who is not asked comes when it likes
    reason = "late" if asked is None or asked.trouble is None else _REASONS.get(asked.trouble, "invalid")
    if late or reason in ("invalid", "unknown"):
        return attention("witness-lag", witness.name, minutes=minutes, reason=reason)
    return ok("witness-lag", witness.name)


async def stamps(engine: AsyncEngine, log_id: LogId, outside: Outside, now: int) -> list[Finding]:
    """The newest time stamp is over what the log was not long ago."""
    if outside.stamp_lag_s is None:
        return []
    lag = await lag_us(engine, log_id, now)
    asked = (await store.asked(engine, log_id)).get(AUTHORITY)
    invalid, minutes = asked is not None and asked.trouble == INVALID, lag // (60 * _SECOND_US)
    if outside.stamp_stop_s is not None and lag > outside.stamp_stop_s * _SECOND_US:
        return [wrong("time-stamp", minutes=minutes, reason="stopped")]
    if invalid or lag > outside.stamp_lag_s * _SECOND_US:
        return [attention("time-stamp", minutes=minutes, reason="invalid" if invalid else "late")]
    return [ok("time-stamp")]


async def witnessed(engine: AsyncEngine, log_id: LogId, outside: Outside) -> list[Finding]:
    """The logs that rely on this hub: it has the key to cosign with, and none of them was caught with two histories."""
    known = await store.known(engine, log_id)
    found = [wrong("witness-forked", one.origin) for one in known if one.forked is not None]
    if any(one.active for one in known):
        found.append(ok("witness-key") if outside.has_key() else attention("witness-key"))
    return found
