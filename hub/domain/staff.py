"""Who works at the desks: a member of staff as a log may know them, and what their roles let them see and do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from hub.domain.terms import PartyId, Term


class Role(StrEnum):
    """What someone is here to do; of whoever has none of these, nothing is shown."""

    privacy_officer = "privacy-officer"
    """Reads the log, searches a person with a reason, exports."""
    fg = "fg"
    """Functionaris gegevensbescherming: reads everything of the officer's desk, changes nothing (GDPR 38)."""
    decision_maker = "decision-maker"
    """Mandated by a controller: activates, widens, suspends; on what the privacy officer prepared and the FG advised."""
    auditor = "auditor"
    """Reads the log from outside, searches nobody."""
    administrator = "administrator"
    """Connects, watches and mends; sees no personal values but a row revealed with a reason, and searches nobody."""


class StaffId(Term):
    """A member of staff in logs: a keyed digest of who they are at the identity provider."""

    __slots__ = ()
    pattern = re.compile(r"m-[0-9a-f]{16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Staff:
    """Someone who signed in. `name` is for their own screen and stands in no log; `party` is whom they decide for."""

    staff_id: StaffId
    name: str = field(repr=False)
    roles: frozenset[Role]
    party: PartyId | None = None
