"""The Authorization Decision Log out of the hub's own log: every decision call and every verdict of a period, as JSON lines."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.decisions import store
from hub.decisions.adl import EVALUATE, of_call, of_verdict, unkept
from hub.decisions.evaluate import DIGEST
from hub.domain.terms import LogId, Micros, PartyId
from hub.errors import Tampered
from hub.ports import Clock, KeyedDigest

_VERDICTS = frozenset({EntryKind.disclosure.value, EntryKind.refusal.value})


@dataclass(frozen=True, slots=True)
class DecisionLog:
    """Reads the records; `open` opens what was sealed bound to an id."""

    notes: Notes
    engine: AsyncEngine
    log_id: LogId
    operator: PartyId
    clock: Clock
    digest: KeyedDigest
    open: Callable[[bytes, bytes], bytes]

    async def records(self, start: Micros, end: Micros) -> AsyncIterator[bytes]:
        """One line per record from `start` up to, not including, `end`; that they are handed out is in the log first.

        What was kept of calls longer than a year ago is dropped. Raises Tampered where a kept call is not what its entry says.
        """
        details: dict[str, str | int] = {"form": "decision-log", "start": int(start), "end": int(end)}
        await self.notes.write(EntryKind.export, "export", "log", details)
        await store.forget(self.engine, self.log_id, int(self.clock.now_us()) - store.KEPT_US)
        async for page in store.entries(self.engine, self.log_id, int(start), int(end)):
            calls = [UUID(entry["ref"]) for entry in page if entry["operation"] == EVALUATE]
            kept = await store.contents(self.engine, self.log_id, calls) if calls else {}
            for entry in page:
                record = self._record(entry, kept)
                if record is not None:
                    yield orjson.dumps(record) + b"\n"

    def _record(self, entry: Mapping[str, Any], kept: Mapping[UUID, bytes]) -> dict[str, Any] | None:
        if entry["kind"] in _VERDICTS:
            return of_verdict(entry, self.operator)
        if entry["operation"] != EVALUATE:
            return None
        ref = UUID(entry["ref"])
        sealed = kept.get(ref)
        if sealed is None:
            return unkept(entry, self.operator)
        content = self.open(sealed, ref.bytes)
        if not hmac.compare_digest(self.digest(DIGEST, ref.bytes + content).hex(), entry["details"]["content"]):
            raise Tampered(
                "A decision call is not what its log entry says.",
                "Content and digest differ.",
                "Keep both; call the privacy officer.",
            )
        return of_call(entry, orjson.loads(content), self.operator)
