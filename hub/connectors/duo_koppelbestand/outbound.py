"""A page of deliveries to a koppelbestand: numbers alone, in a workbook of one column; and what it is called. Pure.

A koppelbestand discloses to DUO that somebody is with the doorstroompunt. So nothing but the number goes in, and a clause that
lets more pass than the number is refused here: the log would say that more has left than did.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.connector import Rejected
from hub.domain.ids import made_at
from hub.domain.stages import Delivered
from hub.domain.terms import ReasonCode
from hub.errors import Misconfigured
from hub.formats.write import XlsxWriter

FORM: Final = ReasonCode("VORM_ONGELDIG")
SUFFIX: Final = ".koci.xlsx"
COLUMN: Final = "BSN"
_WHO: Final = re.compile(r"[RG][0-9]{4}", re.ASCII)
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_WRITER: Final = XlsxWriter("Koppelbestand")


def koci(page: Sequence[Delivered], _checkpoint: str, /) -> tuple[str, bytes]:
    """The extension and the bytes of a page. Raises `Rejected` where a delivery is more, or other, than a BSN."""
    return SUFFIX, _WRITER.write([{COLUMN: _number(each)} for each in page], [COLUMN])


def prefix_of(who: str, page: Sequence[Delivered]) -> str:
    """How the name of the file begins: the day, and the code of who asks.

    The day is that of the last delivery in it, not of today: the same page put again tomorrow is the same file. Raises
    errors.Misconfigured where `who` is not R or G and four digits.
    """
    if not _WHO.fullmatch(who):
        raise Misconfigured("A koppelbestand cannot be named.", "The option who is not R or G and four digits.", "Correct it.")
    return f"{day_of(max(each.delivery_id for each in page)):%Y%m%d}{who}-"


def day_of(delivery_id: UUID) -> date:
    """The day in Amsterdam on which a delivery was made."""
    return made_at(delivery_id).astimezone(_AMSTERDAM).date()


def _number(delivered: Delivered) -> str:
    held: Any = json.loads(delivered.payload.reveal())
    number = held.get("bsn") if isinstance(held, dict) and len(held) == 1 else None
    if isinstance(number, str):  # a number it is: our record let no other in
        return number
    raise Rejected(
        FORM,
        "A delivery cannot be written into a koppelbestand.",
        "It holds a BSN and nothing else; this one holds more, or no BSN.",
        "Let the clause for DUO pass the BSN alone; whoever has none cannot be coupled.",
    )
