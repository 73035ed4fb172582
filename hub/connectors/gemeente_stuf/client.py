"""Case services over SOAP: one message for each delivery, and an answer that is about that message or counts for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from hub.connector import Endpoint, Rejected, Said
from hub.connectors.gemeente_stuf.outbound import FORM, UNFIT, confirms, content_of, message_of
from hub.domain.stages import Delivered
from hub.domain.terms import ReasonCode
from hub.formats.xml import SCHEMAS
from hub.http import INVALID, Away
from hub.transports.singly import singly
from hub.transports.soap import Fault, FaultAway, FaultBarred, Soap

_WSDL: Final = SCHEMAS / "gemeente_stuf/stuf-zkn-0310/zkn0310.wsdl"
_NOT_AS_THE_SCHEMA: Final = "StUF055"
_OURS, _THEIRS = "client", "server"
_KNOWN: Final = (_NOT_AS_THE_SCHEMA, _OURS, _THEIRS)
"""What is read of a fault: one code, and whose fault it is. Which side SOAP itself blames says nothing in StUF."""


def open_sink(endpoint: Endpoint) -> StufSink:
    """Connects to nobody yet. Raises errors.Misconfigured where options or certificates cannot be used."""
    return StufSink(endpoint)


class StufSink:
    """A gemeente's case system; satisfies `hub.connector.Sink`. One case at a time, in the order of the page."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._soap = Soap(endpoint, _WSDL, "OntvangAsynchroon", "OntvangAsynchroonPort", faults=_KNOWN)

    async def send(self, page: Sequence[Delivered], _checkpoint: str, /) -> Said:
        """One case for each. Raises Rejected, hub.http.Away, hub.http.Barred where nothing was answered."""
        return await singly(page, self._endpoint.timeout_s, self._one)

    async def tell(self, _page: Mapping[str, Any], _ids: Sequence[UUID], /) -> frozenset[UUID]:
        """None of them: a case has no place for a notice. They wait until somebody fetches them."""
        return frozenset()

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._soap.close()

    async def _one(self, delivery: Delivered) -> ReasonCode | None:
        """Why a delivery is refused; None where its case was made."""
        content = content_of(delivery)
        if content is None:
            return UNFIT
        message = message_of(delivery, content, self._endpoint)
        try:
            answer = await self._soap.call("creeerZaak_Lk01", message)
        except (FaultBarred, FaultAway) as fault:
            said = fault.fault
        else:
            if confirms(answer, delivery):
                return None
            raise Away(INVALID, "A case system gives no proper answer.", "It confirms another message than was sent.")
        if said.code == _NOT_AS_THE_SCHEMA:
            raise Rejected(FORM, "A case system does not accept a case.", f"It answered with {said.code}.")
        raise FaultBarred(Fault(True, said.code)) if _blames_us(said) else FaultAway(Fault(False, said.code))


def _blames_us(fault: Fault) -> bool:
    return fault.code == _OURS or (fault.code != _THEIRS and fault.ours)
