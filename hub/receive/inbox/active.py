"""The instances that are brought something, among those that administrators set up."""

from __future__ import annotations

from dataclasses import dataclass

from hub.domain.terms import ConnectorId, PartyId
from hub.errors import Refused
from hub.receive.inbox.brought import Brought
from hub.setups.active import Actives
from hub.setups.address import BROUGHT


@dataclass(frozen=True, slots=True)
class ActiveInstances:
    """Satisfies `hub.receive.inbox.Instances`."""

    actives: Actives

    async def brought(self, instance: ConnectorId, /) -> Brought | None:
        """The instance of this name, where it runs and is brought records. Raises errors.Retry, errors.Misconfigured."""
        try:
            found = await self.actives.running(instance)
        except Refused:
            return None
        setup, endpoint, manifest = found.setup, found.endpoint, found.connector.manifest
        if manifest.direction != "inbound" or setup.protocol not in BROUGHT:
            return None
        party, reads = PartyId(setup.party), manifest.reads
        return Brought(instance, party, setup.protocol, reads.format, endpoint.options, endpoint.credentials)
