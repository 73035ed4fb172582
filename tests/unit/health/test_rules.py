"""Rules that end soon, ended, or were never complete."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hub.consent.model import Agreement, PolicySet
from hub.consent.policy import load_policy
from hub.domain.terms import Micros
from hub.errors import Misconfigured, Retry
from hub.health.findings import Finding, State
from hub.health.rules import connectors, policy, sign_in

DAY = date(2026, 11, 21)
NOW = Micros(int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp() * 1_000_000))


@cache
def shipped() -> PolicySet:
    return load_policy(Path(__file__).parents[3] / "schemas/policy")


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def with_agreement(**update: Any) -> PolicySet:
    """The shipped set in which the first agreement is otherwise."""
    first, *others = shipped().agreements
    changed: Agreement = first.model_copy(update=update)
    return replace(shipped(), agreements=(changed, *others))


def not_well(found: list[Finding]) -> dict[str, State]:
    assert all(one.told("en").what and one.told("nl").what for one in found)
    return {one.code: one.state for one in found if one.state is not State.ok}


def test_the_shipped_set_is_well() -> None:
    assert not_well(policy(shipped, NOW)) == {}


def test_a_set_that_does_not_load() -> None:
    def broken() -> PolicySet:
        raise Misconfigured("elements.yaml is missing.")

    assert not_well(policy(broken, NOW)) == {"policy": State.wrong}


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (91, {}),
        (90, {"agreement-ends": State.attention}),
        (1, {"agreement-ends": State.attention}),
        (0, {"agreement-ended": State.attention}),
        (-9, {"agreement-ended": State.attention}),
        (-90, {"agreement-ended": State.attention}),
        (-91, {}),
    ],
)
def test_an_agreement_that_ends(days: int, found: dict[str, State]) -> None:
    effective = shipped().agreements[0].effective.model_copy(update={"until": after(days)})
    assert not_well(policy(lambda: with_agreement(effective=effective), NOW)) == found


@pytest.mark.parametrize(
    ("days", "found"),
    [(91, {}), (90, {"agreement-review": State.attention}), (0, {"agreement-review-overdue": State.wrong})],
)
def test_an_assessment_that_is_due(days: int, found: dict[str, State]) -> None:
    dpia = shipped().agreements[0].dpia.model_copy(update={"review_due": after(days)})
    assert not_well(policy(lambda: with_agreement(dpia=dpia), NOW)) == found


@pytest.mark.parametrize(
    ("days", "found"),
    [(91, {}), (90, {"agreement-advice": State.attention}), (0, {"agreement-advice-overdue": State.wrong})],
)
def test_an_advice_that_is_due(days: int, found: dict[str, State]) -> None:
    advice = shipped().agreements[0].fg_advice.model_copy(update={"review_due": after(days)})
    assert not_well(policy(lambda: with_agreement(fg_advice=advice), NOW)) == found


@pytest.mark.parametrize("what", ["controllership", "processor_contract"])
def test_an_agreement_that_is_not_complete(what: str) -> None:
    found = policy(lambda: with_agreement(**{what: None}), NOW)
    assert not_well(found) == {"agreement-incomplete": State.attention}
    assert shipped().agreements[0].id in next(one for one in found if one.state is State.attention).told().what


def test_a_law_that_lapses() -> None:
    name, law = next(iter(shipped().laws.items()))
    lapsing = replace(shipped(), laws={**shipped().laws, name: law.model_copy(update={"valid_until": after(10)})})
    found = policy(lambda: lapsing, NOW)
    assert not_well(found) == {"law-ends": State.attention}
    assert next(one for one in found if one.code == "law-ends").parameters == {
        "names": name,
        "date": after(10).isoformat(),
        "days": 10,
    }


def test_mappings_that_nobody_compared() -> None:
    mixed = {"duo-uitval": False, "school": True}
    assert not_well(connectors(dict, production=True)) == {}
    assert not_well(connectors(lambda: mixed, production=False)) == {"mapping-verified": State.attention}
    assert not_well(connectors(lambda: mixed, production=True)) == {"mapping-verified": State.wrong}


def test_a_connectors_file_that_is_wrong() -> None:
    def broken() -> dict[str, bool]:
        raise Misconfigured("The connectors' file cannot be read.")

    assert not_well(connectors(broken, production=False)) == {"connectors": State.wrong}


async def test_a_provider_of_sign_in() -> None:
    async def answers() -> None: ...

    async def away() -> None:
        raise Retry("It is away.")

    assert await sign_in(None) == []
    assert not_well(await sign_in(answers)) == {}
    assert not_well(await sign_in(away)) == {"sign-in": State.wrong}
