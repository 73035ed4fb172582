"""A process that records one entry after another and says of each what it was told; started by the tests of faults."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hub.db import create_engine
from hub.errors import HubError
from tests.fakes.recorder import committing, item


async def main(url: str, mark: Path, count: int) -> None:
    """Prints `yes` and the request, or `no` with the error's type and the request, a line each."""
    engine = create_engine(url)
    async with committing(engine, mark) as committer:
        for _ in range(count):
            given = item()
            try:
                await committer.record(given)
                said = "yes"
            except HubError as error:
                said = f"no {type(error).__name__}"
            sys.stdout.write(f"{said} {given.request_id}\n")
            sys.stdout.flush()
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
