"""What is fetched: the jobs of every instance that goes to a partner, or looks at what a partner brought."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Final

from hub.app import Hub
from hub.connector import Endpoint, FileSource, Setup
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import HubError, Misconfigured
from hub.installed import Taken, credentials_of, instances_of, setup_of
from hub.mend.desk import Mending
from hub.observe import Event, report
from hub.operations import mending_of
from hub.receive.drop.poll import Drops
from hub.receive.drop.poll import Instance as DropInstance
from hub.receive.drop.run import FileRuns, LeasedStore, Open
from hub.registry import Connector, load_connectors
from hub.running.model import Job
from hub.running.store import SourceCursor
from hub.schedule import Schedule, Window
from hub.settings import Instance, Recipient
from hub.setups.active import Active, Running
from hub.setups.address import BROUGHT

_LOOKS: Final = 3
_OFTEN_US: Final = 300_000_000


Brought = Callable[[ConnectorId, PartyId], FileSource]
"""What was brought to an instance of a party, as a folder."""


@dataclass(frozen=True, slots=True)
class _Set:
    """An instance that fetches: `active` where administrators set it up, else of the connectors' file."""

    setup: Setup
    version: str
    connector: Connector
    endpoint: Callable[[], Endpoint]
    active: bool = False


@dataclass(slots=True)
class Fetching:
    """The jobs of what fetches. One that did not change stays the same job, which remembers what it saw.

    A change of anything that is set up, keys too, makes another job, which is tried at once.
    """

    hub: Hub
    actives: Running | None = None
    brought: Brought | None = None
    _jobs: dict[tuple[str, str], Job | None] = field(default_factory=dict)
    _seen: Sequence[Active] | None = None

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

    async def seen(self) -> Sequence[Active]:
        """What administrators set up as the last look found it, which is at most seconds ago while a worker runs."""
        return self._seen if self._seen is not None else await self._look()

    async def _look(self) -> Sequence[Active]:
        self._seen = () if self.actives is None else await self.actives()
        return self._seen

    def _mending(self, sets: Sequence[_Set]) -> Mending:
        return mending_of(self.hub, [Taken(one.setup.id, one.setup.connector, one.setup.party) for one in sets if one.active])

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
        actives = await self._look()  # first: whoever sends sees it, whatever is wrong with the file
        found = await asyncio.to_thread(self._of_file)
        for one in actives:
            if one.connector.manifest.direction == "inbound":
                version = version_of(self.hub, one.setup, str(one.version), one.endpoint)
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
                endpoint = endpoint_of(one)
            version = version_of(self.hub, setup_of(one), "", endpoint)
            found.append(_Set(setup_of(one), version, connector, partial(endpoint_of, one)))
        return found

    def _job(self, one: _Set, mend: Mending, looks: int, rest_s: float) -> Job:
        setup, hub = one.setup, self.hub
        name, party = ConnectorId(setup.id), PartyId(setup.party)
        source, store = mend.sources[name], LeasedStore(hub.engine, hub.log_id, party, name)
        usual = next((option.default for option in one.connector.options(setup.protocol) if option.name == "pattern"), "")
        # What was brought has no name of its own: a pattern for names on a server would leave it lying for ever.
        pattern = "*" if setup.protocol in BROUGHT else setup.options.get("pattern") or usual or "*"
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
        if one.setup.protocol in BROUGHT:
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


def version_of(hub: Hub, setup: Setup, version: str, endpoint: Endpoint | None) -> str:
    """Another for everything that is set up in another way, without saying how."""
    held = sorted(endpoint.credentials.items()) if endpoint is not None else []
    parts = [setup.model_dump_json().encode(), version.encode(), *(part for name, key in held for part in (name.encode(), key))]
    return hub.digests("connector-setup", b"".join(b"%d:" % len(part) + part for part in parts)).hex()


@cache
def _known() -> Mapping[str, Connector]:
    return load_connectors()


def _given(endpoint: Endpoint) -> Endpoint:
    return endpoint


def endpoint_of(one: Instance | Recipient) -> Endpoint:
    """Where the connectors' file says that it is. Raises Misconfigured where a key cannot be read."""
    setup = setup_of(one)
    return Endpoint(setup.address, setup.options, credentials_of(one), setup.timeout_s)
