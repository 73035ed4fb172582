"""/beheer/koppelingen/{connector}/instelling: how an instance is set up, what is missing, and what may be done with it now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.connector import Setup
from hub.connector.manifest import Protocol
from hub.console.admin_parts import Admin, connector_of, crumbs, meanwhile
from hub.console.admin_setup_parts import Refusal, Said, diff_rows, named, plain, refusal, spoken, stands
from hub.console.desk import Session
from hub.console.form import Fields, asked
from hub.console.page import go, render
from hub.console.setup_form import Form
from hub.console.setup_words import GLASS, PROTOCOLS, title_of
from hub.console.table import Column, table_of
from hub.errors import Conflict, Malformed, Refused
from hub.setups.actor import Actor
from hub.setups.service import Setups, View, read_setup
from hub.setups.standing import GlassReason

_DIFF = (Column("veld", "Wat", sort=False), Column("van", "Was", sort=False), Column("tot", "Wordt", sort=False))
_VERSION = 1_000_000


class SetupPages:
    """Setting up. What may be done, and what is wrong, the services say."""

    def __init__(self, admin: Admin, setups: Setups) -> None:
        self._admin, self._setups = admin, setups

    async def begin(self, request: Request) -> Response:
        """The form for a new instance of a kind."""
        await self._admin.admit(request)
        form = self._form(request.path_params["soort"], asked(request).one("weg"))
        return self._fill(request, form, form.begun(), {})

    async def create(self, request: Request) -> Response:
        """A draft. What was typed stays where it is refused."""
        session, given = await self._admin.take(request)
        form = self._form(request.path_params["soort"], given.one("weg"))
        typed = form.typed(given)
        try:
            setup = read_setup(form.given(typed))
            await self._setups.create(setup, _by(session))
        except Malformed as wrong:
            return self._fill(request, form, typed, form.mistakes(wrong, typed), 400)
        await self._admin.renew()
        return go(f"/beheer/koppelingen/{setup.id}/instelling", "koppeling-gemaakt")

    async def page(self, request: Request) -> Response:
        """One instance."""
        session = await self._admin.admit(request)
        return await self.show(request, session)

    async def act(self, request: Request) -> Response:
        """One step: propose, activate, pause and so on."""
        session, form = await self._admin.take(request)
        name, by, act = connector_of(request), _by(session), form.one("doe")
        acts: Mapping[str, tuple[Callable[[], Awaitable[object]], str]] = {
            "voorleggen": (lambda: self._setups.propose(name, by), "koppeling-voorgelegd"),
            "aanzetten": (lambda: self._activate(name, by, form, None), "koppeling-aangezet"),
            "alleen": (lambda: self._activate(name, by, form, _reason(form)), "koppeling-alleen-aangezet"),
            "bevestigen": (lambda: self._setups.confirm(name, by), "koppeling-bevestigd"),
            "stilzetten": (lambda: self._setups.pause(name, by), "koppeling-stilgezet"),
            "doorgaan": (lambda: self._setups.resume(name, by), "koppeling-doorgegaan"),
            "terugzetten": (lambda: self._setups.rollback(name, version_of(form, "versie"), by), "koppeling-teruggezet"),
        }
        if act not in acts:
            raise HTTPException(400)
        if act == "alleen" and form.one("reden") not in set(GlassReason):
            return await self.show(request, session, 400, wrong=Refusal("Kies waarom dit niet kan wachten", ""))
        work, done = acts[act]
        try:
            await spoken(work())
        except Said as said:
            return await self.show(request, session, 400, wrong=said.refusal)
        await self._admin.renew()
        return go(f"/beheer/koppelingen/{name}/instelling", done)

    async def change(self, request: Request) -> Response:
        """The form for a next version."""
        await self._admin.admit(request)
        view = await self._view(request)
        form = self._form(view.newest.connector, asked(request).one("weg") or view.newest.protocol, view.newest)
        return self._fill(request, form, form.begun(), {}, view=view)

    async def keep(self, request: Request) -> Response:
        """A next version, where nobody made one meanwhile."""
        session, given = await self._admin.take(request)
        view, name = await self._view(request), connector_of(request)
        form = self._form(view.newest.connector, given.one("weg"), view.newest)
        typed, after = form.typed(given), version_of(given, "versie")
        try:
            await self._setups.change(name, read_setup(form.given(typed)), _by(session), after=after)
        except Malformed as wrong:
            return self._fill(request, form, typed, form.mistakes(wrong, typed), 400, view=view)
        except Conflict as wrong:
            return self._fill(request, form, typed, {"": plain(refusal(wrong))}, 400, view=await self._view(request))
        except Refused as wrong:
            return self._fill(request, form, typed, {"": plain(refusal(wrong))}, 400, view=view)
        return go(f"/beheer/koppelingen/{name}/instelling", "koppeling-gewijzigd")

    async def end(self, request: Request) -> Response:
        """Whether it is sure."""
        await self._admin.admit(request)
        view, name = await self._view(request), connector_of(request)
        return render(request, "admin/setup_end.html", connector=name, view=view, mistakes=[], crumbs=self.crumbs(name, True))

    async def end_it(self, request: Request) -> Response:
        """It never runs again."""
        session, form = await self._admin.take(request)
        view, name = await self._view(request), connector_of(request)
        if form.one("zeker") != "ja":
            wrong = [("zeker-ja", "Vink aan dat u het zeker weet.")]
            return render(
                request, "admin/setup_end.html", 400, connector=name, view=view, mistakes=wrong, crumbs=self.crumbs(name, True)
            )
        try:
            await spoken(self._setups.end(name, _by(session)))
        except Said:
            raise meanwhile() from None
        await self._admin.renew()
        return go(f"/beheer/koppelingen/{name}/instelling", "koppeling-beeindigd")

    async def diff(self, request: Request) -> Response:
        """What two versions say otherwise."""
        await self._admin.admit(request)
        name, said = connector_of(request), asked(request)
        a, b = version_of(said, "van"), version_of(said, "tot")
        connector = (await self._view(request)).newest.connector
        try:
            found = await self._setups.diff(name, a, b)
        except Refused:
            raise HTTPException(404) from None
        table = table_of(
            request,
            "verschillen",
            f"Van versie {a} naar versie {b}",
            _DIFF,
            diff_rows(found, self._setups.connectors.get(connector)),
            empty="Deze twee versies zeggen hetzelfde.",
            sort="veld",
            export=False,
        )
        return render(request, "admin/setup_diff.html", connector=name, table=table, crumbs=self.crumbs(name, True))

    async def show(self, request: Request, session: Session, status: int = 200, **more: Any) -> Response:
        """The page of one instance; `more` what a step gave."""
        view, name = await self._view(request), connector_of(request)
        values = await stands(request, self._admin, self._setups, view, session)
        said: Refusal | None = more.get("wrong")
        faults = () if said is None else named(said, self._setups.connectors[view.newest.connector], view.newest)
        return render(
            request,
            "admin/setup.html",
            status,
            faults=faults,
            **{"wrong": None, "trial": None, "dry": None, "tables": (), **values, **more},
            reasons=[(reason.value, words) for reason, words in GLASS.items()],
            crumbs=self.crumbs(name, False),
        )

    def crumbs(self, name: str, below: bool) -> Any:
        """The way to a page of an instance."""
        own = (("Instelling van " + name, f"/beheer/koppelingen/{name}/instelling"),) if below else ()
        return crumbs(("Koppelingen", "/beheer/koppelingen"), *own)

    async def _view(self, request: Request) -> View:
        try:
            return await spoken(self._setups.show(connector_of(request)))
        except Said:
            raise HTTPException(404) from None

    async def _activate(self, name: str, by: Actor, form: Fields, reason: GlassReason | None) -> object:
        return await self._setups.activate(name, version_of(form, "versie"), by, reason, seen=version_of(form, "gezien"))

    def _form(self, kind: str, way: str, fixed: Setup | None = None) -> Form:
        connector = self._setups.connectors.get(kind)
        if connector is None:
            raise HTTPException(404)
        ways: tuple[Protocol, ...] = connector.manifest.transport.protocols
        chosen = next((each for each in ways if each == way), None if way else ways[0])
        if chosen is None:
            raise HTTPException(400)
        checks = self._setups.checks
        return Form(connector, chosen, checks.fitting(connector), checks.colleges(), fixed)

    def _fill(
        self,
        request: Request,
        form: Form,
        typed: Mapping[str, str],
        wrong: Mapping[str, str],
        status: int = 200,
        *,
        view: View | None = None,
    ) -> Response:
        first, rest = form.fields(typed, wrong)
        kind = form.connector.manifest.id
        here = (
            f"/beheer/aansluiten/{kind}/instellen"
            if view is None
            else f"/beheer/koppelingen/{view.newest.id}/instelling/wijzigen"
        )
        above = crumbs(
            ("Koppelingen", "/beheer/koppelingen"), ("Aansluiten", "/beheer/aansluiten"), (kind, f"/beheer/aansluiten/{kind}")
        )
        ways = form.connector.manifest.transport.protocols
        return render(
            request,
            "admin/setup_form.html",
            status,
            here=here,
            kind=kind,
            title=title_of(form.connector.manifest.title),
            connector="" if view is None else view.newest.id,
            version=0 if view is None else view.standing.newest,
            way=form.protocol,
            ways=[(each, PROTOCOLS[each]) for each in ways],
            first=first,
            rest=rest,
            opened=any(one.error for one in rest),
            mistakes=[(name or "formulier", words) for name, words in wrong.items()],
            crumbs=above if view is None else self.crumbs(view.newest.id, True),
        )


def version_of(form: Fields, name: str) -> int:
    """A whole number of a form or an address; 400 where it is none."""
    text = form.one(name)
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < _VERSION):
        raise HTTPException(400)
    return int(text[:9])


def _by(session: Session) -> Actor:
    return Actor.staff(session.staff)


def _reason(form: Fields) -> GlassReason:
    return GlassReason(form.one("reden"))
