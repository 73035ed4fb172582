"""One invented record of every kind that the hub carries, with who gives it; together they have nearly every field."""

from __future__ import annotations

from typing import Any, Final

import orjson

from hub.domain.kinds import RECORDS
from hub.domain.record import PersonRecord
from hub.domain.terms import PartyId, RecordKind
from tests import canary

_NAME: Final = {"geslachtsnaam": "Verzonnen", "voorvoegsel": "van", "voornamen": "Bo Kim"}
_ADDRESS: Final = {
    "straatnaam": "Nergensstraat",
    "huisnummer": 12,
    "huisnummertoevoeging": "B",
    "postcode": "1234AB",
    "woonplaats": "Aldermeer",
    "gemeente": "9001",
    "indicatieGeheim": False,
}
GIVEN: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "uitvalmelding": (
        "duo",
        {
            **_NAME,
            **_ADDRESS,
            "brin": "98ZZ",
            "onderwijssoort": "mbo",
            "datumUitschrijving": "2026-09-30",
            "startkwalificatie": False,
        },
    ),
    "verzuimmelding": (
        "duo",
        {
            **_NAME,
            **_ADDRESS,
            "geslacht": "X",
            "telefoonnummer": "0612345678",
            "telefoonOuder": "0698765432",
            "brin": "98ZZ",
            "vestigingscode": "01",
            "leslocatie": "Hoofdgebouw",
            "onderwijssoort": "mbo",
            "startkwalificatie": False,
            "meldingsnummer": "2026-000123",
            "melddatumtijd": "2026-10-30T09:30:00",
            "verzuimBegindatum": "2026-10-01",
            "verzuimEinddatum": "2026-10-29",
            "verzuimsoort": "maand_of_langer",
            "verzuimreden": "Verzonnen reden",
            "alleLessenGemist": False,
            "actieGevraagd": True,
            "prioriteit": "hoog",
            "verzuimdagen": [
                {"datum": "2026-10-01", "heleDag": True},
                {"datum": "2026-10-02", "heleDag": False, "lesuren": [1, 2]},
            ],
            "ondernomenActie": "Verzonnen gesprek",
            "toelichtingGeenActie": "Verzonnen uitleg",
            "contactpersoonSchool": "K. Verzonnen",
            "contactpersoonFunctie": "mentor",
            "contactpersoonTelefoon": "0201234567",
            "contactpersoonEmail": "k.verzonnen@school.example",
            "contactpersoonGemeente": "L. Verzonnen",
            "statusMelding": "afgesloten",
            "redenAfsluiting": "langdurig_ziek",
            "toelichtingAfsluiting": "gezien",
            "opmerkingAfsluiting": "Vrij.",
            "verzuimZestienUur": True,
            "verzuimVierWeken": True,
        },
    ),
    "inschrijving": (
        "duo",
        {
            **_NAME,
            **_ADDRESS,
            "brin": "98ZZ",
            "vestigingscode": "01",
            "onderwijssoort": "mbo",
            "opleidingscode": "25180",
            "datumInschrijving": "2024-08-01",
            "datumUitschrijving": "2026-09-30",
            "startkwalificatie": False,
            "vrijstelling": False,
            "voortijdigSchoolverlater": True,
            "ingeschreven": False,
        },
    ),
    "uwvsignaal": (
        "uwv",
        {
            **_NAME,
            **_ADDRESS,
            "melddeZichOp": "2026-10-15",
            "wwAanvraagOp": "2026-10-16",
            "heeftInkomen": False,
            "heeftUitkering": True,
            "wajongAfgewezen": True,
            "inDoelgroepregister": True,
            "adviesBeschutWerk": False,
            "onderZorgUwv": False,
            "startkwalificatie": False,
        },
    ),
    "overdracht": (
        "leerplicht-aldermeer",
        {
            **_NAME,
            **_ADDRESS,
            "telefoonnummer": "0612345678",
            "onderwijssoort": "mbo",
            "leerplichtAfgeslotenOp": "2026-10-01",
            "afgesprokenVervolg": "Verzonnen afspraak",
            "contactpersoonGever": "M. Verzonnen",
            "startkwalificatie": False,
            "diplomaOfVerklaringOp": "2026-07-01",
            "onderCuratele": False,
        },
    ),
    "terugmelding": (
        "werk-en-inkomen-aldermeer",
        {"uitkomstOverdracht": "aangekomen", "datumUitkomst": "2026-10-20", "gemeente": "9001"},
    ),
    "vroegsignaal": (
        "pro-de-werkplaats",
        {
            **_NAME,
            "gemeente": "9001",
            "onderwijssoort": "pro",
            "hulpBijOvergang": True,
            "verwachtEindeSchool": "2027-07-09",
            "contactpersoonSchool": "K. Verzonnen",
            "ingeschreven": True,
            "laatsteSchooljaar": True,
            "onderCuratele": False,
        },
    ),
    "portfolio": (
        "pro-de-werkplaats",
        {
            **_NAME,
            "gemeente": "9001",
            "onderwijssoort": "pro",
            "wensVervolg": "Kok worden",
            "vaardigheden": ["Koken"],
            "behaaldeCertificaten": ["Hygiëne"],
            "stages": ["Verzonnen keuken"],
            "steunVolgendeStap": "Rustige plek",
            "aangemeldBijOntvanger": True,
            "onderCuratele": False,
        },
    ),
    "overstapdossier": (
        "mbo-zilverlinde",
        {
            **_NAME,
            "brin": "98ZZ",
            "onderwijssoort": "mbo",
            "leerresultaten": [{"vak": "Rekenen", "cijfer": 5.4}],
            "verzuimBovenKwart": True,
            "begeleidingOpSchool": "Verzonnen begeleiding",
            "ontvangerBrin": "93ZZ",
            "aangemeldBijOntvanger": True,
            "inzageGegeven": True,
        },
    ),
    "plaatsing": (
        "werkbedrijf-lindemark",
        {
            **_NAME,
            "gemeente": "9001",
            "plaatsingSinds": "2026-10-05",
            "plaatsingTot": "2027-04-04",
            "soortPlaatsing": "werk",
            "beschutWerk": False,
            "loonkostensubsidie": True,
        },
    ),
    "suwinetantwoord": (
        "uwv",
        {
            "heeftInkomen": False,
            "heeftUitkering": True,
            "ontvangtBijstand": False,
            "startkwalificatie": False,
            "volgtOnderwijs": False,
            "gemeente": "9001",
            "vraagsteller": "werk-en-inkomen-aldermeer",
        },
    ),
    "persoonsgegevens": ("college-aldermeer", {**_NAME, **_ADDRESS, "vraagsteller": "doorstroompunt-lindemark"}),
}


def giver(kind: str) -> PartyId:
    """Who gives records of this kind in the example region."""
    return PartyId(GIVEN[kind][0])


def body(kind: str, **other: Any) -> bytes:
    """A young person of 19 in Aldermeer, as the giver writes it; None drops a field."""
    whole = {"bsn": canary.BSN, "geboortedatum": "2007-05-04", **GIVEN[kind][1], **other}
    return orjson.dumps({name: value for name, value in whole.items() if value is not None})


def record(kind: str, **other: Any) -> PersonRecord:
    """The same, read."""
    return RECORDS[RecordKind(kind)].model_validate_json(body(kind, **other))
