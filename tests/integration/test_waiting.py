"""One list of all that waits, read from where each thing is kept: asked by one, it waits for another."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub.app import Hub, make_keys, open_hub
from hub.clock import legal_date
from hub.commands.objections import objection_commands
from hub.commands.waiting import waiting_commands
from hub.consent.statement import Channel, Scope
from hub.db import transaction
from hub.domain.facts import StatementKind, Voice
from hub.domain.staff import Role
from hub.domain.terms import ConnectorId, Micros, PartyId, Term
from hub.installed import setups_of, taken_in, waiting_of
from hub.mend.mappings import GlassReason
from hub.normalise.mapping import load_mapping
from hub.operations import mending_of
from hub.policies.hands import Hand
from hub.postgres import Urls
from hub.registry import load_connectors
from hub.rights.erasure.model import Ground
from hub.settings import Settings
from hub.setups.actor import Actor
from hub.setups.standing import GlassReason as Urgency
from hub.statements.objections import last_day
from hub.statements.said import Said, Spoken
from hub.waiting.model import What
from hub.waiting.service import Waiting
from tests import canary
from tests.fakes.agreements import AT_DUO, FG, OFFICER, changed, person
from tests.integration.test_setups import HOST_KEY, NAME, SECRET, setup

SCHOOL = PartyId("mbo-zilverlinde")
ANNA, BRAM = person(11, Role.administrator), person(12, Role.administrator)


@pytest.fixture
async def hub(database_urls: Urls, tmp_path: Path) -> AsyncIterator[Hub]:
    settings = Settings(
        environment="test",
        state=tmp_path / "state",
        database_url=database_urls.database,  # type: ignore[arg-type]
        vault_url=database_urls.vault,  # type: ignore[arg-type]
    )
    make_keys(settings)
    async with open_hub(settings) as hub:
        await hub.put_policy_in_use()
        yield hub


@pytest.fixture
def waiting(hub: Hub) -> Waiting:
    return waiting_of(hub, setups_of(hub))


async def test_what_one_person_asks_waits_for_another(hub: Hub, waiting: Waiting) -> None:
    today = legal_date(hub.clock.now_us())
    spoken = Spoken(SCHOOL, Voice.jongere, Channel.balie, Term(SCHOOL))
    done = await hub.statements.record(canary.BSN, Said(StatementKind.bezwaar, Scope(), spoken, today))
    asked = await hub.forgetting.ask(canary.BSN, Ground.not_needed, OFFICER)
    after = changed(hub.policy, version="2", adds="geslacht")
    await waiting.policies.propose(after, Hand(OFFICER))
    setups = waiting.connectors.setups
    await setups.create(setup(), Actor.staff(ANNA))
    await setups.credential(NAME, "known_hosts", HOST_KEY, Actor.staff(ANNA))
    await setups.credential(NAME, "password", SECRET, Actor.staff(ANNA))
    await setups.propose(NAME, Actor.staff(ANNA))

    found = await waiting.list()
    assert found.unread == ()
    known = {one.what: one for one in found.items}
    assert (known[What.objection].key, known[What.objection].until) == (str(done.statements[0]), last_day(today))
    assert (known[What.forgetting].key, known[What.forgetting].until) == (str(asked.erasure_id), last_day(today))
    assert known[What.advice].key == after.hash
    assert not canary.found_in(*map(repr, found.items))

    def of(*who: object) -> list[set[What]]:
        return [{one.what for one in found.of(each)} for each in who]  # type: ignore[arg-type]

    both = person(1, Role.privacy_officer, Role.fg)  # who asked and proposed
    school = person(20, Role.decision_maker, party=SCHOOL)
    assert of(OFFICER, FG) == [{What.objection}, {What.forgetting, What.advice}]
    assert of(both) == [{What.objection}]
    assert of(school, AT_DUO) == [{What.objection, What.forgetting}, {What.forgetting, What.signature}]
    assert of(ANNA, BRAM) == [set(), {What.setup}]

    await setups.activate(NAME, 1, Actor.staff(BRAM))
    await setups.change(NAME, setup(options={"username": "hub", "folder": "/uit2"}), Actor.staff(ANNA))
    await setups.activate(NAME, 2, Actor.staff(ANNA), Urgency.urgent)
    assert What.setup in {one.what for one in (await waiting.recent()).of(BRAM)}, "some seconds old"
    waiting.forget()
    found = await waiting.recent()
    (alone,) = [one for one in found.items if one.what is What.unconfirmed]
    assert (alone.key, alone.until) == (NAME, legal_date(Micros(int(hub.clock.now_us()) + 3 * 86_400_000_000)))
    assert [alone.waits_for(who) for who in (ANNA, BRAM, OFFICER, FG, AT_DUO)] == [False, True, True, True, False]
    await setups.confirm(NAME, Actor.staff(BRAM))
    assert What.unconfirmed not in {one.what for one in (await waiting.list()).items}


async def test_what_cannot_be_read_is_said_and_hides_nothing_else(
    hub: Hub, waiting: Waiting, owner_engine: AsyncEngine
) -> None:
    setups = waiting.connectors.setups
    await setups.create(setup(), Actor.staff(ANNA))
    spoken = Spoken(SCHOOL, Voice.jongere, Channel.balie, Term(SCHOOL))
    said = Said(StatementKind.bezwaar, Scope(), spoken, legal_date(hub.clock.now_us()))
    (objection,) = (await hub.statements.record(canary.BSN, said)).statements
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("ALTER TABLE setup_move DISABLE TRIGGER USER")
        await connection.raw.execute("UPDATE setup_move SET who = 'm-00000000000000ff'")
    found = await waiting_of(hub, setups_of(hub)).list()
    assert set(found.unread) == {"setups", "mappings"}
    assert [one.key for one in found.items if one.what is not What.ending] == [str(objection)]


async def test_a_mapping_waits_for_another_than_proposed_it(hub: Hub, waiting: Waiting) -> None:
    setups = waiting.connectors.setups
    await setups.create(setup(), Actor.staff(ANNA))
    mappings = mending_of(hub, await taken_in(setups)).mappings
    text = (load_connectors()["duo_uitval"].mapping).read_text("utf-8")
    before = load_mapping(load_connectors()["duo_uitval"].mapping).version
    await mappings.propose(ConnectorId(NAME), text.replace(before, f"{before.rpartition('/')[0]}/99"), ANNA)
    (one,) = [one for one in (await waiting.list()).items if one.what is What.mapping]
    assert (one.key, one.waits_for(ANNA), one.waits_for(BRAM)) == (NAME, False, True)
    await mappings.activate(ConnectorId(NAME), 99, BRAM)
    assert What.mapping not in {one.what for one in (await waiting.list()).items}
    await mappings.break_glass(ConnectorId(NAME), text.replace(before, "duo-uitval/100"), GlassReason.data_waits, BRAM)
    (one,) = [one for one in (await waiting.list()).items if one.what is What.unconfirmed_mapping]
    assert [one.waits_for(who) for who in (ANNA, BRAM, OFFICER, AT_DUO)] == [True, False, True, False]
    await mappings.confirm(ConnectorId(NAME), 100, ANNA)
    assert What.unconfirmed_mapping not in {one.what for one in (await waiting.list()).items}


async def test_the_commands_tell_the_same(hub: Hub, waiting: Waiting, capsys: pytest.CaptureFixture[str]) -> None:
    async def told(add: Callable[[typer.Typer, Any], None], *words: str) -> str:
        group, begun = typer.Typer(), list[Coroutine[Any, Any, None]]()
        add(group, lambda work: begun.append(work(hub)))
        group.command("other")(lambda: None)  # one command alone would have no name
        assert CliRunner().invoke(group, words).exit_code == 0
        await begun[0]
        return capsys.readouterr().out

    spoken = Spoken(SCHOOL, Voice.jongere, Channel.balie, Term(SCHOOL))
    said = Said(StatementKind.bezwaar, Scope(), spoken, legal_date(hub.clock.now_us()))
    (objection,) = (await hub.statements.record(canary.BSN, said)).statements
    assert str(objection) in await told(objection_commands, "objections", "list")
    (one,) = json.loads(await told(objection_commands, "objections", "list", "--json"))
    assert (one["id"], one["asked"], one["late"]) == (str(objection), [SCHOOL], False)
    shown = await told(objection_commands, "objections", "show", str(objection))
    assert "stops" in shown
    assert "goes on" in shown
    assert "objection" in await told(waiting_commands, "waiting", "--role", "privacy-officer")
    assert "objection" not in await told(waiting_commands, "waiting", "--role", "administrator")
    assert not canary.found_in(shown)
