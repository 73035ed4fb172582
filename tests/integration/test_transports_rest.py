"""Pages of a real service into a real PostgreSQL: each once, and on where a run broke off."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector import Endpoint, FileSource
from hub.formats.agreed import ColumnMapping
from hub.formats.csv import FORMAT
from hub.receive.drop import Drops, Instance, Outcome
from hub.receive.drop.store import DropStore
from hub.transports.rest import connect
from tests.fakes.paged import Call, Reply, Service, serving
from tests.hostile.read import MAPPING
from tests.integration.test_drops import CONNECTOR, DUO, LOG, Broken, Clock, DurableWay, ask_again, drop_rows, keyed, many


@dataclass
class Kept:
    """A cursor in memory."""

    text: str | None = None

    async def load(self) -> str | None:
        return self.text

    async def save(self, at: str, /) -> None:
        self.text = at


@dataclass
class Rig:
    service: Service
    engine: AsyncEngine
    cursor: Kept = field(default_factory=Kept)
    breaks: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        async def source() -> FileSource:
            return await connect(Endpoint(self.service.url + "/1", {"paging": "link"}, timeout_s=5, cursor=self.cursor))

        async def in_use() -> ColumnMapping:
            return MAPPING

        self.way = DurableWay(self.engine, breaks=lambda where: self.breaks(where))
        store = DropStore(self.engine, LOG, DUO, CONNECTOR)
        self.drops = Drops(Instance(CONNECTOR, DUO, LOG), source, FORMAT, in_use, self.way, store, keyed, Clock(), os.urandom)  # type: ignore[arg-type]

    async def poll(self) -> list[Outcome]:
        return [file.outcome for file in (await self.drops.poll_once()).files]


def pages(*contents: bytes) -> Service:
    def page(call: Call) -> Reply:
        number = int(call.path.strip("/"))
        headers = {"Link": f'</{number + 1}>; rel="next"'} if number < len(contents) else {}
        return Reply(200, contents[number - 1], headers)

    return Service(dial=page)


async def test_every_page_is_taken_in_one_run_and_known_in_the_next(engine: AsyncEngine) -> None:
    async with serving(pages(many(300), b"geen kop\r\n1", many(20))) as service:
        rig = Rig(service, engine)
        assert await rig.poll() == [Outcome.done, Outcome.refused, Outcome.done]
        assert len(rig.way.accepted) == 270 + 18
        assert await rig.poll() == [Outcome.known] * 3
        refused = next(row for row in await drop_rows(engine) if row["state"] == "refused")
        await ask_again(rig, refused["drop_id"])  # type: ignore[arg-type]
        assert await rig.poll() == [Outcome.refused, *[Outcome.known] * 3]
        assert len(rig.way.accepted) == 270 + 18


async def test_a_run_that_breaks_off_goes_on_at_its_page(engine: AsyncEngine) -> None:
    async with serving(pages(many(20), many(300))) as service:
        rig = Rig(service, engine)
        commits: list[str] = []

        def third(where: str) -> None:
            if where == "after commit" and (commits.append(where), len(commits))[1] == 2:
                raise Broken

        rig.breaks = third
        with pytest.raises(Broken):
            await rig.poll()
        service.calls.clear()
        assert await rig.poll() == [Outcome.done]
        assert [call.path for call in service.calls] == ["/2"]
        assert len(rig.way.accepted) == 18 + 270
