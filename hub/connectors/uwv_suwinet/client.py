"""Suwinet over SOAP: who it is first, then the services that the connection is for, one after the other.

One that is away makes the whole question fail: half an answer would be read as a no.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from lxml import etree

from hub.connector import Endpoint, Hat
from hub.connectors.uwv_suwinet.inbound import PERSON, SERVICES, SHUT_OUT, Cells, Service, reduced
from hub.domain.personal import Bsn, Personal, Pgn
from hub.domain.stages import Row
from hub.errors import Misconfigured
from hub.formats.xml import SCHEMAS, schema_at
from hub.http import INVALID, Away
from hub.transports.soap import FaultAway, FaultBarred, Soap
from hub.transports.wsdl import port_of

_WIRE: Final = "uwv_suwinet/suwinet-1"
HAT: Final = "urn:hub:suwinet:hoedanigheid:1"
"""Of the header that names user and task, where a college's own gateway asks for it. Invented: Suwinet knows none."""


def open_query(endpoint: Endpoint) -> SuwinetQuery:
    """Connects to nobody yet. Raises errors.Misconfigured where options or keys cannot be used."""
    return SuwinetQuery(endpoint)


class SuwinetQuery:
    """Suwinet in one college's connection; satisfies `hub.connector.Query`."""

    def __init__(self, endpoint: Endpoint) -> None:
        words = endpoint.option("services").split()
        if not words or set(words) - SERVICES.keys() or len(set(words)) != len(words):
            raise Misconfigured(
                "Suwinet cannot be asked.",
                "The option 'services' does not say what is asked.",
                f"Name one or more of {', '.join(SERVICES)}, each once, with spaces between them.",
            )
        named = endpoint.option("hat", "no") == "header"
        self._person = _Line(PERSON, endpoint, named)
        self._lines: Sequence[_Line] = [_Line(SERVICES[word], endpoint, named) for word in words]

    async def ask(self, pgn: Pgn, hat: Hat, /) -> Row | None:
        """The answer as yes and no; None for who has no BSN, and for whom neither the BRP nor any service knows.

        Raises hub.http.Away, hub.http.Barred.
        """
        if not isinstance(pgn, Bsn):
            return None
        number, day = pgn.reveal(), self._person.today()
        person = await self._person.ask(number, day, hat)
        if person is None:
            return None
        found = [await line.ask(number, day, hat) for line in self._lines]
        if all(cells is None for cells in found):
            return None
        cells = dict(person)
        for each in found:
            cells |= each or {}
        return Row(1, Personal(cells), Personal(b""))

    async def close(self) -> None:
        """Lets go of the connections."""
        for line in (self._person, *self._lines):
            await line.close()


class _Line:
    """One service at its address."""

    def __init__(self, service: Service, endpoint: Endpoint, named: bool) -> None:
        self._service, self._named = service, named
        wsdl = SCHEMAS / _WIRE / f"{service.name}.wsdl"
        self._port = port_of(wsdl, service.name, service.name)
        self._schema = schema_at(SCHEMAS, f"{_WIRE}/{service.name}.xsd")
        address = f"{endpoint.address.rstrip('/')}/{service.path}/{endpoint.option('version', 'v1')}"
        near = Endpoint(address, endpoint.options, endpoint.credentials, endpoint.timeout_s)
        self._soap = Soap(near, wsdl, service.name, service.name, faults=SHUT_OUT)

    def today(self) -> date:
        return self._soap.today()

    async def ask(self, number: str, day: date, hat: Hat) -> Cells | None:
        """What is left of its answer. Raises hub.http.Away, hub.http.Barred."""
        operation = self._service.operation
        envelope = self._port.write(operation, self._service.question(number, day))
        if self._named:
            _name(envelope, hat)
        return reduced(self._service, self._content(await self._exchange(operation, envelope)), number, day)

    async def _exchange(self, operation: str, envelope: Any) -> Any:
        """The envelope of the answer. A fault that asking again does not mend is one, whomever SOAP blames for it."""
        try:
            return await self._soap.exchange(operation, envelope)
        except FaultAway as away:
            fault = away.fault
            if fault.code not in SHUT_OUT:
                raise
        raise FaultBarred(fault)

    def _content(self, envelope: Any) -> Any:
        """What the body holds, where it is the answer that was promised and as its schema says. Raises hub.http.Away."""
        body = [each for each in envelope.iterfind("{*}Body/*") if isinstance(each.tag, str)]
        wanted = f"{{{self._service.namespace}}}{self._service.operation}Response"
        if [str(each.tag) for each in body] != [wanted] or not self._schema.validate(body[0]):
            raise Away(
                INVALID, "Suwinet gives no proper answer.", f"The answer of {self._service.path} is not as its schema says."
            )
        return body[0]

    async def close(self) -> None:
        await self._soap.close()


def _name(envelope: Any, hat: Hat) -> None:
    """Says for whom and for what is asked, in a header of our own."""
    header = etree.Element(f"{{{etree.QName(envelope).namespace}}}Header")
    envelope.insert(0, header)
    said = etree.SubElement(header, f"{{{HAT}}}Hoedanigheid", nsmap={"hub": HAT})
    for name, text in (("Gebruiker", hat.user), ("Taak", hat.task)):
        etree.SubElement(said, f"{{{HAT}}}{name}").text = text
