"""Handing out of the log, in every form: what is handed out stands in the log before its first byte is written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from typing import BinaryIO, Final, Protocol

from hub.archive import fsc, ldv
from hub.archive.letter import Teller, person_letter
from hub.archive.reading import Entry, Period, Stretch, stretch
from hub.archive.report import Tally, period_report
from hub.archive.spreadsheet import Csv, Xlsx
from hub.archive.tiles_zip import Files, write_archive
from hub.archive.typeset import typeset
from hub.audit.checkpoint import open_note
from hub.audit.entry import EntryKind
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.search.lines import Signal
from hub.consent.model import PolicySet
from hub.domain.staff import StaffId
from hub.errors import Refused
from hub.rights.answer import PersonAnswer

VERSION: Final = version("hub")


class Form(StrEnum):
    """In which form a period of the log is handed out; the archive is always of the whole log."""

    csv = "csv"
    xlsx = "xlsx"
    ldv = "ldv"
    fsc = "fsc"
    pdf = "pdf"


OPERATIONS: Final[Mapping[Form, str]] = {
    Form.csv: "export-csv",
    Form.xlsx: "export-xlsx",
    Form.ldv: "export-ldv",
    Form.fsc: "export-fsc",
    Form.pdf: "export-report",
}
ARCHIVE: Final = "export-archive"
LETTER: Final = "export-letter"


class _Sheet(Protocol):
    def add(self, entries: Sequence[Entry]) -> None: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of JSON, a page of entries at a time."""

    target: BinaryIO
    made_of: Callable[[Sequence[Entry]], bytes]

    def add(self, entries: Sequence[Entry]) -> None:
        self.target.write(self.made_of(entries))

    def finish(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Exports:
    """Hands out one log. `policy` gives the set in use, for names; `extras` what others add to the archive of a log
    of at least so many entries.

    `signals` is what the hub finds unusual now, `witnesses` who cosigns its checkpoints, both for the printed report;
    `witnessed` gives the newest checkpoint that a witness cosigned.
    """

    log: Log
    notes: Notes
    policy: Callable[[], PolicySet]
    extras: Sequence[Callable[[int], Files]] = ()
    signals: Callable[[], Awaitable[Sequence[Signal]]] | None = None
    witnesses: Callable[[], Awaitable[Sequence[str]]] | None = None
    witnessed: Callable[[], Awaitable[str | None]] | None = None

    async def archive(self, target: BinaryIO, *, by: StaffId | None = None, cosigned: bool = False) -> int:
        """Writes the whole log as one .zip and gives its size; `cosigned`: as it was when a witness last saw it.

        Raises Refused for an empty log, or one that no witness saw, Retry, Tampered.
        """
        note = await self.cosigned() if cosigned else await self.log.checkpoint()
        size = open_note(note, self.log.vkey).size
        await self._note(ARCHIVE, {"form": "zip", "size": size}, by)
        await write_archive(self.files(size, note if cosigned else None), target)
        return size

    async def cosigned(self) -> str:
        """The newest checkpoint that a witness cosigned, with its lines. Raises Refused where none did."""
        note = None if self.witnessed is None else await self.witnessed()
        if note is None:
            raise Refused("The log was not exported.", "No witness has cosigned it yet.", "See 'hub witness status'.")
        return note

    async def files(self, size: int, note: str | None = None) -> Files:
        """Every file of an export of a log that has `size` entries or more by now, as (path, content); or as `note` says."""
        for source in (*(extra(size) for extra in self.extras), self.log.export(note)):  # which ends in the checkpoint
            async for file in source:
                yield file

    async def write(
        self,
        form: Form,
        period: Period,
        target: BinaryIO,
        *,
        by: StaffId | None = None,
        peers: fsc.Peers | None = None,
    ) -> int:
        """Writes that period in that form, and gives how many entries the period has.

        `peers` are further peer ids by party, for FSC. Raises Refused for an empty log, Misconfigured, Retry, Tampered.
        """
        read = await stretch(self.log, period)
        said = {"form": form.value, "from": period.from_us, "until": period.until_us, "size": read.size}
        await self._note(OPERATIONS[form], {name: value for name, value in said.items() if value is not None}, by)
        policy = self.policy()
        if form is Form.pdf:
            await self._report(policy, read, target)
        else:
            await self._sheet(self._made(form, policy, read, target, peers or {}), read, form in (Form.ldv, Form.fsc))
        return read.high - read.low

    async def letter(self, found: PersonAnswer, teller: Teller, *, by: StaffId | None = None) -> bytes:
        """The letter to the person of this answer, made in memory alone; the log says that one was made, not about whom."""
        now = self.notes.clock.now_us()
        data = await person_letter(self.policy(), found, teller, self.log.log_id, self.log.vkey, now)
        await self._note(LETTER, {"form": "pdf", "size": found.size, "search": str(found.search.ref)}, by, "person")
        return await asyncio.to_thread(typeset, "person", data, now)

    async def _note(self, operation: str, said: Mapping[str, str | int], by: StaffId | None, about: str = "log") -> None:
        await self.notes.write(EntryKind.export, operation, about, said, by=by)

    def _made(self, form: Form, policy: PolicySet, read: Stretch, target: BinaryIO, peers: fsc.Peers) -> _Sheet:
        if form is Form.csv:
            return Csv(policy, target)
        if form is Form.xlsx:
            return Xlsx(policy, read, target)
        if form is Form.fsc:
            return _Lines(target, lambda entries: fsc.lines(policy, self.notes.operator, entries, peers))
        return _Lines(target, lambda entries: _ldv_line(policy, self.log.log_id, entries))

    async def _sheet(self, sheet: _Sheet, read: Stretch, disclosed: bool) -> None:
        try:
            async for entries in read.pages(disclosed=disclosed):
                await asyncio.to_thread(sheet.add, entries)
            await asyncio.to_thread(sheet.finish)
        finally:
            sheet.close()

    async def _report(self, policy: PolicySet, read: Stretch, target: BinaryIO) -> None:
        tally, now = Tally(), self.notes.clock.now_us()
        async for entries in read.pages():
            await asyncio.to_thread(tally.add, entries)
        signals = () if self.signals is None else await self.signals()
        witnesses = None if self.witnesses is None else await self.witnesses()
        data = period_report(policy, read, tally, now, signals, witnesses)
        target.write(await asyncio.to_thread(typeset, "period", data, now))


def _ldv_line(policy: PolicySet, log_id: str, entries: Sequence[Entry]) -> bytes:
    request = ldv.otlp(policy, log_id, VERSION, entries)
    return ldv.line(request) if ldv.spans_in(request) else b""
