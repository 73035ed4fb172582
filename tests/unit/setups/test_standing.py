"""How an instance stands, from everything that happened to it; and who may do what then."""

from __future__ import annotations

from uuid import UUID

import pytest

from hub.connector import Credential
from hub.consent.explain_entry import _OPERATIONS
from hub.console.officer import words
from hub.errors import Refused
from hub.setups import rules
from hub.setups.actor import Actor
from hub.setups.book import effective
from hub.setups.standing import Act, Move, Standing, State, standing_of


def lived(*acts: tuple[Act, int, str] | tuple[Act, int, str, str]) -> Standing:
    return standing_of(
        [
            Move("duo", "x", seq, act, version, who, more[0] if more else "", b"", UUID(int=seq), seq)
            for seq, (act, version, who, *more) in enumerate(acts, 1)
        ]
    )


BEGUN = ((Act.create, 1, "a"), (Act.credential, 1, "a", "token"), (Act.propose, 1, "a"))


def test_a_life() -> None:
    assert lived(*BEGUN).state is State.draft
    runs = (*BEGUN, (Act.activate, 1, "b"))
    assert (lived(*runs).state, dict(lived(*runs).held), dict(lived(*runs).staged)) == (State.active, {"token": 2}, {})
    assert lived(*runs, (Act.pause, 1, "a")).state is State.paused
    assert lived(*runs, (Act.pause, 1, "a"), (Act.activate, 1, "b")).state is State.active
    waits = lived(*runs, (Act.credential, 1, "a", "token"))
    assert (dict(waits.held), dict(waits.staged)) == ({"token": 2}, {"token": 5})
    assert dict(lived(*runs, (Act.credential, 1, "a", "token"), (Act.rotate, 1, "a")).held) == {"token": 5}
    assert lived(*runs, (Act.end, 1, "a")).state is State.ended
    assert lived(*BEGUN, (Act.change, 2, "b")).proposed_by is None, "what changed is not what was proposed"


def test_whom_an_unconfirmed_activation_waits_for() -> None:
    alone = (*BEGUN[:2], (Act.break_glass, 1, "a", "STORING"))
    assert lived(*alone).glass is not None
    assert lived(*alone, (Act.confirm, 1, "b")).glass is None
    assert lived(*alone, (Act.end, 1, "a")).glass is not None, "what one person did alone is looked at, ended or not"
    again = (*alone, (Act.change, 2, "b"), (Act.propose, 2, "b"))
    assert lived(*again, (Act.activate, 2, "a")).glass is not None, "who broke it does not mend it"
    assert lived(*again, (Act.activate, 2, "c")).glass is None


@pytest.mark.parametrize(
    ("one", "by", "may"),
    [
        (lived(*BEGUN), "b", True),
        (lived(*BEGUN), "a", False),
        (lived(*BEGUN[:2]), "b", False),
        (lived(*BEGUN[:2], (Act.propose, 1, "b")), "a", False),
        (lived(*BEGUN[:2], (Act.propose, 1, "b")), "b", False),
        (lived(*BEGUN[:2], (Act.propose, 1, "b")), "c", True),
        (lived(*BEGUN, (Act.end, 1, "a")), "b", False),
    ],
)
def test_two_pairs_of_eyes(one: Standing, by: str, may: bool) -> None:
    if may:
        rules.check_activate(one, by)
        return
    with pytest.raises(Refused):
        rules.check_activate(one, by)


def test_of_a_choice_the_last_given_counts_and_its_removal_leaves_none() -> None:
    declared = (
        Credential(name="token", title="Token", kind="secret", one_of="login"),
        Credential(name="certificate", title="Certificate", kind="certificate", one_of="login"),
        Credential(name="key", title="Its key", kind="private_key"),
    )
    assert effective(declared, {"certificate": 1, "key": 2, "token": 3}) == {"token": 3}
    assert effective(declared, {"certificate": 4, "key": 2, "token": 3}) == {"certificate": 4, "key": 2}
    assert effective(declared, {"certificate": 1, "token": -3}) == {}
    assert effective(declared, {"gone": 1}) == {}


def test_actors_are_told_apart_and_no_name_is_in_them() -> None:
    def digest(_label: str, data: bytes) -> bytes:
        return bytes(31) + data[:1]

    assert Actor.client("beheer").word == "client:beheer"
    assert Actor.client("Beheer").word != Actor.client("beheer").word
    assert "jan.jansen" not in Actor.account("jan.jansen", digest).word


def test_every_act_has_its_sentence_and_its_label() -> None:
    for act in Act:
        assert act.operation in _OPERATIONS
        assert words.operation(act.operation) != act.operation
