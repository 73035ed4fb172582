"""`/functionaris/logboek/<ref>`: one entry in plain Dutch, what became of it, and the proof that it is in the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.audit.checkpoint import parse_receipt
from hub.audit.entry import parse
from hub.audit.search import Line
from hub.audit.store import Located
from hub.consent.explanation import PassText
from hub.console.desk import OfficerDesk
from hub.console.gate import Gate, Turned
from hub.console.navigation import READERS
from hub.console.officer import words
from hub.console.officer.choosing import LOG
from hub.console.officer.connectors import CONNECTORS
from hub.console.officer.log import JSON, download
from hub.console.officer.telling import Teller
from hub.console.officer.viewing import Views
from hub.console.page import render
from hub.console.table import Cell, Column, Link, Moment, Row, Table, asks_csv, csv_of, table_of
from hub.console.words import Trouble
from hub.domain.staff import Staff
from hub.rights.answer import SearchReason

_CODES = ("kind", "source", "recipient", "purpose", "us", "ref")
"""The codes that stand on the page beside the names, for the browser to compare with the entry that was proved."""
_REASONS = {reason.value: reason.label for reason in SearchReason}


class EntryPages:
    """An entry and its evidence."""

    def __init__(self, officer: OfficerDesk, gate: Gate, teller: Teller) -> None:
        self._officer = officer
        self._gate = gate
        self._teller = teller
        self._views = Views(officer.notes)

    async def show(self, request: Request) -> Response:
        """The page. 404 for no such entry; Tampered where it is not what the log was built over."""
        session = await self._gate.admit(request, *READERS)
        ref, entry, fields = await self._entry(request)
        receipts, checkpoint = await self._officer.log.prove({ref: entry})
        await self._officer.search.catch_up()
        about = await self._officer.search.about([ref])
        own = next((line for line in about if line.ref == ref), None)
        names = await self._officer.names()
        told = await self._teller.tell(fields, outcome=own.outcome if own else None)
        steps = self._steps(request, [line for line in about if line.delivery == ref])
        passes = _passes(
            request, told.explanation.passes, left=any(line.outcome in words.LEFT for line in about if line.delivery == ref)
        )
        await self._looked(session.staff, ref)
        for table in (steps, passes):
            if asks_csv(request, table.name):
                return csv_of(table, f"{table.name}.csv")
        return render(
            request,
            "officer/entry.html",
            crumbs=(Link("Functionaris", "/functionaris"), Link("Logboek", LOG)),
            kind=words.KINDS.get(fields["kind"], fields["kind"]),
            fields=fields,
            facts=self._facts(fields, names),
            headline=words.named(told.explanation.headline, names),
            details=[(label, self._detail(label, words.named(word, names))) for label, word in told.explanation.details],
            codes=[(name, fields[name]) for name in _CODES if name in fields],
            told=told,
            outcome=words.outcome(own.outcome) if own and fields["kind"] in ("disclosure", "refusal") else None,
            steps=steps if fields["kind"] == "disclosure" else None,
            passes=passes if passes.rows else None,
            seq=entry.seq,
            size=int(parse_receipt(receipts[ref]).checkpoint.split("\n", 2)[1]),
            checkpoint=checkpoint,
            body=entry.body.decode(),
            here=f"{LOG}/{ref}",
            key=self._officer.log.vkey,
            witnesses=await self._witnesses(entry.seq),
        )

    def _detail(self, label: str, word: str) -> Cell:
        """What an entry says besides; a connector leads to all that happened to it."""
        known = label == "Koppeling" and self._officer.lives is not None
        return Link(word, f"{CONNECTORS}/{word}") if known else _detail(label, word)

    async def _witnesses(self, seq: int) -> list[str] | None:
        """Who outside the hub cosigned the log with this entry in it; None where nobody is asked to."""
        if self._officer.witnessed is None or not (asked := (await self._officer.witnessed()).witnesses):
            return None
        return [name for name, one in asked if one is not None and one.size > seq]

    def _facts(self, fields: Any, names: Mapping[str, str]) -> list[tuple[str, Any]]:
        policy = self._officer.policy
        facts: list[tuple[str, Any]] = [("Vastgelegd op", Moment(fields["us"]))]
        if "source" in fields:
            facts += [
                ("Gever", words.party(policy, fields["source"])),
                ("Ontvanger", words.party(policy, fields["recipient"])),
            ]
        elif "recipient" in fields:
            facts.append(("Ontvanger", words.party(policy, fields["recipient"])))
        else:
            staff = fields["details"].get("staff")
            facts.append(("Door", words.named(f"Medewerker {staff}", names) if staff else words.party(policy, fields["actor"])))
        if "delivery" in fields:
            facts.append(("Hoort bij", Link("De verstrekking waar dit over gaat", f"{LOG}/{fields['delivery']}")))
        return facts

    def _steps(self, request: Request, lines: list[Line]) -> Table:
        rows: list[Row] = [
            (Moment(line.us), words.outcome(line.outcome), line.attempt, Link("Bekijk deze regel", f"{LOG}/{line.ref}"))
            for line in lines
        ]
        columns = (
            Column("moment", "Moment"),
            Column("uitkomst", "Wat er gebeurde"),
            Column("poging", "Poging", number=True),
            Column("regel", "Regel", sort=False),
        )
        empty = "Er is nog niets mee gebeurd: de gegevens wachten tot de ontvanger ze ophaalt of tot de hub ze kan bezorgen."
        return table_of(request, "verloop", "Wat is ermee gebeurd?", columns, rows, empty=empty, sort="moment")

    async def verbatim(self, request: Request) -> Response:
        """The entry, byte for byte."""
        session = await self._gate.admit(request, *READERS)
        ref, entry, _ = await self._entry(request)
        await self._looked(session.staff, ref)
        return download(entry.body, f"regel-{ref}.json", JSON)

    async def receipt(self, request: Request) -> Response:
        """The proof that the entry is in the log (C2SP tlog-proof)."""
        session = await self._gate.admit(request, *READERS)
        ref, entry, _ = await self._entry(request)
        await self._looked(session.staff, ref)
        receipts, _ = await self._officer.log.prove({ref: entry})
        return download(receipts[ref].encode(), f"bewijs-{ref}.txt", "text/plain; charset=utf-8")

    async def _looked(self, staff: Staff, ref: UUID) -> None:
        await self._views.log(staff, "read-entry", "entry", {"entry": str(ref)})

    async def _entry(self, request: Request) -> tuple[UUID, Located, Any]:
        ref: UUID = request.path_params["ref"]
        found = await self._officer.log.find(ref)
        if found is None:
            raise HTTPException(404)
        if found.kept is None and found.by is not None:
            raise Turned(404, _redacted(found.by))
        return ref, found, parse(found.body)


def _redacted(by: int) -> Trouble:
    return Trouble(
        "De inhoud van deze regel is gewist.",
        f"De bewaartermijn was voorbij. Regel {by} van het logboek zegt wie dat besloot.",
        "De plaats van de regel en haar bewijs zijn er nog; de controle van het logboek laat dat zien.",
    )


def _detail(label: str, word: str) -> Cell:
    """Moments and reasons as one reads them."""
    return Moment(int(word)) if label in ("Vanaf", "Tot") and word.isdecimal() else _REASONS.get(word, word)


def _passes(request: Request, passes: tuple[PassText, ...], *, left: bool) -> Table:
    columns = (Column("gegeven", "Gegeven"), Column("vorm", "Vorm"), Column("nodig", "Waarom de ontvanger dit nodig heeft"))
    rows: list[Row] = [(each.label, each.form or "zoals het is", each.need) for each in passes]
    caption = "Wat ging er mee?" if left else "Wat mag er mee?"
    return table_of(request, "gegevens", caption, columns, rows, empty="Er ging niets mee.", sort="gegeven")
