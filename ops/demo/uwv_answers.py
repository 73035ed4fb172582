"""What the simulator of Suwinet knows of invented persons, and its answers about them in SuwiML.

They hold more than the hub may keep: amounts, employers, schools, partners. Who finds these behind the hub has found a leak.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

FWI = "http://bkwi.nl/SuwiML/FWI/v0205"
_ROOT = "http://bkwi.nl/SuwiML/Diensten"
EMPLOYER = "Bakkerij Nergenshuizen"
SCHOOL = "98ZZ"
AMOUNT = "734215"
PARTNER = "999946778"


@dataclass
class Person:
    """One person. Dates as YYYYMMDD. `incomes` are begin, end or nothing, and the kind of income; `enrolments` and `benefits`
    begin and end or nothing. What is None the service does not know anybody by."""

    born: str = "20041231"
    died: str = ""
    gemeente: str = "9001"
    incomes: list[tuple[str, str, str]] | None = field(default_factory=list)
    qualified: str = ""
    enrolments: list[tuple[str, str]] | None = field(default_factory=list)
    benefits: list[tuple[str, str]] | None = field(default_factory=list)


PERSONS = {
    # Works, and left school without a qualification.
    "999909848": Person(incomes=[("20260301", "", "15")], qualified="2", enrolments=[("20210901", "20260131")]),
    # Has WW and studies beside it.
    "999919696": Person(born="20040229", gemeente="9002", incomes=[("20260101", "", "33")], enrolments=[("20260901", "")]),
    # Has assistance; UWV and DUO know nobody of this number.
    "999923389": Person(born="20031231", incomes=None, enrolments=None, benefits=[("20260501", "")]),
    # Stopped working.
    "999946778": Person(born="20060101", gemeente="9003", incomes=[("20250101", "20260630", "15")], qualified="1"),
}
"""Who is known when nothing else is given. Invented; their numbers are of the range for tests."""


def answer(operation: str, number: str, person: Person | None) -> Any:
    """What the service with this operation says of a person. Raises KeyError where there is no such service."""
    service, write = _SERVICES[operation]
    namespace = f"{_ROOT}/{service}"
    response = etree.Element(f"{{{namespace}}}{operation}Response", nsmap={"ns": namespace, "fwi": FWI})
    client = None if person is None else write(number, person)
    if client is None:
        etree.SubElement(response, f"{{{FWI}}}NietsGevonden")
    else:
        response.append(client)
    return response


def message(parent: Any, kind: str, code: str) -> None:
    """A fault (`Fout`) or warning (`Waarschuwing`) in FWI."""
    _message(etree.SubElement(etree.SubElement(parent, f"{{{FWI}}}FWI"), kind), code)


def fault(kind: str, code: str) -> Any:
    """A SOAP fault of the service, with FWI in its detail."""
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    said = etree.Element(f"{{{soap}}}Fault", nsmap={"soap": soap, "fwi": FWI})
    etree.SubElement(said, "faultcode").text = f"soap:{kind}"
    etree.SubElement(said, "faultstring").text = "AanvraagNietOk"
    _message(etree.SubElement(etree.SubElement(said, "detail"), f"{{{FWI}}}Fout"), code)
    return said


def _message(parent: Any, code: str) -> None:
    _texts(parent, Code=code, Tekst="Er ging iets mis")
    _texts(etree.SubElement(parent, "Bron"), DN="CN=suwinet.example")


def _texts(parent: Any, **texts: str) -> None:
    for name, text in texts.items():
        if text:
            etree.SubElement(parent, name).text = text


def _person(number: str, person: Person) -> Any:
    client = etree.Element("ClientSuwi")
    _texts(client, Voornamen="Verzonnen", SignificantDeelVanDeAchternaam="Niemand", Geboortedat=person.born)
    _texts(client, Burgerservicenr=number, Geslacht="2")
    _texts(etree.SubElement(client, "DomicilieAdres"), Postcd="9001AB", Woonplaatsnaam="Aldermeer", Straatnaam="Kade")
    _texts(etree.SubElement(client, "AangifteAdreshoudingBrp"), CdGemeenteVanInschrijving=person.gemeente)
    if person.died:
        _texts(etree.SubElement(client, "Overlijden"), DatOverlijden=person.died)
    married = etree.SubElement(client, "Huwelijk")
    _texts(etree.SubElement(married, "Partner"), SignificantDeelVanDeAchternaam="Wederhelft", Burgerservicenr=PARTNER)
    return client


def _education(number: str, person: Person) -> Any:
    if person.enrolments is None:
        return None
    client = etree.Element("ClientSuwi")
    _texts(client, Burgerservicenr=number, IndStartkwalificatieDuo=person.qualified)
    for begin, end in person.enrolments:
        enrolment = etree.SubElement(client, "Onderwijsovereenkomst")
        _texts(etree.SubElement(enrolment, "Brin"), Brincd=SCHOOL)
        _texts(enrolment, DatInschrijvingOpleiding=begin, DatUitschrijvingOpleiding=end)
    return client


def _income(number: str, person: Person) -> Any:
    if person.incomes is None:
        return None
    client = etree.Element("ClientSuwi")
    _texts(client, Burgerservicenr=number)
    for count, (begin, end, kind) in enumerate(person.incomes, 1):
        relation = etree.SubElement(client, "Inkomstenverhouding")
        _texts(relation, VolgnrIkv=str(count), DatBIkv=begin, DatEIkv=end)
        unit = etree.SubElement(relation, "AdministratieveEenheid")
        _texts(unit, NaamAdministratieveEenheid=EMPLOYER, Loonheffingennr="000000012L01")
        _texts(etree.SubElement(relation, "Inkomstenperiode"), DatBIkp=begin, DatEIkp=end, CdSrtIkv=kind)
        declared = etree.SubElement(relation, "Inkomstenopgave")
        _texts(declared, DatBIko=begin)
        _texts(etree.SubElement(declared, "BedrBrutoloonSv"), CdMunteenheid="EUR", WaardeBedr=AMOUNT)
    return client


def _assistance(number: str, person: Person) -> Any:
    if person.benefits is None:
        return None
    client = etree.Element("ClientSuwi")
    _texts(client, Burgerservicenr=number, Geboortedat=person.born)
    for begin, end in person.benefits:
        relation = etree.SubElement(client, "Uitkeringsverhouding")
        _texts(relation, DatBUitkeringsverhouding=begin, DatEUitkeringsverhouding=end)
        _texts(etree.SubElement(relation, "SzWet"), CdSzWet="04")
        _texts(etree.SubElement(relation, "PartnerUitkeringsverhouding"), Burgerservicenr=PARTNER)
        period = etree.SubElement(relation, "Uitkeringsperiode")
        _texts(period, DatBUitkeringsperiode=begin)
        _texts(etree.SubElement(period, "InkomstenBijstandUitkering"), BedrBetaalbaarGesteldeUitkering=AMOUNT)
    return client


_SERVICES = {
    "AanvraagPersoon": ("BRPDossierPersoonGSD/v0200", _person),
    "DUOPersoonsInfo": ("DUODossierPersoonGSD/v0300", _education),
    "UWVPersoonsIkvInfo": ("UWVDossierInkomstenGSD/v0200", _income),
    "BijstandsregelingenInfo": ("Bijstandsregelingen/v0500", _assistance),
}
