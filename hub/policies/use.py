"""Which set of agreements is in use, and which of them are in force: what every process asks, at the start and each second."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.force import life_of
from hub.consent.life import History, history_of
from hub.consent.model import Life, PolicySet
from hub.consent.policy import policy_of
from hub.domain.terms import LogId
from hub.errors import Tampered
from hub.policies import store


@dataclass(frozen=True, slots=True)
class InUse:
    """The set in use and what holds of it; `life.silent` is for others to fill in. `last` is the act up to which it counts."""

    policy: PolicySet
    life: Life
    history: History
    last: int


async def in_use(engine: AsyncEngine, log_id: LogId) -> InUse | None:
    """What is in use now; None where no set ever was. Raises Tampered, Misconfigured (a set that cannot be read), Retry."""
    history = history_of(await store.acts(engine, log_id))
    if history.in_use is None:
        return None
    body = await store.kept_set(engine, log_id, history.in_use)
    if body is None:
        raise Tampered("The set of agreements in use is gone.", "The database lost it.", "Restore it from its backup.")
    policy = policy_of(body)
    return InUse(policy, life_of(policy, history), history, history.last)


class Watch:
    """Looks whether anything changed since the last look: one look in an index, and a reading only where it did."""

    def __init__(self, engine: AsyncEngine, log_id: LogId) -> None:
        self._engine, self._log_id = engine, log_id
        self._seen = 0

    async def look(self) -> InUse | None:
        """What is in use, where that changed since this was asked last; else None. Raises as `in_use`."""
        if await store.last_number(self._engine, self._log_id) == self._seen:
            return None
        found = await in_use(self._engine, self._log_id)
        if found is not None:
            self._seen = found.last
        return found
