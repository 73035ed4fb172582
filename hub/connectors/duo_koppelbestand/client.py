"""DUO's folder: one koppelbestand a page, over the house's SFTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub.connector import Endpoint, Said
from hub.connectors.duo_koppelbestand.outbound import koci, prefix_of
from hub.domain.stages import Delivered
from hub.transports import sftp


def open_sink(endpoint: Endpoint) -> KociFolder:
    """Connects to nobody yet. Raises hub.http.Barred where the address cannot be used."""
    return KociFolder(endpoint)


class KociFolder:
    """A folder of DUO's; satisfies `hub.connector.Sink`. A connection is made for a page: there are few of them."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def send(self, page: Sequence[Delivered], checkpoint: str, /) -> Said:
        """One page as one koppelbestand. Raises hub.connector.Rejected, hub.http.Away, errors.Misconfigured."""
        if not page:
            return Said()
        prefix = prefix_of(self._endpoint.option("who"), page)
        at = self._endpoint
        named = Endpoint(at.address, {**at.options, "prefix": prefix}, at.credentials, at.timeout_s)
        sink = sftp.open_sink(named, koci)
        try:
            return await sink.send(page, checkpoint)
        finally:
            await sink.close()

    async def tell(self, _page: Mapping[str, Any], _ids: Sequence[UUID], /) -> frozenset[UUID]:
        """Nothing: a koppelbestand has no place for notices, and whoever must be told is told by other means."""
        return frozenset()

    async def close(self) -> None:
        """There is nothing open."""
