"""Which set of agreements is in use, and which of them are in force: what every process asks, at the start and each second.

An act counts where the signed log speaks of it, in its place, and where it was made with a key: where the signature holds. One
that does not is reported and shuts the agreement that it is about; a set that it would put into use does not come into use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.ledger import Ledger, Proven
from hub.audit.log import Log
from hub.consent.force import life_of, narrowed, unread
from hub.consent.life import Act, ActKind, History, history_of
from hub.consent.model import Life, PolicySet
from hub.consent.policy import policy_of
from hub.domain.terms import LogId, Micros
from hub.errors import HubError, Misconfigured, Refused, Tampered
from hub.observe import Event, report
from hub.policies import signature, store
from hub.policies.proof import says, signed_over
from hub.ports import Clock

UNREAD_US = 24 * 3_600_000_000
"""How long a process goes on with the rules that it had where it cannot read those that are in use."""


@dataclass(frozen=True, slots=True)
class InUse:
    """The set in use and what holds of it; `life.silent` is for others to fill in. `last` is the act up to which it counts."""

    policy: PolicySet
    life: Life
    history: History
    last: int


class Acts:
    """The acts of one log, each held against its entry and its signature. What was found true once is not looked up again."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._ledger: Ledger[Act] = Ledger(log, lambda act: act.ref, says)
        self._signed: set[Act] = set()
        self._told: set[Act] = set()

    @property
    def engine(self) -> AsyncEngine:
        """Where they are kept."""
        return self.log.engine

    @property
    def log_id(self) -> LogId:
        """Whose they are."""
        return self.log.log_id

    async def all(self) -> tuple[Sequence[Act], Sequence[Act]]:
        """The acts that happened, in order; and those that are not as the log says."""
        found = await store.acts(self.engine, self.log_id)
        proven = await self._ledger.proven(found)
        true, signed = _in_place(found, proven), await self._signed_of(found)
        counts = [act for act in found if act in true and act in signed]
        doubted = [act for act in found if not (act in true and act in signed)]
        for act in doubted:
            if act not in self._told:
                report(_doubted(act))
                self._told.add(act)
        return counts, doubted

    async def history(self) -> History:
        """What they say together."""
        return history_of(*await self.all())

    async def in_use(self) -> InUse | None:
        """What is in use now; None where no set ever was. Raises Tampered, Misconfigured (a set that cannot be read), Retry."""
        history = await self.history()
        if history.in_use is None:
            if history.doubted:
                raise _doubted(history.doubted[0])
            return None
        body = await store.kept_set(self.engine, self.log_id, history.in_use)
        if body is None:
            raise Tampered("The set of agreements in use is gone.", "The database lost it.", "Restore it from its backup.")
        policy = policy_of(body)
        return InUse(policy, life_of(policy, history), history, history.last)

    async def _signed_of(self, acts: Sequence[Act]) -> set[Act]:
        """Those that need no signature, or have one that holds."""
        new = [act for act in acts if act not in self._signed]
        keys: Mapping[str, str] = {}
        if any(act.proof is not None for act in new):
            keys = {one.thumbprint: one.jwk for one in await store.signatories(self.engine, self.log_id)}
        self._signed |= {act for act in new if act.proof is None or _holds(act, keys)}
        return self._signed


def _in_place(acts: Sequence[Act], proven: Mapping[Act, Proven]) -> set[Act]:
    """Those that stand where their entry stands in the log: a true act that is put there once more comes too late."""
    true: set[Act] = set()
    last = -1
    for act in acts:
        if (found := proven.get(act)) is None:
            continue
        beside = act.kind is ActKind.founded and act.agreement is not None and found.place == last
        if found.place > last or beside:
            true.add(act)
            last = found.place
    return true


def _holds(act: Act, keys: Mapping[str, str]) -> bool:
    try:
        jwk = keys[signature.key_of(act.proof or "")]
        signature.check(act.proof or "", jwk, signed_over(act))
    except (KeyError, Refused, Misconfigured):
        return False
    return True


def _doubted(act: Act) -> Tampered:
    about = "the set in use" if act.agreement is None else f"agreement {act.agreement}"
    return Tampered(
        f"Act {act.number}, on {about}, is not as the log says.",
        "It was put into the database past the hub.",
        "It does not count. Stop, keep everything, and call the privacy officer; see 'hub policy agreements'.",
    )


class Watch:
    """Looks whether anything changed since the last look: one look in an index, and a reading only where it did.

    Where what is in use cannot be read, a process goes on with the rules that it has, narrowed by all that can still be read,
    for `UNREAD_US` from `unread_since` on; then nothing is in force.
    """

    def __init__(self, acts: Acts, clock: Clock) -> None:
        self._acts, self._clock = acts, clock
        self._seen = 0
        self._told = 0
        self.unread_since: Micros | None = None

    async def look(self) -> InUse | None:
        """What is in use, where that changed since this was asked last, and can be read; else None. Raises Retry."""
        if await store.last_number(self._acts.engine, self._acts.log_id) == self._seen:
            return None
        try:
            found = await self._acts.in_use()
        except (Tampered, Misconfigured) as error:
            self._unread(error)
            return None
        self.unread_since = None
        if found is not None:
            self._seen = found.last
        return found

    async def going_on(self, policy: PolicySet, life: Life) -> Life:
        """The life of the rules that this process has, while it cannot read those in use; else as it is. Raises Retry."""
        if self.unread_since is None:
            return life
        if self._clock.now_us() - self.unread_since >= UNREAD_US:
            return unread(policy, life)
        try:
            return narrowed(policy, life, await self._acts.history())
        except Tampered:
            return life

    def _unread(self, error: HubError) -> None:
        """Said at once, and every hour again."""
        now = self._clock.now_us()
        if self.unread_since is None:
            self.unread_since, self._told = now, -1
        if (hours := (now - self.unread_since) // 3_600_000_000) > self._told:
            self._told = hours
            report(error, Event.rules_unread)
