"""What mends, put together: for the command line and for the administrator's desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.domain.personal import Pgn
from hub.domain.terms import ConnectorId, LogId, PartyId
from hub.errors import Misconfigured
from hub.mend.bounce import Bounces
from hub.mend.files import Files
from hub.mend.layouts import Layouts
from hub.mend.mappings import Mappings
from hub.mend.outlook import Forecasts
from hub.mend.quarantine import Quarantine
from hub.mend.replay import Replay
from hub.mend.rows import OpenRow
from hub.mend.source import LiveSources, Source, Sources
from hub.ports import Clock, Entropy, Way
from hub.registry import Connector


class SetUp(Protocol):
    """A connector as the settings have it; `hub.settings.Instance` is one."""

    @property
    def id(self) -> str: ...
    @property
    def connector(self) -> str: ...
    @property
    def party(self) -> str: ...
    @property
    def mapping(self) -> Path | None: ...


@dataclass(frozen=True, slots=True)
class Mending:
    """Everything that an administrator mends with."""

    sources: LiveSources
    mappings: Mappings
    quarantine: Quarantine
    replay: Replay
    files: Files
    layouts: Layouts
    bounces: Bounces


def sources_of(instances: Iterable[SetUp], known: Mapping[str, Connector]) -> Sources:
    """The connector instances by name. Raises Misconfigured where one names a connector that there is not."""
    found: dict[ConnectorId, Source] = {}
    for instance in instances:
        connector = known.get(instance.connector)
        if connector is None:
            raise Misconfigured(
                f"There is no connector {instance.connector}.", "An instance names it.", "See 'hub connector list'."
            )
        name = ConnectorId(instance.id)
        found[name] = Source(name, PartyId(instance.party), connector.format(), instance.mapping or connector.mapping)
    return MappingProxyType(found)


def mending(
    engine: AsyncEngine,
    log_id: LogId,
    sources: LiveSources,
    way: Way,
    log: Log,
    notes: Notes,
    opens: OpenRow,
    tag_of: Callable[[Pgn], Awaitable[bytes]],
    clock: Clock,
    entropy: Entropy,
    *,
    production: bool,
    forecasts: Forecasts | None = None,
) -> Mending:
    """`opens` is the vault's `open_row`, `tag_of` gives the tag by which a person is found."""
    mappings = Mappings(engine, log_id, sources, log, notes, opens, clock, entropy, production=production, forecasts=forecasts)
    return Mending(
        sources,
        mappings,
        Quarantine(engine, log_id, sources, mappings, notes, opens, tag_of),
        Replay(engine, log_id, sources, mappings, way, notes, opens, clock, entropy),
        Files(engine, log_id, sources, notes, clock),
        Layouts(engine, log_id, sources, notes, clock),
        Bounces(engine, log_id, sources, notes),
    )
