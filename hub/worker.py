"""The worker: what lies ready at partners comes in, and what waits for recipients' own systems goes out."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from hub.app import Hub
from hub.clock import legal_date
from hub.connector import Endpoint
from hub.decisions import store as decisions
from hub.domain.terms import ConnectorId
from hub.errors import HubError, Misconfigured
from hub.identity import store as identity
from hub.installed import credentials_of, setup_of
from hub.observe import Event, report
from hub.operations import instances_of, mending_of, recipients_of
from hub.push.worker import Pusher, Target
from hub.receive.drop.poll import Drops
from hub.receive.drop.poll import Instance as DropInstance
from hub.receive.drop.run import poll, run
from hub.receive.drop.store import DropStore
from hub.registry import load_connectors
from hub.settings import Instance, Recipient

_TIDY_S: Final = 3600.0
_INDEX_S: Final = 5.0
_NOTICES_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Work:
    """What one process has to do: what it polls, and whom it sends to."""

    drops: Sequence[Drops]
    targets: Sequence[Target]


async def work_of(hub: Hub) -> Work:
    """What the connectors' file asks for. Raises Misconfigured where it or something it names is of no use."""
    return Work(await _drops_of(hub), _targets_of(hub))


async def _drops_of(hub: Hub) -> list[Drops]:
    known, mend = load_connectors(), mending_of(hub)
    found: list[Drops] = []
    if hub.settings.connectors is None:
        raise Misconfigured(
            "No connectors are set up.", "HUB_CONNECTORS names no file.", "Set it to the connectors' YAML file."
        )
    for instance in instances_of(hub.settings):
        connector, name = known[instance.connector], ConnectorId(instance.id)
        source = mend.sources[name]
        await mend.mappings.in_use(name)
        found.append(
            Drops(
                DropInstance(name, source.party, hub.log_id, instance.pattern, instance.settle_s),
                partial(connector.connect("sftp"), _endpoint(instance)),
                source.form,
                partial(mend.mappings.in_use, name),
                hub.route,
                DropStore(hub.engine, hub.log_id, source.party, name),
                hub.digests,
                hub.clock,
                secrets.token_bytes,
            )
        )
    return found


def _endpoint(one: Instance | Recipient) -> Endpoint:
    setup = setup_of(one)
    return Endpoint(setup.address, setup.options, credentials_of(one), setup.timeout_s)


def _targets_of(hub: Hub) -> list[Target]:
    known, parties = load_connectors(), hub.policy.parties
    found: list[Target] = []
    for party, recipient in recipients_of(hub.settings).items():
        connector = known.get(recipient.connector)
        if connector is None or party not in parties:
            what = f"connector {recipient.connector}" if connector is None else f"party {party}"
            raise Misconfigured(
                f"Recipient {recipient.id} cannot be sent to.", f"There is no {what}.", "Correct it in the connectors' file."
            )
        sink = connector.open_sink(_endpoint(recipient))
        found.append(Target(party, sink, recipient.batch, recipient.concurrency, recipient.timeout_s))
    return found


async def work(hub: Hub, todo: Work, stopping: asyncio.Event, *, once: bool = False) -> None:
    """Takes in and sends until `stopping`; with `once` until nothing waits any more that could go on.

    With `once` a connector that fails ends the work with its error; otherwise it is said and tried again.
    """
    pusher = Pusher(hub.engine, hub.log_id, hub.route, hub.endings, hub.clock, secrets.token_bytes)
    try:
        if once:
            for one in todo.drops:
                while not stopping.is_set() and (told := await poll(one)).waiting and not told.busy:
                    await _pause(stopping, min(hub.settings.poll_s, 1.0))
            for target in todo.targets:
                await pusher.drain(target)
            await _notices(hub, todo)
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(hub.keep_up(stopping))
            group.create_task(_again_and_again(hub, partial(_tidy, hub), _TIDY_S, stopping))
            group.create_task(_again_and_again(hub, hub.forgetting.catch_up, _TIDY_S, stopping))
            group.create_task(_again_and_again(hub, hub.retention.finish, _TIDY_S, stopping))
            group.create_task(_again_and_again(hub, hub.reviews.keep_up, _TIDY_S, stopping))
            group.create_task(_again_and_again(hub, hub.witnessing.ask_witnesses, hub.settings.witness_every_s, stopping))
            group.create_task(_again_and_again(hub, hub.witnessing.stamp, hub.settings.tsa_every_s, stopping))
            group.create_task(hub.scrub(stopping))
            group.create_task(_again_and_again(hub, hub.informing.catch_up, _INDEX_S, stopping))
            group.create_task(_again_and_again(hub, partial(_notices, hub, todo), _NOTICES_S, stopping))
            group.create_task(run(todo.drops, hub.settings.poll_s, stopping))
            group.create_task(pusher.run(todo.targets, stopping))
    finally:
        for target in todo.targets:
            await target.sink.close()


async def _notices(hub: Hub, todo: Work) -> None:
    await hub.notices.tick()
    for target in todo.targets:
        await hub.notices.push(target.recipient, target.sink)


async def _tidy(hub: Hub) -> None:
    """Statements that end by themselves get an event that says so; that they hold no longer does not wait for it.

    What is kept for a while alone, goes: spent assertions, and the content of decision calls of more than a year ago.
    """
    await hub.statements.run_due(legal_date(hub.clock.now_us()))
    now = hub.clock.now_us()
    await identity.forget_assertions(hub.engine, hub.log_id, now)
    await decisions.forget(hub.engine, hub.log_id, now - decisions.KEPT_US)


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
