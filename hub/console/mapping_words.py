"""What is wrong with a mapping, in Dutch: the check speaks English.

A mistake that has no words here is shown as the check says it; `{of}` is the column, field or path that it is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WHOLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "It is not YAML: look at indents and quotes; in a list, what holds brackets such as a[0].b goes in quotes.": (
            "Dit is geen YAML: let op inspringen, aanhalingstekens en haakjes. Wat haakjes heeft, zoals a[0].b, staat in een "
            "lijst tussen aanhalingstekens."
        ),
        "It is too long for a mapping.": "De tekst is te lang voor een mapping.",
        "It refers to another part of itself; write that part out.": "De tekst verwijst naar een ander deel; schrijf dat uit.",
        "A key is no word.": "Wat voor de dubbele punt staat, is geen woord.",
        "Its columns are not known to be those of the real delivery.": (
            "De mapping is niet gecontroleerd. Vergelijk haar met de beschrijving van de gever en zet dan 'verified: true'."
        ),
        "The file cannot be read.": "Het bestand is niet te lezen.",
        "It is not UTF-8.": "De tekst is geen UTF-8.",
        "It goes deeper than a mapping does.": "De tekst gaat dieper dan een mapping. Let op het inspringen.",
    }
)
"""Mistakes in the text as a whole."""

PARTS: Final = tuple(
    (re.compile(pattern), dutch)
    for pattern, dutch in (
        (
            r"The hub carries no record (?P<of>.{1,80}); it carries (?P<known>.+)\.",
            "De hub kent de soort {of} niet. Achter 'record' hoort een van {known}.",
        ),
        (
            r"(?P<of>.{1,200}) is a pseudonym for learning material.+",
            "{of} is een pseudoniem voor leermateriaal. Dat mag geen mapping lezen; noem het bij 'ignored'.",
        ),
        (
            r"Field (?P<of>\S{1,80}): in a path no # is written.+",
            "Het veld {of}: in een pad staat geen #; wat zich herhaalt, is vanzelf een lijst.",
        ),
        (
            r"Field (?P<of>\S{1,80}): say with from which path is repeated\.",
            "Het veld {of}: zeg met 'from' welk pad zich herhaalt.",
        ),
        (
            r"Field (?P<of>\S{1,80}): columns of a table are named below of, without from\.",
            "Het veld {of}: bij een tabel staan de kolommen onder 'of', zonder 'from'.",
        ),
        (
            r"Field (?P<of>\S{1,80}): say columns with a # where their number stands, or one column and split\.",
            "Het veld {of}: noem de kolommen met een # op de plek van hun nummer, of één kolom met 'split'.",
        ),
        (
            r"An entry of (?P<of>\S{1,80}) has no field (?P<known>\S{1,80})\.",
            "Een regel van de lijst {of} heeft geen veld {known}.",
        ),
        (
            r"Field (?P<of>\S{1,80}): say with split what stands between the numbers of (?P<known>\S{1,80})\.",
            "Het veld {of}: zeg met 'split' wat er tussen de nummers van {known} staat.",
        ),
        (
            r"Field (?P<of>\S{1,80}): what is not there is no entry\..+",
            "Het veld {of}: wat er niet is, is geen regel. Zeg welke woorden ja en welke nee betekenen.",
        ),
        (
            r"Nothing fills (?P<known>.{1,200}) of (?P<of>\S{1,80})\.",
            "In de lijst {of} vult niets {known}, en dat is verplicht.",
        ),
        (
            r"Path (?P<of>.{1,200}): a list names no place of its own\.",
            "Het pad {of}: bij een lijst staat er geen nummer in het pad.",
        ),
        (
            r"Column (?P<of>.{0,200}): a # stands for one number, in the name of a column of a list\.",
            "Kolom {of}: een # staat voor één nummer, en alleen in de naam van een kolom van een lijst.",
        ),
        (
            r"Column (?P<of>.{0,200}): write column names trimmed and in capitals\.",
            "Kolom {of}: schrijf namen van kolommen in hoofdletters, zonder spaties eromheen.",
        ),
        (
            r"Path (?P<of>.{0,200}): write names with dots between them, such as .+",
            "Het pad {of}: schrijf namen met punten ertussen, zoals leerling.adressen[0].@id.",
        ),
        (
            r"(?:Column|Field) (?P<of>[^:]{1,80}): a word of its list is a long number, which no code is\.",
            "{of}: een woord uit de lijst is een lang nummer, en dat is nooit een code.",
        ),
        (
            r"The field (?P<of>\S{1,80}) is not the same in every row: .+",
            "Het veld {of} is niet in elke rij gelijk: dan ging alles over één persoon. Zet het niet bij 'constants'.",
        ),
        (
            r"(?:fields|constants)\.(?P<of>[^\s:]{1,80}): Input tag .+ expected tags: (?P<known>.+)\.",
            "Het veld {of}: achter 'as' hoort een van {known}.",
        ),
        (r"The key (?P<of>.{1,80}) is there twice\.", "Het woord {of} staat er twee keer."),
        (r"The field (?P<of>\S{1,80}) is filled twice\.", "Twee kolommen vullen het veld {of}. Haal er een weg."),
        (r"The record has no field (?P<of>\S{1,80})\.", "De melding heeft geen veld {of}."),
        (r"No column fills (?P<of>\S{1,80})\.", "Geen kolom vult het veld {of}, en dat is verplicht."),
        (
            r"(?:Column|Field) (?P<of>[^:]{1,80}): there is no code list \S+\. Shared are (?P<known>.+)\.",
            "Kolom {of}: die codelijst staat niet onder 'codes', en is geen van {known}.",
        ),
        (
            r"(?:Column|Field) (?P<of>[^:]{1,80}): say which words mean .+",
            "Kolom {of}: zeg welke woorden ja en welke nee betekenen, of 'filled: true'.",
        ),
        (r"(?:Column|Field) (?P<of>[^:]{1,80}): yyyymmdd and .+", "Kolom {of}: kies yyyymmdd of ddmmyyyy, niet allebei."),
        (r"Path (?P<of>\S{1,200}): the schema .+", "Het pad {of} komt in het schema van de gever niet voor."),
        (r"Field (?P<of>\S{1,80}): say which columns.+", "Het veld {of}: zet er join of first_of bij, met de kolommen."),
        (r"The field (?P<of>\S{1,80}) has no code .+", "De lijst geeft een code die het veld {of} niet kent."),
        (r"The field (?P<of>\S{1,80}) does not hold .+", "Het veld {of} bevat iets anders: kies een ander woord achter 'as'."),
        (r"(?P<of>.{1,80}) is read and ignored at once\.", "De kolom {of} staat ook bij 'ignored'. Haal haar daar weg."),
        (
            r"(?:Column|Field) (?P<of>[^:]{1,80}): a word means yes and no at once\.",
            "Kolom {of}: een woord betekent ja én nee.",
        ),
        (
            r"columns\.(?P<of>[^\s.:]{1,80}): Input tag .+ expected tags: (?P<known>.+)\.",
            "Kolom {of}: achter 'as' hoort een van {known}.",
        ),
        (r"columns\.(?P<of>[^\s.:]{1,80})\.\S*\.(?P<known>\w+): Field required\.", "Kolom {of}: '{known}' ontbreekt."),
        (
            r"columns\.(?P<of>[^\s.:]{1,80})\.\S*\.(?P<known>\w+): Extra inputs are not permitted\.",
            "Kolom {of}: '{known}' hoort hier niet.",
        ),
        (r"(?P<of>\S{1,80}): Field required\.", "Het deel '{of}' ontbreekt."),
        (r"(?P<of>\S{1,80}): Extra inputs are not permitted\.", "Het deel '{of}' hoort hier niet."),
        (
            r"columns\.(?P<of>[^\s.:]{1,80})\..+: Input should be a valid string\.",
            "Kolom {of}: zet dit woord tussen aanhalingstekens; anders leest YAML het als ja, nee of een getal.",
        ),
    )
)
"""Mistakes in a part of it, each a pattern and its sentence; the first that fits speaks."""


def in_dutch(why: str) -> str:
    """The mistake in Dutch; empty where there are no words for it."""
    if why in WHOLE:
        return WHOLE[why]
    for pattern, words in PARTS:
        if (said := pattern.fullmatch(why)) is not None:
            return words.format(**said.groupdict())
    return ""
