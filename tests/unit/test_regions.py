"""Who comes into view, by home and date; and that the country's real regions fit the format."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date
from pathlib import Path

import pytest
import yaml

from hub.domain.borders import read_regions
from hub.domain.terms import PartyId
from hub.domain.territory import Party
from hub.errors import Misconfigured
from hub.regions import Regions

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "schemas" / "policy"
DAY = date(2026, 11, 2)
DUO = PartyId("duo")


def load_regions(path: Path) -> Regions:
    """The regions of a directory as a policy set has them."""
    rows = yaml.safe_load((path / "parties.yaml").read_text("utf-8"))["parties"]
    parties = {party.id: party for party in (Party.model_validate_json(json.dumps(row)) for row in rows)}
    files = {f"regions/{file.name}": file.read_text("utf-8") for file in (path / "regions").glob("*.yaml")}
    return Regions(read_regions(files, parties), parties)


@pytest.fixture(scope="module")
def regions() -> Regions:
    return load_regions(POLICY)


def _copy(to: Path, old: str = "", new: str = "", without: str = "") -> Path:
    (to / "regions").mkdir()
    (to / "parties.yaml").write_text((POLICY / "parties.yaml").read_text("utf-8"), "utf-8")
    text = (POLICY / "regions" / "voorbeeld.yaml").read_text("utf-8")
    assert old in text
    assert without in text
    (to / "regions" / "voorbeeld.yaml").write_text(text.replace(without, "", 1).replace(old, new, 1), "utf-8")
    return to


def test_the_doorstroompunt_first_then_work_and_income_from_it(regions: Regions):
    first, then = regions.candidates("9005", DAY, DUO)
    assert (first.recipient, first.provider) == ("doorstroompunt-schelmonde", "duo")
    assert (then.recipient, then.provider) == ("werk-en-inkomen-vennekerk", "doorstroompunt-schelmonde")
    assert first.controllers == ("minister-ocw", "college-vennekerk")
    assert then.controllers == ("college-vennekerk",)


def test_a_doorstroompunt_gives_not_to_itself(regions: Regions):
    (only,) = regions.candidates("9005", DAY, PartyId("doorstroompunt-schelmonde"))
    assert (only.recipient, only.provider) == ("werk-en-inkomen-vennekerk", "doorstroompunt-schelmonde")


@pytest.mark.parametrize(("gemeente", "day", "source"), [
    ("9999", DAY, DUO),
    ("", DAY, DUO),
    ("9005", date(2019, 12, 31), DUO),
    ("9005", DAY, PartyId("onbekend")),
])  # fmt: skip
def test_where_no_road_leads(regions: Regions, gemeente: str, day: date, source: PartyId):
    assert regions.candidates(gemeente, day, source) == ()


def test_a_merged_gemeente_has_a_road_until_the_day_it_ended(regions: Regions):
    before = regions.candidates("9009", date(2025, 12, 31), DUO)
    assert [candidate.recipient for candidate in before] == ["doorstroompunt-lindemark", "werk-en-inkomen-overlinde"]
    after = regions.candidates("9009", date(2026, 1, 1), DUO)
    assert after == regions.candidates("9001", date(2026, 1, 1), DUO)
    assert [candidate.recipient for candidate in after] == ["doorstroompunt-lindemark", "werk-en-inkomen-aldermeer"]


def test_the_same_question_gets_the_same_answer(regions: Regions):
    assert regions.candidates("9001", DAY, DUO) is regions.candidates("9001", DAY, DUO)


@pytest.mark.parametrize(("old", "new", "word"), [
    ('code: "9004"', 'code: "9010"', "contactgemeente"),
    ('code: "9005"', 'code: "9001"', "same day"),
    ('code: "9005"', 'code: "9004"', "same day"),
    ('contactgemeente: "9004"', 'contactgemeente: "9001"', "not one of"),
    ('contactgemeente: "9007"', 'contactgemeente: "9008"', "From 2027-01-01 on the contactgemeente"),
    ('        successor: "9001"\n', "", "not said once who follows"),
    ('successor: "9001"', 'successor: "9001"\n        without_successor: Dit is al gezegd.', "not said once who follows"),
    ('successor: "9001"', 'successor: "9999"', "9999 does not exist on 2026-01-01"),
    ('successor: "9001"', 'successor: "9009"', "9009 does not exist on 2026-01-01"),
    ('code: "9005"', 'code: "9005"\n        successor: "9004"', "does not end"),
    ('gemeenten: ["9002", "9003"]', 'gemeenten: ["9002", "9004"]', "9004 is on no day of lindemark-oost"),
    ('gemeenten: ["9002", "9003"]', 'doorstroompunt: uwv\n        gemeenten: ["9002"]', "no party of kind doorstroompunt"),
    ("works_here: [werkbedrijf-lindemark,", "works_here: [niemand,", "no party of this policy set"),
    ('centrumgemeente: "9001"', 'centrumgemeente: "9099"', "no gemeente of this set"),
    ("labour_market_region: arbeidsmarkt-lindemark", "labour_market_region: elders", "no labour_market_regions row"),
    ("id: schelmonde", "id: lindemark", "twice"),
    ("doorstroompunt: doorstroompunt-schelmonde", "doorstroompunt: duo", "no party of kind doorstroompunt"),
    ("werk_en_inkomen: werk-en-inkomen-vennekerk", "werk_en_inkomen: werk-en-inkomen-nergens", "no party of kind"),
    ("college: college-vennekerk", "college: werk-en-inkomen-vennekerk", "no party of kind college"),
    ("valid_until: 2026-01-01", "valid_til: 2026-01-01", "not known"),
])  # fmt: skip
def test_what_cannot_be_refuses_to_load(tmp_path: Path, old: str, new: str, word: str):
    with pytest.raises(Misconfigured, match=word) as refused:
        load_regions(_copy(tmp_path, old, new))
    assert "regions/voorbeeld.yaml, line" in refused.value.what


def test_one_gemeente_after_another_loads(tmp_path: Path):
    """A gemeente that changes regions stands in both, one period after the other."""
    moved = """
      - code: "9009"
        name: Overlinde
        valid_from: 2026-01-01
        college: college-overlinde
        werk_en_inkomen: werk-en-inkomen-overlinde
      - code: "9005\""""
    regions = load_regions(_copy(tmp_path, '\n      - code: "9005"', moved, '        successor: "9001"\n'))
    assert regions.candidates("9009", date(2025, 12, 31), DUO)[0].recipient == "doorstroompunt-lindemark"
    assert regions.candidates("9009", date(2026, 1, 1), DUO)[0].recipient == "doorstroompunt-schelmonde"


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _convert(source: Path, to: Path) -> dict[str, str]:
    """The regions of 2017 in our format; the codes are invented, for the source gives names only. Returns code to region."""
    parties = [{"id": "duo", "name": "DUO", "kind": "duo", "controller": "duo"}]
    rows, homes, number = [], {}, 1000
    for region in json.loads(source.read_text("utf-8")):
        slug = f"rmc-{region['code']:02d}"
        gemeenten = []
        for name in region["gemeenten_2017"]:
            number += 1
            who = f"{number}-{_slug(name)}"[:40].strip("-")
            homes[str(number)] = slug
            college, work = f"college-{who}", f"werk-en-inkomen-{who}"
            parties += [
                {"id": college, "name": f"College van {name}", "kind": "college", "controller": college},
                {"id": work, "name": f"Werk en Inkomen {name}", "kind": "werk-en-inkomen", "controller": college},
            ]
            gemeenten.append(
                {"code": str(number), "name": name, "valid_from": "2017-01-01", "college": college, "werk_en_inkomen": work}
            )
        point = {"id": f"doorstroompunt-{slug}", "name": region["name"], "kind": "doorstroompunt"}
        parties.append(point | {"controller": gemeenten[0]["college"]})
        rows.append(
            {
                "id": slug,
                "name": region["name"],
                "valid_from": "2017-01-01",
                "contactgemeente": gemeenten[0]["code"],
                "doorstroompunt": point["id"],
                "gemeenten": gemeenten,
            }
        )
    for place, party in enumerate(parties):
        party |= {"oin": f"{place:020d}", "is_authority": True}  # type: ignore[dict-item]
    (to / "regions").mkdir()
    (to / "parties.yaml").write_text(yaml.safe_dump({"parties": parties}, allow_unicode=True), "utf-8")
    (to / "regions" / "landelijk.yaml").write_text(yaml.safe_dump({"regions": rows}, allow_unicode=True), "utf-8")
    return homes


def test_the_country_fits(tmp_path: Path):
    homes = _convert(ROOT / "tests" / "vectors" / "regions" / "rmc_regions_2017.json", tmp_path)
    regions = load_regions(tmp_path)
    assert len(set(homes.values())) == 39
    for code, region in homes.items():
        first, then = regions.candidates(code, DAY, DUO)
        assert first.recipient == f"doorstroompunt-{region}"
        assert then.provider == first.recipient
