"""The recipient's endpoint: one POST per page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from hub.connector import Said, Target
from hub.connectors.bezorging.outbound import body_of, key_of, said
from hub.domain.stages import Delivered
from hub.http import Http

_LARGEST_ANSWER: Final = 256 * 1024
_MOST_CALLS: Final = 16


def open_sink(target: Target) -> RestSink:
    """Connects to nobody yet. Raises errors.Misconfigured where a certificate or its key cannot be used."""
    return RestSink(target)


class RestSink:
    """A recipient's REST endpoint; satisfies `hub.connector.Sink`."""

    def __init__(self, target: Target) -> None:
        self._url = target.url
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if target.token is not None:
            self._headers["Authorization"] = f"Bearer {target.token}"
        self._http = Http(
            timeout_s=target.timeout_s,
            most_bytes=_LARGEST_ANSWER,
            concurrency=_MOST_CALLS,
            ca=target.ca,
            certificate=target.certificate,
            key=target.key,
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
