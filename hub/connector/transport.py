"""A transport of the house: how bytes travel, what it must be told, and how to see whether it works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hub.connector.files import FileSource
from hub.connector.manifest import Credential, Option
from hub.connector.reach import Endpoint
from hub.connector.sink import Query, Sink

Connect = Callable[[Endpoint], Awaitable[FileSource]]
OpenSink = Callable[[Endpoint], Sink]
OpenQuery = Callable[[Endpoint], Query]
Probe = Callable[[Endpoint], Awaitable[None]]
"""Goes there, signs in and looks whether what is needed is allowed. Raises `SourceAway` or `SourceBarred` with its trouble."""


@dataclass(frozen=True, slots=True)
class Transport:
    """What every connector over this transport is told, and what it can do: fetch, or nothing but be probed.

    `probe_sink` is for connectors that push over it, where other rights are needed for that than for fetching.
    """

    options: tuple[Option, ...]
    credentials: tuple[Credential, ...]
    probe: Probe
    connect: Connect | None = None
    probe_sink: Probe | None = None
