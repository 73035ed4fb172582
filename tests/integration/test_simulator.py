"""The connector `bezorging` against a real HTTP server in its own process that does everything wrong that it can."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from hub.connector import Endpoint, Rejected, Said
from hub.connectors.bezorging.client import RestSink, open_sink
from hub.domain.ids import new_ids
from hub.domain.personal import Personal
from hub.domain.stages import Delivered
from hub.domain.terms import Micros, PartyId, RecordKind
from hub.http import Away, Barred
from hub.registry import load_connectors
from ops.demo.controls import Running
from ops.demo.simulator import MODES
from tests.fakes.log import signer

RECIPIENT = PartyId("gemeente-rotterdam")
TOKEN = "sesame"


def delivered(count: int, *, person: str | None = None, source: str = "duo") -> list[Delivered]:
    ids = new_ids(count, Micros(1_795_000_000_000_000), os.urandom(8 * count))
    return [
        Delivered(
            each,
            RECIPIENT,
            PartyId(source),
            RecordKind("uitvalmelding"),
            Personal(json.dumps({"pseudoniem": person or str(each)}).encode()),
            "{}",
            f"c2sp.org/tlog-proof@v1\nindex {number}\n\nnote",
        )
        for number, each in enumerate(ids)
    ]


def ids_of(page: list[Delivered]) -> frozenset[UUID]:
    return frozenset(each.delivery_id for each in page)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("simulator"), "--token", TOKEN) as running:
        yield running


@pytest.fixture
async def sink(simulator: Running) -> AsyncIterator[RestSink]:
    simulator.dial("ok")
    opened = open_sink(Endpoint(simulator.url, timeout_s=1.0, credentials={"token": TOKEN.encode()}))
    yield opened
    await opened.close()
    simulator.dial("ok")


def test_the_registry_offers_it_in_its_direction() -> None:
    assert load_connectors()["bezorging"].open_sink is open_sink


async def test_a_page_is_confirmed_and_opens_a_case_each(simulator: Running, sink: RestSink) -> None:
    page, before = delivered(3), simulator.counts()["effects"]
    assert await sink.send(page, "checkpoint") == Said(ids_of(page))
    assert simulator.counts()["effects"] == before + 3


async def test_a_page_that_comes_again_has_no_second_effect(simulator: Running, sink: RestSink) -> None:
    page = delivered(2)
    await sink.send(page, "checkpoint")
    before = simulator.counts()
    assert (await sink.send(page, "checkpoint")).confirmed == ids_of(page)
    after = simulator.counts()
    assert (after["effects"], after["duplicates"]) == (before["effects"], before["duplicates"] + 2)
    assert {simulator.times()[str(each)] for each in ids_of(page)} == {2}


RECEIVED = {"twice", "accept-never-answers", "accept-then-close", "reset", "half", "huge", "drip"}
AWAY = {
    "drip": "TIJD_VERSTREKEN",
    "slow": "TIJD_VERSTREKEN",
    "accept-never-answers": "TIJD_VERSTREKEN",
    "reset": "VERBINDING_VERBROKEN",
    "accept-then-close": "VERBINDING_VERBROKEN",
    "500": "ONTVANGER_FOUT",
    "twice": "ONTVANGER_FOUT",
    "503": "ONTVANGER_BEZET",
    "429": "ONTVANGER_BEZET",
    "garbage": "ANTWOORD_ONGELDIG",
    "empty": "ANTWOORD_ONGELDIG",
    "wrong-ids": "ANTWOORD_ONGELDIG",
    "half": "ANTWOORD_ONGELDIG",
    "huge": "ANTWOORD_TE_GROOT",
}
BARRED = {"401", "redirect"}


@pytest.mark.parametrize("mode", AWAY)
async def test_nothing_but_a_full_answer_is_believed(simulator: Running, sink: RestSink, mode: str) -> None:
    page, before = delivered(2), simulator.counts()["effects"]
    simulator.dial(mode, seconds=7 if mode in ("503", "429") else 0.3 if mode == "drip" else 2.0, times=1)
    with pytest.raises(Away) as away:
        await sink.send(page, "checkpoint")
    assert away.value.cause == AWAY[mode]
    if mode in ("503", "429"):
        assert away.value.after_s == 7
    if mode in RECEIVED:
        assert simulator.counts()["effects"] == before + 2
    assert (await sink.send(page, "checkpoint")).confirmed == ids_of(page)
    assert simulator.counts()["effects"] == before + 2


@pytest.mark.parametrize("mode", sorted(BARRED))
async def test_a_shut_door_asks_for_a_person(simulator: Running, sink: RestSink, mode: str) -> None:
    simulator.dial(mode)
    with pytest.raises(Barred) as barred:
        await sink.send(delivered(1), "checkpoint")
    assert barred.value.cause == "ONTVANGER_INSTELLING"


async def test_a_wrong_token_asks_for_a_person(simulator: Running) -> None:
    other = open_sink(Endpoint(simulator.url, credentials={"token": b"wrong"}))
    with pytest.raises(Barred):
        await other.send(delivered(1), "checkpoint")
    await other.close()


async def test_a_page_too_large_goes_one_by_one(simulator: Running, sink: RestSink) -> None:
    simulator.dial("413")
    page = delivered(2)
    with pytest.raises(Rejected) as rejected:
        await sink.send(page, "checkpoint")
    assert rejected.value.cause == "PAGINA_GEWEIGERD"
    assert [(await sink.send([each], "checkpoint")).confirmed for each in page] == [ids_of([each]) for each in page]


async def test_a_refusal_carries_its_code(simulator: Running, sink: RestSink) -> None:
    page = delivered(2)
    simulator.dial("refuse")
    said = await sink.send(page, "checkpoint")
    assert (said.confirmed, dict(said.refused)) == (frozenset(), dict.fromkeys(ids_of(page), "BUITEN_WERKGEBIED"))
    simulator.dial("refuse", reason="Jan Voorbeeld is onbekend")
    assert set((await sink.send(page, "checkpoint")).refused.values()) == {"GEEN_REDEN"}


async def test_what_is_not_named_is_not_confirmed(simulator: Running, sink: RestSink) -> None:
    page = delivered(4)
    simulator.dial("partial")
    assert (await sink.send(page, "checkpoint")).confirmed == ids_of(page[::2])


async def test_poison_fails_always_and_its_neighbours_pass(simulator: Running, sink: RestSink) -> None:
    simulator.dial("poison", source="uwv", share=0.0)
    good, bad = delivered(1), delivered(1, source="uwv")
    for _ in range(2):
        with pytest.raises(Away):
            await sink.send([*good, *bad], "checkpoint")
    assert (await sink.send(good, "checkpoint")).confirmed == ids_of(good)


async def test_down_refuses_connections_and_comes_back_at_its_port(simulator: Running, sink: RestSink) -> None:
    page = delivered(1)
    await sink.send(page, "checkpoint")
    simulator.dial("down")
    for _ in range(2):
        with pytest.raises(Away) as away:
            await sink.send(page, "checkpoint")
    assert away.value.cause == "VERBINDING_GEWEIGERD"
    simulator.dial("ok")
    assert (await sink.send(page, "checkpoint")).confirmed == ids_of(page)


async def test_a_flaky_system_opens_each_case_once(simulator: Running, sink: RestSink) -> None:
    simulator.dial("flaky", seed=7, share=0.7)
    before, waiting = simulator.counts()["effects"], {each.delivery_id: each for each in delivered(20)}
    for _ in range(200):
        try:
            said = await sink.send(list(waiting.values())[:5], "checkpoint")
        except Away:
            continue
        for each in said.confirmed:
            del waiting[each]
        if not waiting:
            break
    assert not waiting
    assert simulator.counts()["effects"] == before + 20


async def test_the_order_about_one_person_is_watched(simulator: Running, sink: RestSink) -> None:
    first, second = delivered(2, person="een persoon")
    before = simulator.counts()["order_violations"]
    await sink.send([first], "checkpoint")
    await sink.send([second], "checkpoint")
    assert simulator.counts()["order_violations"] == before
    late, early = reversed(delivered(2, person="een ander"))
    await sink.send([late], "checkpoint")
    await sink.send([early], "checkpoint")
    assert simulator.counts()["order_violations"] == before + 1


async def test_calls_at_the_same_time_are_counted(simulator: Running, sink: RestSink) -> None:
    simulator.dial("slow", seconds=0.3)
    await asyncio.gather(*(sink.send(delivered(1), "checkpoint") for _ in range(4)))
    assert simulator.counts()["high_water"] >= 2


async def test_a_kill_forgets_nothing(tmp_path: Path) -> None:
    page = delivered(3)
    for _ in range(2):
        with Running(tmp_path) as running:
            opened = open_sink(Endpoint(running.url))
            assert (await opened.send(page, "checkpoint")).confirmed == ids_of(page)
            await opened.close()
            counts = running.counts()
            running.kill()
    assert (counts["effects"], counts["duplicates"]) == (3, 3)


async def test_no_person_is_kept(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        opened = open_sink(Endpoint(running.url))
        await opened.send(delivered(3, person="pseudoniem-van-een-persoon"), "checkpoint")
        await opened.close()
    assert not _files_with(tmp_path, b"pseudoniem-van")


def _files_with(folder: Path, text: bytes) -> list[Path]:
    return [file for file in folder.iterdir() if text in file.read_bytes()]


async def test_a_receipt_that_does_not_hold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "partner.json").write_text(json.dumps({"party": str(RECIPIENT), "log_key": signer().vkey}))
    with Running(tmp_path) as running:
        opened = open_sink(Endpoint(running.url))
        page = delivered(1)
        assert set((await opened.send(page, "checkpoint")).refused.values()) == {"ONTVANGSTBEWIJS_ONGELDIG"}
        await opened.close()
        assert (running.counts()["effects"], running.counts()["bad_receipts"]) == (0, 1)


def test_every_mode_is_tried() -> None:
    assert set(MODES) == {*AWAY, *BARRED, "413", "refuse", "partial", "poison"}
