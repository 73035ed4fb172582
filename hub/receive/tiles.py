"""`/log`: the log as C2SP tlog-tiles serves it. Checkpoint, tiles and proofs are anyone's; entries are for whom they concern.

The bundle of a partner holds the entries that it is in as actor, source, recipient or controller; every other one has length 0,
and its hash stands in the level-0 tile, so the bundle is checked all the same.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.audit.tiles import WIDTH
from hub.errors import Fault
from hub.identity.partners import LOGBOEK
from hub.receive.request import Gate, check_no_query, malformed
from hub.witness.model import size_of
from hub.witness.serve import Served, read_place

CHECKPOINT_PATH: Final = "/log/checkpoint"
COSIGNED_PATH: Final = "/log/checkpoint/cosigned"
CONSISTENCY_PATH: Final = "/log/consistency"
TILE_PATH: Final = "/log/tile/{place:path}"

TEXT: Final = "text/plain; charset=utf-8"
OCTETS: Final = "application/octet-stream"
FOR_EVER: Final = "public, max-age=31536000, immutable"
A_WHILE: Final = "public, max-age=60"
_SIZES: Final = re.compile(r"from=([0-9]{1,19})&to=([0-9]{1,19})", re.ASCII)


class Tiles:
    """The routes and what they need."""

    def __init__(self, served: Served, gate: Gate) -> None:
        self._served, self._gate = served, gate

    async def checkpoint(self, request: Request) -> Response:
        """200 with the newest checkpoint; 404 for a log without entries."""
        check_no_query(request)
        return _text(await self._served.checkpoint())

    async def cosigned(self, request: Request) -> Response:
        """200 with the newest checkpoint that a witness cosigned; 404 where there is none."""
        check_no_query(request)
        return _text(await self._served.cosigned())

    async def consistency(self, request: Request) -> Response:
        """200 with the proof from one size to another; 400 for no sizes, 404 for sizes that the log never had."""
        found = _SIZES.fullmatch(request.scope["query_string"].decode("latin-1"))
        older, newer = (size_of(found[1]), size_of(found[2])) if found else (None, None)
        if older is None or newer is None:
            raise malformed(Fault("from", "WAARDE_ONGELDIG"), Fault("to", "WAARDE_ONGELDIG"))
        return _text(await self._served.consistency(older, newer))

    async def tile(self, request: Request) -> Response:
        """200 with the hashes of a tile, or with a token for `logboek` the entries under one; 404 for every other place."""
        check_no_query(request)
        place = read_place(request.path_params["place"])
        if place is None:
            raise HTTPException(404)
        if place.level is None:
            if request.method == "HEAD":  # the log would say that something was read, and nothing was
                raise HTTPException(405, headers={"Allow": "GET"})
            party = self._gate.admit(request, LOGBOEK).party
            return _octets(await self._served.bundle(party, place.index, place.width), "private, no-store")
        found = await self._served.tile(place.level, place.index, place.width)
        return _octets(found, FOR_EVER if place.width == WIDTH else A_WHILE)


def _text(text: str | None) -> Response:
    if text is None:
        raise HTTPException(404)
    return Response(text.encode(), 200, media_type=TEXT)


def _octets(content: bytes | None, kept: str) -> Response:
    if content is None:
        raise HTTPException(404)
    return Response(content, 200, {"Cache-Control": kept}, OCTETS)
