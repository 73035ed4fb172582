"""DUO's service for reports of absence: one message a delivery, over mutual TLS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from hub.connector import Endpoint, Said
from hub.connectors.duo_verzuim_melden.outbound import message_of, not_written, refusal_in
from hub.domain.stages import Delivered
from hub.domain.terms import ReasonCode
from hub.errors import Misconfigured
from hub.formats.xml import SCHEMAS, schema_at
from hub.http import INVALID, Away
from hub.transports.singly import singly
from hub.transports.soap import Soap
from hub.transports.wsdl import port_of

_XSD: Final = "duo_verzuim_melden/duo-verzuim-soap-1/verzuim.xsd"
_WSDL: Final = SCHEMAS / _XSD.replace(".xsd", ".wsdl")
_AT: Final = ("Verzuimloket", "Verzuim")


def open_sink(endpoint: Endpoint) -> Verzuimloket:
    """Connects to nobody yet. Raises errors.Misconfigured where keys or options cannot be used."""
    return Verzuimloket(endpoint)


class Verzuimloket:
    """The service; satisfies `hub.connector.Sink`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._soap, self._port, self._timeout_s = Soap(endpoint, _WSDL, *_AT), port_of(_WSDL, *_AT), endpoint.timeout_s

    async def send(self, page: Sequence[Delivered], _checkpoint: str, /) -> Said:
        """Each delivery by itself. Raises hub.connector.Rejected, hub.http.Away, hub.http.Barred where nothing was answered."""
        return await singly(page, self._timeout_s, self._tell_of)

    async def tell(self, _page: Mapping[str, Any], _ids: Sequence[UUID], /) -> frozenset[UUID]:
        """Nothing: the service has no message for it. What changed is said by a later state of the report."""
        return frozenset()

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._soap.close()

    async def _tell_of(self, delivered: Delivered) -> ReasonCode | None:
        operation, body = message_of(delivered)
        try:
            envelope = self._port.write(operation, body)
        except Misconfigured:
            raise not_written() from None
        # The codec writes a date that is none; the schema does not let it out.
        if not schema_at(SCHEMAS, _XSD).validate(next(envelope.iterfind("{*}Body/*"))):
            raise not_written()
        answer = await self._soap.exchange(operation, envelope)
        try:
            return refusal_in(delivered, self._port.read(operation, answer))
        except ValueError:
            pass
        raise Away(INVALID, "DUO gives no proper answer.", "It is not as its schema says, or about another report.")
