"""DUO's files about invented persons: reports of absence, and enrolments complete (C) or what changed (P), named as there.

Everything follows from the seed. Numbers are of the range that nobody is issued.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from ops.demo.people import GEMEENTEN, PERSON, numbers

ABSENCE: Final = (
    *PERSON,
    *("TELEFOONNUMMER", "TELEFOONOUDER", "INSTELLINGSCODE", "LESLOCATIE", "ONDERWIJSSOORT", "STARTKWALIFICATIE"),
    *("MELDINGSNUMMER", "MELDDATUMTIJD", "BEGINDATUM", "EINDDATUM", "VERZUIMSOORT", "VERMOEDELIJKEREDEN", "ALLELESSENGEMIST"),
    *("TOELICHTINGONDERNOMENACTIE", "ACTIEONDERNEMEN", "PRIORITEIT", "TOELICHTINGACTIEGEWENST", "AANDUIDINGCONTACTPERSOON"),
    *("FUNCTIEMELDER", "TELEFOONMELDER", "EMAILADRESMELDER", "BEHANDELAARGEMEENTE", "STATUS", "REDENAFSLUITING"),
    *("TOELICHTINGAFSLUITING", "OPMERKINGAFSLUITING", "ZESTIENUUR", "VIERWEKEN"),
)
ENROLMENT: Final = (
    *PERSON,
    *("INSTELLINGSCODE", "ONDERWIJSSOORT", "OPLEIDINGSCODE", "DATUMINSCHRIJVING", "DATUMUITSCHRIJVING", "INGESCHREVEN"),
    *("STARTKWALIFICATIE", "VRIJSTELLING", "VOORTIJDIGSCHOOLVERLATER"),
)
REASON: Final = "REDENMUTATIE"
_REASONS: Final = ("INSCHRIJVING", "RESULTAAT", "VERHUIZING", "WERD23", "STARTKWALIFICATIE")
_NAMES: Final = (("Hondt", ""), ("d'Hondt", ""), ("Berg", "van der"), ("Veen", "in 't"), ("Yılmaz", ""), ("El Amrani", ""))
_FIRST: Final = ("Zoë Anaïs", "Sem", "Noor", "Łukasz", "Fatıma", "Daan")
_KINDS: Final = ("V1", "V2", "V3", "V4", "RMC", "L", "LRV", "O")
_STATUSES: Final = ("R", "B", "G", "K", "I", "In behandeling", "Ter kennisneming aangenomen")


def files(asked: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """One file of a kind (`verzuim`, `c` or `p`): `rows`, `seed`, `day`, for whom (`who`, R0004) and `gemeenten` may be said.

    Raises KeyError where there is no such kind.
    """
    count, seed = int(asked.get("rows", 20)), int(asked.get("seed", 1))
    today = date.fromisoformat(str(asked.get("day", "2026-11-02")))
    homes = tuple(map(str, asked.get("gemeenten", GEMEENTEN)))
    what, who = str(asked["what"]), str(asked.get("who", "R0004"))
    columns, make = {"verzuim": (ABSENCE, _absent), "c": (ENROLMENT, _enrolled), "p": ((REASON, *ENROLMENT), _changed)}[what]
    chance = random.Random(f"{what}/{seed}")
    rows = [make(person, number, today, chance) for number, person in enumerate(_persons(count, seed, today, homes, chance))]
    lines = [";".join(columns), *(";".join(row.get(column, "") for column in columns) for row in rows)]
    return [(f"{today:%Y%m%d}{who}{what}{seed:03d}.csv", "\r\n".join([*lines, ""]).encode())]


def _persons(count: int, seed: int, today: date, homes: Sequence[str], chance: random.Random) -> Iterator[dict[str, str]]:
    issued = numbers(seed)
    for number in range(count):
        name, before = chance.choice(_NAMES)
        minor = number % 2 == 1
        born = today - timedelta(days=chance.randrange(5600, 6500) if minor else chance.randrange(6700, 8200))
        if number == 0:
            born = date(max(year for year in range(2000, today.year - 18, 4)), 2, 29)
        yield {
            "PERSOONSGEBONDENNUMMER": next(issued),
            "GESLACHTSNAAM": name,
            "VOORVOEGSEL": before,
            "VOORNAMEN": chance.choice(_FIRST),
            "GESLACHT": chance.choice("MVX"),
            "GEBOORTEDATUM": f"{born:%Y%m%d}" if number % 3 else f"{born:%d-%m-%Y}",
            "STRAATNAAM": "Zonnepad",
            "HUISNUMMER": str(chance.randrange(1, 300)),
            "POSTCODE": f"{chance.randrange(1000, 10000)}AB",
            "WOONPLAATS": "Waterdam",
            "GEMEENTECODE": chance.choice(homes),
            "INDICATIEGEHEIM": "J" if number % 10 == 9 else "N",
            "ONDERWIJSSOORT": "VO" if minor else "MBO",
            "INSTELLINGSCODE": "96YY" if minor else "98ZZ00",
            "STARTKWALIFICATIE": "N",
        }


def _absent(person: dict[str, str], number: int, today: date, chance: random.Random) -> dict[str, str]:
    return person | {
        "MELDINGSNUMMER": f"{today.year}-{number:06d}",
        "MELDDATUMTIJD": f"{today}T09:30:00",
        "BEGINDATUM": f"{today - timedelta(days=chance.randrange(20, 60)):%Y%m%d}",
        "VERZUIMSOORT": chance.choice(_KINDS),
        "VERMOEDELIJKEREDEN": "Verzonnen reden",
        "ALLELESSENGEMIST": "J",
        "STATUS": chance.choice(_STATUSES),
    }


def _enrolled(person: dict[str, str], number: int, today: date, _: random.Random) -> dict[str, str]:
    left = number % 4 == 0
    return person | {
        "OPLEIDINGSCODE": "25180" if person["ONDERWIJSSOORT"] == "MBO" else "",
        "DATUMINSCHRIJVING": f"{today.year - 2}0801",
        "DATUMUITSCHRIJVING": f"{today - timedelta(days=30):%Y%m%d}" if left else "",
        "INGESCHREVEN": "N" if left else "J",
        "VRIJSTELLING": "N",
        "VOORTIJDIGSCHOOLVERLATER": "J" if left else "N",
    }


def _changed(person: dict[str, str], number: int, today: date, chance: random.Random) -> dict[str, str]:
    row = _enrolled(person, number, today, chance) | {REASON: chance.choice(_REASONS)}
    if number % 7 == 6:
        row |= {REASON: "OVERLEDEN", "OVERLIJDENSDATUM": f"{today - timedelta(days=3):%Y%m%d}"}
    return row
