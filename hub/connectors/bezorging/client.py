"""The recipient's endpoint: one POST per page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from hub.connector import Endpoint, Said
from hub.connectors.bezorging.outbound import body_of, key_of, said
from hub.domain.stages import Delivered
from hub.http import Http

_LARGEST_ANSWER: Final = 256 * 1024
_MOST_CALLS: Final = 16


def open_sink(endpoint: Endpoint) -> RestSink:
    """Connects to nobody yet. Raises errors.Misconfigured where a certificate or its key cannot be used."""
    return RestSink(endpoint)


class RestSink:
    """A recipient's REST endpoint; satisfies `hub.connector.Sink`."""

    def __init__(self, endpoint: Endpoint) -> None:
        held = endpoint.credentials
        self._url = endpoint.address
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if (token := endpoint.secret("token")) is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._http = Http(
            timeout_s=endpoint.timeout_s,
            most_bytes=_LARGEST_ANSWER,
            concurrency=_MOST_CALLS,
            ca=held.get("ca"),
            certificate=held.get("certificate"),
            key=held.get("key"),
        )

    async def send(self, page: Sequence[Delivered], checkpoint: str, /) -> Said:
        """One page. Raises hub.connector.Rejected, hub.http.Away or hub.http.Barred."""
        if not page:
            return Said()
        ids = [each.delivery_id for each in page]
        headers = {**self._headers, "Idempotency-Key": str(key_of(ids))}
        return said(await self._http.post(self._url, body_of(page, checkpoint), headers), ids)

    async def tell(self, page: Mapping[str, Any], ids: Sequence[UUID], /) -> frozenset[UUID]:
        """One page of notices. Raises hub.connector.Rejected, hub.http.Away or hub.http.Barred."""
        headers = {**self._headers, "Idempotency-Key": str(key_of(ids))}
        return said(await self._http.post(self._url, orjson.dumps(page), headers), ids).confirmed

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._http.close()
