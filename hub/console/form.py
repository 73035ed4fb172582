"""Reading what a browser sends: a query or an urlencoded form, strictly, and telling what is wrong without its values.

WHATWG URL, section 5.1 (application/x-www-form-urlencoded), in UTF-8 alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

BODY_LIMIT: Final = 1 << 20
"""Bytes in a form: the text of a mapping is posted whole."""
FIELDS_LIMIT: Final = 1_000
_FORM: Final = re.compile(r'application/x-www-form-urlencoded(?:\s*;\s*charset="?utf-8"?)?', re.ASCII | re.IGNORECASE)
_LENGTH: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a query or a form, each with its values in the order they came."""

    _values: dict[str, list[str]] = field(repr=False)

    def one(self, name: str) -> str:
        """The field `name` without white space around it; empty where it was not filled in. 400 where it came twice."""
        values = self._values.get(name, [])
        if len(values) > 1:
            raise HTTPException(400)
        return values[0].strip() if values else ""

    def text(self, name: str) -> str:
        """The same of a text of many lines: its line ends are `\\n`, as they were typed, and nothing is stripped."""
        values = self._values.get(name, [])
        if len(values) > 1:
            raise HTTPException(400)
        return values[0].replace("\r\n", "\n") if values else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of `name`: what was ticked."""
        return tuple(self._values.get(name, ()))

    def __contains__(self, name: str) -> bool:
        return name in self._values


def asked(request: Request) -> Fields:
    """The query of an address, such as a filter; 400 where it is no UTF-8."""
    return _parsed(request.scope["query_string"])


async def posted(request: Request) -> Fields:
    """The form in a body: 400 for any other media type or form, 413 above `BODY_LIMIT`, read no further than that."""
    kinds = request.headers.getlist("content-type")
    if len(kinds) != 1 or not _FORM.fullmatch(kinds[0].strip()) or "content-encoding" in request.headers:
        raise HTTPException(400)
    length = request.headers.get("content-length")
    if length is not None and (not _LENGTH.fullmatch(length) or int(length) > BODY_LIMIT):
        raise HTTPException(413)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise HTTPException(413)
    return _parsed(bytes(body))


def _parsed(raw: bytes) -> Fields:
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=FIELDS_LIMIT
        )
    except ValueError:
        raise HTTPException(400) from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\x00" in value:
            raise HTTPException(400)
        values.setdefault(name, []).append(value)
    return Fields(values)
