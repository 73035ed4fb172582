"""By which hands somebody works: an account on the hub's machine, the client of an administrator's system, the desk.

The hub sees hands and no people. Of those that are tied to a member of staff it knows that they are one, and counts them as one
pair of eyes; of others nobody can know.
"""

from __future__ import annotations

from typing import Any

from hub.audit.entry import EntryKind
from hub.domain.ids import new_ids
from hub.domain.staff import StaffId
from hub.errors import Conflict, Refused
from hub.setups import rules, store
from hub.setups.actor import Actor
from hub.setups.book import Book


class Hands(Book):
    """Ties hands to members of staff, in the log."""

    async def tie(self, hand: Actor, staff_id: StaffId, by: Actor) -> None:
        """From now on the hub knows this account or client as a hand of a member of staff: four eyes count them as one.

        Raises errors.Refused where it is somebody's already, or is no such hand.
        """
        if hand.kind == "staff":
            raise Refused("A member of staff is no other's hand.", "Tied are accounts and clients.", "Name one of these.")
        now = self._clock.now_us()
        (ref,) = new_ids(1, now, self._entropy(8))
        row = store.hand_row(self._log_id, self._notes.operator, hand.word, staff_id, ref, int(now))
        try:
            await self._hand("hand-tie", hand, staff_id, by, ref=ref, rows=(row,))
        except Conflict:
            raise Refused("This hand is tied already.", "It is somebody's.", "Untie it first.") from None

    async def untie(self, hand: Actor, by: Actor) -> None:
        """The hub knows no more whose hand this is. Raises errors.Refused where it did not."""
        staff_id = (await self.hands()).get(hand.word)
        if staff_id is None:
            raise Refused("This hand is tied to nobody.", "The hub does not know whose it is.", "There is nothing to do.")
        try:
            await self._hand("hand-untie", hand, StaffId(staff_id), by, claims=(store.untie(self._log_id, hand.word),))
        except Conflict:
            raise rules.someone_was_first() from None

    async def _hand(self, operation: str, hand: Actor, staff_id: StaffId, by: Actor, **more: Any) -> None:
        details = {"hand": hand.word, "member": str(staff_id), **by.details}
        await self._notes.write(EntryKind.configuration, operation, "staff", details, by=by.staff_id, **more)
