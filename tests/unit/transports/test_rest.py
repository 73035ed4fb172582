"""Pages of a partner's service as files, against a service that speaks HTTP on a socket."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from hub.connector import Endpoint, FileSource, PageSource, SourceAway, SourceBarred, Trouble
from hub.http import Answer
from hub.transports.paging import Ask, paging_of
from hub.transports.rest import connect, probe
from tests.fakes.paged import Call, Reply, Service, serving

STYLES: dict[str, dict[str, str]] = {
    "next": {"next": "/_links/next/href"},
    "link": {},
    "page": {"items": "/results"},
    "offset": {"items": "/results"},
    "cursor": {"next": "/cursor"},
}


class Kept:
    """A cursor in memory."""

    def __init__(self) -> None:
        self.text: str | None = None

    async def load(self) -> str | None:
        return self.text

    async def save(self, at: str, /) -> None:
        self.text = at


def at(service: Service, cursor: Kept | None = None, credentials: dict[str, bytes] | None = None, **options: str) -> Endpoint:
    named = {"paging": service.style, **STYLES.get(service.style, {}), **options}
    return Endpoint(f"{service.url}/lijst", named, credentials or {}, 5.0, cursor)


async def walk(endpoint: Endpoint, folder: str = "verwerkt", most: int = 99) -> list[Any]:
    """Reads as the reader of drops does, and gives the ids that were on each page."""
    source = await connect(endpoint)
    pages = []
    try:
        while (files := await source.list()) and len(pages) < most:
            body = b"".join([block async for block in source.read(files[0].name)])
            assert await source.stat(files[0].name) == files[0]
            assert len(body) == files[0].size
            pages.append([each["id"] for each in json.loads(body)["results"]])
            moved = await source.stat(await source.move(files[0].name, folder, "ab"))
            assert (moved.size, moved.mtime) == (files[0].size, files[0].mtime)
            if not source.more:
                break
    finally:
        await source.close()
    return pages


@pytest.mark.parametrize("style", STYLES)
async def test_every_way_of_paging_gives_every_record_once(style: str) -> None:
    async with serving(Service(style)) as service:
        assert await walk(at(service)) == [[1, 2], [3, 4], [5, 6]]


async def test_a_question_goes_in_the_body_with_its_parameters() -> None:
    async with serving(Service("page")) as service:
        asked = at(service, method="POST", body='{"type":"Zoek"}', query="fields=naam")
        assert len(await walk(asked)) == 3
        assert json.loads(service.calls[1].body) == {"type": "Zoek", "page": 2, "fields": "naam"}


async def test_a_source_of_pages_is_one() -> None:
    async with serving(Service()) as service:
        source: FileSource = await connect(at(service))
        assert isinstance(source, PageSource)
        await source.close()


# Whether a page is the last stands in a header with `link`, which no tag is about: that page is asked for whole.
@pytest.mark.parametrize(("style", "anew"), [("next", []), ("link", [[5, 6]])])
async def test_what_is_the_same_as_last_time_is_not_sent_again(style: str, anew: list[list[int]]) -> None:
    cursor = Kept()
    async with serving(Service(style, etags=True)) as service:
        assert len(await walk(at(service, cursor))) == 3
        assert await walk(at(service, cursor)) == anew
        service.records.append({"id": 7})
        service.records[0]["id"] = 8
        assert await walk(at(service, cursor)) == [[8, 2], [5, 6], [7]]


async def test_a_walk_that_breaks_off_goes_on_where_it_was_and_asks_for_changes_afterwards() -> None:
    cursor = Kept()
    async with serving(Service("next")) as service:
        asked = at(service, cursor, since_parameter="sinds", since_from="/mark")
        assert await walk(asked, most=1) == [[1, 2]]
        assert await walk(asked) == [[3, 4], [5, 6]]
        service.calls.clear()
        await walk(asked, most=1)
        assert service.calls[0].parameters == {"sinds": "m6"}


async def test_changes_are_asked_for_since_just_before_the_walk() -> None:
    cursor = Kept()
    async with serving(Service()) as service:
        asked = at(service, cursor, since_parameter="sinds")
        await walk(asked)
        await walk(asked)
        assert service.calls[-1].parameters == {"sinds": "2026-11-22T09:59:00Z"}


async def test_a_service_with_its_clock_far_ahead_keeps_nothing_from_the_hub() -> None:
    cursor = Kept()
    ahead = Reply(body=b'{"results": []}', headers={"Date": "Tue, 22 Nov 2095 10:00:00 GMT"})
    async with serving(Service(dial=lambda _: ahead)) as service:
        asked = at(service, cursor, since_parameter="sinds", items="/results")
        await walk(asked)
        await walk(asked)
        assert service.calls[-1].parameters["sinds"] < "2095"


async def test_a_page_that_is_not_there_hides_no_changes_for_ever() -> None:
    cursor = Kept()
    async with serving(Service("page")) as service:
        asked = at(service, cursor, since_parameter="sinds")
        service.dial = lambda call: Reply(404) if call.parameters.get("page") == "2" else None
        assert await walk(asked) == [[1, 2]]
        service.dial = lambda _: None
        service.calls.clear()
        await walk(asked)
        assert "sinds" not in service.calls[0].parameters


def marked(call: Call) -> Reply:
    """Every page says how far it was when it was made: later pages say more."""
    at = int(call.parameters.get("at", 0))
    page: dict[str, Any] = {"results": [{"id": at}], "mark": f"m{at}"}
    if at < 4:
        page["_links"] = {"next": {"href": f"?at={at + 2}&sinds={call.parameters.get('sinds', '')}"}}
    return Reply(200, json.dumps(page).encode())


async def test_a_mark_is_what_the_first_page_says_for_what_changes_meanwhile_stands_before_it() -> None:
    cursor = Kept()
    async with serving(Service("next", dial=marked)) as service:
        asked = at(service, cursor, since_parameter="sinds", since_from="/mark")
        assert await walk(asked) == [[0], [2], [4]]
        service.calls.clear()
        await walk(asked)
        assert service.calls[0].parameters == {"sinds": "m0"}


async def test_a_mark_stays_where_it_is_as_long_as_a_page_was_not_read_whole() -> None:
    cursor = Kept()
    async with serving(Service("next", dial=marked)) as service:
        asked = at(service, cursor, since_parameter="sinds", since_from="/mark")
        await walk(asked, "afgekeurd", most=1)
        await walk(asked)
        service.calls.clear()
        await walk(asked)
        assert "sinds" not in service.calls[0].parameters, "a page was refused"
        service.calls.clear()
        await walk(asked)
        assert service.calls[0].parameters == {"sinds": "m0"}, "every page was read"


async def test_a_page_of_nothing_at_all_ends_no_walk_for_good() -> None:
    cursor = Kept()
    reply: dict[str, Reply] = {"1": Reply(200, b"", {"Date": "Sun, 22 Nov 2026 10:00:00 GMT"})}
    async with serving(Service("link", dial=lambda _: reply.get("1"))) as service:
        asked = at(service, cursor, since_parameter="sinds")
        assert await walk(asked) == []
        reply.clear()
        service.calls.clear()
        await walk(asked)
        assert "sinds" not in service.calls[0].parameters


async def test_what_a_page_calls_itself_is_believed_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = Kept()
    dial = {"body": b'{"results": [{"id": 1}]}'}

    def lies(call: Call) -> Reply:
        return Reply(304) if "if-none-match" in call.headers else Reply(200, dial["body"], {"ETag": '"altijd"'})

    async with serving(Service(dial=lies)) as service:
        assert await walk(at(service, cursor)) == [[1]]
        dial["body"] = b'{"results": [{"id": 2}]}'
        assert await walk(at(service, cursor)) == []
        monkeypatch.setattr("hub.transports.rest.legal_date", lambda _: date(2095, 1, 1))
        assert await walk(at(service, cursor)) == [[2]]


@pytest.mark.parametrize("status", [202, 206, 304])
async def test_a_part_of_a_page_is_no_page(status: int) -> None:
    async with serving(Service(dial=lambda _: Reply(status, b"" if status == 304 else b"NAAM\nhalf"))) as service:
        with pytest.raises(SourceAway, match="whole"):
            await walk(at(service))


async def test_what_ends_with_its_connection_may_be_half_and_is_asked_for_again() -> None:
    cursor = Kept()
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\n\r\n"
    calls: list[bytes] = []

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(head + b'{"results": [{"id": 1}]}')
        writer.close()

    listening = await asyncio.start_server(answers, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    for items in ("", "/results"):  # what is read as JSON is seen to be whole
        options = {"since_parameter": "sinds", "items": items}
        for _ in range(2):
            assert await walk(Endpoint(f"http://127.0.0.1:{port}/lijst", options, {}, 5.0, cursor)) == [[1]]
    listening.close()
    assert [b"sinds" in call for call in calls] == [False, False, False, True]


@pytest.mark.parametrize("repeated", ["cursor", "header:X-Verder"])
async def test_a_cursor_may_stand_in_a_header_and_go_back_in_one(repeated: str) -> None:
    def dial(call: Call) -> Reply:
        at = int(call.parameters.get("cursor") or call.headers.get("x-verder") or 0)
        return Reply(200, b'{"results": [{"id": %d}]}' % at, {"X-Volgende": str(at + 1)} if at < 2 else {})

    async with serving(Service("cursor", dial=dial)) as service:
        assert await walk(at(service, next="header:x-volgende", page_parameter=repeated)) == [[0], [1], [2]]
        assert "header" not in "".join(name for call in service.calls for name in call.parameters)


@pytest.mark.parametrize("page", [b"<html><body>Aanmelden", b"\xef\xbb\xbf \n<!DOCTYPE html>\n<html>"])
async def test_a_page_for_people_is_no_data_and_is_asked_for_again(page: bytes) -> None:
    cursor = Kept()
    async with serving(Service(dial=lambda _: Reply(200, page, {"Content-Type": "application/json"}))) as service:
        with pytest.raises(SourceAway, match="page for people") as away:
            await walk(at(service, cursor))
    assert away.value.trouble is Trouble.no_answer
    assert cursor.text is None


async def test_a_link_may_name_the_port_that_everybody_knows() -> None:
    paging = paging_of(Endpoint("https://school.example", {"paging": "link"}))
    there = Answer(200, {"link": '<https://School.example:443/b?x=1>; rel="next"'}, b"")
    assert paging.after(Ask("/a"), "https://school.example", there, None) == Ask("/b?x=1")


async def test_a_run_reads_so_many_pages_and_the_next_one_goes_on() -> None:
    cursor = Kept()
    async with serving(Service("link")) as service:
        assert await walk(at(service, cursor, most_pages="2")) == [[1, 2], [3, 4]]
        assert await walk(at(service, cursor, most_pages="2")) == [[5, 6]]


async def test_a_place_that_is_no_longer_known_there_begins_anew() -> None:
    cursor = Kept()
    async with serving(Service("cursor")) as service:
        await walk(at(service, cursor), most=1)
        service.dial = lambda call: Reply(410) if "cursor" in call.parameters and len(service.calls) == 2 else None
        service.calls.clear()
        service.calls.append(Call("", "", {}, {}, b""))
        assert await walk(at(service, cursor)) == [[1, 2], [3, 4], [5, 6]]


async def test_a_page_that_cannot_be_read_is_kept_apart_and_fetched_back() -> None:
    cursor = Kept()
    async with serving(Service("link")) as service:
        await walk(at(service, cursor), "afgekeurd", most=1)
        assert await walk(at(service, cursor)) == [[3, 4], [5, 6]]
        source = await connect(at(service, cursor))
        (file,) = await source.list("afgekeurd")
        again = await source.move(file.name, ".", "ab")
        found = await source.stat(again)
        assert (found.size, found.mtime) == (file.size, file.mtime)
        assert b'"id": 1' in b"".join([block async for block in source.read(again)])
        await source.move(again, "verwerkt", "ab")
        assert await source.list("afgekeurd") == type(await source.list("afgekeurd"))()
        await source.close()


@pytest.mark.parametrize("link", ["https://elders.nl/x", "//127.0.0.1:1/x", "http://[", "/lijst"])
async def test_a_next_page_elsewhere_or_one_that_was_read_is_not_followed(link: str) -> None:
    reply = Reply(200, b'{"results":[{"id":1}]}', {"Link": f'<{link}>; rel="next"'})
    async with serving(Service("link", dial=lambda _: reply)) as service:
        with pytest.raises(SourceBarred) as barred:
            await walk(at(service))
    assert barred.value.trouble is Trouble.no_answer
    assert "elders" not in str(barred.value)
    assert len(service.calls) == 1


async def test_a_service_that_ignores_the_number_is_noticed() -> None:
    async with serving(Service("page", dial=lambda _: Reply(200, b'{"results":[{"id":1}]}'))) as service:
        with pytest.raises(SourceBarred, match="same page"):
            await walk(at(service))


STATUSES = [
    (401, SourceBarred, Trouble.login_refused),
    (403, SourceBarred, Trouble.not_allowed),
    (404, SourceBarred, Trouble.no_folder),
    (302, SourceBarred, Trouble.no_folder),
    (400, SourceBarred, Trouble.misconfigured),
    (429, SourceAway, Trouble.limited),
    (503, SourceAway, Trouble.limited),
    (502, SourceAway, Trouble.partner_failed),
]


@pytest.mark.parametrize(("status", "kind", "trouble"), STATUSES)
async def test_every_status_has_its_trouble(status: int, kind: type[SourceAway | SourceBarred], trouble: Trouble) -> None:
    reply = Reply(status, b"999990007 geheim", {"Retry-After": "90", "Location": "/elders"})
    async with serving(Service(dial=lambda _: reply)) as service:
        for attempt in (walk, probe):
            with pytest.raises(kind) as wrong:
                await attempt(at(service))
            assert wrong.value.trouble is trouble
            assert "geheim" not in str(wrong.value)
    if trouble is Trouble.limited:
        assert isinstance(wrong.value, SourceAway)
        assert wrong.value.after_s == 90


@pytest.mark.parametrize("body", [b"geheim", b'{"results":"geheim"}', b'{"results":[1],"next":{"geheim":1}}'])
async def test_a_page_that_is_not_as_was_said_is_not_repeated(body: bytes) -> None:
    async with serving(Service("next", dial=lambda _: Reply(200, body))) as service:
        with pytest.raises(SourceBarred) as barred:
            await walk(at(service, None, next="/next", items="/results"))
    assert barred.value.trouble is Trouble.no_answer
    assert "geheim" not in f"{barred.value} {vars(barred.value)}"
    assert barred.value.__context__ is None


@pytest.mark.parametrize("text", ["geen json", "[]", '{"since":1}'])
async def test_a_cursor_that_is_not_what_was_kept_begins_nothing_anew(text: str) -> None:
    cursor = Kept()
    cursor.text = text
    with pytest.raises(SourceBarred, match="how far"):
        await connect(Endpoint("http://127.0.0.1:1/", cursor=cursor))


async def test_a_service_that_only_takes_deliveries_is_reached() -> None:
    async with serving(Service(dial=lambda _: Reply(405))) as service:
        await probe(at(service))


@pytest.mark.parametrize("proof", ["client_secret", "client_key"])
async def test_a_token_is_kept_fetched_once_and_renewed_when_it_is_refused(proof: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    held = {proof: b"geheim" if proof == "client_secret" else pem}
    refused: set[str] = set()

    def dial(call: Call) -> Reply | None:
        shown = call.headers.get("authorization", "")
        return Reply(401) if call.path == "/lijst" and (not shown.startswith("Bearer t") or shown in refused) else None

    async with serving(Service(dial=dial)) as service:
        asked = at(service, None, held, client_id="hub", token_url=f"{service.url}/token", scope="lezen")
        await asyncio.gather(*(walk(asked) for _ in range(4)))
        tokens = [call for call in service.calls if call.path == "/token"]
        assert len(tokens) == 1
        if proof == "client_key":
            sent = dict(part.split("=") for part in tokens[0].body.decode().split("&"))
            claims = jwt.decode(sent["client_assertion"], ECKey.import_key(pem), algorithms=["ES256"]).claims
            assert (claims["iss"], claims["aud"]) == ("hub", f"{service.url}/token")
        refused.add("Bearer t1")
        await walk(asked)
        assert len([call for call in service.calls if call.path == "/token"]) == 2


async def test_a_secret_goes_in_the_body_where_that_is_how_a_partner_takes_it() -> None:
    async with serving(Service()) as service:
        options = {"client_id": "hub", "token_url": f"{service.url}/token", "token_auth": "post"}
        await walk(at(service, None, {"client_secret": b"geheim woord"}, **options))
        assert "authorization" not in service.calls[0].headers
        assert b"client_id=hub&client_secret=geheim+woord" in service.calls[0].body


async def test_a_password_is_shown_and_two_ways_of_showing_are_refused() -> None:
    async with serving(Service()) as service:
        await walk(at(service, None, {"password": b"geheim\n"}, username="hub"))
        assert service.calls[0].headers["authorization"] == "Basic aHViOmdlaGVpbQ=="
        with pytest.raises(SourceBarred, match="only one"):
            await connect(at(service, None, {"password": b"x", "token": b"y"}, username="hub"))


@pytest.mark.parametrize(
    "options",
    [{"paging": "page"}, {"paging": "next"}, {"paging": "anders"}, {"most_pages": "x"}, {"method": "POST", "body": "[]"}],
)
async def test_options_that_do_not_go_together_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(SourceBarred) as barred:
        await connect(Endpoint("http://127.0.0.1:1/", options))
    assert barred.value.trouble is Trouble.misconfigured


@pytest.mark.parametrize(
    ("address", "options", "says"),
    [
        ("https://partner.example/lijst?x=1", {}, "without query"),
        ("https://partner.example/lijst#x", {}, "without query"),
        ("https:///lijst", {}, "without query"),
        ("https://[", {}, "without query"),
        ("https://partner.example", {"paging": "page", "items": "/l", "first_page": "een"}, "numbers"),
        ("https://partner.example", {"paging": "offset", "items": "/l", "page_size": "1.5"}, "numbers"),
        ("https://partner.example", {"most_pages": "veel"}, "number"),
        ("https://partner.example", {"method": "POST", "body": "[1]"}, "JSON object"),
        ("https://partner.example", {"method": "POST", "body": "{"}, "JSON object"),
    ],
)
async def test_a_service_that_cannot_be_asked_so_is_refused_at_once(address: str, options: dict[str, str], says: str) -> None:
    with pytest.raises(SourceBarred, match=says):
        await connect(Endpoint(address, options))


@pytest.mark.parametrize("date", ["", "geheim", "Sun, 99 Nov 2026 10:00:00 GMT"])
async def test_a_service_that_does_not_say_what_time_it_is_cannot_be_asked_for_changes(date: str) -> None:
    reply = Reply(200, b'{"results":[{"id":1}]}', {"Date": date})
    async with serving(Service("link", dial=lambda _: reply)) as service:
        with pytest.raises(SourceBarred, match="what time") as barred:
            await walk(at(service, since_parameter="sinds"))
    assert "geheim" not in str(barred.value)


async def test_a_page_that_the_hub_went_on_from_is_gone() -> None:
    async with serving(Service("link")) as service:
        source = await connect(at(service))
        (file,) = await source.list()
        with pytest.raises(SourceAway) as away:
            await source.stat("elders")
        assert away.value.trouble is Trouble.file_gone
        await source.move(file.name, "verwerkt", "x")
        with pytest.raises(SourceAway):
            _ = [block async for block in source.read(file.name)]
        await source.close()
