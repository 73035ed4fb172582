"""To which instance something is brought, and as what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from hub.connector import manifest
from hub.domain.terms import ConnectorId, PartyId

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_NO_SECRETS: Final[Mapping[str, bytes]] = MappingProxyType({})

MEDIA_TYPES: Final[Mapping[manifest.FormatName, frozenset[str]]] = MappingProxyType(
    {
        "csv": frozenset({"text/csv"}),
        "xml": frozenset({"application/xml", "text/xml"}),
        "json": frozenset({"application/json"}),
        "xlsx": frozenset({"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}),
        "own": frozenset({"application/octet-stream", "text/csv", "application/xml", "application/json"}),
    }
)
"""The media types in which content of a format may come (IANA)."""


@dataclass(frozen=True, slots=True)
class Brought:
    """An active instance of a connector that does not fetch but is brought records. `connector` is its own name.

    `options` and `secrets` are those of `hub.transports.brought`; secrets stay out of its text.
    """

    connector: ConnectorId
    party: PartyId
    protocol: manifest.Protocol
    format: manifest.FormatName = "csv"
    options: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    secrets: Mapping[str, bytes] = field(default_factory=lambda: _NO_SECRETS, repr=False)

    @property
    def media_types(self) -> frozenset[str]:
        """In which its content may come."""
        return MEDIA_TYPES[self.format]

    def says(self, option: str) -> bool:
        """Whether an option that is yes or no says yes."""
        return self.options.get(option) == "yes"


class Instances(Protocol):
    """The instances that are brought something."""

    async def brought(self, instance: ConnectorId, /) -> Brought | None:
        """The instance of this name, where it is active and is brought records; None otherwise.

        Raises errors.Retry when that cannot be known now.
        """
        ...
