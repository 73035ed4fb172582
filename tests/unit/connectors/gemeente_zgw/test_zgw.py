"""ZGW: one whole case for each delivery, wherever the answer was lost, and nothing in it but what was delivered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import date
from itertools import count
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connector import Endpoint, Rejected
from hub.connectors.gemeente_zgw.client import ZgwSink, open_sink
from hub.connectors.gemeente_zgw.outbound import Catalogue, content_of, refusal_of, rol_of, zaak_of
from hub.domain.stages import Delivered
from hub.errors import HubError
from hub.http import Answer, Away, Barred
from hub.transports.zgw import identity_of
from tests.fakes.gemeente import BSN, Gemeente, delivery

TYPES = Catalogue("https://c/zt", "https://c/rt", "https://c/st", "002220647", "002220647", "zaakvertrouwelijk", "Overdracht")
NUMBERS = count(1)
STEPS = ("GET /zaken/api/v1/zaken", "POST /zaken/api/v1/zaken", "POST /zaken/api/v1/rollen", "POST /zaken/api/v1/statussen")


@pytest.fixture(scope="module")
def gemeente() -> Iterator[Gemeente]:
    with Gemeente() as running:
        yield running


@asynccontextmanager
async def sink_of(endpoint: Endpoint) -> AsyncIterator[ZgwSink]:
    sink = open_sink(endpoint)
    try:
        yield sink
    finally:
        await sink.close()


def cases(gemeente: Gemeente, one: Delivered) -> list[tuple[int, int]]:
    """Of each case of this delivery, how many roles and statuses it has."""
    state = gemeente.state()
    found = [zaak["url"] for zaak in state["zaken"] if zaak["identificatie"] == identity_of(one.delivery_id)]
    return [tuple(sum(row["zaak"] == url for row in state[kind]) for kind in ("rollen", "statussen")) for url in found]  # type: ignore[misc]


@pytest.mark.parametrize("mode", ["unanswered", "truncated", "malformed", "503", "down", "409"])
@pytest.mark.parametrize("step", STEPS)
async def test_one_whole_case_wherever_the_answer_was_lost(gemeente: Gemeente, step: str, mode: str) -> None:
    one = delivery(next(NUMBERS))
    async with sink_of(gemeente.zgw()) as sink:
        gemeente.dial(mode, step, times=1)
        try:
            first, told = (await sink.send([one], "")).confirmed, ""
        except (Away, Barred) as lost:
            first, told = frozenset[UUID](), str(lost)
        assert BSN not in told
        assert "geheim123" not in told
        gemeente.dial()
        said = await sink.send([one], "")
        assert said.confirmed == {one.delivery_id}
        assert (await sink.send([one], "")).confirmed == {one.delivery_id}
    assert first <= said.confirmed
    assert cases(gemeente, one) == [(1, 1)]


@pytest.mark.parametrize("mode", ["duplicate", "unfiltered"])
async def test_lists_that_give_others_or_the_same_twice_change_nothing(gemeente: Gemeente, mode: str) -> None:
    one, two = delivery(next(NUMBERS)), delivery(next(NUMBERS))
    async with sink_of(gemeente.zgw()) as sink:
        gemeente.dial(mode)
        for _ in range(2):
            with suppress(Away):
                await sink.send([one, two], "")
        gemeente.dial()
        assert (await sink.send([one, two], "")).confirmed == {one.delivery_id, two.delivery_id}
    assert cases(gemeente, one) == cases(gemeente, two) == [(1, 1)]


async def test_what_was_done_before_an_error_counts(gemeente: Gemeente) -> None:
    one, two = delivery(next(NUMBERS)), delivery(next(NUMBERS))
    async with sink_of(gemeente.zgw()) as sink:
        await sink.send([one], "")
        gemeente.dial("503", "POST")
        said = await sink.send([one, two], "")
        gemeente.dial()
    assert said.confirmed == {one.delivery_id}
    assert not said.refused


@pytest.mark.parametrize(
    ("mode", "error"), [("401", Barred), ("403", Barred), ("404", Barred), ("503", Away), ("500", Away), ("down", Away)]
)
async def test_what_helps_is_told_from_what_does_not(gemeente: Gemeente, mode: str, error: type[HubError]) -> None:
    async with sink_of(gemeente.zgw()) as sink:
        gemeente.dial(mode)
        with pytest.raises(error):
            await sink.send([delivery(next(NUMBERS))], "")
        gemeente.dial()


async def test_a_wrong_secret_and_a_wrong_type_are_for_an_administrator(gemeente: Gemeente) -> None:
    for endpoint in (
        gemeente.zgw("another-secret-of-enough-length"),
        gemeente.zgw("short"),
        gemeente.zgw(zaaktype="https://elders.nl/1"),
        gemeente.zgw(zaaktype=""),
        Endpoint(gemeente.where["zaken"]),
    ):
        async with sink_of(endpoint) as sink:
            with pytest.raises(Barred):
                await sink.send([delivery(next(NUMBERS))], "")


async def test_what_it_will_not_have_is_refused_by_a_closed_reason(gemeente: Gemeente) -> None:
    wrong = delivery(next(NUMBERS), bsn="123456789")
    long = delivery(next(NUMBERS), afgesprokenVervolg="x" * 1001)
    document = delivery(next(NUMBERS), overgangsdocument=["geen plek"])
    async with sink_of(gemeente.zgw()) as sink:
        said = await sink.send([wrong, long, document], "")
    assert said.refused == {
        wrong.delivery_id: "VORM_ONGELDIG",
        long.delivery_id: "NIET_VERWERKBAAR",
        document.delivery_id: "NIET_VERWERKBAAR",
    }


async def test_a_slow_system_ends_within_the_time_of_a_call(gemeente: Gemeente) -> None:
    endpoint = gemeente.zgw()
    async with sink_of(Endpoint(endpoint.address, endpoint.options, endpoint.credentials, 0.3)) as sink:
        gemeente.dial("slow", seconds=0.6)
        with pytest.raises(Away):
            await sink.send([delivery(next(NUMBERS)), delivery(next(NUMBERS))], "")
        gemeente.dial()


async def test_a_case_elsewhere_is_not_believed(gemeente: Gemeente) -> None:
    from hub.transports.zgw import Zgw

    zgw = Zgw(gemeente.zgw(), gemeente.where["catalogi"])
    root = gemeente.where["zaken"]
    assert zgw.owns(f"{root}/zaken/1")
    assert zgw.owns(f"{gemeente.where['catalogi']}/statustypen/1")
    for address in ("https://elders.nl/zaken/1", f"{root}.elders.nl/1", f"{root}/../../brp", f"{root}/zaken/1\n", 7, None):
        assert not zgw.owns(address)
        with pytest.raises(Away):
            await zgw.get(address)  # type: ignore[arg-type]
    await zgw.close()


@given(
    st.dictionaries(
        st.sampled_from(["bsn", "pseudoniem", "geslachtsnaam", "straatnaam", "huisnummer", "indicatieGeheim", "geboortedatum"]),
        st.text(st.characters(codec="utf-8"), max_size=90) | st.booleans() | st.integers(0, 9999),
    )
)
def test_a_case_says_all_that_was_delivered_and_nothing_else(content: dict[str, object]) -> None:
    one = Delivered(**{**_parts(), "payload": type(delivery().payload)(orjson.dumps(content))})
    held = content_of(one)
    assert held is not None
    zaak, rol = zaak_of(one, held, TYPES), rol_of(held, "https://z/1", TYPES)
    told = [*zaak["toelichting"].split("\n"), *rol["betrokkeneIdentificatie"].values()] if content else []
    for name, value in content.items():
        text = ("ja" if value else "nee") if isinstance(value, bool) else str(value)
        assert text in rol["betrokkeneIdentificatie"].values() or f"{name}: {text}" in zaak["toelichting"]
    if not content:
        assert zaak["toelichting"] == ""
        assert rol["betrokkeneIdentificatie"] == {}
    assert len(told) <= max(1, sum(str(value).count("\n") + 1 for value in content.values())) + 1
    assert len(zaak["identificatie"]) <= 40
    assert date.fromisoformat(zaak["startdatum"]) == date(2024, 11, 14)


def _parts() -> dict[str, object]:
    one = delivery()
    return {name: getattr(one, name) for name in Delivered.__slots__}


def test_a_refusal_says_whose_it_is() -> None:
    def said(*names: str) -> Answer:
        return Answer(400, {}, orjson.dumps({"invalidParams": [{"name": name, "code": "x", "reason": BSN} for name in names]}))

    assert refusal_of(said("betrokkeneIdentificatie.inpBsn")) == "VORM_ONGELDIG"
    with pytest.raises(Barred, match="zaaktype") as setting:
        refusal_of(said("zaaktype", "toelichting"))
    assert BSN not in str(setting.value)
    for other in (Answer(400, {}, b"<html>"), said("identificatie"), said("identificatie", "toelichting")):
        with pytest.raises(Rejected):
            refusal_of(other)


async def test_a_notice_stays_where_it_can_be_fetched(gemeente: Gemeente) -> None:
    async with sink_of(gemeente.zgw()) as sink:
        assert await sink.tell({"berichten": []}, [UUID(int=1)]) == frozenset()
