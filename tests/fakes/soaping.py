"""A partner's SOAP service of plain lxml, over the HTTP of `tests.fakes.paged`. It answers, and signs if it has a key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from hub.transports.wsse import Signer
from tests.fakes.paged import Call, Reply

NS = "urn:voorbeeld:melding:1"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
WSDL = f"""<?xml version="1.0"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:t="{NS}"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NS}">
  <types><xs:schema><xs:import namespace="{NS}" schemaLocation="melding.xsd"/></xs:schema></types>
  <message name="vraag"><part name="body" element="t:vraag"/></message>
  <message name="antwoord"><part name="body" element="t:antwoord"/></message>
  <portType name="Melding">
    <operation name="meld"><input message="t:vraag"/><output message="t:antwoord"/></operation>
  </portType>
  <binding name="MeldingSoap" type="t:Melding">
    <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="meld"><soap:operation soapAction="{NS}/meld"/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation>
  </binding>
  <service name="Dienst"><port name="Poort" binding="t:MeldingSoap"><soap:address location="https://elders.nl/"/></port></service>
</definitions>"""
XSD = f"""<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NS}" elementFormDefault="qualified">
  <xs:element name="vraag"><xs:complexType><xs:sequence>
    <xs:element name="nummer" type="xs:string"/><xs:element name="datum" type="xs:date" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="antwoord"><xs:complexType><xs:sequence>
    <xs:element name="status" type="xs:string"/><xs:element name="regel" type="xs:int" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""


def described(folder: Path) -> Path:
    """The WSDL and its schema as files."""
    (folder / "melding.xsd").write_text(XSD)
    (folder / "melding.wsdl").write_text(WSDL)
    return folder / "melding.wsdl"


def pair(days: int = 1) -> tuple[bytes, bytes]:
    """A certificate and its key, in PEM."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dienst")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=3))
        .not_valid_after(now + dt.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(serialization.Encoding.PEM), secret


class SoapServer:
    """Answers `meld` with what was asked. `own` signs, `twist` changes the signed answer before it goes."""

    def __init__(self, own: tuple[bytes, bytes] | None = None, twist: Callable[[Any], Any] = lambda answer: answer) -> None:
        self.own, self.twist = own, twist
        self.asked: list[Any] = []
        self.now = lambda: dt.datetime.now(dt.UTC)

    def __call__(self, call: Call) -> Reply:
        envelope = etree.fromstring(call.body)
        self.asked.append(envelope)
        number = envelope.findtext(f".//{{{NS}}}nummer")
        soap = etree.QName(envelope).namespace
        message = envelope.findtext(f".//{{{WSA}}}MessageID")
        answer = etree.fromstring(
            f'<s:Envelope xmlns:s="{soap}" xmlns:a="{WSA}"><s:Header><a:RelatesTo>{message}</a:RelatesTo></s:Header>'
            f'<s:Body><antwoord xmlns="{NS}"><status>{number}</status><regel>1</regel><regel>2</regel></antwoord></s:Body>'
            "</s:Envelope>"
        )
        if self.own is not None:
            Signer(*self.own).sign(answer, self.now())
        return Reply(200, etree.tostring(self.twist(answer)), {"Content-Type": "text/xml"})


def fault(code: str, text: str = "", detail: str = "") -> Reply:
    """A SOAP 1.1 fault."""
    body = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>s:{code}</faultcode><faultstring>{text}</faultstring>'
        f"<detail><code>{detail}</code></detail></s:Fault></s:Body></s:Envelope>"
    )
    return Reply(500, body.encode(), {"Content-Type": "text/xml"})
