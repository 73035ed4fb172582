"""Every profile against every word, for every category: what becomes of a file, through the whole format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.connectors.lvs_oso.profiles import TABLE, standard
from hub.domain.stages import Row
from hub.errors import Misconfigured
from hub.registry import load_connectors
from ops.demo.dossiers import dossier, enveloped
from tests.hostile.parse import parse

CONNECTOR = load_connectors()["lvs_oso"]
COLUMNS = frozenset(
    {
        "huidigeschool.leerling.bsn",
        "huidigeschool.leerling.overstapadvies.advies",
        "huidigeschool.leerling.verzuim.meerdan25percent",
        "inzage.inzage",
        "ontvanger.brincode",
    }
)
PROFILES = standard().profiles
KINDS = {"BB": "overdrachtbinnenbrin", "POSWV": "swv-dossier", "VOSWV": "swv-dossier"}
BLOCKS = {
    "cat_oudersverzorgers": ("verzorger", "<achternaam>Geheim</achternaam>"),
    "cat_vve": ("naampeuterspeelzaal", "Geheim"),
    "cat_schoolloopbaan": ("schoolloopbaanlijst", "<schoolloopbaan><groepsnaam>Geheim</groepsnaam></schoolloopbaan>"),
    "cat_overstapadvies": ("overstapadvies", "<advies>40</advies><argumentatie>Geheim</argumentatie>"),
    "cat_onderwijsondersteuning": ("onderwijsondersteuning", "<opp><opp_ingangdatum>Geheim</opp_ingangdatum></opp>"),
    "cat_verzuim": ("verzuim", "<meerdan25percent>true</meerdan25percent><frequentie>Geheim</frequentie>"),
    "cat_eindtoetsbo": ("eindtoets_basisonderwijs", "<deelgenomen>Geheim</deelgenomen>"),
    "cat_toetsresultaten": ("toetslijst", "<toets>Geheim</toets>"),
    "cat_cijferlijsten": ("cijferlijstlijst", "<cijferlijst>Geheim</cijferlijst>"),
    "cat_vombo": ("examenresultaat", "<examenuitslag>Geheim</examenuitslag>"),
    "cat_bijlagedocs": ("overigdocumentlijst", "<document><bestandsinhoud>Geheim</bestandsinhoud></document>"),
}
"""One element of each category that stands with the pupil; the others are always there."""


def read(text: str) -> Row:
    (row,) = parse(CONNECTOR.format(), text.encode(), COLUMNS).rows
    return row


def given(profile: str, words: Mapping[str, str], present: set[str], **other: str) -> Row:
    blocks = dict(BLOCKS[category] for category in BLOCKS if category in present)
    number = "" if profile.endswith("SWV") else "999909848"
    text = dossier(
        number,
        overstap=profile,
        overdracht=KINDS.get(profile, "overstapdossier"),
        words=words,
        blocks=blocks,
        toestemming=other.get("toestemming", "Ja"),
        pupil=other.get("pupil", ""),
    )
    return read(enveloped(text))


def usual(profile: str) -> tuple[dict[str, str], set[str]]:
    """What a file of this profile says, and what is in it, when all is well."""
    rules = PROFILES[profile].rules
    return dict(rules), {category for category, rule in rules.items() if rule != "VERBODEN"} & BLOCKS.keys()


@pytest.mark.parametrize("profile", PROFILES)
def test_what_every_word_does_to_every_category(profile: str, subtests: pytest.Subtests) -> None:
    rules = PROFILES[profile].rules
    for category in BLOCKS:
        for word in ("VERPLICHT", "OPTIONEEL", "VERBODEN", "OPT-UIT", "", "JA"):
            for there in (True, False):
                with subtests.test(category=category, word=word, there=there):
                    words, present = usual(profile)
                    words[category] = word
                    row = given(profile, words, present | {category} if there else present - {category})
                    assert row.fault == expected(rules[category], word, there, category), row.fault
                    assert b"Geheim" not in row.raw.reveal()
                    assert "Geheim" not in str(row.content.reveal())


def expected(rule: str, word: str, there: bool, category: str) -> str | None:
    """The rules of the standard, told once more."""
    if there and word in ("", "JA"):
        return "CATEGORIE_ONBEKEND"
    if there and "VERBODEN" in (rule, word):
        return "CATEGORIE_VERBODEN"
    nothing = not there or word == "OPT-UIT"
    if nothing and "VERPLICHT" in (rule, word) and category != "cat_onderwijsondersteuning":
        return "CATEGORIE_ONTBREEKT"
    return None


def test_what_parents_held_back_is_not_read_and_what_is_optional_only_where_it_is_named() -> None:
    words, present = usual("POVO")
    assert given("POVO", words, present).content.reveal() == {
        "huidigeschool.leerling.bsn": "999909848",
        "huidigeschool.leerling.overstapadvies.advies": "40",
        "huidigeschool.leerling.verzuim.meerdan25percent": "true",
        "inzage.inzage": "true",
        "ontvanger.brincode": "95ZZ",
    }
    held_back = given("POVO", words | {"cat_verzuim": "OPT-UIT"}, present)
    assert held_back.fault is None
    assert "huidigeschool.leerling.verzuim.meerdan25percent" not in held_back.content.reveal()
    assert b"meerdan25percent" not in held_back.raw.reveal()


@pytest.mark.parametrize(
    ("profile", "pupil"),
    [
        ("POVO", "<nationaliteit>Geheim</nationaliteit>"),
        ("POPO", "<geboorteplaats>Geheim</geboorteplaats>"),
        ("BB", "<postcode4adres>Geheim</postcode4adres>"),
        ("POSWV", "<bsn>Geheim</bsn>"),
        ("VOSWV", "<onderwijsnummer>Geheim</onderwijsnummer>"),
    ],
)
def test_single_elements_that_a_profile_forbids(profile: str, pupil: str) -> None:
    row = given(profile, *usual(profile), pupil=pupil)
    assert row.fault == "CATEGORIE_VERBODEN"
    assert b"Geheim" not in row.raw.reveal()
    assert given(profile, *usual(profile)).fault is None


@pytest.mark.parametrize(
    ("said", "fault"), [("Ja", None), ("Nee", "OVERDRACHT_NIET_AKKOORD"), ("Onbekend", "OVERDRACHT_NIET_AKKOORD")]
)
def test_agreement_with_the_transfer_is_asked_between_secondary_schools_alone(said: str, fault: str | None) -> None:
    assert given("VOVO", *usual("VOVO"), toestemming=said).fault == fault
    assert given("POVO", *usual("POVO"), toestemming=said).fault is None


def test_a_transfer_that_has_no_profile_is_set_aside_with_nothing_in_it() -> None:
    words, present = usual("VOVO")
    for overstap, overdracht in (("VOMBO", "overstapdossier"), ("VOVO", "swv-dossier"), ("BB", "overstapdossier"), ("", "")):
        blocks = dict(BLOCKS[category] for category in present)
        row = read(dossier("999909848", overstap=overstap, overdracht=overdracht, words=words, blocks=blocks))
        assert (row.fault, row.content.reveal()) == ("CATEGORIE_ONBEKEND", {})
        assert b"999909848" not in row.raw.reveal()


def test_what_is_said_after_it_was_needed_is_not_heard() -> None:
    text = dossier("999909848")
    early, late = text.index("<metadata>"), text.index("</metadata>") + len("</metadata>")
    moved = text[:early] + text[late:].replace("</dossier>", text[early:late] + "</dossier>")
    assert read(moved).fault == "CATEGORIE_ONBEKEND"


def test_documents_are_counted(tmp_path: Path) -> None:
    assert tmp_path
    words, present = usual("POVO")
    blocks = dict(BLOCKS[category] for category in present) | {
        "verzuim": "<documentLijst><document/><document/></documentLijst>"
    }
    plain = parse(CONNECTOR.format(), dossier("999909848", words=words, blocks={}).encode(), COLUMNS).layout.ignored
    assert parse(CONNECTOR.format(), dossier("999909848", words=words, blocks=blocks).encode(), COLUMNS).layout.ignored > plain


def test_a_table_that_leaves_a_category_out_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "profielen.toml"
    damaged.write_text(TABLE.read_text().replace('VERBODEN = ["cat_vombo"]', "VERBODEN = []", 1))
    with pytest.raises(Misconfigured, match="says nothing of a category"):
        standard(damaged)


@pytest.mark.parametrize(
    ("block", "named"),
    [
        (("examenresultaat", "<examenuitslag>Geheim</examenuitslag>"), "examenresultaat.examenuitslag"),
        (("onderwijsondersteuning", "<diagnose><code>Geheim</code></diagnose>"), "onderwijsondersteuning.diagnose.code"),
        (
            ("overigdocumentlijst", "<document><omschrijving>Geheim</omschrijving></document>"),
            "overigdocumentlijst.document.omschrijving",
        ),
    ],
)
def test_naming_it_in_a_mapping_does_not_help(block: tuple[str, str], named: str) -> None:
    words, _ = usual("POVO")
    text = dossier("999909848", words=words | {"cat_vombo": "OPTIONEEL"}, blocks=dict([block]))
    (row,) = parse(CONNECTOR.format(), text.encode(), COLUMNS | {f"huidigeschool.leerling.{named}"}).rows
    assert "Geheim" not in f"{row.content.reveal()}{row.raw.reveal().decode()}"


def test_a_category_that_the_standard_does_not_know_carries_no_text() -> None:
    words, present = usual("POVO")
    row = given("POVO", words | {"cat_anders": "Geheim"}, present)
    assert (row.fault, b"Geheim" in row.raw.reveal()) == (None, False)


def test_words_that_come_after_what_they_are_about_are_not_heard() -> None:
    words, present = usual("POVO")
    said = "".join(f"<{category}>{word}</{category}>" for category, word in words.items())
    whole = dossier("999909848", words={}, blocks=dict(BLOCKS[category] for category in present))
    late = whole.replace("</dossier>", f"<metadata><categorie_uitlevering>{said}</categorie_uitlevering></metadata></dossier>")
    assert read(late).fault == "CATEGORIE_ONBEKEND"
