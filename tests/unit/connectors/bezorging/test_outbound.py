"""What an answer says of what was sent: nothing, unless it says it in the agreed form."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connector import Rejected, Said
from hub.connectors.bezorging.outbound import REASONS, body_of, key_of, said
from hub.domain.personal import Personal
from hub.domain.stages import Delivered
from hub.domain.terms import PartyId, RecordKind
from hub.errors import HubError
from hub.http import LONGEST_PAUSE_S, Answer, Away, Barred, pause_of

A, B, C = (UUID(int=(0x01932B7E4C007000 << 64) | (0x8 << 60) | number) for number in range(3))


def answer(content: Any = None, status: int = 200, **headers: str) -> Answer:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def test_a_page_is_what_a_recipient_would_fetch() -> None:
    delivery = Delivered(A, PartyId("x"), PartyId("duo"), RecordKind("uitvalmelding"), Personal(b'{"a":1}'), "line", "proof")
    assert orjson.loads(body_of([delivery], "note")) == {
        "bezorgingen": [
            {
                "bezorgingId": str(A),
                "bron": "duo",
                "recordsoort": "uitvalmelding",
                "inhoud": {"a": 1},
                "logregel": "line",
                "ontvangstbewijs": "proof",
            }
        ],
        "checkpoint": "note",
    }


def test_the_key_follows_from_the_deliveries_alone() -> None:
    assert key_of([A]) == A
    assert key_of([A, B]) == key_of([B, A])
    assert len({key_of([A, B]), key_of([A, C]), key_of([A, B, C])}) == 3
    assert (key_of([A, B]).version, key_of([A, B]).variant) == (8, "specified in RFC 4122")


@pytest.mark.parametrize("status", [200, 201, 202, 409])
def test_what_is_named_is_believed(status: int) -> None:
    told = {"bevestigd": [str(A).upper()], "geweigerd": [{"bezorgingId": str(B), "reden": "NIET_BEVOEGD"}], "meer": 1}
    assert said(answer(told, status), [A, B, C]) == Said(frozenset({A}), {B: "NIET_BEVOEGD"})
    assert said(answer({"bevestigd": []}, status), [A]) == Said()
    assert said(answer(b"\xef\xbb\xbf" + json.dumps({"bevestigd": [str(A)]}).encode(), status), [A]).confirmed == {A}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b'{"bevestigd":',
        b"\xff\xfe",
        b"[" * 100_000,
        None,
        [],
        [str(A)],
        {},
        {"bevestigd": None},
        {"bevestigd": str(A)},
        {"bevestigd": {str(A): 1}},
        {"bevestigd": [str(A)], "geweigerd": None},
        {"bevestigd": [None]},
        {"bevestigd": [{"bezorgingId": str(A)}]},
        {"bevestigd": [f"{{{A}}}"]},
        {"bevestigd": [A.hex]},
        {"bevestigd": [str(C)]},
        {"bevestigd": [str(A), str(C)]},
        {"bevestigd": [str(A), str(A)]},
        {"bevestigd": [str(A), str(A).upper()]},
        {"bevestigd": [str(A)], "geweigerd": [{"bezorgingId": str(A), "reden": "NIET_BEVOEGD"}]},
        {"bevestigd": [], "geweigerd": [{"bezorgingId": str(A)}, {"bezorgingId": str(A)}]},
        {"bevestigd": [], "geweigerd": [str(A)]},
        {"bevestigd": [], "geweigerd": [{"reden": "NIET_BEVOEGD"}]},
        f'{{"bevestigd": [], "bevestigd": ["{A}"]}}'.encode(),
    ],
)
@pytest.mark.parametrize("status", [200, 409])
def test_anything_else_confirms_nothing(content: Any, status: int) -> None:
    with pytest.raises(Away) as away:
        said(answer(content, status), [A, B])
    assert away.value.cause == "ANTWOORD_ONGELDIG"


@pytest.mark.parametrize("reason", [None, 7, "", "onbekend", "BSN_999990019", "JANSEN", "BUITEN_WERKGEBIED ", ["NIET_BEVOEGD"]])
def test_a_word_of_the_recipients_own_does_not_pass(reason: Any) -> None:
    told = {"bevestigd": [], "geweigerd": [{"bezorgingId": str(A), "reden": reason}]}
    assert said(answer(told), [A]).refused == {A: "GEEN_REDEN"}


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_a_published_reason_passes(reason: str) -> None:
    assert said(answer({"bevestigd": [], "geweigerd": [{"bezorgingId": str(A), "reden": reason}]}), [A]).refused == {A: reason}


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_has_its_class_and_no_bare_status_confirms(status: int) -> None:
    with pytest.raises((Away, Barred, Rejected)) as wrong:
        said(answer(b"geheim", status), [A])
    assert "geheim" not in str(wrong.value)
    expected: dict[int, tuple[type[HubError], str]] = {
        **dict.fromkeys((400, 413, 422), (Rejected, "PAGINA_GEWEIGERD")),
        **dict.fromkeys((429, 503), (Away, "ONTVANGER_BEZET")),
        **dict.fromkeys((408, 425, 500, 502, 504, 507, 599), (Away, "ONTVANGER_FOUT")),
        **dict.fromkeys((301, 302, 307, 308, 401, 403, 404, 405, 406, 410, 415, 501), (Barred, "ONTVANGER_INSTELLING")),
        **dict.fromkeys((200, 201, 202, 203, 204, 206, 299, 409), (Away, "ANTWOORD_ONGELDIG")),
    }
    if status in expected:
        assert (type(wrong.value), wrong.value.cause) == expected[status]


NOW = "Sun, 22 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("asked", "date", "seconds"),
    [
        ("7", "", 7),
        (" 7 ", "", 7),
        ("0", "", 0),
        ("86400", "", LONGEST_PAUSE_S),
        ("Sun, 22 Nov 2026 10:02:00 GMT", NOW, 120),
        ("Sun, 22 Nov 2026 09:00:00 GMT", NOW, 0),
        ("Mon, 23 Nov 2026 10:00:00 GMT", NOW, LONGEST_PAUSE_S),
        ("Sun, 22 Nov 2026 10:02:00 GMT", "", 30),
        ("Sun, 22 Nov 2026 10:02:00", NOW, 30),
        ("", NOW, 30),
        ("-5", NOW, 30),
        ("٣", NOW, 30),
        ("9" * 400, NOW, 30),
        ("straks", NOW, 30),
    ],
)
def test_a_pause_is_kept_to_an_hour(asked: str, date: str, seconds: int) -> None:
    assert pause_of({"retry-after": asked, "date": date}) == seconds
    with pytest.raises(Away) as away:
        said(answer(b"", 503, retry_after=asked, date=date), [A])
    assert away.value.after_s == seconds


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([str(A), str(B), str(C), A.hex]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["bevestigd", "geweigerd", "bezorgingId", "reden"]), inner),
)


@given(content=json_values | st.binary(), status=st.integers(100, 599), retry=st.text())
def test_whatever_comes_back_only_what_was_sent_is_confirmed(content: Any, status: int, retry: str) -> None:
    try:
        told = said(answer(content, status, retry_after=retry), [A, B])
    except (Away, Barred, Rejected):
        return
    assert status in (200, 201, 202, 409)
    assert told.confirmed | set(told.refused) <= {A, B}
    assert not told.confirmed & set(told.refused)
