"""The worker: what lies ready at partners comes in, and what waits for recipients' own systems goes out."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Final, Protocol

from hub.app import Hub
from hub.clock import legal_date
from hub.connector import Endpoint, FileSource, Setup
from hub.decisions import store as decisions
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import HubError, Misconfigured, Retry
from hub.identity import store as identity
from hub.installed import credentials_of, setup_of
from hub.mend.desk import Mending
from hub.observe import Event, report
from hub.operations import instances_of, mending_of, recipients_of
from hub.push.worker import Pusher, Target
from hub.receive.drop.poll import Drops
from hub.receive.drop.poll import Instance as DropInstance
from hub.receive.drop.run import FileRuns, LeasedStore, Open
from hub.registry import Connector, load_connectors
from hub.running import store as running
from hub.running.model import Job
from hub.running.runner import Runner
from hub.running.store import RunStore, SourceCursor
from hub.schedule import Schedule, Window
from hub.settings import Instance, Recipient

_TIDY_S: Final = 3600.0
_INDEX_S: Final = 5.0
_NOTICES_S: Final = 5.0
_LOOKS: Final = 3
_OFTEN_US: Final = 300_000_000
_MOST_WAITING: Final = 20_000_000
_LEAST_FREE: Final = 256 << 20
_BROUGHT: Final = frozenset({"webhook", "mail", "upload"})


class Active(Protocol):
    """An instance that runs as administrators set it up; `hub.setups` gives them."""

    @property
    def setup(self) -> Setup: ...
    @property
    def endpoint(self) -> Endpoint: ...
    @property
    def version(self) -> int: ...
    @property
    def connector(self) -> Connector: ...


Actives = Callable[[], Awaitable[Sequence[Active]]]
Brought = Callable[[ConnectorId, PartyId], FileSource]
"""What was brought to an instance of a party, as a folder."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one process has to do: what it fetches, and whom it sends to."""

    fetching: Fetching
    targets: Sequence[Target]


async def work_of(hub: Hub, actives: Actives | None = None, brought: Brought | None = None) -> Work:
    """What the connectors' file asks for, and what `actives` says that administrators set up.

    `brought` opens what was brought to an instance. Raises Misconfigured where the file or something it names is of no use, or
    nothing at all can be set up.
    """
    if hub.settings.connectors is None and actives is None:
        raise Misconfigured(
            "No connectors are set up.", "HUB_CONNECTORS names no file.", "Set it to the connectors' YAML file."
        )
    fetching = Fetching(hub, actives, brought)
    await fetching.check()
    return Work(fetching, _targets_of(hub))


@dataclass(frozen=True, slots=True)
class _Set:
    """An instance that fetches: `active` where administrators set it up, else of the connectors' file."""

    setup: Setup
    version: str
    connector: Connector
    endpoint: Callable[[], Endpoint]
    active: bool = False


@dataclass(frozen=True, slots=True)
class _Mapped:
    """The same as mending knows it; its mapping is the connector's."""

    id: str
    connector: str
    party: str
    mapping: Path | None = None


@dataclass(slots=True)
class Fetching:
    """The jobs of what fetches. One that did not change stays the same job, which remembers what it saw.

    A change of anything that is set up, keys too, makes another job, which is tried at once.
    """

    hub: Hub
    actives: Actives | None = None
    brought: Brought | None = None
    _jobs: dict[tuple[str, str], Job | None] = field(default_factory=dict)

    async def __call__(self) -> Sequence[Job]:
        """Every instance that is to be run now. One that cannot be is reported once, and left out."""
        sets = await self._sets()
        if {(one.setup.id, one.version) for one in sets} != set(self._jobs):
            mend = self._mending(sets)
            self._jobs = {(one.setup.id, one.version): self._kept(one, mend) for one in sets}
        return [job for job in self._jobs.values() if job is not None]

    async def once(self) -> Sequence[Job]:
        """Every instance, for a run in which it is looked at until nothing waits. Raises Misconfigured."""
        sets = await self._sets()
        mend, rest_s = self._mending(sets), min(self.hub.settings.poll_s, 1.0)
        return [self._job(one, mend, 1 << 30, rest_s) for one in sets]

    async def check(self) -> None:
        """Raises Misconfigured where an instance of the connectors' file is of no use."""
        sets = await asyncio.to_thread(self._of_file)
        mend = self._mending(sets)
        for one in sets:
            self._job(one, mend, 0, 1.0)
            await mend.mappings.in_use(ConnectorId(one.setup.id))

    def _mending(self, sets: Sequence[_Set]) -> Mending:
        return mending_of(self.hub, [_Mapped(one.setup.id, one.setup.connector, one.setup.party) for one in sets if one.active])

    def _kept(self, one: _Set, mend: Mending) -> Job | None:
        key = (one.setup.id, one.version)
        if key in self._jobs:
            return self._jobs[key]
        try:
            return self._job(one, mend, _LOOKS, one.setup.settle_s + 1.0)
        except HubError as error:
            report(error, Event.misconfigured, connector=ConnectorId(one.setup.id))
            return None

    async def _sets(self) -> list[_Set]:
        found = await asyncio.to_thread(self._of_file)
        for one in await self.actives() if self.actives is not None else ():
            if one.connector.manifest.direction == "inbound":
                version = self._version(one.setup, str(one.version), one.endpoint)
                found.append(_Set(one.setup, version, one.connector, partial(_given, one.endpoint), active=True))
        return found

    def _of_file(self) -> list[_Set]:
        found: list[_Set] = []
        for one in instances_of(self.hub.settings):
            if (connector := _known().get(one.connector)) is None:
                raise Misconfigured(
                    f"There is no connector {one.connector}.", "An instance names it.", "See 'hub connector list'."
                )
            endpoint: Endpoint | None = None
            with suppress(Misconfigured):  # a key that cannot be read is what the run says
                endpoint = _endpoint(one)
            version = self._version(setup_of(one), "", endpoint)
            found.append(_Set(setup_of(one), version, connector, partial(_endpoint, one)))
        return found

    def _version(self, setup: Setup, version: str, endpoint: Endpoint | None) -> str:
        """Another for everything that is set up in another way, without saying how."""
        held = sorted(endpoint.credentials.items()) if endpoint is not None else []
        parts = [
            setup.model_dump_json().encode(),
            version.encode(),
            *(part for name, key in held for part in (name.encode(), key)),
        ]
        return self.hub.digests("connector-setup", b"".join(b"%d:" % len(part) + part for part in parts)).hex()

    def _job(self, one: _Set, mend: Mending, looks: int, rest_s: float) -> Job:
        setup, hub = one.setup, self.hub
        name, party = ConnectorId(setup.id), PartyId(setup.party)
        source, store = mend.sources[name], LeasedStore(hub.engine, hub.log_id, party, name)
        usual = next((option.default for option in one.connector.options(setup.protocol) if option.name == "pattern"), "")
        pattern = setup.options.get("pattern") or usual or "*"
        instance = DropInstance(name, party, hub.log_id, pattern, setup.settle_s)
        in_use, random = partial(mend.mappings.in_use, name), secrets.token_bytes

        def drops(opened: Open) -> Drops:
            return Drops(instance, opened, source.form, in_use, hub.route, store, hub.digests, hub.clock, random)

        schedule = self._schedule(one)
        often = schedule.kind == "every" and schedule.every_us <= _OFTEN_US and looks == _LOOKS
        runs = FileRuns(self._opened(one, name, party), drops, rest_s=rest_s, looks=0 if often else looks)
        window = Window.parse(setup.window)
        return Job(name, party, schedule, runs, window, setup.concurrency, setup.per_minute, version=one.version)

    def _schedule(self, one: _Set) -> Schedule:
        if not one.active:
            return Schedule.every(self.hub.settings.poll_s)
        return Schedule.parse(one.setup.schedule or one.connector.manifest.transport.schedule)

    def _opened(self, one: _Set, name: ConnectorId, party: PartyId) -> Open:
        """How its source is opened: gone to, or looked up among what was brought."""
        if one.setup.protocol in _BROUGHT:
            if (brought := self.brought) is None:
                raise Misconfigured(
                    f"Connector {name} cannot be read.", "This process has no inbox.", "Start the worker with one."
                )

            async def look() -> FileSource:
                return brought(name, party)

            return look
        connect, cursor = one.connector.connect(one.setup.protocol), SourceCursor(self.hub.engine, self.hub.log_id, party, name)

        async def go() -> FileSource:
            given = one.endpoint()
            return await connect(Endpoint(given.address, given.options, given.credentials, given.timeout_s, cursor))

        return go


@cache
def _known() -> Mapping[str, Connector]:
    return load_connectors()


def _given(endpoint: Endpoint) -> Endpoint:
    return endpoint


async def _room(hub: Hub) -> None:
    """Raises Retry where the hub is behind, so that nothing new is begun."""
    await running.check_room(hub.engine, _MOST_WAITING)
    if shutil.disk_usage(hub.settings.state).free < _LEAST_FREE:
        raise Retry("The disk of the hub is nearly full.", "It has less than 256 MiB left.", "Make room; nothing was lost.")


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
    runner = Runner(RunStore(hub.engine, hub.log_id), hub.clock, secrets.token_bytes, partial(_room, hub))
    try:
        if once:
            for one in await todo.fetching.once():
                await runner.once(one, stopping)
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
            group.create_task(runner.run(todo.fetching, stopping))
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
