"""Reports of absence as files: what schools' software writes, what was abolished, and what two forms have in common."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.domain.record import PersonRecord
from hub.domain.records.verzuimmelding import Verzuimmelding
from hub.errors import Malformed, Misconfigured
from tests.fakes.fates import WIRE, fates, loaded, table

CSV = WIRE / "duo_verzuim/duo-verzuim-1/sample.csv"
XML = WIRE / "duo_verzuim/duo-verzuim-xml-1/example.xml"


def one(**cells: str) -> Any:
    (fate,) = fates("duo_verzuim", table(CSV, **cells))
    return fate


def held(fate: Any, name: str) -> Any:
    assert isinstance(fate, PersonRecord), fate
    return fate.held(name)


def test_the_sample_reads_as_it_was_meant() -> None:
    first, second, third = fates("duo_verzuim", CSV.read_bytes())
    assert (held(first, "geslachtsnaam"), held(first, "geboortedatum")) == ("d'Hondt", date(2008, 2, 29))
    assert (held(first, "brin"), held(first, "vestigingscode"), held(second, "vestigingscode")) == ("98ZZ", "01", None)
    assert (held(third, "voorvoegsel"), held(third, "status_melding")) == ("in 't", "ter_kennisgeving")


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ("V1", "drie_schooldagen"),
        ("V2", "achtste_deel"),
        ("V3", "zestien_uur"),
        ("V4", "zestien_uur"),
        ("RMC", "maand_of_langer"),
        ("L", "luxe"),
        ("LRV", "maand_of_langer"),
        ("O", "overig"),
    ],
)
def test_kinds_of_school_administrations(code: str, ours: str) -> None:
    assert held(one(VERZUIMSOORT=code), "verzuimsoort") == ours


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("R", "geregistreerd"),
        ("Geregistreerd", "geregistreerd"),
        ("B", "in_behandeling"),
        ("In behandeling", "in_behandeling"),
        ("G", "afgesloten"),
        ("Afgesloten", "afgesloten"),
        ("K", "ter_kennisgeving"),
        ("Ter kennisgeving aangenomen", "ter_kennisgeving"),
        ("Ter kennisneming aangenomen", "ter_kennisgeving"),
        ("I", "ingetrokken"),
    ],
)
def test_both_sets_of_statuses(word: str, ours: str) -> None:
    assert held(one(STATUS=word), "status_melding") == ours


@pytest.mark.parametrize("word", ["D", "Overgedragen aan derden"])
def test_the_abolished_status_is_set_aside_and_says_so(word: str) -> None:
    assert one(STATUS=word) == (("STATUS", "STATUS_VERVALLEN"),)
    xml = XML.read_text(encoding="utf-8").replace("<status>R</status>", f"<status>{word}</status>")
    assert fates("duo_verzuim", xml.encode(), "mapping.xml.yaml")[0] == (("behandeling.status", "STATUS_VERVALLEN"),)


@pytest.mark.parametrize(
    ("cells", "where", "code"),
    [
        ({"GEBOORTEDATUM": "29-02-2007"}, "GEBOORTEDATUM", "DATUM_ONGELDIG"),
        ({"GEBOORTEDATUM": "20070229"}, "GEBOORTEDATUM", "DATUM_ONGELDIG"),
        ({"BEGINDATUM": "10/12/2026"}, "BEGINDATUM", "DATUM_ONGELDIG"),
        ({"VERZUIMSOORT": "V5"}, "VERZUIMSOORT", "CODE_ONBEKEND"),
        ({"STATUS": "r"}, "STATUS", "CODE_ONBEKEND"),
        ({"STARTKWALIFICATIE": "?"}, "STARTKWALIFICATIE", "CODE_ONBEKEND"),
        ({"PERSOONSGEBONDENNUMMER": "999909849"}, "PERSOONSGEBONDENNUMMER", "BSN_ONGELDIG"),
        ({"EMAILADRESMELDER": "bel mij"}, "EMAILADRESMELDER", "WAARDE_ONGELDIG"),
    ],
)
def test_what_is_not_as_agreed_is_set_aside_for_its_own_reason(cells: dict[str, str], where: str, code: str) -> None:
    assert (where, code) in one(**cells)


def test_an_end_before_the_beginning_is_no_absence() -> None:
    assert not isinstance(one(EINDDATUM="30-09-2026"), PersonRecord)


def test_xml_says_the_same_and_is_held_to_its_schema() -> None:
    first, second = fates("duo_verzuim", XML.read_bytes(), "mapping.xml.yaml")
    of_csv = fates("duo_verzuim", CSV.read_bytes())[0]
    for name in ("geslachtsnaam", "geboortedatum", "brin", "vestigingscode", "verzuimsoort", "telefoonnummer", "verzuimreden"):
        assert held(first, name) == held(of_csv, name)
    assert (held(second, "indicatie_geheim"), held(second, "reden_afsluiting")) == (True, "terug_naar_school")
    for wrong in ("<soort>V4</soort>", "<pgn>999909848</pgn>"):
        text = XML.read_text(encoding="utf-8").replace(wrong, "", 1)
        with pytest.raises(Malformed):
            fates("duo_verzuim", text.encode(), "mapping.xml.yaml")


def test_every_field_of_a_report_has_a_column_but_the_list_of_days() -> None:
    for mapping in ("mapping.yaml", "mapping.xml.yaml"):
        assert set(Verzuimmelding.model_fields) - set(loaded("duo_verzuim", mapping).fields) <= {"verzuimdagen", "prioriteit"}
    with pytest.raises(Misconfigured):
        loaded("duo_verzuim", "mapping.zip.yaml")
