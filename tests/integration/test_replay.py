"""Replay, retro and counting over real databases: what went through the house, decided again under another set."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import orjson
import pytest
import typer
from click.testing import Result
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.cli import guarded
from hub.clock import legal_date
from hub.commands.policy_diff import policy_diff_commands
from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.diff import diff
from hub.consent.model import Permit, PolicySet
from hub.consent.policy import canonical_policy, named_by_hash, policy_of
from hub.consent.store import keep_policy, policy_in_use
from hub.db import transaction
from hub.domain.facts import StatementKind
from hub.domain.ids import new_ids
from hub.domain.terms import Micros, PolicyHash
from hub.policies.use import Acts
from hub.ports import WorkItem
from hub.replay.answer import Left, Turn, Why, people, retold
from hub.replay.reading import Reader
from hub.replay.service import Replays
from hub.replay.sets import Sets
from tests.fakes.house import DESK, POLICY, House, body, open_house
from tests.fakes.recorder import LOG, OPERATOR
from tests.fakes.shipped import shipped_policy
from tests.fakes.statements import said

SHIPPED = shipped_policy()
CLAUSE = "duo-doorstroompunt/1/uitval"


def _but(policy: PolicySet, **changes: Any) -> PolicySet:
    """The set with its clause from DUO to the doorstroompunt changed."""
    agreements = []
    for agreement in policy.agreements:
        clauses = tuple(
            clause.model_copy(update=changes) if isinstance(clause, Permit) and clause.id == CLAUSE else clause
            for clause in agreement.clauses
        )
        agreements.append(agreement.model_copy(update={"clauses": clauses}))
    return named_by_hash(replace(policy, agreements=tuple(agreements)))


def _clause(policy: PolicySet) -> Permit:
    (found,) = (c for a in policy.agreements for c in a.clauses if isinstance(c, Permit) and c.id == CLAUSE)
    return found


def _narrow() -> PolicySet:
    """Nobody over 18 any more."""
    subject = _clause(SHIPPED).subject
    return _but(SHIPPED, subject=subject.model_copy(update={"age": subject.age.model_copy(update={"max": 18})}))


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


async def _kept(house: House) -> Replays:
    """Replays of the house, whose set was put into use as a hub does."""
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    follows, in_use = await policy_in_use(house.engine, LOG)
    if in_use is None:
        (ref,) = new_ids(1, Micros(house.clock.us), secrets.token_bytes(8))
        claim = keep_policy(LOG, OPERATOR, ref, follows, SHIPPED.hash, canonical_policy(SHIPPED), Micros(house.clock.us))
        await notes.write(EntryKind.configuration, "policy-use", "policy", {"policy": SHIPPED.hash}, ref=ref, claims=(claim,))
    return Replays(house.engine, LOG, house.vault, notes, Acts(house.log))


async def test_under_its_own_set_every_decision_is_the_one_in_the_log_and_under_another_it_turns(house: House):
    replays = await _kept(house)
    await house.drop(
        [body(number) for number in range(3)] + [body(4, startkwalificatie=True), body(5, geboortedatum="2008-05-04")]
    )
    same = await replays.replay(SHIPPED, SHIPPED.hash, None, None, None)
    assert same.decided == 10
    assert (same.mismatched, dict(same.left)) == ([], {})
    assert same.counted(Turn.same) == 10
    other = await replays.replay(_narrow(), SHIPPED.hash, None, None, None)
    turned = {kind: count for kind, count in other.kinds.items() if kind.turn is Turn.permit_to_deny}
    assert {(kind.recipient, kind.clause_then, count) for kind, count in turned.items()} >= {(DESK, CLAUSE, 3)}
    back = await replays.replay(SHIPPED, SHIPPED.hash, Micros(house.clock.us + 86_400_000_000), None, None)
    assert back.decided == 0
    assert other.stale(SHIPPED.hash, other.size + 1)
    assert not other.stale(SHIPPED.hash, other.size)
    assert [entry["operation"] for entry in await house.entries() if entry["kind"] == "access"] == ["policy-replay"] * 3


async def test_an_entry_that_its_own_set_does_not_lead_to_is_told(house: House):
    await _kept(house)
    await house.send(body(0))
    bent = canonical_policy(_narrow())
    sets = Sets(Acts(house.log))
    reader = Reader(house.engine, LOG, house.vault)
    (case,) = [case async for page in reader.cases(None, None, 100, lambda *_: None) for case in page if case.recipient == DESK]
    (decision,) = await sets.decide([case])
    assert decision is not None
    assert retold(decision) == case.told
    (other,) = ask(compile_policy(policy_of(bent)), [case.question] if case.question else [])
    assert retold(other) != case.told


async def test_without_its_set_its_facts_or_its_person_a_decision_is_left_with_the_reason(
    house: House, owner_engine: AsyncEngine
):
    await house.send(body(0))
    replays = Replays(
        house.engine,
        LOG,
        house.vault,
        Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault),
        Acts(house.log),
    )
    without = await replays.replay(SHIPPED, SHIPPED.hash, None, None, None)
    assert without.decided == 0
    assert without.left[Left.policy_not_kept] == 2
    await _kept(house)
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("DELETE FROM consent_facts")
    gone = await replays.replay(SHIPPED, SHIPPED.hash, None, None, None)
    assert gone.left[Left.facts_not_kept] == 2
    async with transaction(house.vault_engine) as connection:
        rows = await connection.raw.fetch("SELECT count(*) FROM vault_key")
    assert rows[0][0] == 1


async def test_retro_tells_what_was_lawful_then_from_what_never_was(house: House):
    replays = await _kept(house)
    await house.drop([body(0), body(1)])
    assert [wrong async for wrong in replays.retro(_narrow(), None, None, None)] == []  # nothing left the hub yet
    handed = (await house.route.release(DESK, 10)).deliveries
    assert len(handed) == 2
    found = [wrong async for wrong in replays.retro(_narrow(), None, None, None)]
    assert {wrong.delivery for wrong in found} == {each.delivery_id for each in handed}
    assert {wrong.why for wrong in found} == {Why.lawful_then}
    assert all("bsn" in wrong.elements and wrong.acknowledged_us is None for wrong in found)
    assert [wrong async for wrong in replays.retro(SHIPPED, None, None, None)] == []
    assert {entry["operation"] for entry in await house.entries() if entry["kind"] == "export"} == {"policy-retro"}


async def test_retro_counts_a_statement_that_was_recorded_too_late(house: House):
    replays = await _kept(house)
    await house.send(body(0))
    await house.route.release(DESK, 10)
    (row,) = await house.rows("SELECT DISTINCT subject_tag FROM deliver_outbox")
    day = legal_date(Micros(house.clock.us))
    claim = said(house.digests, LOG, bytes(row["subject_tag"]), StatementKind.beperking, (day, None))
    await house.committer.record(WorkItem(uuid4(), OPERATOR, (), claims=(claim,)))
    (wrong,) = [wrong async for wrong in replays.retro(SHIPPED, None, None, None)]
    assert wrong.why is Why.never_lawful
    assert wrong.reasons == ("PERSOONLIJK",)


async def test_retro_counts_a_date_of_birth_that_a_later_record_corrects(house: House):
    replays = await _kept(house)
    await house.send(body(0))
    await house.route.release(DESK, 10)
    assert [wrong async for wrong in replays.retro(SHIPPED, None, None, None)] == []
    house.clock.us += 1_000_000
    await house.send(body(0, geboortedatum="1990-05-04"))
    wrong = {each.recipient: each async for each in replays.retro(SHIPPED, None, None, None)}
    assert wrong[DESK].why is Why.never_lawful
    assert "bsn" in wrong[DESK].elements


def _mismatching(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log's set is read back as another."""

    async def another(_self: Sets, _name: PolicyHash) -> PolicySet:
        return _narrow()

    monkeypatch.setattr(Sets, "policy", another)


async def _run(house: House, *words: str) -> Result:
    """`hub policy ...` over the house."""
    replays = await _kept(house)
    hub = SimpleNamespace(
        acts=Acts(house.log),
        engine=house.engine,
        log_id=LOG,
        vault=house.vault,
        notes=replays.notes,
        policy=SHIPPED,
        clock=house.clock,
        digests=house.digests,
    )
    loop = asyncio.get_running_loop()

    def with_hub(work: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        guarded(lambda: asyncio.run_coroutine_threadsafe(work(hub), loop).result())

    app = typer.Typer()
    policy_diff_commands(app, with_hub, guarded)
    return await asyncio.to_thread(CliRunner().invoke, app, list(words))


@pytest.fixture
def narrow(tmp_path: Path) -> Path:
    """A directory with the shipped set, and nobody over 18 from DUO any more."""
    copy = tmp_path / "narrow"
    shutil.copytree(POLICY, copy)
    file = copy / "agreements" / "duo-doorstroompunt.v1.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("{min: 18, max: 26,", "{min: 18, max: 18,", 1), encoding="utf-8")
    return copy


async def test_the_command_diff_tells_how_many_people_and_its_status_whether_more_passes(house: House, narrow: Path):
    await _kept(house)
    await house.drop([body(number) for number in range(6)])
    less = await _run(house, "diff", str(POLICY), str(narrow), "--people")
    assert (less.exit_code, less.exception) == (0, None)
    assert "Over 0 gaat meer door, over 6 minder" in less.output
    assert "duo > doorstroompunt-lindemark" in less.output
    more = await _run(house, "diff", str(narrow), str(POLICY), "--people", "--json")
    assert more.exit_code == 3
    told = orjson.loads(more.stdout)
    assert told["people"] == {"persons": 6, "gain": 6, "lose": 0}
    assert told["wider"] == len([change for change in told["changes"] if change["widens"]]) > 0


async def test_the_command_replay_says_what_turns_and_its_status_that_all_is_as_logged(house: House, narrow: Path):
    await _kept(house)
    await house.drop([body(0), body(1)])
    done = await _run(house, "replay", "--candidate", str(narrow))
    assert done.exit_code == 0
    assert "Ja wordt nee: " in done.output
    assert "LET OP" not in done.output
    plain = orjson.loads((await _run(house, "replay", "--candidate", str(narrow), "--json")).stdout)
    assert (plain["decided"], plain["mismatches"], plain["left"]) == (4, 0, {})
    assert plain["turns"]["permit-to-deny"] > 0
    assert (await _run(house, "replay", "--candidate", str(narrow), "--from", "gisteren")).exit_code == 5


async def test_an_entry_that_its_own_set_does_not_lead_to_is_told_first_and_by_the_status(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    await _kept(house)
    await house.drop([body(0), body(1)])
    _mismatching(monkeypatch)
    done = await _run(house, "replay", "--candidate", str(POLICY))
    assert done.exit_code == 6
    assert done.output.index("LET OP") < done.output.index("opnieuw besloten")
    plain = await _run(house, "replay", "--candidate", str(POLICY), "--json")
    assert plain.exit_code == 6
    told = orjson.loads(plain.stdout)
    assert told["mismatches"] == len(told["mismatched"]) > 0


async def test_the_command_retro_writes_a_worksheet(house: House, narrow: Path):
    await _kept(house)
    await house.drop([body(0)])
    handed = (await house.route.release(DESK, 10)).deliveries
    sheet = await _run(house, "retro", "--candidate", str(narrow))
    assert sheet.exit_code == 0
    head, row = sheet.stdout.strip().splitlines()
    assert head.startswith("delivery,recipient,source,clause,policy,why")
    assert row.startswith(f"{handed[0].delivery_id},{DESK},duo,{CLAUSE}")
    (line,) = (await _run(house, "retro", "--candidate", str(narrow), "--json")).stdout.strip().splitlines()
    assert orjson.loads(line)["why"] == "lawful-then"


async def test_people_who_gain_or_lose_are_counted_and_small_numbers_are_not_told(house: House):
    replays = await _kept(house)
    await house.drop([body(number) for number in range(6)] + [body(6, geboortedatum="2008-05-04")])
    found = diff(SHIPPED, _narrow())
    counted = await replays.people(SHIPPED, _narrow(), found, legal_date(Micros(house.clock.us)), None)
    assert (counted.persons, counted.gain, counted.lose) == (7, 0, 6)
    assert sum(1 for count in counted.per_change.values() if count == 6) >= 1
    assert all(found.changes[number].lost for number in counted.per_change)
    assert [people(count) for count in (0, 1, 4, 5)] == [0, "<5", "<5", 5]
