"""A connector instance as mending needs to know it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.connector import FileFormat
from hub.domain.staff import Staff, StaffId
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import Refused
from hub.formats import format_of
from hub.normalise.mapping import DeclarativeMapping


@dataclass(frozen=True, slots=True)
class Source:
    """Whose files they are, how they are written, and the mapping file that the instance is installed with."""

    connector: ConnectorId
    party: PartyId
    form: FileFormat
    installed: Path


Sources = Mapping[ConnectorId, Source]
"""The connector instances of an installation."""


class LiveSources(Mapping[ConnectorId, Source]):
    """The instances as they are now: `put` changes them for everybody who holds this."""

    def __init__(self, found: Mapping[ConnectorId, Source]) -> None:
        self._found = found

    def put(self, found: Mapping[ConnectorId, Source]) -> None:
        """From now on these."""
        self._found = found

    def __getitem__(self, name: ConnectorId) -> Source:
        return self._found[name]

    def __iter__(self) -> Iterator[ConnectorId]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def source_of(sources: Sources, connector: ConnectorId) -> Source:
    """The instance of that name. Raises errors.Refused where there is none."""
    found = sources.get(connector)
    if found is None:
        raise Refused("There is no connector of this name.", "It is not set up here.", "See 'hub connector list'.")
    return found


def form_of(source: Source, mapping: DeclarativeMapping) -> FileFormat:
    """How the files are read: as the mapping says, or else as the connector does. Raises errors.Misconfigured."""
    reads = mapping.reads
    return source.form if reads is None or reads.format == "own" else format_of(reads)


def staff_id(by: Staff | None) -> StaffId | None:
    """Who, as the log may know them; None for the operator at the command line."""
    return None if by is None else by.staff_id
