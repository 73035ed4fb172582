"""Reports of absence to DUO over mutual TLS: taken once, refused by a closed list, nothing believed that is no answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hub.connector import Endpoint, Rejected, Said
from hub.connectors.duo_verzuim_melden.client import open_sink
from hub.domain.personal import Personal
from hub.domain.stages import Delivered
from hub.domain.terms import PartyId, RecordKind
from hub.errors import HubError
from hub.http import Away, Barred
from ops.demo.duo_soap import Loket, opened

A, B, C = (UUID(int=0x0193 << 112 | number) for number in (1, 2, 3))
REPORT: dict[str, Any] = {
    "bsn": "999909848",
    "geslachtsnaam": "d'Hondt",
    "geboortedatum": "2008-02-29",
    "huisnummer": 12,
    "indicatieGeheim": False,
    "brin": "98ZZ",
    "verzuimBegindatum": "2026-10-01",
    "verzuimsoort": "maand_of_langer",
    "verzuimdagen": [{"datum": "2026-10-01", "heleDag": False, "lesuren": [1, 2]}],
    "statusMelding": "geregistreerd",
}


def delivered(ref: UUID = A, **held: Any) -> Delivered:
    payload = Personal(json.dumps(REPORT | held).encode())
    return Delivered(ref, PartyId("duo"), PartyId("x"), RecordKind("verzuimmelding"), payload, "{}", "proof")


@dataclass
class Duo:
    home: Path
    loket: Loket
    url: str

    def endpoint(self, **other: bytes | None) -> Endpoint:
        names = {"ca": "ca.pem", "certificate": "hub.pem", "key": "hub-key.pem"}
        held = {name: (self.home / file).read_bytes() for name, file in names.items()} | other
        return Endpoint(self.url, {}, {name: value for name, value in held.items() if value is not None}, 3.0)

    async def send(self, *page: Delivered, **other: bytes | None) -> Said:
        sink = open_sink(self.endpoint(**other))
        try:
            return await sink.send(page, "checkpoint")
        finally:
            await sink.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duo]:
    home, loket = tmp_path_factory.mktemp("duo"), Loket()
    servers = opened(home, loket)
    yield Duo(home, loket, f"https://127.0.0.1:{servers[0].server_port}/verzuim")
    for each in servers:
        each.shutdown()
        each.server_close()


@pytest.fixture
def duo(service: Duo) -> Duo:
    service.loket.turn("ok")
    service.loket.reports.clear()
    service.loket.counts.clear()
    return service


async def test_a_report_is_taken_and_a_later_state_of_it_too(duo: Duo) -> None:
    said = await duo.send(delivered(), delivered(B, meldingsnummer="2026-000001", statusMelding="ingetrokken"))
    assert said == Said(frozenset({A, B}))
    assert duo.loket.counts == {
        "messages": 2,
        "MeldenRelatiefVerzuim": 1,
        "MutatieMeldingRelatiefVerzuim": 1,
        "new": 2,
    }


async def test_what_was_taken_and_never_answered_has_no_second_effect(duo: Duo) -> None:
    duo.loket.turn("twice", 1)
    with pytest.raises(Away):
        await duo.send(delivered())
    assert (await duo.send(delivered())).confirmed == {A}
    assert (duo.loket.counts["new"], duo.loket.counts["known"], len(duo.loket.reports)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("code", "reason"),
    [("PERSOON_ONBEKEND", "NIET_VERWERKBAAR"), ("INSTELLING_NIET_BEVOEGD", "NIET_BEVOEGD"), ("geheim123", "GEEN_REDEN")],
)
async def test_a_refusal_is_told_by_a_closed_list(duo: Duo, code: str, reason: str) -> None:
    duo.loket.turn("refuse", 1, code=code)
    assert await duo.send(delivered(), delivered(B)) == Said(frozenset({B}), {A: reason})


@pytest.mark.parametrize("mode", ["malformed", "truncated", "down", "fault", "stranger", "strange"])
async def test_what_is_no_answer_confirms_nothing_and_is_not_repeated(duo: Duo, mode: str) -> None:
    duo.loket.turn(mode)
    with pytest.raises(Away) as away:
        await duo.send(delivered())
    assert "999909848" not in f"{away.value}{away.value.why}"


async def test_what_was_answered_before_it_failed_counts(duo: Duo) -> None:
    wrong = delivered(B, verzuimBegindatum="1 oktober geheim123")
    assert await duo.send(delivered(C), wrong, delivered(A)) == Said(frozenset({C}))


@pytest.mark.parametrize(
    "one",
    [
        delivered(heeftVerzuimreden=True),
        delivered(verzuimBegindatum="1 oktober geheim123"),
        delivered(verzuimsoort=None),
        delivered(contactpersoonGemeente="geheim123"),
    ],
)
async def test_what_the_message_has_no_place_for_is_refused_and_not_sent(duo: Duo, one: Delivered) -> None:
    with pytest.raises(Rejected) as refused:
        await duo.send(one)
    assert refused.value.cause == "VORM_ONGELDIG"
    assert "geheim123" not in f"{refused.value}{refused.value.why}"
    assert duo.loket.counts == {}


async def test_without_a_certificate_or_before_a_stranger_nothing_is_said(duo: Duo) -> None:
    with pytest.raises(HubError):
        await duo.send(delivered(), certificate=None, key=None)
    duo.loket.turn("wrong-certificate")
    with pytest.raises(Barred):
        await duo.send(delivered())
    assert duo.loket.counts == {}
