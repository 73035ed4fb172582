"""The token of the ZGW APIs, as somebody else checks it, and whom it is shown to."""

from __future__ import annotations

import pytest

from hub.connector import Endpoint, SourceBarred
from hub.domain.terms import Micros
from hub.http import Away
from hub.transports.zgw import Zgw, token_of
from ops.demo.gemeente import allowed
from tests.fakes.paged import Reply, Service, serving
from tests.fakes.recorder import START, Clock

SECRET = "a-secret-of-some-length"


def endpoint(secret: str = SECRET, client_id: str = "hub") -> Endpoint:
    return Endpoint("http://127.0.0.1:1/zaken/api/v1", {"client_id": client_id}, {"secret": secret.encode()})


def test_a_token_is_good_within_its_hour_with_its_secret_and_for_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: START / 1_000_000)
    token = f"Bearer {token_of(endpoint(), Clock())}"
    assert allowed(token, SECRET)
    assert not allowed(token, f"{SECRET}x")
    assert not allowed(token[:-4], SECRET)
    assert not allowed(f"Bearer {token_of(endpoint(client_id='other'), Clock())}", SECRET)
    assert not allowed(f"Bearer {token_of(endpoint(), Clock(Micros(START - 3_601_000_000)))}", SECRET)


@pytest.mark.parametrize("wrong", [endpoint("geheim123"), endpoint(client_id=""), Endpoint("http://127.0.0.1:1")])
def test_without_client_id_or_with_a_short_secret_there_is_none(wrong: Endpoint) -> None:
    with pytest.raises(SourceBarred, match="cannot be used") as refused:
        token_of(wrong)
    assert "geheim123" not in str(refused.value)


async def test_it_is_shown_below_the_addresses_that_are_set_and_nowhere_else() -> None:
    zgw = Zgw(endpoint(), "https://catalogi.voorbeeld.nl/api/v1")
    assert zgw.owns("http://127.0.0.1:1/zaken/api/v1/zaken/1")
    assert zgw.owns("https://catalogi.voorbeeld.nl/api/v1/statustypen/1")
    for other in (
        "https://catalogi.voorbeeld.nl/api/v1.nl/1",
        "https://catalogi.voorbeeld.nl/api/v1/../2",
        "file:///etc",
        None,
    ):
        assert not zgw.owns(other)
    await zgw.close()


@pytest.mark.parametrize("body", [b"{}", b'{"results":{}}', b'{"results":null}', b"7", b"geheim"])
async def test_a_list_that_is_none_is_no_answer(body: bytes) -> None:
    async with serving(Service(dial=lambda _: Reply(200, body))) as service:
        zgw = Zgw(Endpoint(service.url, {"client_id": "hub"}, {"secret": b"een-geheim-van-lengte"}, 5.0))
        with pytest.raises(Away) as away:
            await zgw.results("zaken", {})
        await zgw.close()
    assert "geheim" not in f"{away.value} {away.value.__context__!r}"
