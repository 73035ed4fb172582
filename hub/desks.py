"""The desks of the staff, and the whole of what one process serves: the REST interface for partners, the desks for people."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from hub.app import Hub, client_of, issuer_of, load_receipts
from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.console.app import create_console
from hub.console.desk import AdministratorDesk, Desk, OfficerDesk
from hub.console.signing_in import SIGNED_IN
from hub.doctor import examiner_of
from hub.http import Http
from hub.identity.sessions import Sessions
from hub.identity.signin import Finished, SignIn, Start
from hub.identity.store import StaffStore
from hub.installed import installed_of, setups_of, uploads_of, waiting_of
from hub.interface import api_of, inquiries_of
from hub.operations import deliveries_of, exports_of, keep_mending, mending_of, renew
from hub.policies.service import Policies
from hub.registry import load_connectors
from hub.rights.person import Persons
from hub.setups.life import Lives
from hub.setups.service import Setups

_FOR_PARTNERS: Final = ("/v1/", "/oauth/", "/.well-known/", "/log/")


class Doors:
    """Leads a request to the interface for partners or to the desks, by its path. Each has an edge of its own."""

    def __init__(self, api: ASGIApp, console: ASGIApp) -> None:
        self._api, self._console = api, console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        partners = path == "/v1" or path.startswith(_FOR_PARTNERS)
        await (self._api if partners else self._console)(scope, receive, send)


class Recorded:
    """Signing in at the identity provider, with an entry in the log before anyone is in; a `hub.console.desk.SignIn`.

    `address` is this server as browsers know it.
    """

    def __init__(self, sign_in: SignIn, notes: Notes, address: str) -> None:
        self._sign_in, self._notes, self._address = sign_in, notes, address

    async def start(self, back_to: str, /) -> Start:
        """Where the browser goes."""
        return await self._sign_in.start(back_to)

    async def finish(self, code: str, state: str, issuer: str | None = None, /) -> Finished:
        """Who it is. Raises Retry where the log cannot be written: then nobody gets in."""
        finished = await self._sign_in.finish(code, state, issuer)
        await self._notes.write(EntryKind.access, "sign-in", "desk", {}, by=finished.staff.staff_id)
        return finished

    async def leave(self, back_to: str, /) -> str | None:
        """Where to sign out at the provider too."""
        return await self._sign_in.leave(self._address + back_to)


@asynccontextmanager
async def doors_of(hub: Hub) -> AsyncIterator[ASGIApp]:
    """What a hub serves. Without an identity provider nobody can sign in, and there are no desks.

    Raises Misconfigured where the settings of the provider are incomplete.
    """
    setups, provider = setups_of(hub), hub.settings.oidc_issuer
    asks = inquiries_of(hub, setups)
    api = api_of(hub, setups, asks)
    if provider is None:
        try:
            yield api
        finally:
            await asks.close()
        return
    http = Http()
    try:
        desk, stopping = _desk(hub, http, provider, setups), asyncio.Event()
        admin = desk.administrator
        assert admin is not None, "this desk was just made"
        keeping = asyncio.create_task(keep_mending(hub, setups, admin.mending, admin.deliveries, stopping))
        try:
            yield Doors(api, create_console(desk))
        finally:
            stopping.set()
            await keeping
            await asks.close()
    finally:
        await http.close()


def _desk(hub: Hub, http: Http, provider: str, setups: Setups) -> Desk:
    settings, address, staff = hub.settings, issuer_of(hub.settings), StaffStore(hub.engine, hub.log_id, hub.operator)
    outside, mend, deliveries = urlsplit(provider), mending_of(hub), deliveries_of(hub)
    return Desk(
        clock=hub.clock,
        sessions=Sessions(
            staff,
            hub.digests,
            hub.clock,
            secrets.token_bytes,
            lifetime_s=settings.session_s,
            idle_s=settings.session_idle_s,
        ),
        sign_in=Recorded(
            SignIn(
                http,
                staff,
                hub.digests,
                hub.clock,
                secrets.token_bytes,
                issuer=provider,
                client=client_of(settings),
                redirect_uri=f"{address}{SIGNED_IN}",
                roles_claim=settings.oidc_roles_claim,
                party_claim=settings.oidc_party_claim,
            ),
            hub.notes,
            address,
        ),
        sign_in_origin=f"{outside.scheme}://{outside.netloc}",
        secure=address.startswith("https:"),
        waiting=waiting_of(hub, setups),
        officer=OfficerDesk(
            search=hub.search,
            persons=Persons(hub.log, hub.search, hub.notes, hub.people),
            log=hub.log,
            notes=hub.notes,
            rules=hub.rules,
            names=staff.names,
            statements=hub.statements,
            receipts=load_receipts(hub.settings, hub.digests),
            notices=hub.notices,
            informing=hub.informing,
            forgetting=hub.forgetting,
            policies=Policies(hub.acts, hub.notes),
            exports=exports_of(hub),
            retention=hub.retention,
            reviews=hub.reviews,
            person_keys=hub.person_keys,
            lives=Lives(hub.log, setups, mend.mappings, installed_of(hub.settings), hub.clock),
            witnessed=hub.witnessing.standing,
        ),
        administrator=AdministratorDesk(
            mending=mend,
            deliveries=deliveries,
            rules=hub.rules,
            examine=examiner_of(hub),
            kinds=load_connectors(),
            uploads=uploads_of(hub, setups),
            setups=setups,
            names=staff.names,
            renew=lambda: renew(hub, setups, mend, deliveries),
        ),
    )
