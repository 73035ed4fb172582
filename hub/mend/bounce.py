"""What a sender must resupply: the numbers of rows that wait in quarantine and what is wrong with them, and nothing else.

Administrators mend mappings and no values: a wrong value is mended where it comes from. The report holds no name of a file and
no cell, so it may travel as any message does.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.domain.staff import Staff
from hub.domain.terms import ConnectorId, LogId
from hub.errors import Refused
from hub.mend import store
from hub.mend.source import Sources, source_of, staff_id
from hub.mend.store import Choice

HEADER: Final = ("bestand", "ontvangen", "rij", "kolom", "wat er mis is")
_PAGE: Final = 1_000
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")

Say = Callable[[str], str]
"""What a reason code means, in a Dutch sentence."""


class Bounces:
    """Reports for senders."""

    def __init__(self, engine: AsyncEngine, log_id: LogId, sources: Sources, notes: Notes) -> None:
        self._engine, self._log_id, self._sources, self._notes = engine, log_id, sources, notes

    async def report(self, connector: ConnectorId, drop_id: UUID | None, say: Say, by: Staff | None) -> AsyncIterator[bytes]:
        """The report as CSV, page by page; that it is handed out is in the log first.

        Raises Refused where no row waits.
        """
        source = source_of(self._sources, connector)
        drops = await store.drops_waiting(self._engine, self._log_id, connector, source.party, drop_id)
        rows = await store.count_waiting(self._engine, self._log_id, drops, Choice())
        if not rows:
            raise Refused("There is nothing to resupply.", "No row of it waits in quarantine.", "See 'quarantine list'.")
        details: dict[str, str | int] = {"connector": str(connector), "rows": rows}
        if drop_id is not None:
            details["drop"] = str(drop_id)
        await self._notes.write(EntryKind.export, "bounce", "connector", details, by=staff_id(by))
        return self._pages(connector, drop_id, say)

    async def _pages(self, connector: ConnectorId, drop_id: UUID | None, say: Say) -> AsyncIterator[bytes]:
        yield b"\xef\xbb\xbf" + _lines([HEADER])  # Excel takes it for Windows-1252 otherwise
        after = (0, UUID(int=0), 0)
        while page := await store.bounced(self._engine, self._log_id, connector, drop_id, after, _PAGE):
            yield _lines(
                [
                    (str(drop)[-12:], _day(seen_us), str(number), fault.where, say(fault.code))
                    for drop, seen_us, number, faults in page
                    for fault in faults
                ]
            )
            drop, seen_us, number, _ = page[-1]
            after = (seen_us, drop, number)


def _lines(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _day(us: int) -> str:
    return datetime.fromtimestamp(us / 1_000_000, UTC).astimezone(_AMSTERDAM).strftime("%d-%m-%Y")
