"""Suwinet over real SOAP, with the simulator in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from hub.connector import Endpoint, Hat
from hub.connectors.uwv_suwinet.client import open_query
from hub.domain.personal import Bsn, Onderwijsnummer, Pgn
from hub.errors import Misconfigured
from hub.http import Away, Barred
from ops.demo.uwv_answers import Person, answer
from tests.fakes.paged import Call, Reply, Service, serving
from tests.fakes.soaping import SOAP
from tests.fakes.suwinet import ASSISTED, STOPPED, STUDIES, WORKS, Suwinet, suwinet

USER = Hat("j.de.vries@voorbeeld", "participatiewet")


@pytest.fixture(scope="module")
def plain() -> Iterator[Suwinet]:
    with suwinet() as running:
        yield running


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suwinet]:
    with suwinet(tmp_path_factory.mktemp("papers")) as running:
        yield running


@pytest.fixture(autouse=True)
def all_is_well(plain: Suwinet, signed: Suwinet) -> Iterator[None]:
    yield
    plain.dial("ok")
    signed.dial("ok")


async def ask(endpoint: Endpoint, number: str = WORKS, pgn: Pgn | None = None) -> dict[str, str] | None:
    query = open_query(endpoint)
    try:
        row = await query.ask(pgn or Bsn(number), USER)
    finally:
        await query.close()
    return None if row is None else {name: cell for name, cell in row.content.reveal().items() if cell}


async def test_a_person_is_yes_and_no(plain: Suwinet) -> None:
    assert await ask(plain.endpoint()) == {
        "GEBOORTEDATUM": "20041231",
        "GEMEENTE": "9001",
        "HEEFT_INKOMEN": "J",
        "HEEFT_UITKERING": "N",
        "ONTVANGT_BIJSTAND": "N",
        "VOLGT_ONDERWIJS": "N",
        "STARTKWALIFICATIE": "N",
    }
    found = await ask(plain.endpoint(), STUDIES)
    assert found is not None
    assert (found["HEEFT_UITKERING"], found["VOLGT_ONDERWIJS"], "STARTKWALIFICATIE" in found) == ("J", "J", False)


async def test_only_what_the_setup_names_is_asked(plain: Suwinet) -> None:
    before = plain.counts()
    assert set(await ask(plain.endpoint("inkomen"), STOPPED) or ()) == {
        "GEBOORTEDATUM",
        "GEMEENTE",
        "HEEFT_INKOMEN",
        "HEEFT_UITKERING",
    }
    now = plain.counts()
    asked = {name for name in now if name != "hats" and now[name] != before.get(name)}
    assert asked == {"questions", "AanvraagPersoon", "UWVPersoonsIkvInfo"}


async def test_whom_some_do_not_know_is_known_by_the_others_and_whom_none_knows_is_nobody(plain: Suwinet) -> None:
    assert await ask(plain.endpoint(), ASSISTED) == {
        "GEBOORTEDATUM": "20031231",
        "GEMEENTE": "9001",
        "ONTVANGT_BIJSTAND": "J",
    }
    assert await ask(plain.endpoint("duo inkomen"), ASSISTED) is None


async def test_whom_the_brp_does_not_know_nobody_else_is_asked_about(plain: Suwinet) -> None:
    before = plain.counts()["questions"]
    assert await ask(plain.endpoint(), "999990019") is None
    assert await ask(plain.endpoint(), pgn=Onderwijsnummer("100000004")) is None
    assert plain.counts()["questions"] == before + 1


@pytest.mark.parametrize(
    ("mode", "more", "error"),
    [
        ("down", {}, Away),
        ("slow", {"seconds": 1.0}, Away),
        ("truncated", {}, Away),
        ("malformed", {}, Away),
        ("fault", {"kind": "Server"}, Away),
        ("fault", {"kind": "Client"}, Barred),
        ("fault", {"kind": "Server", "code": "NietGerechtigd"}, Barred),
        ("fwi", {}, Away),
        ("fwi", {"code": "NietGerechtigd"}, Barred),
        ("stranger", {}, Barred),
    ],
)
async def test_one_service_that_fails_makes_the_whole_question_fail(
    plain: Suwinet, mode: str, more: dict[str, str], error: type[Exception]
) -> None:
    plain.dial(mode, service="UWV", **more)
    with pytest.raises(error) as wrong:
        await ask(plain.endpoint("inkomen", timeout_s=0.5))
    for secret in (WORKS, STOPPED, USER.user, "20041231"):
        assert secret not in f"{wrong.value!r} {wrong.value}"


_GOOD = etree.tostring(answer("AanvraagPersoon", WORKS, Person())).decode()
_ENVELOPE = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>%s</s:Body></s:Envelope>'


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<a/>",
        _GOOD,  # no envelope
        _ENVELOPE % "",
        _ENVELOPE % (_GOOD + _GOOD),
        _ENVELOPE % _GOOD.replace("AanvraagPersoonResponse", "DUOPersoonsInfoResponse"),
        _ENVELOPE % _GOOD.replace("Geboortedat>", "Geboortedatum>"),  # a new version that nobody told of
        _ENVELOPE % _GOOD.replace("20041231", "2004-12-31"),
        _ENVELOPE % _GOOD.replace("20041231", "٢٠٠٤١٢٣١"),
        _ENVELOPE % _GOOD.replace("9001</Cd", "Aldermeer</Cd"),
        f'<!DOCTYPE a [<!ENTITY b "{WORKS}">]>' + _ENVELOPE % _GOOD.replace(WORKS, "&b;"),
        "<a>" * 5000 + "</a>" * 5000,
    ],
)
async def test_what_is_no_answer_of_the_schema_is_no_answer(content: str) -> None:
    good = _ENVELOPE % etree.tostring(answer("DUOPersoonsInfo", WORKS, Person())).decode()

    def said(call: Call) -> Reply:
        return Reply(200, (content if "BRP" in call.path else good).encode(), {"Content-Type": "text/xml"})

    async with serving(Service(dial=said)) as service:
        with pytest.raises(Away) as wrong:
            await ask(Endpoint(service.url, {"services": "duo"}, {}, 5.0))
    assert WORKS not in f"{wrong.value!r} {wrong.value}"


async def test_a_warning_leaves_no_no(plain: Suwinet) -> None:
    plain.dial("warning", service="Bijstand")
    assert "ONTVANGT_BIJSTAND" not in (await ask(plain.endpoint("bijstand")) or {})


async def test_the_user_is_told_to_a_gateway_that_asks_for_it_and_to_nobody_else(plain: Suwinet) -> None:
    assert plain.counts()["hats"] == []
    await ask(plain.endpoint("duo", hat="header"))
    assert set(plain.counts()["hats"]) == {f"{USER.user}/{USER.task}"}


async def test_both_sides_show_who_they_are_and_sign(signed: Suwinet) -> None:
    assert (await ask(signed.endpoint("duo")) or {})["VOLGT_ONDERWIJS"] == "N"
    endpoint = signed.endpoint("duo")
    unsigned = {name: held for name, held in endpoint.credentials.items() if not name.startswith("signing")}
    with pytest.raises(Barred):
        await ask(replace(endpoint, credentials=unsigned))
    with pytest.raises((Away, Barred)):
        await ask(replace(endpoint, credentials={"ca": endpoint.credentials["ca"]}))
    other = {**endpoint.credentials, "peer_certificate": endpoint.credentials["certificate"]}
    with pytest.raises(Barred, match="not signed by whom"):
        await ask(replace(endpoint, credentials=other))


async def test_another_certificate_is_another_machine(signed: Suwinet) -> None:
    signed.dial("wrong-certificate")
    with pytest.raises(Barred):
        await ask(signed.endpoint("duo"))


@pytest.mark.parametrize("services", ["", "duo duo", "polis", "duo,inkomen"])
def test_what_is_asked_is_said(services: str) -> None:
    with pytest.raises(Misconfigured, match="cannot be asked"):
        open_query(Endpoint("https://suwinet.example", {"services": services}))


def test_the_samples_are_answers_of_the_schema() -> None:
    wire = Path(__file__).parents[4] / "schemas/wire/uwv_suwinet/suwinet-1"
    samples = sorted(wire.glob("sample-*.xml"))
    assert len(samples) == 4
    for sample in samples:
        schema = etree.XMLSchema(etree.parse(wire / f"{sample.stem.removeprefix('sample-')}.xsd"))
        assert schema.validate(etree.parse(sample)), schema.error_log
