"""The registration system of a doorstroompunt: takes lists in a folder, and gives cases and what came of them as files.

    python -m ops.demo.rmc HOME [--port N] [--control N]

It prints where it listens as JSON. `PUT /give {"what": "zaak"|"terugmelding"|"zaak-json"}` puts a file there; the dials are
those of `ops.demo.folder`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from ops.demo.folder import arguments, serve
from ops.demo.people import numbers

_PLACES: Final = ("Aldermeer", "Rietvoorde", "Oosterlinde", "Brunsmonde")
_OUTCOMES: Final = ("Aangekomen", "Niet verschenen", "Niet bereikt", "Wil niet", "Elders geholpen")


def files(asked: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """One export: `rows`, `seed` and `day` may be said. Raises KeyError where there is no such kind."""
    count, seed = int(asked.get("rows", 10)), int(asked.get("seed", 1))
    today = date.fromisoformat(str(asked.get("day", "2026-11-02")))
    what = str(asked["what"])
    make = {"zaak": _cases, "zaak-json": _cases_json, "terugmelding": _outcomes}[what]
    chance = random.Random(f"{what}/{seed}")
    issued = numbers(seed)
    people = [
        (f"Z-{number:05d}", next(issued), today - timedelta(days=chance.randrange(6700, 9000))) for number in range(count)
    ]
    extension = "json" if what.endswith("json") else "csv"
    return [(f"{what}-{seed:03d}.{extension}", make(people, today, chance))]


_People = list[tuple[str, str, date]]


def _cases(people: _People, today: date, chance: random.Random) -> bytes:
    lines = [
        "ZAAKNUMMER;BSN;ACHTERNAAM;VOORNAMEN;GEBOORTEDATUM;OVERLIJDENSDATUM;STRAAT;HUISNUMMER;POSTCODE;WOONPLAATS;GEMEENTE;"
        "GEHEIM ADRES;TELEFOON;ONDERWIJS;UITGESCHREVEN OP;DIPLOMA OP;DIPLOMA OF VERKLARING OP;LEERPLICHT AFGESLOTEN OP;"
        "AFGESPROKEN VERVOLG;CONTACTPERSOON;STARTKWALIFICATIE;INGESCHREVEN;ONDER CURATELE"
    ]
    for case, number, born in people:
        name, place = chance.choice(("d'Hondt", "Veen, in 't", "Berg, van der")), chance.choice(_PLACES)
        lines.append(
            f"{case};{number};{name};Zoë;{born:%d-%m-%Y};;Zonnepad;12-b;1234 ab;{place};{place};N;;MBO;;;;"
            f"{today:%d-%m-%Y};Intake bij het mbo;M. Verzonnen;N;N;N"
        )
    return "\r\n".join([*lines, ""]).encode()


def _cases_json(people: _People, today: date, _: random.Random) -> bytes:
    return json.dumps(
        [
            {
                "zaaknummer": case,
                "jongere": {
                    "bsn": number,
                    "achternaam": "d'Hondt",
                    "geboortedatum": str(born),
                    "adres": {"gemeentecode": "9001", "geheim": False},
                    "startkwalificatie": False,
                    "ingeschreven": False,
                    "onderCuratele": False,
                },
                "onderwijs": {"soort": "MBO"},
                "overdracht": {"leerplichtAfgeslotenOp": str(today), "contactpersoon": "M. Verzonnen"},
            }
            for case, number, born in people
        ]
    ).encode()


def _outcomes(people: _People, today: date, chance: random.Random) -> bytes:
    lines = ["ZAAKNUMMER;BSN;GEBOORTEDATUM;OVERLIJDENSDATUM;UITKOMST;DATUM;GEMEENTE"]
    lines += [
        f"{case};{number};{born:%d-%m-%Y};;{chance.choice(_OUTCOMES)};{today:%d-%m-%Y};{chance.choice(_PLACES)}"
        for case, number, born in people
    ]
    return "\r\n".join([*lines, ""]).encode()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="The registration system of a doorstroompunt, with dials.")
    arguments(parser)
    given = parser.parse_args()
    asyncio.run(serve(given.home.resolve(), files, given.port, given.control))


if __name__ == "__main__":
    main()
