"""The part of `ops.demo.gemeente` that speaks StUF-ZKN 3.10, with nothing but an XML parser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
STUF = "http://www.egem.nl/StUF/StUF0301"
ZKN = "http://www.egem.nl/StUF/sector/zkn/0310"
BG = "http://www.egem.nl/StUF/sector/bg/0310"


@dataclass
class Stuf:
    """A case system of before. Dials of its own: client (it refuses), taken (it has another case of that
    number), server (it fails), other (it answers another message)."""

    cases: dict[str, dict[str, str]] = field(default_factory=dict)
    dial: str = "ok"

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """One message: 200 with Bv03, or 500 with a fault that holds Fo03."""
        try:
            root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError:
            return 400, b""
        sent: Any = root.find(f"{{{SOAP}}}Body/{{{ZKN}}}zakLk01")
        if sent is None or self.dial == "client":
            return 500, _fault("client", "StUF055")
        if self.dial == "taken":
            return 500, _fault("client", "StUF046")
        if self.dial == "server":
            return 500, _fault("server", "StUF058")
        number = sent.findtext(f"{{{ZKN}}}object/{{{ZKN}}}identificatie")
        reference = sent.findtext(f"{{{ZKN}}}stuurgegevens/{{{STUF}}}referentienummer")
        if not number or not reference or len(number) > 40:
            return 500, _fault("client", "StUF055")
        person = sent.find(f".//{{{ZKN}}}natuurlijkPersoon")
        held = {etree.QName(each).localname: each.text or "" for each in (person if person is not None else ())}
        held["toelichting"] = sent.findtext(f"{{{ZKN}}}object/{{{ZKN}}}toelichting") or ""
        if self.cases.get(number, {}).get("referentienummer", reference) != reference:
            return 500, _fault("client", "StUF046")
        self.cases[number] = {**held, "referentienummer": reference}
        return 200, _confirmed("other" if self.dial == "other" else reference)


def _confirmed(reference: str) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><StUF:Bv03Bericht xmlns:StUF="{STUF}"><StUF:stuurgegevens>'
        "<StUF:berichtcode>Bv03</StUF:berichtcode>"
        "<StUF:zender><StUF:organisatie>9001</StUF:organisatie><StUF:applicatie>ZS</StUF:applicatie></StUF:zender>"
        "<StUF:ontvanger><StUF:organisatie>hub</StUF:organisatie><StUF:applicatie>hub</StUF:applicatie></StUF:ontvanger>"
        f"<StUF:referentienummer>ZS-1</StUF:referentienummer><StUF:tijdstipBericht>20261102120000</StUF:tijdstipBericht>"
        f"<StUF:crossRefnummer>{reference}</StUF:crossRefnummer>"
        "</StUF:stuurgegevens></StUF:Bv03Bericht></s:Body></s:Envelope>"
    ).encode()


def _fault(place: str, code: str) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>geheim123</faultstring>'
        f'<detail><StUF:Fo03Bericht xmlns:StUF="{STUF}"><StUF:stuurgegevens><StUF:berichtcode>Fo03</StUF:berichtcode>'
        f"</StUF:stuurgegevens><StUF:body><StUF:code>{code}</StUF:code><StUF:plek>{place}</StUF:plek>"
        "<StUF:omschrijving>geheim123</StUF:omschrijving></StUF:body></StUF:Fo03Bericht></detail></s:Fault></s:Body></s:Envelope>"
    ).encode()
