"""Data and a template become a tagged PDF (PDF/UA-1) in Dutch. Values are data: none is ever read as markup, code or a path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import orjson
import typst

from hub.errors import Misconfigured

_HERE: Final = Path(__file__).parent
Template = Literal["period", "person"]


def typeset(template: Template, data: Mapping[str, Any], moment_us: int) -> bytes:
    """The report as a PDF, made in memory; the same data and moment make the same bytes. Raises Misconfigured.

    The compiler reads the templates beside this file and the machine's fonts, and reaches nothing else.
    """
    try:
        return typst.compile(
            _HERE / f"{template}.typ",
            root=_HERE,
            sys_inputs={"data": _as_text(data)},
            pdf_standards=["ua-1"],
            timestamp=datetime.fromtimestamp(moment_us // 1_000_000, UTC),
        )
    except typst.TypstError:
        # Out of reach of any log: its text may hold a value.
        failed = True
    assert failed
    raise Misconfigured(
        "The report was not made.",
        "Its template or the fonts of this machine do not allow a tagged PDF.",
        "Install a font such as Liberation Sans, or put the templates of this version back.",
    )


def _as_text(data: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(data)).decode()
