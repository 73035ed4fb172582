"""A form with one file in it, read as it comes: nothing of the file is held, and its name is never looked at.

RFC 7578 (multipart/form-data) as browsers send it: fields in the order of the form, the file last.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

_KIND: Final = re.compile(
    r"""multipart/form-data\s*;\s*boundary=("?)([0-9A-Za-z'()+_,./:=?-]{1,70})\1""", re.ASCII | re.IGNORECASE
)
_NAME: Final = re.compile(rb'content-disposition:\s*form-data\s*;\s*name="([a-z]{1,32})"', re.ASCII | re.IGNORECASE)
_HEAD_LIMIT: Final = 4 * 1024
_FIELD_LIMIT: Final = 1024


class Multipart:
    """The parts of a body, each asked for in its turn; 400 where the form is another than the page has."""

    def __init__(self, request: Request) -> None:
        kinds = request.headers.getlist("content-type")
        found = _KIND.fullmatch(kinds[0].strip()) if len(kinds) == 1 else None
        if found is None or "content-encoding" in request.headers:
            raise HTTPException(400)
        self._parts, self._mark = request.stream(), b"\r\n--" + found[2].encode("ascii")
        self._held = bytearray(b"\r\n")  # the first mark stands at the very beginning

    async def field(self, name: str) -> str:
        """The next part, a field of this name."""
        await self._begin(name)
        value = bytearray()
        async for piece in self._content():
            value += piece
            if len(value) > _FIELD_LIMIT:
                raise HTTPException(400)
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise HTTPException(400) from None

    async def file(self, name: str) -> AsyncIterator[bytes]:
        """The last part, a file under this name, piece by piece."""
        await self._begin(name)
        async for piece in self._content():
            yield piece
        if await self._ahead(len(self._mark) + 2) != self._mark + b"--":
            raise HTTPException(400)

    async def _begin(self, name: str) -> None:
        if await self._ahead(len(self._mark) + 2) != self._mark + b"\r\n":
            raise HTTPException(400)
        del self._held[: len(self._mark) + 2]
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > _HEAD_LIMIT:
                raise HTTPException(400)
            await self._more()
        found = _NAME.search(self._held, 0, end)
        if found is None or found[1] != name.encode("ascii"):
            raise HTTPException(400)
        del self._held[: end + 4]

    async def _content(self) -> AsyncIterator[bytes]:
        """Up to the next mark."""
        while (end := self._held.find(self._mark)) < 0:
            sure = len(self._held) - len(self._mark) + 1
            if sure > 0:
                yield bytes(self._held[:sure])
                del self._held[:sure]
            await self._more()
        yield bytes(self._held[:end])
        del self._held[:end]

    async def _ahead(self, count: int) -> bytes:
        while len(self._held) < count:
            await self._more()
        return bytes(self._held[:count])

    async def _more(self) -> None:
        async for piece in self._parts:
            if piece:
                self._held += piece
                return
        raise HTTPException(400)
