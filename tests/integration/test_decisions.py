"""Decision calls in the real log: recorded before the answer, told again as decision log records, replayed, and forgotten."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.notes import Notes
from hub.db import transaction
from hub.decisions import store
from hub.decisions.evaluate import Evaluations
from hub.decisions.export import DecisionLog
from hub.decisions.request import Reader
from hub.domain.terms import Micros
from hub.errors import Tampered
from hub.rules import Rules
from hub.worker import _tidy
from tests.contract.test_authzen import QUESTION
from tests.fakes.house import DUO, LOG, House, body, open_house
from tests.fakes.partner import shipped_rules
from tests.fakes.recorder import OPERATOR

TRACE = "00-28dbeec32e77635cc19bc3204ec56c41-dec5220770f8f4f4-01"


@dataclass
class Desk:
    """Decision calls and their log over a real house."""

    house: House
    evaluations: Evaluations
    log: DecisionLog

    async def lines(self, start: int | None = None, end: int | None = None) -> list[dict[str, Any]]:
        """The records from `start` up to `end`; without them, all."""
        now = self.house.clock.us
        first, last = Micros(start or 10**15), Micros(end or now + 10**12)
        return [orjson.loads(line) async for line in self.log.records(first, last)]


@pytest.fixture
async def desk(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as house:
        notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
        rules: Rules = shipped_rules()
        evaluations = Evaluations(
            *(rules, notes, engine, LOG, house.clock, house.digests, house.vault.seal_row),
            key_version=1,
            new_id=uuid4,
            version="1.2.3",
        )
        log = DecisionLog(notes, engine, LOG, OPERATOR, house.clock, house.digests, house.vault.open_row)
        yield Desk(house, evaluations, log)


def dead() -> dict[str, Any]:
    """The question about somebody who died."""
    question = deepcopy(QUESTION)
    question["resource"]["properties"]["feiten"]["overleden"] = True
    return question


async def test_one_record_a_call_whatever_its_answer(desk: Desk) -> None:
    said = await desk.evaluations.evaluate(DUO, QUESTION, many=False, traceparent=TRACE)
    no = await desk.evaluations.evaluate(DUO, dead(), many=False)
    many = await desk.evaluations.evaluate(DUO, {**QUESTION, "evaluations": [{}] * 3}, many=True)
    records = await desk.lines()
    assert [record["body"]["adl.core.response"] for record in records] == [said, no, many]
    assert [record["event_name"] for record in records] == ["adl.access_evaluation"] * 2 + ["adl.access_evaluations"]
    assert {record["status"] for record in records} == {"Unset"}
    assert records[0]["parent_span_id"] == "dec5220770f8f4f4"
    assert len({(record["trace_id"], record["span_id"]) for record in records}) == 3
    assert await desk.lines() == records
    entries = await desk.house.entries()
    assert [entry["kind"] for entry in entries].count("export") == 2


async def test_a_record_replays_to_the_same_answer(desk: Desk) -> None:
    for question in (QUESTION, dead()):
        await desk.evaluations.evaluate(DUO, question, many=False)
    for record in await desk.lines():
        assert record["attributes"]["adl.core.policies"]["hub"] == shipped_rules().policy.hash
        again = await desk.evaluations.evaluate(DUO, record["body"]["adl.core.request"], many=False)
        assert again == record["body"]["adl.core.response"]


async def test_nothing_of_the_young_person_stands_in_the_clear(desk: Desk) -> None:
    await desk.evaluations.evaluate(DUO, QUESTION, many=False)
    (row,) = await desk.house.rows("SELECT sealed FROM decision_call")
    assert b"9001" not in row["sealed"]
    assert b"feiten" not in row["sealed"]
    entry = (await desk.house.entries())[-1]
    assert entry["operation"] == "evaluate"
    assert entry["actor"] == DUO
    assert "9001" not in repr(entry["details"])


async def test_verdicts_are_records_too_with_their_facts_named_not_told(desk: Desk) -> None:
    await desk.house.send(body(0))
    records = await desk.lines()
    assert records
    for record in records:
        assert record["attributes"]["hub.log.operation"] == "admit"
        assert set(record["attributes"]["adl.core.information"]["facts"]) == {"log", "ref", "digest"}
    assert {record["body"]["adl.core.response"]["decision"] for record in records} <= {True, False}


async def test_a_period_holds_what_was_decided_in_it_alone(desk: Desk) -> None:
    times = []
    for _ in range(3):
        desk.house.clock.us += 10_000_000
        times.append(desk.house.clock.us)
        await desk.evaluations.evaluate(DUO, QUESTION, many=False)
    assert len(await desk.lines(times[1], times[2])) == 1
    assert len(await desk.lines(times[1])) == 2
    assert len(await desk.lines(10**15, times[0])) == 0


async def test_facts_that_a_caller_makes_up_fill_no_memory(desk: Desk) -> None:
    """A partner asks about young people who do not exist, each a little different: the table keeps nothing of them."""
    policy, table = desk.evaluations.rules.policy, desk.evaluations.rules.table
    questions = [deepcopy(QUESTION) for _ in range(120)]
    for age, question in enumerate(questions):
        question["resource"]["properties"]["feiten"]["leeftijd"] = age
    told = await desk.evaluations.evaluate(DUO, {"evaluations": questions}, many=True)
    assert len(told["evaluations"]) == 120
    asked = Reader(policy, date(2026, 11, 2)).single(QUESTION)
    assert asked is not None
    (one,) = asked.questions
    lane = table.lane(one.path[0], one.path[1], one.record, one.purpose, one.facts.as_of)
    assert (lane.answers, lane.grants) == ({}, {})


async def test_content_that_was_changed_is_seen(desk: Desk, owner_engine: AsyncEngine) -> None:
    await desk.evaluations.evaluate(DUO, QUESTION, many=False)
    (row,) = await desk.house.rows("SELECT entry_ref FROM decision_call")
    forged = desk.house.vault.seal_row(b"{}", row["entry_ref"].bytes)
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("UPDATE decision_call SET sealed = $1", forged)
    with pytest.raises(Tampered):
        await desk.lines()


async def test_after_a_year_a_call_is_told_by_its_digest_alone(desk: Desk) -> None:
    await desk.evaluations.evaluate(DUO, QUESTION, many=False)
    desk.house.clock.us += store.KEPT_US + 1
    (record,) = await desk.lines()
    assert "body" not in record
    assert set(record["attributes"]["adl.core.request"]) == {"log", "ref", "digest"}
    assert await desk.house.rows("SELECT FROM decision_call") == []


async def test_the_worker_forgets_calls_of_more_than_a_year_ago_by_itself(desk: Desk) -> None:
    house = desk.house

    async def nothing_due(_day: Any) -> None:
        return None

    hub: Any = SimpleNamespace(
        engine=house.engine, log_id=LOG, clock=house.clock, statements=SimpleNamespace(run_due=nothing_due)
    )
    await desk.evaluations.evaluate(DUO, QUESTION, many=False)
    house.clock.us += store.KEPT_US - 1
    await desk.evaluations.evaluate(DUO, QUESTION, many=False)
    await _tidy(hub)
    assert (await house.rows("SELECT count(*) AS n FROM decision_call"))[0]["n"] == 2
    house.clock.us += 10**6
    await _tidy(hub)
    assert (await house.rows("SELECT count(*) AS n FROM decision_call"))[0]["n"] == 1
