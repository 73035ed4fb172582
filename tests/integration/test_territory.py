"""A gemeente merges while deliveries wait: they move to who follows, decided anew, by two persons, and nothing moves twice."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.notes import Notes
from hub.consent.policy import load_policy, read_policy
from hub.db import transaction
from hub.deliver.store import touch
from hub.domain.facts import StatementKind
from hub.domain.staff import StaffId
from hub.domain.stages import Recorded
from hub.domain.terms import Micros, PartyId
from hub.errors import Refused, Retry, Tampered
from hub.health.connectors import moves as judged
from hub.health.findings import State as Judged
from hub.health.rules import followed
from hub.policies.founding import found
from hub.policies.use import Acts
from hub.ports import WorkItem
from hub.rules import Rules
from hub.territory import service
from hub.territory.model import Became, Glass, Move, State
from hub.territory.service import Moves
from tests import canary
from tests.fakes.house import DESK, POLICY, House, body, open_house
from tests.fakes.recorder import LOG, OPERATOR
from tests.fakes.statements import said, scope

OLD, NEW = PartyId("werk-en-inkomen-rietvoorde"), PartyId("werk-en-inkomen-aldermeer")
ONE, OTHER = StaffId("m-" + "1" * 16), StaffId("m-" + "2" * 16)
DAY_US = 86_400_000_000
MERGED = date(2026, 11, 9)
"""A week after the house's day Rietvoorde merges into Aldermeer."""
LESS = ("      geboortedatum: {form: raw, need: De leeftijd bepaalt welke ondersteuning de wet kent.}\n", "")
"""A clause that does not let the date of birth pass to Work & Income."""


@cache
def rules(*changes: tuple[str, str]) -> Rules:
    """The shipped policy in which Rietvoorde (9002) merges into Aldermeer (9001), with these changes."""
    files = {path.relative_to(POLICY).as_posix(): path.read_text(encoding="utf-8") for path in sorted(POLICY.rglob("*.yaml"))}
    merger = (
        "        name: Rietvoorde\n        valid_from: 2020-01-01\n",
        f'        name: Rietvoorde\n        valid_from: 2020-01-01\n        valid_until: {MERGED}\n        successor: "9001"\n',
    )
    for old, new in (merger, *changes):
        assert any(old in text for text in files.values()), old
        files = {name: text.replace(old, new) for name, text in files.items()}
    return Rules(read_policy(files))


@dataclass
class Region:
    """The house with what moves in it."""

    house: House
    moves: Moves

    async def states(self, party: PartyId) -> Mapping[str, int]:
        rows = await self.house.rows("SELECT state, count(*) FROM deliver_outbox WHERE party_id = $1 GROUP BY 1", party)
        return {row["state"]: row["count"] for row in rows}

    async def whole(self) -> list[Any]:
        """All that a dry run must leave as it is."""
        tables = ("deliver_outbox", "region_move", "region_moved", "audit_entry")
        return [await self.house.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]

    async def of(self, operation: str) -> list[dict[str, Any]]:
        return [each for each in await self.house.entries() if each["operation"] == operation]

    async def wait(self, count: int = 3) -> None:
        """So many young people of Rietvoorde wait for its Work & Income, and the day of the merger comes."""
        await self.house.drop([body(number, gemeente="9002") for number in range(count)])
        assert await self.states(OLD) == {"held": count}
        self.house.clock.us += 8 * DAY_US

    async def moved(self) -> Move:
        """The move, by two persons."""
        move = await self.moves.order(OLD, NEW, ONE)
        await self.moves.confirm(move.move_id, OTHER)
        return await self.moves.carry(move.move_id)


@pytest.fixture
async def region(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Region]:
    async with open_house(engine, vault_engine, tmp_path / "mark", rules=rules()) as house:
        yield Region(house, over(house))


def over(house: House) -> Moves:
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    return Moves(notes, house.route.again, house.route.endings, {OLD: ("wi-rietvoorde",)}, service.ledger_of(house.log))


async def test_a_dry_run_says_what_it_would_do_and_does_nothing(region: Region) -> None:
    await region.house.drop([body(number, gemeente="9002") for number in range(3)])
    before = await region.whole()
    found = await region.moves.preview(OLD, NEW)  # a week ahead, too
    assert found.became == {Became.moved: 3}
    assert (found.succession.day, found.hanging.waiting, found.hanging.people) == (MERGED, {"held": 3}, 3)
    assert found.hanging.instances == ("wi-rietvoorde",)
    assert found.hanging.agreements
    assert found.hanging.unsigned == ()
    assert await region.whole() == before


async def test_what_waits_is_decided_anew_and_logged_before_it_goes(region: Region) -> None:
    await region.wait()
    done = await region.moved()
    assert (done.state, done.became) == (State.done, {Became.moved: 3})
    assert await region.states(OLD) == {"dropped": 3}
    assert await region.states(NEW) == {"held": 3}
    (gone,) = await region.house.rows(
        "SELECT count(*) FROM deliver_outbox WHERE party_id = $1 AND (sealed IS NOT NULL OR subject_tag IS NOT NULL)", OLD
    )
    assert gone["count"] == 0
    entries = await region.of("region-move")
    disclosed = [each for each in entries if each["kind"] == "disclosure"]
    stopped = [each for each in entries if each["kind"] == "outcome"]
    assert {each["recipient"] for each in disclosed} == {NEW}
    assert [each["reasons"] for each in stopped] == [["ONTVANGER_OPGEVOLGD"]] * 3
    assert {each["recipient"] for each in stopped} == {OLD}
    handed = await region.house.route.release(NEW, 10)
    assert {str(each.delivery_id) for each in handed.deliveries} == {each["ref"] for each in disclosed}
    names = {orjson.loads(each.payload.reveal())["geslachtsnaam"] for each in handed.deliveries}
    assert names == {"Verzonnen"}
    assert await region.house.route.release(OLD, 10) == replace(handed, deliveries=(), checkpoint=(await _note(region)))
    tag = await region.house.tag(canary.BSN)
    assert await region.house.about(tag) & {UUID(each["ref"]) for each in disclosed}
    assert not canary.found_in(str(await region.house.entries()))


async def _note(region: Region) -> str:
    return await region.house.log.checkpoint()


async def test_a_move_takes_two_persons_or_a_broken_glass(region: Region) -> None:
    with pytest.raises(Refused, match=r"does not follow .* yet"):
        await region.moves.order(OLD, NEW, ONE)
    await region.wait(1)
    with pytest.raises(Refused, match="does not follow"):
        await region.moves.order(NEW, OLD, ONE)
    move = await region.moves.order(OLD, NEW, ONE)
    with pytest.raises(Refused, match="not confirmed"):
        await region.moves.carry(move.move_id)
    with pytest.raises(Refused, match="yourself"):
        await region.moves.confirm(move.move_id, ONE)
    with pytest.raises(Refused, match="waits for its second"):
        await region.moves.order(OLD, NEW, OTHER)
    await region.moves.withdraw(move.move_id, ONE)
    with pytest.raises(Refused, match="does not wait"):
        await region.moves.confirm(move.move_id, OTHER)
    assert await region.states(OLD) == {"held": 1}
    alone = await region.moves.break_glass(OLD, NEW, Glass.term, None)
    assert (await region.moves.carry(alone.move_id)).became == {Became.moved: 1}
    assert [each["details"]["reason"] for each in await region.of("region-move-glass")] == ["TERMIJN_VERSTRIJKT"]


async def test_a_move_that_the_set_in_use_no_longer_speaks_of_moves_nothing(region: Region) -> None:
    await region.wait(1)
    move = await region.moves.order(OLD, NEW, ONE)
    await region.moves.confirm(move.move_id, OTHER)
    other = Rules(load_policy(POLICY))
    swapped = replace(region.moves, again=replace(region.moves.again, rules=other))
    with pytest.raises(Refused, match="does not follow"):
        await swapped.carry(move.move_id)
    assert await region.states(OLD) == {"held": 1}


async def test_killed_between_two_batches_it_goes_on_where_it_was(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "CHUNK", 2)
    await region.wait(5)
    move = await region.moves.order(OLD, NEW, ONE)
    await region.moves.confirm(move.move_id, OTHER)

    class Dying:
        """A recorder that writes one batch, and then the process is gone."""

        log_id = LOG
        left = 1

        async def record(self, item: WorkItem) -> Recorded:
            if not self.left:
                raise Retry("The process is gone.")
            self.left -= 1
            return await region.house.committer.record(item)

    dying = replace(region.moves, notes=replace(region.moves.notes, recorder=Dying()))
    with pytest.raises(Retry):
        await dying.carry(move.move_id)
    assert await region.states(NEW) == {"held": 2}
    assert (await region.moves.find(move.move_id)).state is State.confirmed
    for _ in range(2):  # and once more, for nothing
        assert (await region.moves.carry(move.move_id)).became == {Became.moved: 5}
        assert await region.states(NEW) == {"held": 5}
    assert len([each for each in await region.of("region-move") if each["kind"] == "disclosure"]) == 5
    assert len(await region.of("region-move-done")) == 1


@pytest.mark.parametrize("kind", [StatementKind.bezwaar, StatementKind.beperking])
async def test_a_no_to_the_old_party_holds_against_the_new_one(region: Region, kind: StatementKind) -> None:
    await region.wait(2)
    tag = await region.house.tag(canary.BSN)
    claim = said(region.house.digests, LOG, tag, kind, (date(2026, 11, 2), None), scope=scope(parties={OLD}))
    await region.house.committer.record(WorkItem(uuid4(), DESK, (), claims=(claim,)))
    found = await region.moves.preview(OLD, NEW)
    assert found.became == {Became.moved: 1, Became.refused: 1}
    assert [(one.kind, one.yes) for one in found.named] == [(kind.value, False)]
    assert (await region.moved()).became == {Became.moved: 1, Became.refused: 1}
    assert await region.states(OLD) == {"dropped": 1, "stopped": 1}
    # what comes in anew is refused for the same reason
    await region.house.send(body(0, gemeente="9001", voornamen="Verzonnen"))
    assert await region.states(NEW) == {"held": 1}


async def test_a_yes_to_the_old_party_is_counted_and_does_not_pass_on(region: Region) -> None:
    await region.wait(1)
    tag = await region.house.tag(canary.BSN)
    yes = said(region.house.digests, LOG, tag, StatementKind.toestemming, (date(2026, 11, 2), None), scope=scope(parties={OLD}))
    await region.house.committer.record(WorkItem(uuid4(), DESK, (), claims=(yes,)))
    hanging = (await region.moves.preview(OLD, NEW)).hanging
    assert (hanging.yes, hanging.no) == (1, 0)


async def test_what_cannot_be_made_of_what_is_kept_is_given_anew_by_its_source(
    engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path
) -> None:
    """By the day of the merger the clause lets a field pass that it did not when the deliveries were made."""
    less = rules(LESS)
    async with open_house(engine, vault_engine, tmp_path / "mark", rules=less) as house:
        region = Region(house, over(house))
        await region.wait(2)
        region.moves = replace(region.moves, again=replace(region.moves.again, rules=rules()))
        found = await region.moves.preview(OLD, NEW)
        assert (found.became, found.sources) == ({Became.resupply: 2}, {DESK: 2})
        done = await region.moved()
        assert done.became == {Became.resupply: 2}
        assert (await region.states(OLD), await region.states(NEW)) == ({"stopped": 2}, {})
        anew = await region.moves.resupply(done.move_id)
        assert {(one.source, one.reason) for one in anew} == {(DESK, "ONTVANGER_OPGEHEVEN")}
        assert {one["reasons"][0] for one in await region.of("region-move")} == {"ONTVANGER_OPGEHEVEN"}


async def test_a_pseudonym_is_the_old_partys_own(region: Region) -> None:
    """Who has no BSN is known to Work & Income by a pseudonym, which the next one cannot be given."""
    await region.house.drop([body(0, gemeente="9002", bsn=None, onderwijsnummer="999990002")])
    assert await region.states(OLD) == {"held": 1}
    region.house.clock.us += 8 * DAY_US
    assert (await region.moved()).became == {Became.resupply: 1}
    assert await region.states(NEW) == {}


async def test_a_payload_only_becomes_smaller(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> None:
    async with open_house(engine, vault_engine, tmp_path / "mark", rules=rules()) as house:
        region = Region(house, over(house))
        await region.wait(1)
        less = rules(LESS)
        again, endings = replace(house.route.again, rules=less), replace(house.route.endings, rules=less)
        house.route = replace(house.route, rules=less, again=again, endings=endings)
        region.moves = over(house)
        assert (await region.moved()).became == {Became.moved: 1}
        (delivered,) = (await house.route.release(NEW, 10)).deliveries
        assert "geboortedatum" not in orjson.loads(delivered.payload.reveal())
        assert "geboortedatum" not in orjson.loads(delivered.entry)["attributes"]


async def test_a_statement_made_meanwhile_is_heard(region: Region) -> None:
    """Whoever says no between the decision and its being written is decided on once more."""
    await region.wait(1)
    tag = await region.house.tag(canary.BSN)

    class Slow:
        """A recorder before which somebody speaks."""

        log_id = LOG
        told = False

        async def record(self, item: WorkItem) -> Recorded:
            if item.rows and not self.told:
                self.told = True
                no = said(region.house.digests, LOG, tag, StatementKind.beperking, (date(2026, 11, 2), None))
                await region.house.committer.record(WorkItem(uuid4(), DESK, (), touches=(touch(tag),), claims=(no,)))
            return await region.house.committer.record(item)

    region.moves = replace(region.moves, notes=replace(region.moves.notes, recorder=Slow()))
    assert (await region.moved()).became == {Became.refused: 1}
    assert await region.states(NEW) == {}


async def test_another_contactgemeente_gets_the_files_within_four_weeks(
    engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path
) -> None:
    """The region's desk becomes another's: doctor tells of what waits for the old one until it has moved."""
    text = (POLICY / "regions" / "voorbeeld.yaml").read_text(encoding="utf-8")
    old = text[text.index("  - id: schelmonde") : text.index("  - id: heiderland")]
    then = old.replace("2020-01-01\n    contact", f"{MERGED}\n    contact").replace("-schelmonde\n", "-heiderland\n", 1)
    ends = old.replace("2020-01-01\n    contact", f"2020-01-01\n    valid_until: {MERGED}\n    contact")
    policy = rules((old, ends + then.replace('contactgemeente: "9004"', 'contactgemeente: "9005"')))
    was, now = PartyId("doorstroompunt-schelmonde"), PartyId("doorstroompunt-heiderland")
    async with open_house(engine, vault_engine, tmp_path / "mark", rules=policy) as house:
        region = Region(house, over(house))
        await found(Acts(region.house.log), region.moves.notes, policy.policy, production=False)

        async def doctor() -> list[tuple[str, str]]:
            return [(one.state.value, one.about) for one in await followed(Acts(region.house.log), house.clock.now_us())]

        await house.drop([body(number, gemeente="9004") for number in range(2)])
        assert await doctor() == [("ok", "")]
        house.clock.us += 8 * DAY_US
        assert await doctor() == [("attention", f"{was} -> {now}")]
        assert (await region.moves.preview(was, now)).became == {Became.moved: 2}
        house.clock.us += 28 * DAY_US
        assert await doctor() == [("wrong", f"{was} -> {now}")]
        move = await region.moves.break_glass(was, now, Glass.term, None)
        assert (await region.moves.carry(move.move_id)).became == {Became.moved: 2}
        assert await doctor() == [("ok", "")]
        assert len((await house.route.release(now, 10)).deliveries) == 2


async def test_what_one_did_alone_a_second_person_looks_at(region: Region) -> None:
    await region.wait(1)
    alone = await region.moves.break_glass(OLD, NEW, Glass.term, ONE)
    (waits,) = await region.moves.unconfirmed()
    assert waits.broken is not None
    assert waits.broken.due_us - waits.broken.us == 3 * DAY_US
    with pytest.raises(Refused, match="broken already"):
        await region.moves.break_glass(OLD, NEW, Glass.term, OTHER)
    with pytest.raises(Refused, match="confirm this yourself"):
        await region.moves.approve(alone.move_id, ONE)
    log_id, ledger = region.house.log.log_id, service.ledger_of(region.house.log)
    for late, state in ((0, Judged.attention), (4 * DAY_US, Judged.wrong)):
        found = await judged(region.house.engine, log_id, ledger, Micros(region.house.clock.us + late))
        assert {one.code: one.state for one in found} == {"move-doubted": Judged.ok, "move-unconfirmed": state}
    assert (await region.moves.approve(alone.move_id, OTHER)).broken is None
    assert await region.moves.unconfirmed() == []
    with pytest.raises(Refused, match="nothing to confirm"):
        await region.moves.approve(alone.move_id, OTHER)
    assert [each["details"]["staff"] for each in await region.of("region-move-approve")] == [OTHER]


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE region_move SET state = 'confirmed', confirmed_by = 'm-00000000000000ff', confirmed_us = 1",
        "UPDATE region_move SET state = 'withdrawn'",
        """INSERT INTO region_act (log_id, party_id, move_id, seq, act, who, entry_ref, us)
        SELECT log_id, party_id, move_id, 2, 'withdraw', who, entry_ref, us FROM region_act""",
        """UPDATE region_move SET state = 'confirmed', confirmed_by = 'm-00000000000000ff', confirmed_us = 1;
        INSERT INTO region_act (log_id, party_id, move_id, seq, act, who, entry_ref, us)
        SELECT log_id, party_id, move_id, 2, 'confirm', 'm-00000000000000ff', gen_random_uuid(), us FROM region_act""",
        """UPDATE region_move SET state = 'confirmed', confirmed_by = 'm-00000000000000ff', confirmed_us = 1;
        INSERT INTO region_act (log_id, party_id, move_id, seq, act, who, entry_ref, us)
        SELECT log_id, party_id, move_id, 2, 'confirm', 'm-00000000000000ff', entry_ref, us FROM region_act""",
    ],
)
async def test_a_move_that_the_log_does_not_bear_out_moves_nothing(region: Region, forged: str) -> None:
    await region.wait(1)
    move = await region.moves.order(OLD, NEW, ONE)
    async with transaction(region.house.engine) as connection:  # as the hub's own role
        await connection.raw.execute(forged)
    for act in (region.moves.carry(move.move_id), region.moves.confirm(move.move_id, OTHER)):
        with pytest.raises(Tampered, match="not as the log says"):
            await act
    assert [one.state for one in await region.moves.all()] == [State.doubted]
    assert await region.states(OLD) == {"held": 1}
    found = await judged(
        region.house.engine, region.house.log.log_id, service.ledger_of(region.house.log), Micros(region.house.clock.us)
    )
    assert ("move-doubted", Judged.wrong) in {(one.code, one.state) for one in found}


async def test_a_move_that_nobody_ordered_moves_nothing(region: Region) -> None:
    await region.wait(1)
    async with transaction(region.house.engine) as connection:
        await connection.raw.execute(
            """INSERT INTO region_move (log_id, party_id, move_id, old_party, new_party, since, state, ordered_by, ordered_us,
                confirmed_by, confirmed_us, glass)
            VALUES ($1, 'p', $2, $3, $4, '2026-11-09', 'confirmed', 'hub', 1, 'hub', 1, 'TERMIJN_VERSTRIJKT')""",
            LOG,
            UUID(int=7),
            OLD,
            NEW,
        )
    with pytest.raises(Tampered, match="not as the log says"):
        await region.moves.carry(UUID(int=7))
    assert await region.states(OLD) == {"held": 1}
