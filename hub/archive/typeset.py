"""Data and a template become a tagged PDF (PDF/UA-1) in Dutch. Values are data: none is ever read as markup, code or a path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import orjson
import typst

from hub.errors import Misconfigured

_HERE: Final = Path(__file__).parent
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNUSUAL: Final = re.compile(r"[^\n\x20-\x7e\xa0-\u024f\u2010-\u203a\u20ac]")

Template = Literal["period", "person"]


def typeset(template: Template, data: Mapping[str, Any], moment_us: int) -> bytes:
    """The report as a PDF, made in memory; the same data and moment make the same bytes. Raises Misconfigured.

    A character that steers text, or that no font of this machine can show, reads `?`. The compiler reads the templates beside
    this file and the machine's fonts, and reaches nothing else.
    """
    for unprintable in (_CONTROL, _UNUSUAL):
        try:
            return typst.compile(
                _HERE / f"{template}.typ",
                root=_HERE,
                sys_inputs={"data": orjson.dumps(_printable(dict(data), unprintable)).decode()},
                pdf_standards=["ua-1"],
                timestamp=datetime.fromtimestamp(moment_us // 1_000_000, UTC),
            )
        except typst.TypstError:
            continue  # out of reach of any log: its text may hold a value
    raise Misconfigured(
        "The report was not made.",
        "Its template or the fonts of this machine do not allow a tagged PDF.",
        "Install a font such as Liberation Sans, or put the templates of this version back.",
    )


def _printable(value: Any, unprintable: re.Pattern[str]) -> Any:
    match value:
        case str():
            return unprintable.sub("?", value)
        case list() | tuple():
            return [_printable(each, unprintable) for each in value]
        case dict():
            return {key: _printable(each, unprintable) for key, each in value.items()}
        case _:
            return value
