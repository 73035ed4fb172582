"""Services over SOAP 1.1 and 1.2, as the WUS profiles of Digikoppeling and Edukoppeling use it: one question, one answer.

WS-Addressing names sender and receiver by their OIN; with a signing key the question is signed, with a pinned certificate of
the partner an answer that it did not sign does not count. Nothing that a partner says stands in an error: of a fault only a
code that the connector knew beforehand.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from lxml import etree

from hub.clock import SystemClock, legal_date
from hub.connector import Credential, Endpoint, Option, SourceBarred, Transport, Trouble
from hub.domain.ids import new_ids
from hub.domain.terms import Micros, ReasonCode
from hub.http import INVALID, UNTRUSTED, Answer, Away, Barred
from hub.ports import Clock
from hub.transports import access
from hub.transports.access import Access
from hub.transports.web import CREDENTIALS, http_of, reaching, served, spoken
from hub.transports.wsdl import SOAP_11, SOAP_12, port_of
from hub.transports.wsse import WSA, Signer, Unsigned, Verifier

LARGEST_ANSWER: Final = 8 << 20
"""Bytes of one answer."""
_ANONYMOUS: Final = f"{WSA}/anonymous"
_OIN: Final = "[0-9A-Z]{20}"
_GATEWAY: Final = frozenset((401, 403, 404, 407, 408, 410, 425, 429, 502, 503, 504))
"""Statuses that say something whatever comes with them; the others may carry a fault."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a service: whether it blames the question, and the first of the known codes that it names, if any."""

    ours: bool
    code: str = ""


class FaultBarred(Barred):
    """The service does not accept the question: asking again does not help."""

    def __init__(self, fault: Fault) -> None:
        named = f" with {fault.code}" if fault.code else ""
        super().__init__(
            ReasonCode("SOAP_AFGEKEURD"),
            "A partner's service rejects a question.",
            f"It answered with a fault{named}.",
            "Compare rights, OIN and version with its owner.",
        )
        self.fault = fault


class FaultAway(Away):
    """The service says that it failed itself: asking again may help."""

    def __init__(self, fault: Fault) -> None:
        named = f" with {fault.code}" if fault.code else ""
        super().__init__(
            ReasonCode(Trouble.partner_failed.value), "A partner's service has failed.", f"It answered with a fault{named}."
        )
        self.fault = fault


class Soap:
    """One port of a service at an endpoint. Raises errors.Misconfigured where WSDL, options or keys cannot be used.

    `faults` are the codes of faults that the connector knows: no other word of a fault is passed on.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        wsdl: Path,
        service: str,
        port: str,
        clock: Clock | None = None,
        *,
        faults: Collection[str] = (),
    ) -> None:
        self._endpoint, self._clock, self._known = endpoint, clock or SystemClock(), frozenset(faults)
        self._port = port_of(wsdl, service, port)
        held = endpoint.credentials
        self._signer, self._verifier = _signer(held), _verifier(held)
        self._addressed = endpoint.option("addressing", "yes") == "yes"
        with spoken():
            self._http = http_of(endpoint, LARGEST_ANSWER)
            self._access = Access(endpoint, self._http, self._clock)

    async def call(self, operation: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Asks, and gives the answer as dicts, lists and text. Raises as `exchange`."""
        envelope = await self.exchange(operation, self._port.write(operation, body))
        try:
            return self._port.read(operation, envelope)
        except ValueError:
            wrong = Away(INVALID, "A partner's service gives no proper answer.", "It is not as the schema of the service says.")
        raise wrong

    async def exchange(self, operation: str, envelope: Any) -> Any:
        """Addresses, signs and sends an envelope as it is; gives the envelope of the answer, verified where that is pinned.

        Raises FaultBarred, FaultAway, hub.http.Away, hub.http.Barred.
        """
        action, now_us = self._port.action(operation), int(self._clock.now_us())
        now = datetime.fromtimestamp(now_us / 1_000_000, UTC)
        message = self._address(envelope, action, now_us) if self._addressed else None
        if self._signer is not None:
            self._signer.sign(envelope, now)
        content = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        answer = await self._post(content, action)
        return self._read(answer, message, datetime.fromtimestamp(int(self._clock.now_us()) / 1_000_000, UTC))

    def today(self) -> date:
        """The day on which a question is asked, in Amsterdam."""
        return legal_date(self._clock.now_us())

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._http.close()

    async def _post(self, content: bytes, action: str) -> Answer:
        if self._port.namespace == SOAP_12:
            headers = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
        else:
            headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
        with spoken():
            shown = await self._access.headers()
        return await self._http.post(self._endpoint.address, content, headers | shown)

    def _address(self, envelope: Any, action: str, now_us: int) -> str:
        soap = self._port.namespace
        header = envelope.find(f"{{{soap}}}Header")
        if header is None:
            header = etree.Element(f"{{{soap}}}Header")
            envelope.insert(0, header)
        for child in [each for each in header if isinstance(each.tag, str) and etree.QName(each).namespace == WSA]:
            header.remove(child)
        message = f"urn:uuid:{_message_id(now_us)}"
        texts = {
            "Action": action,
            "MessageID": message,
            "To": _with_oin(self._endpoint.address, self._endpoint.option("to_oin")),
        }
        for name, text in texts.items():
            etree.SubElement(header, f"{{{WSA}}}{name}", nsmap={"wsa": WSA}).text = text
        for name, address in (("ReplyTo", _ANONYMOUS), ("From", _with_oin(_ANONYMOUS, self._endpoint.option("from_oin")))):
            party = etree.SubElement(header, f"{{{WSA}}}{name}", nsmap={"wsa": WSA})
            etree.SubElement(party, f"{{{WSA}}}Address").text = address
        return message

    def _read(self, answer: Answer, message: str | None, now: datetime) -> Any:
        if answer.status in _GATEWAY or 300 <= answer.status < 400:
            with spoken():
                served(answer)
        envelope = parse(answer.body)
        if envelope is None or envelope.tag not in (f"{{{SOAP_11}}}Envelope", f"{{{SOAP_12}}}Envelope"):
            raise Away(
                INVALID, "A partner's service gives no proper answer.", f"It answered {answer.status} and no SOAP envelope."
            )
        fault = fault_in(envelope, self._known)
        if self._verifier is not None and (fault is None or fault.ours):  # who fails may fail to sign; who rejects signs
            self._verify(self._verifier, envelope, message, now)
        if fault is not None:
            raise FaultBarred(fault) if fault.ours else FaultAway(fault)
        if answer.status >= 300:
            raise Away(INVALID, "A partner's service gives no proper answer.", f"It answered {answer.status} without a fault.")
        return envelope

    @staticmethod
    def _verify(verifier: Verifier, envelope: Any, message: str | None, now: datetime) -> None:
        try:
            verifier.verify(envelope, now)
            signed = True
        except Unsigned:
            signed = False
        related = [(each.text or "").strip() for each in envelope.iterfind(f"{{*}}Header/{{{WSA}}}RelatesTo")]
        if not signed or (message is not None and related != [message]):
            raise Barred(
                UNTRUSTED,
                "An answer is not signed by whom it should be.",
                "It is not signed by the pinned certificate over all that counts, is not of now, or answers another question.",
                "Ask the partner which certificate signs, and pin it only if it is theirs. Check both clocks.",
            )


def parse(content: bytes) -> Any:
    """A document as a tree, or None where it is none that may be read: entities, DTDs and the network are left alone."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root: Any = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return None if root.getroottree().docinfo.doctype else root


def fault_in(envelope: Any, known: Collection[str]) -> Fault | None:
    """The fault in an answer, if it is one; of its words only one that is among the `known`."""
    soap = etree.QName(envelope).namespace
    found = envelope.find(f"{{{soap}}}Body/{{{soap}}}Fault")
    if found is None:
        return None
    code = found.findtext("faultcode") if soap == SOAP_11 else found.findtext(f"{{{soap}}}Code/{{{soap}}}Value")
    kind = (code or "").strip().rpartition(":")[2].partition(".")[0]
    words = [
        word for each in found.iter() if isinstance(each.tag, str) for word in (etree.QName(each).localname, each.text or "")
    ]
    named = (word.strip().rpartition(":")[2] for word in words)
    return Fault(kind not in ("Server", "Receiver"), next((word for word in named if word in known), ""))


async def probe(endpoint: Endpoint) -> None:
    """Goes to the address and shows the certificate, without a question. Raises SourceBarred or SourceAway.

    Services answer what is no question as they like: only where they say that the hub may not come in is that told.
    """
    http = http_of(endpoint, LARGEST_ANSWER)
    try:
        shown = await Access(endpoint, http).headers()
        try:
            _signer(endpoint.credentials), _verifier(endpoint.credentials)
        except Barred as wrong:
            raise SourceBarred(Trouble.key_unreadable, wrong.what, wrong.why, wrong.now) from None
        with reaching():
            answer = await http.get(endpoint.address, shown)
        if answer.status in _GATEWAY or 300 <= answer.status < 400:
            served(answer)
    finally:
        await http.close()


TRANSPORT: Final = Transport(
    options=(
        Option(name="addressing", title="Whether messages carry WS-Addressing", default="yes", pattern="yes|no"),
        Option(name="from_oin", title="OIN in whose name is asked", pattern=_OIN, example="00000001234567890000"),
        Option(name="to_oin", title="OIN of the partner", pattern=_OIN, example="00000001800866472000"),
        *access.OPTIONS,
    ),
    credentials=(
        *CREDENTIALS,
        Credential(name="signing_certificate", title="Certificate that messages are signed with (PEM)", kind="certificate"),
        Credential(name="signing_key", title="The private key of that certificate (PEM)", kind="private_key"),
        Credential(name="peer_certificate", title="Certificate that the partner signs with (PEM)", kind="certificate"),
        *access.CREDENTIALS,
    ),
    probe=probe,
)


def _signer(held: Mapping[str, bytes]) -> Signer | None:
    certificate, key = held.get("signing_certificate"), held.get("signing_key")
    if certificate is None and key is None:
        return None
    try:
        return Signer(certificate or b"", key or b"")
    except (ValueError, TypeError):
        raise _unreadable("The certificate and key that messages are signed with") from None


def _verifier(held: Mapping[str, bytes]) -> Verifier | None:
    try:
        return Verifier(held["peer_certificate"]) if "peer_certificate" in held else None
    except ValueError:
        raise _unreadable("The certificate that the partner signs with") from None


def _unreadable(what: str) -> Barred:
    return Barred(UNTRUSTED, f"{what} cannot be used.", "It is no PEM, no pair, or too weak.", "Give it anew.")


def _message_id(now_us: int) -> UUID:
    return new_ids(1, Micros(now_us), secrets.token_bytes(8))[0]


def _with_oin(address: str, oin: str) -> str:
    return f"{address}?oin={oin}" if oin else address
