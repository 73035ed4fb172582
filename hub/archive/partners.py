"""What a partner reads of the log in the form of the Logboek Dataverwerkingen: only what concerns it, and logged first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from hub.archive import ldv
from hub.archive.reading import Entry, Period, entries, stretch
from hub.archive.words import party as name_of_party
from hub.audit.entry import EntryKind
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.search import MOST_LINES, Search, Selection
from hub.clock import rfc3339
from hub.domain.terms import Micros, PartyId
from hub.rules import Rules

READ: Final = "read-ldv"
WINDOW: Final = 5_000
"""So many entries one question looks through; where there are more, the answer says from where to go on."""
_CHUNK: Final = 500
_CATCH_UP: Final = 5_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a `trace` (a record's, or one of W3C Trace Context), or a processing `activity` from place `cursor` on;
    `subject` and moments narrow it.
    """

    trace: UUID | None = None
    activity: str | None = None
    subject: str | None = None
    from_us: int | None = None
    until_us: int | None = None
    cursor: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """Records of the read extension; with `next` the question goes on from there, and there may be more."""

    records: tuple[dict[str, Any], ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class PartnerLog:
    """One log, as its partners read it."""

    log: Log
    search: Search
    notes: Notes
    rules: Rules

    @property
    def metadata(self) -> dict[str, str]:
        """Which logbook this is, and whose."""
        return {
            "logbookId": str(self.log.log_id),
            "organizationName": name_of_party(self.rules.policy, self.notes.operator),
        }

    async def read(self, party: PartyId, question: Question) -> Answer:
        """The records that concern `party`, oldest first; that it asked is in the log before it is answered.

        Raises Refused for an empty log, Retry when the log cannot be read or written.
        """
        read = await stretch(self.log, Period(question.from_us, question.until_us))
        await self.notes.write(EntryKind.access, READ, "log", {"form": "ldv", "size": read.size}, actor=party)
        if question.trace is not None:
            found = await self._traced(question.trace)
            return Answer(tuple(self._records(party, question, found, range(read.low, read.high))), None)
        at, records = max(question.cursor, read.low), list[dict[str, Any]]()
        end = min(read.high, at + WINDOW)
        while at < end:
            for entry in await entries(self.log, at, min(at + _CHUNK, end), disclosed=True):
                records += self._records(party, question, [entry], range(read.low, read.high))
                if len(records) == question.limit:
                    after = entry.seq + 1
                    return Answer(tuple(records), after if after < read.high else None)
            at = min(at + _CHUNK, end)
        return Answer(tuple(records), end if end < read.high else None)

    async def _traced(self, trace: UUID) -> list[Entry]:
        """One disclosure or refusal, or those made under that W3C trace, with what became of them, in the order of the log."""
        await self.search.catch_up(_CATCH_UP)
        page = await self.search.page(Selection(trace=trace.hex), descending=False, limit=MOST_LINES)
        found: list[Entry] = []
        for line in await self.search.about([trace, *(line.ref for line in page.lines)]):
            found += await entries(self.log, line.seq, line.seq + 1, disclosed=True)
        return found

    def _records(self, party: PartyId, question: Question, found: list[Entry], within: range) -> Iterator[dict[str, Any]]:
        policy = self.rules.policy
        for entry in found:
            if entry.fields is None or entry.seq not in within or not concerns(entry, party):
                continue
            record = ldv.activity(policy, entry, rfc3339(Micros(entry.fields["us"])))
            said = record["attributes"]
            if question.activity not in (None, said[ldv.ACTIVITY]) or question.subject not in (None, said.get(ldv.SUBJECT)):
                continue
            yield record


def concerns(entry: Entry, party: PartyId) -> bool:
    """Whether an entry is a record, and speaks of that party: as who acted, gave, received or is responsible.

    An outcome concerns whom its disclosure concerns.
    """
    said = entry.fields
    if said is None or not ldv.is_recorded(said):
        return False
    of = entry.disclosed or said
    named = {said["actor"], said.get("recipient"), of["actor"], of.get("source"), of.get("recipient")}
    return party in named or party in of.get("controllers", ())
