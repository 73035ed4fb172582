"""/beheer/koppelingen/{connector}/inleveren: a file that an administrator brings for a partner, unseen."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.admin_parts import Admin, connector_of, crumbs
from hub.console.desk import Uploads
from hub.console.page import go, render
from hub.domain.terms import ConnectorId
from hub.errors import Malformed, Refused

_WRONG = "De hub heeft niets bewaard: het bestand is leeg, of groter dan 64 MB. Kies een ander bestand, of splits het."


class UploadPages:
    """Bringing a file. What is in it goes past this page: nothing of it is shown, and its name is not kept."""

    def __init__(self, admin: Admin, uploads: Uploads) -> None:
        self._admin, self._uploads = admin, uploads

    async def page(self, request: Request) -> Response:
        """The form."""
        await self._admin.admit(request)
        return await self._show(request, connector_of(request))

    async def take(self, request: Request) -> Response:
        """The file goes into the inbox, and that it did into the log."""
        session, content = await self._admin.take_file(request)
        name = connector_of(request)
        try:
            await self._uploads.upload(name, content, session.staff)
        except Refused:
            raise HTTPException(404) from None
        except Malformed:
            return await self._show(request, name, 400, _WRONG)
        return go(f"/beheer/koppelingen/{name}", "ingeleverd")

    async def _show(self, request: Request, name: ConnectorId, status: int = 200, wrong: str = "") -> Response:
        if not await self._uploads.takes(name):
            raise HTTPException(404)
        return render(
            request,
            "admin/upload.html",
            status,
            connector=str(name),
            mistakes=[("bestand", wrong)] if wrong else [],
            crumbs=crumbs(("Koppelingen", "/beheer/koppelingen"), (str(name), f"/beheer/koppelingen/{name}")),
        )
