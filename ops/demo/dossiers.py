"""Transfer files (OSO, form 2019) of invented pupils, in the envelope in which they come to the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from ops.demo.people import numbers

NAMESPACE: Final = "http://www.edustandaard.nl/oso_gegevensset/2019/dossier"
ENVELOPE: Final = "urn:hub:oso-levering:1"
WORDS: Final[Mapping[str, str]] = {
    "cat_metadata": "VERPLICHT",
    "cat_ouderinzage": "VERPLICHT",
    "cat_school": "VERPLICHT",
    "cat_leerling": "VERPLICHT",
    "cat_oudersverzorgers": "VERPLICHT",
    "cat_vve": "VERBODEN",
    "cat_schoolloopbaan": "VERPLICHT",
    "cat_overstapadvies": "VERPLICHT",
    "cat_onderwijsondersteuning": "VERPLICHT",
    "cat_verzuim": "OPTIONEEL",
    "cat_eindtoetsbo": "OPTIONEEL",
    "cat_toetsresultaten": "OPT-UIT",
    "cat_handelingsplannen": "OPT-UIT",
    "cat_cijferlijsten": "OPTIONEEL",
    "cat_vombo": "VERBODEN",
    "cat_bijlagedocs": "OPTIONEEL",
}
"""What a primary school says of each category when a pupil goes to secondary school."""
BLOCKS: Final[Mapping[str, str]] = {
    "verzorgersaansprakelijk": "false",
    "overstapadvies": "<advies>40</advies><contactnodig>false</contactnodig>",
    "schoolloopbaanlijst": "<schoolloopbaan><schooljaar>2025-2026</schooljaar><brincode>94ZZ</brincode></schoolloopbaan>",
    "onderwijsondersteuning": "<diagnose><code>DSM-VERZONNEN</code></diagnose><medicijngebruik>true</medicijngebruik>",
    "verzuim": "<meerdan25percent>false</meerdan25percent>",
    "cijferlijstlijst": "<cijferlijst><naam>Rapport</naam></cijferlijst>",
}
"""What stands in such a file beside the pupil, by element."""
_NAMES: Final = (
    ("Voorbeeld", "van den", "Noor"),
    ("d'Ancona", "", "José"),
    ("Øster-Çelik", "", "Zoë"),
    ("Berg", "van 't", "Bo"),
)


def dossier(
    bsn: str,
    *,
    overstap: str = "POVO",
    overdracht: str = "overstapdossier",
    words: Mapping[str, str] = WORDS,
    blocks: Mapping[str, str] = BLOCKS,
    name: Sequence[str] = _NAMES[0],
    born: str = "2014-03-01",
    soort: str = "BO",
    brin: str = "94ZZ",
    toestemming: str = "Onbekend",
    pupil: str = "",
) -> str:
    """One file of one pupil. `words` is what it says of each category; `blocks` and `pupil` are what stands in it."""
    last, prefix, first = (escape(part) for part in name)
    said = "".join(f"<{category}>{word}</{category}>" for category, word in words.items())
    more = "".join(f"<{element}>{inside}</{element}>" for element, inside in blocks.items())
    number = f"<bsn>{bsn}</bsn>" if bsn else ""
    return (
        f'<dossier xmlns="{NAMESPACE}"><metadata><deeldossier>LASLVS</deeldossier><pakketnaam>Verzonnen</pakketnaam>'
        f"<pakketversie>1</pakketversie><datum>2026-11-02</datum><standaardversie>2019.1</standaardversie>"
        f"<validatieversie>2019.1.1</validatieversie><categorie_uitlevering>{said}</categorie_uitlevering>"
        f"<overstap>{overstap}</overstap></metadata><overdrachtsoort>{overdracht}</overdrachtsoort>"
        f"<inzage><voorlopigdossier>false</voorlopigdossier><inzage>true</inzage><inzagedatum>2026-10-20</inzagedatum>"
        f"<akkoord>Nee</akkoord><redennietakkoord>Verzonnen reden</redennietakkoord><toestemming>{toestemming}</toestemming>"
        f"</inzage><huidigeschool><naam>Verzonnen school</naam><brincode>{brin}</brincode><vestigingscode>00</vestigingscode>"
        f"<aanleverpunt>1</aanleverpunt><soort>{soort}</soort><leerling><voornaam>{first}</voornaam>"
        + (f"<voorvoegsel>{prefix}</voorvoegsel>" if prefix else "")
        + f"<achternaam>{last}</achternaam><geboortedatum>{born}</geboortedatum><geslacht>2</geslacht>"
        f"<adresgeheim>false</adresgeheim>{number}<datuminschrijving>2018-08-01</datuminschrijving>{pupil}{more}"
        f"</leerling></huidigeschool></dossier>"
    )


def enveloped(inside: str, brin: str = "95ZZ", stadium: str = "inschrijving") -> str:
    """A dossier on its way to a school, which asked for it at this stage."""
    return (
        f'<levering xmlns="{ENVELOPE}"><ontvanger><brincode>{brin}</brincode><stadium>{stadium}</stadium></ontvanger>'
        f"{inside}</levering>"
    )


def write_all(folder: Path, count: int) -> None:
    """So many pupils of a primary school, a file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, bsn in enumerate(islice(numbers(94), count)):
        text = enveloped(dossier(bsn, name=_NAMES[number % len(_NAMES)]))
        (folder / f"dossier-{number:04}.xml").write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n', encoding="utf-8")
