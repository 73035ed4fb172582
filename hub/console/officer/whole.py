"""`/functionaris/controle`: is the log whole? The browser reads it from end to end and works it out for itself."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.audit.checkpoint import open_note
from hub.audit.tiles import WIDTH, bundle_path, tile_path
from hub.console.desk import OfficerDesk
from hub.console.form import asked
from hub.console.gate import Gate
from hub.console.navigation import READERS
from hub.console.officer.viewing import Views
from hub.console.page import render
from hub.console.table import Badge, Column, Moment, Row, table_of
from hub.console.words import Tone
from hub.domain.terms import ReasonCode
from hub.errors import Refused
from hub.witness.model import AWAY, INVALID, REFUSED, UNKNOWN
from hub.witness.service import Standing

_NEVER: Final = Badge("Heeft nog niets gezegd", Tone.note)
_GOOD: Final = Badge("Klopt", Tone.ok)
_AMISS: Final = Badge("Er is iets mis", Tone.warning)
_TROUBLE: Final[Mapping[ReasonCode, Badge]] = MappingProxyType(
    {
        REFUSED: Badge("Zag een ander logboek", Tone.error),
        AWAY: Badge("Antwoordt niet", Tone.warning),
        UNKNOWN: Badge("Kent dit logboek niet", Tone.warning),
        INVALID: Badge("Antwoord klopt niet", Tone.warning),
    }
)
_SIZE: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_PATH: Final = re.compile(
    r"tile/(?:(?P<level>[0-7])|entries)/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?", re.ASCII
)


class WholePages:
    """The page of the check, and what the browser reads for it."""

    def __init__(self, officer: OfficerDesk, gate: Gate) -> None:
        self._officer = officer
        self._gate = gate
        self._views = Views(officer.notes)

    async def show(self, request: Request) -> Response:
        """How large the log is, and the check. That the whole log is read for it, is in the log first."""
        session = await self._gate.admit(request, *READERS)
        await self._views.log(session.staff, "read-whole", "log", {})
        note = await self._officer.log.checkpoint_or_none()
        newest = await self._officer.search.page(limit=1)
        oldest = await self._officer.search.page(limit=1, descending=False)
        standing = None if self._officer.witnessed is None else await self._officer.witnessed()
        return render(
            request,
            "officer/whole.html",
            **_confirmed(request, standing),
            checkpoint=note or "",
            size=open_note(note, self._officer.log.vkey).size if note else 0,
            first=Moment(oldest.lines[0].us) if oldest.lines else None,
            last=Moment(newest.lines[0].us) if newest.lines else None,
            key=self._officer.log.vkey,
        )

    async def growth(self, request: Request) -> Response:
        """The proof that the log at `?tot=` entries begins with the log at `?van=`, as JSON; 404 for sizes it never had."""
        await self._gate.admit(request, *READERS)
        query = asked(request)
        older, newer = query.one("van"), query.one("tot")
        if not _SIZE.fullmatch(older) or not _SIZE.fullmatch(newer):
            raise HTTPException(400)
        try:
            proof = await self._officer.log.consistent(int(older), int(newer))
        except Refused:
            raise HTTPException(404) from None
        body = orjson.dumps({"proof": [b64encode(part).decode() for part in proof]})
        return Response(body, media_type="application/json")

    async def file(self, request: Request) -> Response:
        """A file of the log as C2SP tlog-tiles names it: `checkpoint`, bundles of entries, tiles. 404 for one it has not."""
        session = await self._gate.admit(request, *READERS)
        await self._views.log(session.staff, "read-whole", "log", {})
        log, path = self._officer.log, request.path_params["path"]
        if path == "checkpoint":
            note = await log.checkpoint_or_none()
            return _file(None if note is None else note.encode(), "text/plain; charset=utf-8")
        match = _PATH.fullmatch(path)
        if match is None:
            raise HTTPException(404)
        index, width = int(re.sub(r"[x/]", "", match["index"])), int(match["width"] or WIDTH)
        level = match["level"]
        right = bundle_path(index, width) if level is None else tile_path(int(level), index, width)
        if path != right or width > WIDTH:
            raise HTTPException(404)
        found = await (log.bundle(index, width) if level is None else log.tile(int(level), index, width))
        return _file(found, "application/octet-stream")


def _confirmed(request: Request, standing: Standing | None) -> dict[str, Any]:
    """What others say of the log, for the page."""
    if standing is None:
        return {"witnesses": None, "contradicted": False, "confirmed": 0, "stamped": None}
    rows: list[Row] = [
        (
            name,
            0 if one is None else one.size,
            Moment(one.answered_us) if one is not None and one.answered_us else "",
            _NEVER if one is None else _GOOD if one.trouble is None else _TROUBLE.get(one.trouble, _AMISS),
        )
        for name, one in standing.witnesses
    ]
    columns = (
        Column("getuige", "Getuige", sort=False),
        Column("regels", "Ondertekende tot en met regel", number=True, sort=False),
        Column("moment", "Op", sort=False),
        Column("stand", "Stand", sort=False),
    )
    known = [one for _, one in standing.witnesses if one is not None]
    return {
        "witnesses": table_of(
            request, "getuigen", "Wie het logboek mee ondertekent", columns, rows, empty="", sort="getuige", export=False
        ),
        "contradicted": any(one.trouble == REFUSED for one in known),
        "confirmed": max((one.size for one in known if one.answered_us), default=0),
        "stamped": {"size": standing.stamped, "us": standing.stamped_us} if standing.stamped else None,
    }


def _file(body: bytes | None, media: str) -> Response:
    if body is None:
        raise HTTPException(404)
    return Response(body, media_type=media)
