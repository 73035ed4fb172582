"""What must be right about a statement before it is recorded, and what is left of one when part of it is taken back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from hub.consent.model import PolicySet
from hub.consent.speakers import NAMED, check_hearer, check_period, check_scope, check_voice, check_withdrawal
from hub.consent.statement import Hold, Scope, What
from hub.domain.facts import YES, StatementKind, Voice
from hub.errors import Malformed, Misconfigured, Refused
from hub.statements.said import Said, Spoken


def named_in(details: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The statements of an entry, each with the digest of its event."""
    marks = [name.removeprefix("statement") for name in details if name.startswith("statement")]
    return {(details[f"statement{mark}"], details[f"event{mark}"]) for mark in marks}


def check_said(policy: PolicySet, said: Said, today: date) -> date | None:
    """The day on which a representative's yes ends. Raises Malformed or Refused where this cannot be recorded."""
    spoken = said.spoken
    if spoken.party not in policy.parties:
        raise Misconfigured(
            f"{spoken.party} is no party of this hub.",
            "The policy set does not name it.",
            "See parties.yaml of the policy set.",
        )
    check_scope(policy, said.kind, said.scope)
    if said.what is What.requested:
        return None
    if said.kind is StatementKind.contactvoorkeur and said.also_objection is None:
        raise Malformed(
            "The contact preference was refused.",
            "Whoever wants to be left alone may object as well, and that was not asked.",
            "Ask whether it is also an objection, and say what they answered.",
        )
    if said.also_objection and said.kind is not StatementKind.contactvoorkeur:
        raise Malformed("The statement was refused.", "Only a contact preference can be an objection as well.", "Record both.")
    if spoken.authority is not None and not spoken.reference:
        raise Malformed("The statement was refused.", "It is not said which document was shown.", "Give its reference.")
    day = spoken.happened or today
    if said.what is What.refused:
        if said.kind not in NAMED:
            raise Malformed("The statement was refused.", "Only what was asked for can be refused.", "Record an objection.")
        if spoken.voice is not Voice.jongere:
            check_voice(policy, said.kind, said.scope, spoken.voice, spoken.authority, said.born, day)
        return None
    check_period(said.kind, said.begins, said.ends)
    if spoken.vouched:
        check_hearer(policy, said.kind, said.scope, spoken.party)
    if said.kind in NAMED and said.notice is None:
        raise Malformed(
            "The statement was refused.", "It is not said which text was shown.", "Give the text, its id and version."
        )
    if said.kind in YES and said.begins < day:
        raise Malformed(
            "The statement was refused.", "Nobody agrees to what is past.", "Let it begin when it was said, or later."
        )
    return check_voice(policy, said.kind, said.scope, spoken.voice, spoken.authority, said.born, day)


def check_taken_back(held: Hold, spoken: Spoken) -> None:
    """Raises Refused where this is not theirs to take back: a no that one party recorded, no other vouches away."""
    check_withdrawal(held, spoken.voice)
    if spoken.vouched and held.kind not in YES and held.party != spoken.party:
        raise Refused(
            "The statement was not taken back.",
            "It is a no that was said elsewhere, and taking it back lets data pass.",
            "Take it back where it was said, or ask the privacy officer.",
        )


def objection_beside(said: Said) -> Said:
    """The objection that a contact preference is as well, as wide."""
    return Said(StatementKind.bezwaar, said.scope, said.spoken, said.begins, notice=said.notice, shielded=said.shielded)


def left(held: Hold, gone: Scope) -> Scope | None:
    """What is left of a statement when `gone` is taken from it; None where nothing is.

    What cannot be taken from it leaves nothing of a yes. A no without limits is taken back whole or not at all.
    """
    have = held.scope
    if have.within(Scope(purposes=gone.purposes, parties=gone.parties)):
        return None
    purposes, parties = _without(have.purposes, gone.purposes), _without(have.parties, gone.parties)
    if gone.purposes is not None and purposes:
        return Scope(purposes=purposes, parties=have.parties, elements=have.elements)
    if gone.parties is not None and parties:
        return Scope(purposes=have.purposes, parties=parties, elements=have.elements)
    if held.kind in YES:
        return None
    raise Refused(
        "The statement was not taken back.",
        "It is about everything, and only a part was named.",
        "Take it back whole, and record what is left of it.",
    )


_N = TypeVar("_N")


def _without(have: frozenset[_N] | None, gone: frozenset[_N] | None) -> frozenset[_N] | None:
    """What of `have` stays; None where it was not limited, or nothing was named."""
    return None if have is None or gone is None else have - gone
