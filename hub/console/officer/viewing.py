"""That somebody looks at the log is in the log itself, before they see it: what was chosen, in words, and nobody's data."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final
from uuid import UUID

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.audit.search import Selection
from hub.domain.staff import Staff

_AGAIN_US: Final = 10 * 60 * 1_000_000
"""Who looks at the same again within this time has looked once: turning back to a page makes the log no longer."""
_KEPT: Final = 10_000
_MOST_WORDS: Final = 20
_SAID: Final = {"staff": "selected-staff", "from_us": "from", "until_us": "until"}
"""Names in the log that are not those of the selection: `staff` there is who did it."""


class Views:
    """Writes who looked, once."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._seen: OrderedDict[tuple[object, ...], int] = OrderedDict()

    async def log(self, staff: Staff, operation: str, about: str, details: Mapping[str, str | int], *, mark: str = "") -> None:
        """In the log, durable, unless it was just now. `mark` tells pages of one selection apart. Raises Retry."""
        key = (staff.staff_id, operation, about, mark, *sorted(details.items()))
        now = self._notes.clock.now_us()
        if now - self._seen.get(key, -_AGAIN_US) < _AGAIN_US:
            return
        party = {"party": str(staff.party)} if staff.party is not None else {}
        await self._notes.write(EntryKind.access, operation, about, {**details, **party}, by=staff.staff_id)
        self._seen[key] = now
        self._seen.move_to_end(key)
        while len(self._seen) > _KEPT:
            self._seen.popitem(last=False)


def told(selection: Selection) -> dict[str, str | int]:
    """The selection as it stands in the log: words that the log itself holds, and moments."""
    said: dict[str, str | int] = {
        _SAID.get(name, name): value
        for name, value in asdict(selection).items()
        if value is not None and name not in ("any_of", "trace")
    }
    if selection.trace is not None:
        said["trace"] = str(UUID(hex=selection.trace))
    for nth, (_, word) in enumerate((selection.any_of or ())[:_MOST_WORDS], 1):
        said[f"one-of-{nth}"] = word
    return said
