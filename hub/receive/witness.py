"""`/log/witness`: this hub as a witness of other logs, C2SP tlog-witness v1; `/log/cosignature`: what its own witnesses bring.

Anyone may ask; what counts is the log's own signature under the checkpoint. So nothing is done before that is checked, a body
is small, and only a few are looked at together.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.errors import Retry
from hub.receive.request import check_no_query, limited_body
from hub.receive.tiles import TEXT
from hub.witness.cosigning import Behind, Cosigned, Cosigning, No
from hub.witness.model import LONGEST_SUBMISSION, SIZE_TYPE
from hub.witness.taking import LONGEST, Taking

TAKE_PATH: Final = "/log/cosignature"
ADD_PATH: Final = "/log/witness/add-checkpoint"
LATEST_PATH: Final = "/log/witness/checkpoint/{origin}"
TOGETHER: Final = 8
_ORIGIN: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SAID: Final = {
    No.unknown: (404, "This witness does not know the log of this origin."),
    No.unsigned: (403, "The key that this witness knows for the log has not signed the checkpoint."),
    No.contradicts: (409, "This witness cosigned another tree of the same size: the log has forked."),
    No.unproven: (422, "The proof does not lead from what this witness cosigned to the checkpoint."),
}


class _Few:
    """Turns for a few: who asks without a token must not slow the others down."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(TOGETHER)

    def turn(self) -> asyncio.Semaphore:
        """Raises errors.Retry where too many are looked at together."""
        if self._turns.locked():
            raise Retry("The witness is busy.", "Too many checkpoints come at once.", "Send it again in a second.", after_s=1)
        return self._turns


class WitnessDoor:
    """The routes and what they need."""

    def __init__(self, cosigning: Cosigning) -> None:
        self._cosigning, self._few = cosigning, _Few()

    async def add(self, request: Request) -> Response:
        """200 with our line, 409 with the size where we are; 400, 403, 404, 409, 422 as in tlog-witness; 503 when busy."""
        check_no_query(request)
        content = await limited_body(request, LONGEST_SUBMISSION)  # before its turn: who sends slowly holds up nobody
        async with self._few.turn():
            answer = await self._cosigning.add(content)
        match answer:
            case Cosigned():
                return Response(answer.line.encode(), 200, media_type=TEXT)
            case Behind():
                return Response(f"{answer.size}\n".encode(), 409, {"Content-Type": SIZE_TYPE})
            case No():
                status, said = _SAID[answer]
                return Response(f"{said}\n".encode(), status, media_type=TEXT)

    async def latest(self, request: Request) -> Response:
        """200 with the newest checkpoint that we cosigned of a log, by the SHA-256 of its origin; 404 for none."""
        check_no_query(request)
        origin = request.path_params["origin"]
        found = await self._cosigning.checkpoint(origin) if _ORIGIN.fullmatch(origin) else None
        if found is None:
            raise HTTPException(404)
        return Response(found.encode(), 200, media_type=TEXT)


class TakingDoor:
    """Where witnesses that nobody asks bring their lines."""

    def __init__(self, taking: Taking) -> None:
        self._taking, self._few = taking, _Few()

    async def take(self, request: Request) -> Response:
        """200 once a witness's line over a checkpoint of this log is kept; 400 for what is none, 403 for who is none."""
        check_no_query(request)
        content = await limited_body(request, LONGEST)
        async with self._few.turn():
            size = await self._taking.take(content)
        return Response(f"{size}\n".encode(), 200, media_type=TEXT)
