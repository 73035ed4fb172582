"""Polls connectors until told to stop; one that is away or set up wrong never holds up another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from hub.domain.terms import Count
from hub.errors import HubError
from hub.observe import Event, emit, report
from hub.receive.drop.poll import Drops, FileReport, Outcome, RunReport

_SAID = {
    Outcome.done: Event.drop_done,
    Outcome.known: Event.drop_known,
    Outcome.refused: Event.drop_refused,
    Outcome.changed: Event.drop_seen,
    Outcome.contended: Event.drop_seen,
}


async def poll(drops: Drops) -> RunReport | None:
    """One poll, told to the log; None where the partner's system failed, which is said and tried again at the next."""
    try:
        run = await drops.poll_once()
    except HubError as error:
        report(error, Event.connector_failed, connector=drops.connector)
        return None
    for file in run.files:
        _tell(run, file)
    return run


def _tell(run: RunReport, file: FileReport) -> None:
    emit(
        _SAID[file.outcome],
        connector=run.connector,
        rows=file.rows,
        accepted=file.accepted,
        quarantined=file.quarantined,
        duplicate=file.duplicate,
        columns_ignored=file.columns_ignored,
        **({} if file.drop_id is None else {"drop": file.drop_id}),
        **({} if file.reason is None else {"reason": file.reason}),
    )
    if file.quarantined:
        emit(Event.row_quarantined, connector=run.connector, rows=Count(file.quarantined))


async def run(all_drops: Sequence[Drops], poll_s: float, stopping: asyncio.Event, heard: Callable[[RunReport], None]) -> None:
    """Polls every connector each `poll_s` seconds until `stopping` is set; a poll under way is finished first."""

    async def keep_polling(drops: Drops) -> None:
        while not stopping.is_set():
            if (told := await poll(drops)) is not None:
                heard(told)
            try:
                await asyncio.wait_for(stopping.wait(), poll_s)
            except TimeoutError:
                continue

    async with asyncio.TaskGroup() as group:
        for drops in all_drops:
            group.create_task(keep_polling(drops))
