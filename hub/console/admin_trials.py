"""Trying an instance at the desk: its connection, a file that lies ready, a sample, new credentials before the old ones go."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.connector import SourceAway, SourceBarred
from hub.console.admin_parts import Admin, connector_of
from hub.console.admin_setup_parts import Refusal, Said, spoken
from hub.console.admin_setups import SetupPages, version_of
from hub.console.desk import Session
from hub.console.page import go
from hub.console.table import Badge, Column, Table, table_of
from hub.console.words import Tone
from hub.mend.preview import LARGEST_SAMPLE, Preview
from hub.setups.actor import Actor
from hub.setups.service import Setups
from hub.setups.trying import DryRun, Trial
from hub.transports.diagnosis import State

_STATES: Final = {State.goed: Tone.ok, State.mis: Tone.error, State.overgeslagen: Tone.note}
_STEPS: Final = (
    Column("stap", "Stap", sort=False),
    Column("stand", "Stand", sort=False),
    Column("uitleg", "Wat de hub zag", sort=False),
    Column("advies", "Wat u doet", sort=False),
)
_FAILING: Final = (
    Column("veld", "Veld", sort=False),
    Column("fout", "Wat er misgaat", sort=False),
    Column("rijen", "Rijen", number=True, sort=False),
)
_ROWS: Final = (Column("rij", "Rij", number=True, sort=False), Column("waarom", "Wat er mis is", sort=False))
_SHAPES: Final = (Column("veld", "Veld", sort=False), Column("vormen", "Wat eruit komt", sort=False))
_TURNED: Final = (
    Column("ontvanger", "Ontvanger", sort=False),
    Column("waarom", "Waarom niet", sort=False),
    Column("rijen", "Rijen", number=True, sort=False),
    Column("nummers", "De eerste rijen", sort=False),
)


class TrialPages:
    """What trials give stands on the page of the instance; nothing of it is kept but the columns of a file."""

    def __init__(self, admin: Admin, setups: Setups, pages: SetupPages) -> None:
        self._admin, self._setups, self._pages = admin, setups, pages

    async def test(self, request: Request) -> Response:
        """The connection, step by step."""
        session, form = await self._admin.take(request)
        try:
            trial = await spoken(self._setups.test(connector_of(request), version_of(form, "versie"), _by(session)))
        except Said as said:
            return await self._pages.show(request, session, 400, wrong=said.refusal)
        return await self._pages.show(request, session, trial=trial, tables=(steps(request, trial),))

    async def rotate(self, request: Request) -> Response:
        """New credentials, tried before the old ones go."""
        session, _ = await self._admin.take(request)
        name = connector_of(request)
        try:
            trial, move = await spoken(self._setups.rotate(name, _by(session)))
        except Said as said:
            return await self._pages.show(request, session, 400, wrong=said.refusal)
        if move is not None:
            return go(f"/beheer/koppelingen/{name}/instelling", "sleutels-gewisseld")
        return await self._pages.show(request, session, trial=trial, tables=(steps(request, trial),))

    async def dry_run(self, request: Request) -> Response:
        """One file that lies ready."""
        session, form = await self._admin.take(request)
        try:
            done = await spoken(self._setups.dry_run(connector_of(request), version_of(form, "versie"), _by(session)))
        except Said as said:
            return await self._pages.show(request, session, 400, wrong=said.refusal)
        except (SourceAway, SourceBarred):
            wrong = Refusal("De hub komt niet bij het bestand", "Test eerst de verbinding: die zegt wat er mis is.")
            return await self._pages.show(request, session, 400, wrong=wrong)
        return await self._seen(request, session, done)

    async def sample(self, request: Request) -> Response:
        """A file that the administrator has."""
        session, form, parts = await self._admin.take_file_with(request, "versie")
        data = bytearray()
        async for part in parts:
            data += part
            if len(data) > LARGEST_SAMPLE:
                raise HTTPException(413)
        try:
            name, version = connector_of(request), version_of(form, "versie")
            done = await spoken(self._setups.sample(name, version, bytes(data), _by(session)))
        except Said as said:
            return await self._pages.show(request, session, 400, wrong=said.refusal)
        return await self._seen(request, session, done)

    async def _seen(self, request: Request, session: Session, done: DryRun) -> Response:
        refused = self._admin.reason(done.seen.refused) if done.seen.refused else ""
        tables = () if done.seen.refused else self._tables(request, done.seen)
        return await self._pages.show(request, session, dry=done, refused=refused, tables=tables)

    def _tables(self, request: Request, seen: Preview) -> tuple[Table, ...]:
        # The answer to a form cannot be asked for again as a file, nor in another order.
        admin, outlook = self._admin, seen.outlook

        def table(name: str, caption: str, columns: tuple[Column, ...], rows: list[tuple[str | int, ...]], empty: str) -> Table:
            return table_of(request, name, caption, columns, rows, empty=empty, sort=columns[0].key, export=False)

        failing: list[tuple[str | int, ...]] = [(one.where, admin.reason(one.code), one.rows) for one in seen.failing]
        rows: list[tuple[str | int, ...]] = [
            (one.row, "; ".join(f"{where}: {admin.reason(code)}" for where, code in one.faults)) for one in seen.rows
        ]
        shapes: list[tuple[str | int, ...]] = [(one.field, ", ".join(one.shapes)) for one in seen.fields]
        turned: list[tuple[str | int, ...]] = [
            (admin.party(one.recipient), admin.reason(one.code), one.rows, ", ".join(map(str, one.numbers)))
            for one in (outlook.turned if outlook else ())
        ]
        return (
            table("fouten", "Wat in quarantaine komt, per veld", _FAILING, failing, "Niets: elke bekeken rij is te lezen."),
            *([table("rijen", "De eerste rijen die in quarantaine komen", _ROWS, rows, "Geen.")] if rows else []),
            *([table("geweigerd", "Wat de afspraken weigeren", _TURNED, turned, "Niets.")] if outlook and outlook.to else []),
            table("vormen", "Hoe de velden eruitzien (9 is een cijfer, a een letter)", _SHAPES, shapes, "Er komt niets uit."),
        )


def steps(request: Request, trial: Trial) -> Table:
    """How far a connection got, and what to do."""
    rows = [(str(one.name), Badge(str(one.state), _STATES[one.state]), one.what_nl, one.now_nl) for one in trial.steps]
    caption, empty = "De verbinding, stap voor stap", "Er is niets geprobeerd."
    table = table_of(request, "stappen", caption, _STEPS, rows, empty=empty, sort="stap", export=False)
    return replace(table, rows=tuple(rows))  # in the order in which they were tried


def _by(session: Session) -> Actor:
    return Actor.staff(session.staff)
