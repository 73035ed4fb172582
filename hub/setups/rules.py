"""Who may do what with an instance as it stands now. Pure; each raises errors.Refused with what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hub.errors import Conflict, Refused
from hub.setups.standing import Standing, State

Hands = Mapping[str, str]
"""Whose a hand is, by its word in the log: an account or a client that a member of staff works by."""
NO_HANDS: Final[Hands] = MappingProxyType({})


class FourEyes(Refused):
    """It takes a second person."""


class Absent(Refused):
    """There is no such thing."""


def check_open(one: Standing) -> None:
    """It can still be changed."""
    if one.state is State.ended:
        raise Refused("This connector has ended.", "What has ended does not begin again.", "Set up a new one.")


def check_newest(one: Standing, version: int) -> None:
    """Nobody changed it meanwhile. Raises errors.Conflict where somebody did."""
    if version != one.newest:
        raise someone_was_first()


def check_propose(one: Standing) -> None:
    """There is something that is not active yet."""
    check_open(one)
    if one.active == one.newest and not one.staged:
        raise Refused("There is nothing to propose.", "All of it is active.", "Change something first.")
    if one.proposed_by is not None:
        raise Refused("This is proposed already.", "A second person activates it.", "Ask a colleague to do so.")


def check_activate(one: Standing, by: str, hands: Hands = NO_HANDS) -> None:
    """Two pairs of eyes: who activates is neither who changed it last nor who proposed it, by whatever hand."""
    check_open(one)
    if one.proposed_by is None:
        raise Refused("This is not proposed.", "Whoever set it up proposes it first.", "Propose it; a second person activates.")
    if not is_second(one, by, hands):
        raise FourEyes(
            "You cannot activate this yourself.",
            "You changed or proposed it; a second person looks at it before it runs.",
            "Ask a colleague. Where that cannot wait, break the glass with a reason: it is logged, and confirmed afterwards.",
        )


def is_second(one: Standing, who: str, hands: Hands = NO_HANDS) -> bool:
    """Whether it is proposed, and this is somebody who may activate it."""
    first = (one.changed_by, one.proposed_by or "")
    return one.proposed_by is not None and human(who, hands) not in [human(each, hands) for each in first]


def human(who: str, hands: Hands) -> str:
    """Whose hand it is, as far as the hub knows."""
    return hands.get(who, who)


def check_known(known: bool) -> None:
    """Credentials of others go where they are known to go."""
    if not known:
        raise FourEyes(
            "This is not tried with the credentials of others.",
            "It goes elsewhere, or trusts another than what runs, and no second person looked at that yet.",
            "Propose it and let a second person try it, or give the credentials anew yourself.",
        )


def check_break_glass(one: Standing) -> None:
    """There is something to activate alone, and nothing lies unconfirmed."""
    check_open(one)
    if one.active == one.newest and not one.staged:
        raise Refused("There is nothing to activate.", "All of it is active.", "Change something first.")
    if one.glass is not None:
        raise Refused(
            "The glass is broken already.",
            "What was activated alone before is not confirmed yet.",
            "Have a second person confirm that first.",
        )


def check_confirm(one: Standing, by: str, hands: Hands = NO_HANDS) -> None:
    """A second person looks at what one activated alone."""
    if one.glass is None:
        raise Refused("There is nothing to confirm.", "Nobody activated this alone, or it was confirmed.", "Look again.")
    if human(by, hands) == human(one.glass.who, hands):
        raise FourEyes("You cannot confirm this yourself.", "You activated it alone.", "Ask a colleague.")


def check_pause(one: Standing) -> None:
    """It runs."""
    if one.state is not State.active:
        raise Refused("This connector does not run.", f"It is {one.state.value}.", "There is nothing to pause.")


def check_resume(one: Standing) -> None:
    """It is paused."""
    if one.state is not State.paused:
        raise Refused("This connector is not paused.", f"It is {one.state.value}.", "There is nothing to resume.")


def someone_was_first() -> Conflict:
    """Somebody else did something with it meanwhile."""
    return Conflict("Someone else changed this connector.", "Theirs was first.", "Look at it again before you repeat yours.")
