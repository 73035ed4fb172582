"""The instances that are brought something, among those that administrators set up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.connector.manifest import Protocol
from hub.domain.terms import ConnectorId
from hub.errors import Refused
from hub.receive.inbox.brought import Brought
from hub.setups.active import Actives

_DOORS: Final[frozenset[Protocol]] = frozenset({"webhook", "mail", "upload"})


@dataclass(frozen=True, slots=True)
class ActiveInstances:
    """Satisfies `hub.receive.inbox.Instances`."""

    actives: Actives

    async def brought(self, instance: ConnectorId, /) -> Brought | None:
        """The instance of this name, where it runs and is brought records. Raises errors.Retry, errors.Misconfigured."""
        try:
            found = await self.actives.brought(instance)
        except Refused:
            return None
        manifest = found.connector.manifest
        if manifest.direction != "inbound" or found.protocol not in _DOORS:
            return None
        return Brought(instance, found.party, found.protocol, manifest.reads.format, found.options, found.secrets)
