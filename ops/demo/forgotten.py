"""One young person is forgotten: asked by the privacy officer, decided by somebody else; then nobody finds them any more."""

from __future__ import annotations

import csv
import io
from typing import Final

from hub.app import Hub
from hub.domain.staff import Role, Staff, StaffId
from hub.errors import Refused
from hub.rights.answer import SearchReason
from hub.rights.erasure.model import Ground
from hub.rights.person import Persons
from ops.demo.processes import Failed
from ops.demo.trouble import signed_in_once

_OFFICER: Final = Staff(StaffId("m-00000000000000f1"), "Sanne Vermeer", frozenset({Role.privacy_officer}))
_DECIDER: Final = Staff(StaffId("m-00000000000000f2"), "Karim Benali", frozenset({Role.decision_maker}))


def refused_everywhere(content: bytes) -> str:
    """The number of someone on the list who has a qualification: nobody was given anything, so nobody holds anything."""
    for person in csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=";"):
        if person["STARTKWALIFICATIE"] == "J":
            return person["PERSOONSGEBONDENNUMMER"]
    raise Failed("The list has nobody with a qualification.")


async def forget(hub: Hub, number: str) -> int:
    """Forgets whoever has this number; gives how many entries were theirs. Raises Failed where they can still be found."""
    for staff in (_OFFICER, _DECIDER):
        await signed_in_once(hub, staff)
    before = await hub.person_keys.compare(number, SearchReason.inzage, _OFFICER)
    if not before.theirs or before.hidden or before.foreign:
        raise Failed("The index of the log does not have of this person what the entries say.")
    asked = await hub.forgetting.ask(number, Ground.not_needed, _OFFICER)
    await hub.forgetting.order(asked.erasure_id, _DECIDER)
    found = await Persons(hub.log, hub.search, hub.notes, hub.people).search(number, SearchReason.inzage, _OFFICER)
    if found.has_key or found.recipients or found.events:
        raise Failed("Someone who was forgotten was found.")
    try:
        await hub.person_keys.compare(number, SearchReason.inzage, _OFFICER)
    except Refused:  # there is no key to look with
        return len(before.theirs)
    raise Failed("Someone who was forgotten still has a key.")
