"""Rows of a table held against the signed log: a row says what somebody did, and a table alone proves nothing.

Whoever keeps rows that decide what the hub does names in each the entry that was written with it, and says here how the two
must agree. What was proven once is remembered: afterwards only new rows are looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from hub.audit.entry import parse
from hub.audit.log import Log
from hub.audit.store import Located
from hub.errors import Refused, Tampered

Row = TypeVar("Row", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Proven:
    """Where in the log a row's entry stands, and its details."""

    place: int
    details: Mapping[str, Any]


class Ledger(Generic[Row]):
    """Looks up rows of one kind in one log. `ref` gives the entry of a row, `says` whether what that entry says is this row."""

    def __init__(self, log: Log, ref: Callable[[Row], UUID], says: Callable[[Mapping[str, Any], Row], bool]) -> None:
        self._log, self._ref, self._says = log, ref, says
        self._known: dict[Row, Proven] = {}

    async def proven(self, rows: Iterable[Row]) -> dict[Row, Proven]:
        """What the signed log says of each row; one that it does not speak of, or not so, is left out.

        Raises Tampered where the log itself is not what was signed.
        """
        wanted = list(dict.fromkeys(rows))
        if new := [row for row in wanted if row not in self._known]:
            entries = await self._log.found([self._ref(row) for row in new])
            spoken = {row: found for row in new if (found := entries.get(self._ref(row))) and self._agrees(found, row)}
            for row, found in (await self._signed(spoken)).items():
                self._known[row] = Proven(found.seq, parse(found.body).get("details", {}))
        return {row: self._known[row] for row in wanted if row in self._known}

    async def check(self, rows: Sequence[Row], tampered: Callable[[Row], Tampered]) -> None:
        """Raises what `tampered` makes of the first row that is not as the log says."""
        known = await self.proven(rows)
        for row in rows:
            if row not in known:
                raise tampered(row)

    def _agrees(self, found: Located, row: Row) -> bool:
        try:
            return self._says(parse(found.body), row)
        except (Tampered, Refused):  # it cannot be read, or was redacted: it speaks of nothing any more
            return False

    async def _signed(self, spoken: Mapping[Row, Located]) -> Mapping[Row, Located]:
        """Those whose entries are in the signed tree. Looked at one by one only where not all of them are."""
        if not spoken:
            return {}
        try:
            await self._log.prove({self._ref(row): found for row, found in spoken.items()})
        except (Tampered, ValueError):  # ValueError: an entry beyond the tree
            await self._log.prove({})  # where the log itself is not what was signed, that is the matter, and not these rows
            if len(spoken) == 1:
                return {}
            halves = [dict(list(spoken.items())[half::2]) for half in (0, 1)]
            return {**await self._signed(halves[0]), **await self._signed(halves[1])}
        return spoken
