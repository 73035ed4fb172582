"""/beheer/koppelingen/{connector}/instelling/sleutels/{sleutel}: what lets the hub in is given here, and never shown again."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.connector import Credential
from hub.console.admin_parts import Admin, connector_of
from hub.console.admin_setup_parts import Refusal, Said, spoken
from hub.console.admin_setups import SetupPages
from hub.console.page import go, render
from hub.console.setup_words import title_of
from hub.setups.actor import Actor
from hub.setups.secret import LONGEST
from hub.setups.service import Setups

_TOO_LONG: Final = Refusal("Dit is te groot", "Een sleutel of certificaat is hoogstens 256 kB. Er is niets bewaard.")
_HINTS: Final = {
    "secret": "Een regel tekst.",
    "private_key": "PEM, van -----BEGIN tot en met -----END.",
    "ssh_key": "De vorm van OpenSSH of PEM, van -----BEGIN tot en met -----END.",
    "certificate": "PEM, van -----BEGIN tot en met -----END. Zonder de private sleutel.",
    "known_hosts": "Een regel: [server]:poort soort sleutel. Vraag haar per telefoon of brief aan de partner.",
}


class CredentialPages:
    """Giving and taking away. On no page, in no error and in no log stands anything of what was given."""

    def __init__(self, admin: Admin, setups: Setups, pages: SetupPages) -> None:
        self._admin, self._setups, self._pages = admin, setups, pages

    async def page(self, request: Request) -> Response:
        """The form."""
        await self._admin.admit(request)
        return await self._show(request)

    async def paste(self, request: Request) -> Response:
        """It was typed or pasted."""
        session, form = await self._admin.take(request)
        value, phrase = form.text("waarde").encode(), form.text("wachtwoordzin").encode()
        return await self._give(request, value, phrase, Actor.staff(session.staff))

    async def upload(self, request: Request) -> Response:
        """It was in a file, whose name nobody looks at."""
        session, form, parts = await self._admin.take_file_with(request, "wachtwoordzin")
        value = bytearray()
        async for part in parts:
            value += part
            if len(value) > LONGEST:
                return await self._show(request, _TOO_LONG)
        return await self._give(request, bytes(value), form.one("wachtwoordzin").encode(), Actor.staff(session.staff))

    async def remove(self, request: Request) -> Response:
        """It goes with the next activation or rotation."""
        session, _ = await self._admin.take(request)
        name, key = connector_of(request), await self._key(request)
        try:
            await spoken(self._setups.remove_credential(name, key.name, Actor.staff(session.staff)))
        except Said as said:
            return await self._show(request, said.refusal)
        return go(f"/beheer/koppelingen/{name}/instelling", "sleutel-weggenomen")

    async def _give(self, request: Request, value: bytes, phrase: bytes, by: Actor) -> Response:
        name, key = connector_of(request), await self._key(request)
        try:
            await spoken(self._setups.credential(name, key.name, value, by, phrase))
        except Said as said:
            return await self._show(request, said.refusal)
        return go(f"/beheer/koppelingen/{name}/instelling", "sleutel-gegeven")

    async def _key(self, request: Request) -> Credential:
        try:
            view = await spoken(self._setups.show(connector_of(request)))
        except Said:
            raise HTTPException(404) from None
        connector, wanted = self._setups.connectors[view.newest.connector], request.path_params["sleutel"]
        found = next((one for one in connector.credentials(view.newest.protocol) if one.name == wanted), None)
        if found is None:
            raise HTTPException(404)
        return found

    async def _show(self, request: Request, wrong: Refusal | None = None) -> Response:
        key, name = await self._key(request), connector_of(request)
        return render(
            request,
            "admin/setup_credential.html",
            200 if wrong is None else 400,
            connector=str(name),
            key=key,
            title=title_of(key.title),
            hint=_HINTS[key.kind],
            line=key.kind == "secret",
            locks=key.kind in ("private_key", "ssh_key"),
            given=[one for one in await self._setups.credentials(name) if one.name == key.name],
            wrong=wrong,
            crumbs=self._pages.crumbs(name, True),
        )
