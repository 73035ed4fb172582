"""The worker: what lies ready at partners comes in, and what waits for recipients' own systems goes out."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from hub.app import Hub
from hub.clock import legal_date
from hub.decisions import store as decisions
from hub.errors import HubError, Misconfigured, Retry
from hub.fetching import Fetching
from hub.identity import store as identity
from hub.installed import inbox_of, setups_of
from hub.observe import Event, report
from hub.push.worker import Pusher
from hub.receive.inbox.source import InboxSource
from hub.running import store as running
from hub.running.runner import LOOK_S, Runner
from hub.running.store import RunStore
from hub.sending import Targets, targets_of
from hub.setups.service import Setups

_TIDY_S: Final = 3600.0
_INDEX_S: Final = 5.0
_NOTICES_S: Final = 5.0
_MOST_WAITING: Final = 20_000_000
_LEAST_FREE: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Work:
    """What one process has to do: what it fetches, whom it sends to, and of whose keys it watches the end."""

    fetching: Fetching
    sending: Targets
    setups: Setups


async def work_of(hub: Hub) -> Work:
    """What the connectors' file asks for, and what administrators set up, which may change at any time.

    Raises Misconfigured where the file or something it names is of no use.
    """
    setups, inbox = setups_of(hub), inbox_of(hub)
    fetching = Fetching(hub, setups.active, lambda connector, party: InboxSource(inbox, connector, party))
    await fetching.check()
    sending = Targets(hub, fetching.seen, targets_of(hub))
    await sending.renew()
    return Work(fetching, sending, setups)


async def _room(hub: Hub) -> None:
    """Raises Retry where the hub is behind, so that nothing new is begun."""
    await running.check_room(hub.engine, _MOST_WAITING)
    if shutil.disk_usage(hub.settings.state).free < _LEAST_FREE:
        raise Retry("The disk of the hub is nearly full.", "It has less than 256 MiB left.", "Make room; nothing was lost.")


async def work(hub: Hub, todo: Work, stopping: asyncio.Event, *, once: bool = False) -> None:
    """Takes in and sends until `stopping`; with `once` until nothing waits any more that could go on.

    With `once` a connector that fails ends the work with its error; otherwise it is said and tried again.
    """
    pusher = Pusher(hub.engine, hub.log_id, hub.route, hub.endings, hub.clock, secrets.token_bytes)
    runner = Runner(RunStore(hub.engine, hub.log_id), hub.clock, secrets.token_bytes, partial(_room, hub))
    try:
        if once:
            jobs = await todo.fetching.once()
            if not jobs and not todo.sending.now:
                raise Misconfigured(
                    "No connectors are set up.",
                    "HUB_CONNECTORS names no file, and administrators set none up.",
                    "Set it to the connectors' YAML file, or set one up.",
                )
            for one in jobs:
                await runner.once(one, stopping)
            for target in todo.sending.now:
                await pusher.drain(target)
            await _notices(hub, todo)
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(hub.keep_up(stopping))
            group.create_task(_again_and_again(hub, partial(_tidy, hub), _TIDY_S, stopping))
            group.create_task(_again_and_again(hub, partial(_purge, hub), _TIDY_S, stopping))
            group.create_task(_again_and_again(hub, partial(_warn, hub, todo.setups), _TIDY_S, stopping))
            group.create_task(_again_and_again(hub, hub.forgetting.catch_up, _TIDY_S, stopping))
            group.create_task(_again_and_again(hub, hub.retention.finish, _TIDY_S, stopping))
            group.create_task(_again_and_again(hub, hub.reviews.keep_up, _TIDY_S, stopping))
            group.create_task(_again_and_again(hub, hub.witnessing.ask_witnesses, hub.settings.witness_every_s, stopping))
            group.create_task(_again_and_again(hub, hub.witnessing.stamp, hub.settings.tsa_every_s, stopping))
            group.create_task(hub.scrub(stopping))
            group.create_task(_again_and_again(hub, hub.informing.catch_up, _INDEX_S, stopping))
            group.create_task(_again_and_again(hub, partial(_notices, hub, todo), _NOTICES_S, stopping))
            group.create_task(runner.run(todo.fetching, stopping))
            group.create_task(_send(pusher, todo.sending, stopping))
    finally:
        await todo.sending.close()


async def _send(pusher: Pusher, sending: Targets, stopping: asyncio.Event) -> None:
    """Sends until `stopping`; where administrators change whom to, what is on its way arrives first."""
    while not stopping.is_set():
        changed, over = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(pusher.run(sending.now, over))
            await _watch(sending, stopping, changed)
            over.set()
        if changed.is_set():
            await sending.renew()


async def _watch(sending: Targets, stopping: asyncio.Event, changed: asyncio.Event) -> None:
    while not (stopping.is_set() or changed.is_set()):
        await _pause(stopping, LOOK_S)
        try:
            if await sending.look():
                changed.set()
        except HubError as error:
            report(error, Event.database_unavailable)


async def _purge(hub: Hub) -> None:
    """Forgets what was brought and refused, and what nobody came back for."""
    await inbox_of(hub).purge(int(hub.clock.now_us()))


async def _warn(hub: Hub, setups: Setups) -> None:
    """Says of keys and certificates that they end, in good time."""
    await setups.warn(hub.clock.now_us())


async def _notices(hub: Hub, todo: Work) -> None:
    await hub.notices.tick()
    for target in todo.sending.now:
        if target.part.others:  # of a recipient's systems the one for whatever has no system of its own
            await hub.notices.push(target.recipient, target.sink)


async def _tidy(hub: Hub) -> None:
    """Statements that end by themselves get an event that says so; that they hold no longer does not wait for it.

    What is kept for a while alone, goes: spent assertions, and of more than a year ago the content of decision calls and the
    history of runs.
    """
    await hub.statements.run_due(legal_date(hub.clock.now_us()))
    now = hub.clock.now_us()
    await identity.forget_assertions(hub.engine, hub.log_id, now)
    await decisions.forget(hub.engine, hub.log_id, now - decisions.KEPT_US)
    await running.forget(hub.engine, hub.log_id, now - running.KEPT_US)


async def _again_and_again(hub: Hub, chore: Callable[[], Awaitable[object]], every_s: float, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await chore()
        except HubError as error:
            report(error, Event.database_unavailable)
        await _pause(stopping, every_s)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
