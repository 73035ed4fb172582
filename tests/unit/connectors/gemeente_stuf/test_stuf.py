"""StUF-ZKN: Bv03 about this message confirms, Fo03 says whose fault it is, and nothing else counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub.connector import Endpoint, Rejected
from hub.connectors.gemeente_stuf.client import _WSDL, open_sink
from hub.connectors.gemeente_stuf.outbound import content_of, identity_of, message_of
from hub.errors import HubError
from hub.http import Away, Barred
from hub.transports.wsdl import port_of
from tests.fakes.gemeente import BSN, Gemeente, delivery

OPTIONS = {"addressing": "no", "gemeente": "9001", "zaaktype_code": "JL-001", "to_application": "ZS"}
SCHEMA = etree.XMLSchema(etree.parse(str(_WSDL.parent / "zkn0310.xsd")))
PORT = port_of(_WSDL, "OntvangAsynchroon", "OntvangAsynchroonPort")


@pytest.fixture(scope="module")
def gemeente() -> Iterator[Gemeente]:
    with Gemeente() as running:
        yield running


def endpoint(gemeente: Gemeente, **other: str) -> Endpoint:
    return Endpoint(gemeente.where["stuf"], OPTIONS | other, timeout_s=5)


async def send(at: Endpoint, *page: Any) -> Any:
    sink = open_sink(at)
    try:
        return await sink.send(page, "")
    finally:
        await sink.close()


async def test_a_case_is_made_once_with_all_that_was_delivered(gemeente: Gemeente) -> None:
    one = delivery(1, pseudoniem="p1.s.x", straatnaam="Lindelaan & Zn <1>")
    for _ in range(2):
        assert (await send(endpoint(gemeente), one)).confirmed == {one.delivery_id}
    ours = {number: case for number, case in gemeente.state()["stuf"].items() if number == identity_of(one, "9001")}
    (case,) = ours.values()
    assert (case["inp.bsn"], case["geboortedatum"], case["geslachtsnaam"]) == (BSN, "20060228", "Verzonnen")
    assert case["toelichting"].split("\n") == [
        "afgesprokenVervolg: Gesprek op het Jongerenloket",
        "indicatieGeheim: nee",
        "pseudoniem: p1.s.x",
        "straatnaam: Lindelaan & Zn <1>",
    ]


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("server", Away), ("other", Away), ("503", Away), ("down", Away), ("truncated", Away), ("malformed", Away),
        ("401", Barred), ("403", Barred), ("404", Barred),
    ],
)  # fmt: skip
async def test_what_helps_is_told_from_what_does_not(gemeente: Gemeente, mode: str, error: type[HubError]) -> None:
    gemeente.dial(mode)
    with pytest.raises(error) as wrong:
        await send(endpoint(gemeente), delivery(2))
    gemeente.dial()
    assert not any(each in str(wrong.value) for each in (BSN, "geheim123", "Verzonnen"))


async def test_what_it_will_not_have_is_refused_and_what_was_lost_comes_again(gemeente: Gemeente) -> None:
    one, long = delivery(3), delivery(4, afgesprokenVervolg="x" * 1001)
    gemeente.dial("client")
    with pytest.raises(Rejected, match="StUF055"):
        await send(endpoint(gemeente), one)
    assert (await send(endpoint(gemeente), long, one)).refused == {long.delivery_id: "NIET_VERWERKBAAR"}
    gemeente.dial("unanswered", times=1)
    with pytest.raises(Away):
        await send(endpoint(gemeente), delivery(5))
    assert (await send(endpoint(gemeente), delivery(5))).confirmed == {delivery(5).delivery_id}


async def test_a_number_that_is_taken_by_another_message_is_for_an_administrator(gemeente: Gemeente) -> None:
    gemeente.dial("taken")
    with pytest.raises(Barred, match="fault with client"):
        await send(endpoint(gemeente), delivery(6))
    gemeente.dial()


async def test_without_its_options_nothing_leaves(gemeente: Gemeente) -> None:
    with pytest.raises(Barred, match="cannot be sent to"):
        await send(Endpoint(gemeente.where["stuf"]), delivery(7))


@given(
    st.dictionaries(
        st.sampled_from(
            ["bsn", "pseudoniem", "geslachtsnaam", "voorvoegsel", "huisnummer", "indicatieGeheim", "geboortedatum"]
        ),
        st.text(max_size=30) | st.booleans() | st.integers(0, 9999),
    )
)
def test_whatever_is_delivered_becomes_a_message_that_its_schema_allows_or_is_refused(content: dict[str, Any]) -> None:
    try:
        one = delivery(8, **({"bsn": None, "geslachtsnaam": None, "geboortedatum": None} | content))
    except TypeError:  # half a character, which no delivery holds
        return
    held = content_of(one)
    if held is None:
        return
    envelope = PORT.write("creeerZaak_Lk01", message_of(one, held, Endpoint("http://127.0.0.1:1", OPTIONS)))
    again = etree.fromstring(etree.tostring(envelope))
    message = again.find("{*}Body")[0]  # type: ignore[index]
    assert SCHEMA.validate(message), SCHEMA.error_log
    assert len(message.findtext("{*}object/{*}identificatie") or "") == 40
