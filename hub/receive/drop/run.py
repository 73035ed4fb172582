"""Polls connectors until told to stop; one that is away or set up wrong never holds up another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

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


async def poll(drops: Drops) -> RunReport:
    """One poll, told to the log; the error of a partner's system that failed is told and raised."""
    try:
        run = await drops.poll_once()
    except HubError as error:
        report(error, Event.connector_failed, connector=drops.connector)
        raise
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
        drop=file.drop_id,
        reason=file.reason,
    )
    if file.quarantined:
        emit(Event.row_quarantined, connector=run.connector, rows=Count(file.quarantined))


async def run(all_drops: Sequence[Drops], poll_s: float, stopping: asyncio.Event) -> None:
    """Polls every connector each `poll_s` seconds until `stopping` is set; a poll under way is finished first."""

    async def keep_polling(drops: Drops) -> None:
        while not stopping.is_set():
            with suppress(HubError):
                await poll(drops)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), poll_s)

    async with asyncio.TaskGroup() as group:
        for drops in all_drops:
            group.create_task(keep_polling(drops))
