"""Invented people for the demo, the tests and the benchmarks: a list of early school leavers with the mess of real life.

Everything follows from the seed. Numbers come from 999000000 to 999999999, which nobody is issued; a benchmark that needs more
people than that has takes the whole of 900000000 to 999999999. Names of people and streets are invented words or common ones,
put together at random. `Generated.expected` says how many rows of each kind are in the file, so that a run can be checked.

    python -m ops.demo.people 1000 --seed 1 --today 2026-09-01 > lijst.csv
"""

from __future__ import annotations

import argparse
import random
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

GEMEENTEN: Final = tuple(str(code) for code in range(9001, 9009))
UNKNOWN_GEMEENTE: Final = "9999"
PERSON: Final = (
    "PERSOONSGEBONDENNUMMER",
    "GESLACHTSNAAM",
    "VOORVOEGSEL",
    "VOORNAMEN",
    "GESLACHT",
    "GEBOORTEDATUM",
    "OVERLIJDENSDATUM",
    "STRAATNAAM",
    "HUISNUMMER",
    "HUISNUMMERTOEVOEGING",
    "POSTCODE",
    "WOONPLAATS",
    "GEMEENTECODE",
    "INDICATIEGEHEIM",
)
"""Columns about a person, in every list of the register."""
COLUMNS: Final = (
    *PERSON,
    "TELEFOONNUMMER",
    "INSTELLINGSCODE",
    "VESTIGINGSCODE",
    "ONDERWIJSSOORT",
    "OPLEIDINGSCODE",
    "DATUMINSCHRIJVING",
    "DATUMUITSCHRIJVING",
    "REDENUITVAL",
    "STARTKWALIFICATIE",
    "DATUMDIPLOMA",
    "OPMERKING",
    "LEERLINGNUMMER",  # nobody asked for it: it is dropped unread
)

_NAMES = (
    "Jansen",
    "Bakker",
    "Visser",
    "Yılmaz",
    "El Amrani",
    "Müller",
    "Bjørnsen",
    "Nguyễn",
    "Çelik",
    "Dvořák",
    "Okafor",
    "Smit",
)
_PARTICLES = ("", "", "", "van", "de", "van der", "el", "ten")
_FIRST = ("Zoë", "Daan", "Noor", "Jesús", "Anaïs", "Sem", "Fatıma", "Thijs", "Łukasz", "Mila", "Renée", "Amina", "Björn")
_STREETS = ("Zonnepad", "Eikenhof", "Kanaalkade", "Molenberg", "Lindeplein", "Weverstraat", "Meeuwenlaan")
_PLACES = ("Waterdam", "Heideveen", "Polderburg", "Duinrade", "Rivierhout", "Esdoornwijk", "Zandmeer", "Laagkerk")
_REMARKS = ("Belde niet terug; later proberen.", 'Zei: "ik zoek werk".', "Zie gesprek\nvan vorige week.")
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2)

# How many in a thousand rows; the rest is plain. At least one of each, as far as there are rows for them.
KINDS: Final = MappingProxyType(
    {
        "geheim": 10,
        "overleden": 3,
        "verhuisd": 10,
        "gemeente_onbekend": 5,
        "dubbel": 10,
        "bsn_ongeldig": 8,
        "onderwijsnummer": 20,
        "zevenentwintig_vandaag": 2,
        "schrikkeldag": 4,
        "leeg_optioneel": 40,
        "gescheurd": 5,
        "opmerking": 20,
        "23_tot_26": 120,
        "onder_18": 150,
        "startkwalificatie": 30,
    }
)


@dataclass(frozen=True, slots=True)
class Generated:
    """A file, and what is in it: `rows` in all, `expected` by kind, `unreadable` that must end in quarantine for their form."""

    csv: bytes
    rows: int
    expected: MappingProxyType[str, int]
    unreadable: int


def numbers(seed: int, remainder: int = 0, *, wide: bool = False) -> Iterator[str]:
    """Invented nine-digit numbers with this remainder (0 a BSN, 5 an onderwijsnummer), none twice, shuffled by the seed."""
    first, size = (90_000_000, 10_000_000) if wide else (99_900_000, 100_000)
    # A full cycle through the range without keeping it: a step that shares no factor with its size.
    step = random.Random(f"{seed}/step").randrange(size // 10, size) | 1
    while step % 5 == 0:
        step += 2
    at = random.Random(f"{seed}/start").randrange(size)
    for _ in range(size):
        digits = str(first + at)
        at = (at + step) % size
        last = (sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) - remainder) % 11
        if last < 10:
            yield f"{digits}{last}"


def generate(
    count: int, seed: int, today: date, gemeenten: Sequence[str] = GEMEENTEN, *, delimiter: str = ";", encoding: str = "utf-8"
) -> Generated:
    """`count` rows about invented people as of `today`. Letters that `encoding` lacks lose their marks."""
    chance = random.Random(seed)
    kinds = _kinds(count, chance)
    wide = count > 80_000
    bsns, school_numbers = numbers(seed, wide=wide), numbers(seed, 5)
    lines = [delimiter.join(COLUMNS)]
    people: list[dict[str, str]] = []  # plain ones, to come back moved or twice
    for number, kind in enumerate(kinds):
        if kind in ("verhuisd", "dubbel") and people:
            person = dict(chance.choice(people))
            if kind == "verhuisd":
                person["GEMEENTECODE"] = chance.choice([code for code in gemeenten if code != person["GEMEENTECODE"]])
        else:
            person = _person(next(bsns), number, today, gemeenten, chance)
            _shape(person, kind, today, school_numbers, chance)
            if kind == "plain" and len(people) < 10_000:
                people.append(person)
        line = delimiter.join(_quoted(person[column], delimiter) for column in COLUMNS)
        lines.append(line[: line.index(delimiter, 20)] if kind == "gescheurd" else line)
    expected = Counter(kinds)
    text = "\r\n".join([*lines, ""])
    return Generated(
        _encoded(text, encoding),
        count,
        MappingProxyType(dict(sorted(expected.items()))),
        expected["bsn_ongeldig"] + expected["gescheurd"],
    )


def rows(count: int, seed: int, gemeenten: Sequence[str] = GEMEENTEN, today: date = date(2026, 9, 1)) -> bytes:
    """The file alone."""
    return generate(count, seed, today, gemeenten).csv


def _kinds(count: int, chance: random.Random) -> list[str]:
    kinds: list[str] = []
    for kind, share in KINDS.items():
        kinds += [kind] * max(1, count * share // 1000)
    kinds = kinds[: max(0, count - 1)]
    kinds += ["plain"] * (count - len(kinds))
    chance.shuffle(kinds)
    # The first is plain, so that whoever comes back has somebody to be.
    first = kinds.index("plain") if "plain" in kinds else 0
    kinds[0], kinds[first] = kinds[first], kinds[0]
    return kinds


def _person(number: str, serial: int, today: date, gemeenten: Sequence[str], chance: random.Random) -> dict[str, str]:
    gemeente = chance.randrange(len(gemeenten))
    left = today - timedelta(days=chance.randrange(1, 60))
    return dict.fromkeys(COLUMNS, "") | {
        "PERSOONSGEBONDENNUMMER": number,
        "GESLACHTSNAAM": chance.choice(_NAMES),
        "VOORVOEGSEL": chance.choice(_PARTICLES),
        "VOORNAMEN": chance.choice(_FIRST),
        "GESLACHT": chance.choice("MVVMX"),
        "GEBOORTEDATUM": _day(_born(today, 18, 23, chance)),
        "STRAATNAAM": chance.choice(_STREETS),
        "HUISNUMMER": str(chance.randrange(1, 400)),
        "POSTCODE": f"{chance.randrange(1000, 10000)} {chance.choice('ABCDEGHJ')}{chance.choice('ABCDEGHJ')}",
        "WOONPLAATS": _PLACES[gemeente % len(_PLACES)],
        "GEMEENTECODE": gemeenten[gemeente],
        "INDICATIEGEHEIM": "N",
        "TELEFOONNUMMER": f"06-00{chance.randrange(10**6):06d}",  # no mobile number begins so
        "INSTELLINGSCODE": f"99{chance.choice('XYZ')}{chance.choice('XYZ')}",
        "VESTIGINGSCODE": "00",
        "ONDERWIJSSOORT": chance.choice(("MBO", "MBO", "MBO", "ENTREE", "VO")),
        "OPLEIDINGSCODE": f"{chance.randrange(25000, 26000)}",
        "DATUMINSCHRIJVING": _day(left - timedelta(days=chance.randrange(60, 900))),
        "DATUMUITSCHRIJVING": _day(left),
        "REDENUITVAL": chance.choice("123457"),
        "STARTKWALIFICATIE": "N",
        "LEERLINGNUMMER": f"L{serial:07d}",
    }


def _shape(person: dict[str, str], kind: str, today: date, school_numbers: Iterator[str], chance: random.Random) -> None:
    match kind:
        case "geheim":
            person["INDICATIEGEHEIM"] = "J"
        case "overleden":
            person["OVERLIJDENSDATUM"] = _day(today - timedelta(days=chance.randrange(1, 30)))
        case "gemeente_onbekend":
            person["GEMEENTECODE"] = UNKNOWN_GEMEENTE
        case "bsn_ongeldig":
            digits = person["PERSOONSGEBONDENNUMMER"]
            person["PERSOONSGEBONDENNUMMER"] = f"{digits[:-1]}{(int(digits[-1]) + 1) % 10}"
        case "onderwijsnummer":
            person["PERSOONSGEBONDENNUMMER"] = next(school_numbers)
        case "zevenentwintig_vandaag":
            person["GEBOORTEDATUM"] = _day(_years_before(today, 27))
        case "schrikkeldag":
            person["GEBOORTEDATUM"] = _day(date(max(year for year in range(2000, today.year - 17, 4)), 2, 29))
        case "leeg_optioneel":
            for column in ("VOORNAMEN", "GESLACHT", "STRAATNAAM", "HUISNUMMER", "POSTCODE", "TELEFOONNUMMER", "REDENUITVAL"):
                person[column] = ""
        case "opmerking":
            person["OPMERKING"] = chance.choice(_REMARKS)
        case "23_tot_26":
            person["GEBOORTEDATUM"] = _day(_born(today, 23, 27, chance))
        case "onder_18":
            person["GEBOORTEDATUM"] = _day(_born(today, 16, 18, chance))
        case "startkwalificatie":
            person["STARTKWALIFICATIE"], person["DATUMDIPLOMA"] = "J", person["DATUMUITSCHRIJVING"]


def _born(today: date, youngest: int, oldest: int, chance: random.Random) -> date:
    """A date of birth of someone who is at least `youngest` and not yet `oldest`, and who has no leap day."""
    last, first = _years_before(today, youngest), _years_before(today, oldest) + timedelta(days=1)
    born = first + timedelta(days=chance.randrange((last - first).days + 1))
    return born - timedelta(days=1) if (born.month, born.day) == (2, 29) and born > first else born


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years) if (day.month, day.day) != (2, 29) else date(day.year - years, 3, 1)


def _day(day: date) -> str:
    return day.strftime("%Y%m%d")


def _quoted(cell: str, delimiter: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in (delimiter, '"', "\n")) else cell


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        special = str.maketrans({"ı": "i", "Ł": "L", "ł": "l"})
        kept = (char if _fits(char, encoding) else unicodedata.normalize("NFD", char.translate(special))[0] for char in text)
        return "".join(kept).encode(encoding)


def _fits(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def main() -> None:
    """The command line: the file to standard output, what is in it to standard error."""
    parser = argparse.ArgumentParser(description="A list of invented early school leavers.")
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--today", type=date.fromisoformat, default=date(2026, 9, 1))
    parser.add_argument("--encoding", default="utf-8")
    given = parser.parse_args()
    made = generate(given.count, given.seed, given.today, encoding=given.encoding)
    sys.stdout.buffer.write(made.csv)
    print("\n".join(f"{kind}: {number}" for kind, number in made.expected.items()), file=sys.stderr)


if __name__ == "__main__":
    main()
