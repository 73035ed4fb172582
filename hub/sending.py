"""Whom is sent to: who stands in the connectors' file, and whom administrators set up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.app import Hub
from hub.deliver.lease.model import Part, parts
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import HubError, Misconfigured
from hub.fetching import endpoint_of, version_of
from hub.installed import recipients_of
from hub.observe import Event, report
from hub.push.worker import Target
from hub.registry import load_connectors
from hub.schedule import Window
from hub.setups.active import Active, Running


class _Key(NamedTuple):
    """A target that is another one as soon as any of these is."""

    instance: str
    version: str
    part: Part


@dataclass(slots=True)
class Targets:
    """Whom is sent to: who stands in the connectors' file, and whom administrators set up, which may change at any time."""

    hub: Hub
    actives: Running | None
    fixed: Sequence[Target]
    _added: dict[_Key, Target] = field(default_factory=dict)
    _seen: set[_Key] = field(default_factory=set)

    @property
    def now(self) -> Sequence[Target]:
        """As it stands. Of a party in the file what administrators set up is left out."""
        return [*self.fixed, *self._added.values()]

    async def look(self) -> bool:
        """Whether anything was changed since `renew`."""
        return set(await self._wanted()) != self._seen

    async def renew(self) -> None:
        """Takes over what was changed; connections to whom is sent to no more are let go of."""
        wanted = await self._wanted()
        before, self._added, self._seen = self._added, {}, set(wanted)
        for key, one in wanted.items():
            try:
                self._added[key] = before.pop(key) if key in before else _target(one, key.part)
            except HubError as error:
                report(error, Event.misconfigured, connector=ConnectorId(one.setup.id))
        for gone in before.values():
            await gone.sink.close()

    async def _wanted(self) -> dict[_Key, Active]:
        """What administrators set up, each with its part of what waits for its party."""
        taken = {target.recipient for target in self.fixed}
        found: dict[PartyId, dict[str, Active]] = {}
        for one in await self.actives() if self.actives is not None else ():
            if one.connector.manifest.direction == "outbound" and (party := PartyId(one.setup.party)) not in taken:
                found.setdefault(party, {})[one.setup.id] = one
        wanted: dict[_Key, Active] = {}
        for systems in found.values():
            for name, part in parts({name: one.connector.manifest.kinds for name, one in systems.items()}).items():
                one = systems[name]
                wanted[_Key(name, version_of(self.hub, one.setup, str(one.version), one.endpoint), part)] = one
        return wanted

    async def close(self) -> None:
        """Lets go of every connection."""
        for target in self.now:
            await target.sink.close()


def _target(one: Active, part: Part) -> Target:
    setup, party = one.setup, PartyId(one.setup.party)
    sink, window = one.connector.open_sink(one.endpoint), Window.parse(setup.window)
    return Target(party, sink, setup.batch, setup.concurrency, setup.timeout_s, window, setup.per_minute, part)


def targets_of(hub: Hub) -> list[Target]:
    """Those of the connectors' file. Raises Misconfigured where one cannot be sent to."""
    known, parties = load_connectors(), hub.policy.parties
    found: list[Target] = []
    for party, recipient in recipients_of(hub.settings).items():
        connector = known.get(recipient.connector)
        if connector is None or party not in parties:
            what = f"connector {recipient.connector}" if connector is None else f"party {party}"
            raise Misconfigured(
                f"Recipient {recipient.id} cannot be sent to.", f"There is no {what}.", "Correct it in the connectors' file."
            )
        sink = connector.open_sink(endpoint_of(recipient))
        found.append(Target(party, sink, recipient.batch, recipient.concurrency, recipient.timeout_s))
    return found
