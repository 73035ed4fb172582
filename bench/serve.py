"""The processes of the message benchmark: the hub, the baseline over the same edge, and a list being taken in."""

from __future__ import annotations

import sys
from uuid import UUID

import asyncpg
import uvloop

from bench.message import take_in_a_list
from bench.world import plain
from hub import server
from hub.app import Hub, open_hub
from hub.cli import stopper
from hub.domain.stages import Received
from hub.interface import api_of
from hub.normalise import normalise
from hub.observe import configure
from hub.ports import Admitted, Intake, RecordMapping, Tally
from hub.settings import Settings


class OneInsert:
    """Validates a message as the hub does, writes it as one row, commits, and answers."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def admit(self, received: Received, mapping: RecordMapping, intake: Intake, /) -> Admitted:
        """The whole of the baseline."""
        canonicals, _ = normalise(received.rows, mapping)
        await self._pool.execute(
            "INSERT INTO bench_message (party_id, body) VALUES ($1, $2)", received.party, received.rows[0].raw.reveal()
        )
        return Admitted(received.request_id, Tally(len(canonicals), 0, 0), (), {}, None)


class NoEarlier:
    """Nothing was sent before: the baseline looks nothing up."""

    async def find(self, _party: str, _key: bytes, /) -> UUID | None:
        """Never anything."""
        return None


async def main(what: str) -> None:
    """Serves `hub` or `baseline`, or takes in a `list`."""
    configure()
    settings = Settings()
    async with open_hub(settings, name=f"bench-{what}") as hub:
        if what == "list":
            await take_in_a_list(hub)
        elif what == "hub":
            await server.serve(server.server_of(api_of(hub), settings), stopper())
        else:
            await _baseline(hub, settings)


async def _baseline(hub: Hub, settings: Settings) -> None:
    url = settings.database_url
    assert url is not None
    pool = await asyncpg.create_pool(plain(url.get_secret_value()), min_size=10, max_size=10)
    app = api_of(hub)
    for route in app.routes:
        endpoint = getattr(route, "endpoint", None)
        desk = getattr(endpoint, "__self__", None)
        if type(desk).__name__ == "Messages":
            desk._way, desk._idempotency = OneInsert(pool), NoEarlier()
    await server.serve(server.server_of(app, settings), stopper())
    await pool.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
