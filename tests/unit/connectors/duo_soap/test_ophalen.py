"""What changed in reports of absence, page by page: asked for again after a break, and never led in a circle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.connector import Endpoint, PageSource, SourceAway, SourceBarred
from hub.connectors.duo_verzuim_ophalen import client
from hub.connectors.duo_verzuim_ophalen.client import connect
from hub.domain.record import PersonRecord
from hub.errors import Malformed
from ops.demo.duo_soap import NAMESPACE, Loket, opened
from tests.fakes.fates import WIRE, fates

SAMPLE = (WIRE / "duo_verzuim_ophalen/duo-verzuim-soap-1/sample.xml").read_text(encoding="utf-8")
CASES = SAMPLE[SAMPLE.index("<verzuimgeval>") : SAMPLE.rindex("</DC0011")]
FIRST = CASES[: CASES.index("</verzuimgeval>") + len("</verzuimgeval>")]


class Kept:
    """A cursor in memory; it can fail, as a process that dies does."""

    def __init__(self) -> None:
        self.text: str | None = None
        self.dies = False

    async def load(self) -> str | None:
        return self.text

    async def save(self, at: str, /) -> None:
        if self.dies:
            raise RuntimeError("died")
        self.text = at


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Loket, str]]:
    home, loket = tmp_path_factory.mktemp("duo"), Loket()
    servers = opened(home, loket)
    yield home, loket, f"https://127.0.0.1:{servers[0].server_port}/verzuim"
    for each in servers:
        each.shutdown()
        each.server_close()


@pytest.fixture
def loket(served: tuple[Path, Loket, str]) -> Loket:
    found = served[1]
    found.turn("ok")
    found.deliveries.clear()
    found.counts.clear()
    found.changed("nul", CASES.encode(), "een")
    found.changed("een", FIRST.encode(), "twee")
    return found


def source(served: tuple[Path, Loket, str], cursor: Kept) -> Endpoint:
    home, _, url = served
    names = {"ca": "ca.pem", "certificate": "hub.pem", "key": "hub-key.pem"}
    held = {name: (home / file).read_bytes() for name, file in names.items()}
    return Endpoint(url, {"since": "nul", "who": "009001"}, held, 3.0, cursor)


async def pages(served: Any, cursor: Kept, folder: str = "verwerkt") -> list[bytes]:
    """All that one run reads."""
    opened_source = await connect(source(served, cursor))
    assert isinstance(opened_source, PageSource)
    found: list[bytes] = []
    try:
        while files := await opened_source.list():
            (file,) = files
            body = b"".join([block async for block in opened_source.read(file.name)])
            assert len(body) == file.size == (await opened_source.stat(file.name)).size
            found.append(body)
            await opened_source.move(file.name, folder, "hub")
            if not opened_source.more:
                break
    finally:
        await opened_source.close()
    return found


async def test_every_answer_is_read_once_and_the_next_run_begins_where_it_ended(served: Any, loket: Loket) -> None:
    cursor = Kept()
    first, second = await pages(served, cursor)
    assert [isinstance(fate, PersonRecord) for fate in fates("duo_verzuim_ophalen", first)] == [True, True]
    assert len(fates("duo_verzuim_ophalen", second)) == 1
    assert await pages(served, cursor) == []
    loket.changed("twee", FIRST.encode(), "drie")
    assert len(await pages(served, cursor)) == 1


async def test_a_break_between_answer_and_cursor_gives_the_same_bytes_again(served: Any, loket: Loket) -> None:
    whole = await pages(served, Kept())
    cursor = Kept()
    cursor.dies = True
    with pytest.raises(RuntimeError):
        await pages(served, cursor)
    cursor.dies = False
    assert await pages(served, cursor) == whole


async def test_what_could_not_be_read_waits_to_be_asked_for_again(served: Any, loket: Loket) -> None:
    cursor = Kept()
    loket.changed("nul", b"<verzuimgeval><anders/></verzuimgeval>", "een")
    (bad, _) = await pages(served, cursor, "afgekeurd")
    with pytest.raises(Malformed):
        fates("duo_verzuim_ophalen", bad)
    loket.changed("nul", CASES.encode(), "een")
    again = await connect(source(served, cursor))
    files = await again.list("afgekeurd")
    assert len(files) == 2
    back = await again.move(files[0].name, ".", "hub")
    body = b"".join([block async for block in again.read(back)])
    assert len(fates("duo_verzuim_ophalen", body)) == 2
    await again.move(back, "verwerkt", "hub")
    await again.close()
    last = await connect(source(served, cursor))
    assert len(await last.list("afgekeurd")) == 1
    await last.close()


async def test_no_more_is_held_than_one_answer_and_one_that_was_asked_for_again(served: Any, loket: Loket) -> None:
    cursor = Kept()
    first = await connect(source(served, cursor))
    for _ in range(2):
        (file,) = await first.list()
        there = await first.move(file.name, "afgekeurd", "hub")
        assert (await first.stat(there)).size == file.size
        with pytest.raises(SourceAway):
            _ = [block async for block in first.read(there)]
    await first.close()
    again = await connect(source(served, cursor))
    one, other = await again.list("afgekeurd")
    asked = loket.counts["messages"]
    bodies = [b"".join([block async for block in again.read(each.name)]) for each in (one, other)]
    assert [len(body) for body in bodies] == [one.size, other.size]
    assert loket.counts["messages"] == asked + 2, "what was listed was let go of"
    for each, body in zip((one, other), bodies, strict=True):
        back = await again.move(each.name, ".", "hub")
        assert b"".join([block async for block in again.read(back)]) == body
        await again.move(back, "verwerkt", "hub")
    assert await again.list("afgekeurd") == []
    await again.close()


async def test_who_leads_round_and_round_is_not_followed(served: Any, loket: Loket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_MOST", 4)
    loket.changed("een", FIRST.encode(), "nul")
    with pytest.raises(SourceBarred, match="time and again"):
        await pages(served, Kept())
    assert loket.counts["messages"] == 4


@pytest.mark.parametrize("mode", ["stuck", "refuse", "strange"])
async def test_answers_that_lead_nowhere_stop_the_run_and_say_nothing_of_their_words(
    served: Any, loket: Loket, mode: str
) -> None:
    loket.deliveries.clear()
    loket.turn(mode, code="geheim123")
    with pytest.raises(SourceBarred) as barred:
        await pages(served, Kept())
    assert "geheim123" not in f"{barred.value}{barred.value.why}"
    assert loket.counts["messages"] == 1


def test_the_abolished_status_is_set_aside() -> None:
    text = SAMPLE.replace("<status>R</status>", "<status>D</status>")
    assert fates("duo_verzuim_ophalen", text.encode())[0] == (("behandeling.status", "STATUS_VERVALLEN"),)
    assert NAMESPACE in text
