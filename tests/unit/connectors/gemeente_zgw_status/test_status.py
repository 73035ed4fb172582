"""Outcomes of cases: only of cases of the hub, about whom the case says, and of nobody where it does not say."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from typing import Any

import httpx2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connector import Endpoint, SourceAway, SourceBarred
from hub.connectors.gemeente_zgw.client import open_sink
from hub.connectors.gemeente_zgw_status.client import StatusPages, connect
from hub.formats import format_of
from hub.normalise import normalise
from hub.normalise.mapping import load_mapping
from hub.transports.zgw import token_of
from tests.fakes.gemeente import BSN, ROOT, Gemeente, delivery

MAPPING = load_mapping(ROOT / "hub/connectors/gemeente_zgw_status/mapping.yaml")


@pytest.fixture
def gemeente() -> Iterator[Gemeente]:
    with Gemeente() as running:
        yield running


def endpoint(gemeente: Gemeente) -> Endpoint:
    return gemeente.zgw(gemeente="9001")


def post(gemeente: Gemeente, resource: str, **body: Any) -> dict[str, Any]:
    """What a case worker does."""
    headers = {"Authorization": f"Bearer {token_of(endpoint(gemeente))}", "Accept-Crs": "EPSG:4326"}
    with httpx2.Client(trust_env=False) as client:
        answer = client.post(f"{gemeente.where['zaken']}/{resource}", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def concludes(gemeente: Gemeente, zaak: str, statustype: int, day: str = "2026-11-02T23:30:00Z") -> None:
    kind = f"{gemeente.where['catalogi']}/statustypen/{statustype}"
    post(gemeente, "statussen", zaak=zaak, statustype=kind, datumStatusGezet=day)


async def deliver(gemeente: Gemeente, *deliveries: Any) -> list[str]:
    sink = open_sink(gemeente.zgw())
    assert (await sink.send(deliveries, "")).confirmed == {one.delivery_id for one in deliveries}
    await sink.close()
    return [zaak["url"] for zaak in gemeente.state()["zaken"]]


async def walk(at: Endpoint) -> tuple[list[Any], list[Any], int]:
    """All pages of a walk, read as the reader of files does."""
    pages, rows, count = await connect(at), [], 0
    try:
        while files := await pages.list():
            (file,) = files
            content = b"".join([block async for block in pages.read(file.name)])
            assert len(content) == file.size == (await pages.stat(file.name)).size
            count += 1
            assert MAPPING.reads is not None
            form = format_of(MAPPING.reads)
            inspector = form.inspect(MAPPING.columns, MAPPING.required)
            inspector.feed(content)
            reader: Any = form.read(inspector.finish(), MAPPING.columns)
            rows += [*reader.feed(content), *reader.finish()]
            await pages.move(file.name, "verwerkt", "")
    finally:
        await pages.close()
    records, rejected = normalise(rows, MAPPING)
    return [one.record for one in records], list(rejected), count


async def test_outcomes_of_our_cases_come_back_and_nothing_else_does(gemeente: Gemeente) -> None:
    first, second, third = await deliver(gemeente, delivery(1), delivery(2), delivery(3, bsn=None, pseudoniem="p1"))
    ours = gemeente.state()["zaken"][0]
    foreign = post(
        gemeente,
        "zaken",
        **{**{k: v for k, v in ours.items() if k not in ("url", "status")}, "identificatie": "Z-1", "kenmerken": []},
    )["url"]
    for zaak, outcome in ((first, 2), (second, 3), (third, 2), (foreign, 2)):
        concludes(gemeente, zaak, outcome)
    records, rejected, count = await walk(endpoint(gemeente))
    assert [one.held("uitkomst_overdracht") for one in records] == ["aangekomen", "niet_verschenen"]
    assert {str(one.held("datum_uitkomst")) for one in records} == {"2026-11-03"}  # half past midnight in Amsterdam
    assert [one.faults for one in rejected] == [(("bsn", "VERPLICHT_VELD_LEEG"),)]  # who has no BSN there
    assert count == 1  # of three pages two have nothing that counts


async def test_two_persons_in_the_role_are_nobody(gemeente: Gemeente) -> None:
    (zaak,) = await deliver(gemeente, delivery(1))
    rol = gemeente.state()["rollen"][0]
    post(gemeente, "rollen", **{name: value for name, value in rol.items() if name != "url"})
    concludes(gemeente, zaak, 2)
    records, rejected, _ = await walk(endpoint(gemeente))
    assert not records
    assert len(rejected) == 1


@pytest.mark.parametrize(
    ("mode", "on", "error"),
    [
        ("503", "", SourceAway), ("401", "", SourceBarred), ("403", "/rollen", SourceBarred),
        ("truncated", "/zaken/1", SourceAway),
        ("malformed", "/statustypen", SourceAway), ("down", "/statussen", SourceAway),
    ],
)  # fmt: skip
async def test_what_helps_is_told_from_what_does_not(gemeente: Gemeente, mode: str, on: str, error: type[Exception]) -> None:
    (zaak,) = await deliver(gemeente, delivery(1))
    concludes(gemeente, zaak, 2)
    gemeente.dial(mode, on)
    with pytest.raises(error) as wrong:
        await walk(endpoint(gemeente))
    assert not any(each in str(wrong.value) for each in (BSN, "geheim123", "Verzonnen"))
    gemeente.dial()
    assert len((await walk(endpoint(gemeente)))[0]) == 1


async def test_the_token_goes_nowhere_else(gemeente: Gemeente) -> None:
    (zaak,) = await deliver(gemeente, delivery(1))
    concludes(gemeente, zaak, 2)
    at = endpoint(gemeente)
    elsewhere = replace(at, options={**at.options, "catalogi": "http://127.0.0.1:1/elders"})
    with pytest.raises(SourceAway):
        await walk(elsewhere)
    with pytest.raises(SourceBarred):
        await walk(replace(endpoint(gemeente), credentials={}))


_NAMES = ("results", "statustype", "zaak", "omschrijving", "kenmerken", "kenmerk", "bron", "identificatie", "roltype")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "hub", "x", "HUB-x", "zt", "Aangekomen"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5),
    max_leaves=12,
)
_CASE = st.fixed_dictionaries({"zaaktype": st.just("zt"), "identificatie": st.just("HUB-x"), "kenmerken": _JSON})
_PAGE = st.fixed_dictionaries({"results": st.just([{"statustype": "st", "zaak": "z"}]) | _JSON})


@given(
    st.binary(max_size=9) | (_PAGE | _JSON).map(orjson.dumps),
    _CASE | _JSON,
    _JSON | st.just({"omschrijving": "Aangekomen"}),
    _JSON,
)
async def test_whatever_is_answered_is_read_or_is_no_answer(raw: bytes, zaak: Any, kind: Any, role: Any) -> None:
    class Says:
        async def get(self, address: str) -> Any:
            return kind if address == "st" else zaak

        async def results(self, _resource: str, _query: dict[str, str]) -> list[Any]:
            return role if isinstance(role, list) else [role]

        async def read(self, _name: str) -> AsyncGenerator[bytes, None]:
            yield raw

    said: Any = Says()
    pages = StatusPages(Endpoint("", {"zaaktype": "zt", "roltype": "rt"}), said, said)
    try:
        body = b"".join([block async for block in pages.read("een")])
    except SourceAway:
        return
    told = orjson.loads(body)["meldingen"] if body else []
    assert all(one["kenmerk"] == "x" for one in told)
