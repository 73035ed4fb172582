"""A school's system in a process of its own, read over REST with the shipped connectors, up to whom its records go."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector import Endpoint, FileSource, SourceAway, Trouble
from hub.domain.terms import ConnectorId, PartyId
from hub.formats.agreed import ColumnMapping
from hub.normalise.mapping import load_mapping
from hub.ports import Tally
from hub.receive.drop import Drops, Instance, Outcome
from hub.receive.drop.store import DropStore
from hub.receive.messages import MessageIntake
from hub.registry import load_connectors
from ops.demo.dossiers import write_all
from ops.demo.lvs import records_of
from ops.demo.people import numbers
from tests.fakes.house import DESK, SCHOOL, House, open_house
from tests.fakes.recorder import LOG
from tests.hostile.parse import parse
from tests.integration.test_transports_rest import Kept


@dataclass
class System:
    """The simulator that runs; `dial` sets how it behaves."""

    url: str
    control: str

    def dial(self, mode: str, **more: Any) -> None:
        with httpx2.Client(trust_env=False) as http:
            http.put(f"{self.control}/dials", json={"mode": mode, **more}).raise_for_status()

    @property
    def counts(self) -> dict[str, int]:
        with httpx2.Client(trust_env=False) as http:
            return dict(http.get(f"{self.control}/counts").raise_for_status().json())


@pytest.fixture(scope="module")
def process() -> Iterator[System]:
    command = [sys.executable, "-m", "ops.demo.lvs", "--records", "7", "--size", "3", "--token", "verzonnen"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as running:
        assert running.stdout is not None
        try:
            yield System(**json.loads(running.stdout.readline()))
        finally:
            running.terminate()


@pytest.fixture
def system(process: System) -> System:
    process.dial("ok")
    return process


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "high-water") as opened:
        yield opened


@dataclass
class Rig:
    """One connector over REST, as it would be set up; the cursor outlives a run."""

    house: House
    system: System
    connector: str
    path: str
    cursor: Kept = field(default_factory=Kept)

    async def poll(self) -> list[tuple[Outcome, int, int]]:
        known = load_connectors()[self.connector]
        options = {option.name: option.default for option in known.options("rest") if option.default}
        endpoint = Endpoint(f"{self.system.url}/{self.path}", options, {"token": b"verzonnen"}, timeout_s=5, cursor=self.cursor)
        name = ConnectorId(self.connector.replace("_", "-"))

        async def source() -> FileSource:
            return await known.connect("rest")(endpoint)

        async def mapping() -> ColumnMapping:
            return load_mapping(known.mapping)

        store = DropStore(self.house.engine, LOG, SCHOOL, name)
        instance = Instance(name, SCHOOL, LOG)
        house = self.house
        drops = Drops(
            instance, source, known.format(), mapping, house.route, store, house.digests, house.clock, secrets.token_bytes
        )
        return [(file.outcome, file.accepted, file.duplicate) for file in (await drops.poll_once()).files]


async def test_who_left_goes_to_the_doorstroompunt_of_their_home_and_to_nobody_with_their_number(
    house: House, system: System
) -> None:
    rig = Rig(house, system, "lvs_rest_uitval", "uitschrijvingen")
    assert await rig.poll() == [(Outcome.done, 3, 0), (Outcome.done, 3, 0), (Outcome.done, 1, 0)]
    entries = [entry for entry in await house.entries() if entry["record"] == "uitvalmelding"]
    permitted = {entry["recipient"] for entry in entries if entry["decision"] == "permit"}
    assert permitted == {"doorstroompunt-lindemark", "doorstroompunt-schelmonde", "doorstroompunt-heiderland"}
    sent = [orjson.loads(each.payload.reveal()) for each in (await house.route.release(DESK, 10)).deliveries]
    assert sent
    numbers = {record["leerling"]["persoonsgebondenNummer"] for record in records_of("uitschrijvingen", 7, date(2026, 11, 2))}
    for payload in sent:
        assert "redenUitval" not in payload
        assert "telefoonnummer" in payload
        assert not [number for number in (*numbers, "ketenid") if number in str(payload)]
    before = system.counts
    assert await rig.poll() == []
    after = system.counts
    assert after["same"] - before.get("same", 0) == 3, "no page that is as it was is sent again"
    assert after["pages"] == before["pages"]


async def test_a_stall_in_the_middle_goes_on_there(house: House, system: System) -> None:
    rig = Rig(house, system, "lvs_rest_verzuim", "meldingen")
    system.dial("down", page=2)
    with pytest.raises(SourceAway):
        await rig.poll()
    system.dial("limited", page=2, times=1, seconds=7)
    with pytest.raises(SourceAway) as paused:
        await rig.poll()
    assert (paused.value.trouble, paused.value.after_s) == (Trouble.limited, 7)
    system.dial("truncated", page=2, times=1)
    with pytest.raises(SourceAway):
        await rig.poll()
    system.dial("ok")
    assert await rig.poll() == [(Outcome.done, 3, 0), (Outcome.done, 1, 0)], "the first page was read"


async def test_what_comes_twice_or_in_another_order_has_one_effect(house: House, system: System) -> None:
    rig = Rig(house, system, "lvs_rest_uitval", "uitschrijvingen")
    system.dial("duplicate")
    assert [(accepted, duplicate) for _, accepted, duplicate in await rig.poll()] == [(3, 3), (3, 3), (1, 1)]
    system.dial("out_of_order")
    assert [(accepted, duplicate) for _, accepted, duplicate in await rig.poll()] == [(0, 3), (0, 3), (0, 1)]


async def test_nonsense_stops_the_walk_and_a_wrong_login_is_told(house: House, system: System) -> None:
    rig = Rig(house, system, "lvs_rest_uitval", "uitschrijvingen")
    system.dial("malformed", page=1)
    with pytest.raises(SourceAway) as stopped:
        await rig.poll()
    assert stopped.value.trouble is Trouble.no_answer
    assert "storing" not in str(stopped.value)


async def test_a_transfer_file_goes_to_the_school_that_it_names_and_holds_no_more_than_may_pass(
    house: House, tmp_path: Path
) -> None:
    write_all(tmp_path, 1)
    known, sender = load_connectors()["lvs_oso"], PartyId("po-de-beuk")
    mapping = load_mapping(known.mapping)
    (row,) = parse(known.format(), (tmp_path / "dossier-0000.xml").read_bytes(), mapping.columns).rows
    message = replace(house.message(b"", sender), rows=(row,))
    admitted = await house.route.admit(message, mapping, MessageIntake())
    assert admitted.tally == Tally(accepted=1, quarantined=0, duplicate=0)
    (sent,) = (await house.route.release(PartyId("vo-lindelyceum"), 5)).deliveries
    payload = orjson.loads(sent.payload.reveal())
    assert (payload["geslachtsnaam"], payload["schooladvies"]) == ("Voorbeeld", "vmbo_gt")
    assert payload.keys().isdisjoint({"verzuimBovenKwart", "begeleidingOpSchool", "ontvangerBrin", "inzageGegeven"})
    assert next(numbers(94)) not in str(payload)
