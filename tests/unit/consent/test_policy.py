"""What refuses to load, and that the refusal says where and what to do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.consent.model import PolicySet
from hub.consent.policy import load_policy, policy_files, read_policy
from hub.domain.terms import PartyId
from hub.domain.territory import PartyKind
from hub.errors import Misconfigured

POLICY = Path(__file__).parents[3] / "schemas" / "policy"
DUO = "agreements/duo-doorstroompunt.v1.yaml"
WORK = "agreements/doorstroompunt-werk-en-inkomen.v1.yaml"
MBO = "agreements/mbo-doorstroompunt.v1.yaml"
ELEMENTS, REASONS = "elements/uitvalmelding.yaml", "reasons/algemeen.yaml"
WEB = "laws/web.yaml"
WRO = "laws/wro.yaml"

Files = dict[str, str]

# File, what stands there, what is put in its place, and a word of the refusal.
BROKEN = [
    pytest.param(DUO, "    why_nl:", "    whynl:", "not known", id="unknown key"),
    pytest.param(DUO, "controllership:", "x: y\ncontrollership:", "not known", id="unknown key on top"),
    pytest.param(DUO, "bases: [wro-21-1]", "bases: [wro-21-9]", "no legal basis", id="unknown basis"),
    pytest.param(DUO, "purposes: [begeleiding-doorstroompunt]", "purposes: [iets-anders]", "no purpose", id="unknown purpose"),
    pytest.param(DUO, "      voornamen: {", "      voornaam: {", "no data element", id="unknown element"),
    pytest.param(DUO, "otherwise: NOG_INGESCHREVEN", "otherwise: NOG_NIET", "no reason code", id="unknown reason"),
    pytest.param(DUO, "  - {id: duo, ", "  - {id: dua, ", "no party", id="unknown party"),
    pytest.param(DUO, "geheim-adres-beschermen", "zwijgen", "no obligation", id="unknown obligation"),
    pytest.param(DUO, "from: {kind: duo}", 'from: {kind: "*"}', "wildcard", id="wildcard"),
    pytest.param(DUO, "bases: [wro-21-1]", "bases: []", "empty list", id="empty list"),
    pytest.param(
        DUO,
        "      voorvoegsel: {form: raw, need: Zonder voorvoegsel klopt de naam niet.}",
        "      voorvoegsel: {form: raw}",
        "missing",
        id="no necessity",
    ),
    pytest.param(
        DUO, "need: Zonder naam kan niemand worden aangesproken.", "need: ja", "12 characters", id="no sentence of necessity"
    ),
    pytest.param(DUO, "record: uitvalmelding", "record: verhuismelding", "no record kind", id="unknown record"),
    pytest.param(DUO, "id: duo-doorstroompunt/1/uitval", "id: duo/1/uitval", "begins with", id="clause of another agreement"),
    pytest.param(DUO, "form: raw, need: Zonder naam", "form: raw, form: raw, need: Zonder naam", "twice", id="key twice"),
    pytest.param(DUO, "from: {kind: duo}", "from: {kind: duo, party: duo}", "not both", id="two givers"),
    pytest.param(DUO, "from: {kind: duo}", "from: {kind: school}", "No party to this agreement", id="a side without a party"),
    pytest.param(
        DUO,
        "purposes: [begeleiding-doorstroompunt]",
        "purposes: [begeleiding-doorstroompunt, ondersteuning-arbeidsinschakeling]",
        "one purpose",
        id="two purposes",
    ),
    pytest.param(DUO, "min: 18, max: 26", "min: 27, max: 26", "youngest", id="ages upside down"),
    pytest.param(DUO, "until: 2029-01-01", "until: 2026-01-01", "ends before", id="no days at all"),
    pytest.param(DUO, "      bsn: {form: raw", "      bsn: {form: pseudonym", "Wabb 11", id="required bsn as pseudonym"),
    pytest.param(MBO, "      bsn: {form: pseudonym", "      bsn: {form: raw", "UAVG 46", id="forbidden bsn in clear"),
    pytest.param(
        MBO,
        "      onderwijsnummer: {form: pseudonym",
        "      onderwijsnummer: {form: raw",
        "UAVG 46",
        id="forbidden number in clear",
    ),
    pytest.param(
        WORK,
        "      onderwijsnummer: {form: pseudonym",
        "      onderwijsnummer: {form: raw",
        "UAVG 46",
        id="forbidden number to W&I",
    ),
    pytest.param(MBO, "      opleidingscode: {", "      reden_uitval: {", "GDPR 9", id="health without a ground"),
    pytest.param(MBO, "      opleidingscode: {", "      brin: {", "GDPR 9", id="health inferred without a ground"),
    pytest.param(DUO, "      opleidingscode: {form: raw", "      opmerking: {form: raw", "form", id="free text"),
    pytest.param(DUO, "      woonplaats: {form: raw", "      woonplaats: {form: banded", "form", id="a form that it never has"),
    pytest.param(MBO, "bases: [web-9-2-3]", "bases: [wro-21-1]", "does not carry", id="a basis for other givers"),
    pytest.param(WEB, "gdpr: 6.1.c", "gdpr: 6.1.a", "6.1.c", id="consent as a basis"),
    pytest.param(
        WEB, "    objection_possible: true", "    objection_possible: false", "with it", id="a task without objection"
    ),
    pytest.param(WEB, "bsn: required", "bsn: sometimes", "required", id="unknown use of a number"),
    pytest.param(
        WRO,
        "valid_from: 2026-01-01",
        "valid_from: 2026-01-01\n    valid_until: 2025-01-01",
        "ends before",
        id="a law upside down",
    ),
    pytest.param(
        WRO, "names_elements: [brin,", "names_elements: [brinn,", "no data element", id="a law naming an unknown element"
    ),
    pytest.param(
        ELEMENTS,
        "kind: free_text, inferable_health: true",
        "kind: free_text, inferable_health: true, forms: [raw]",
        "no form",
        id="free text with a form",
    ),
    pytest.param(ELEMENTS, "forms: [raw, pseudonym]", "forms: [pseudonym, raw]", "order", id="forms out of order"),
    pytest.param(
        ELEMENTS,
        "  - {name: telefoonnummer,",
        "  - {name: telefoon,",
        "telefoonnummer is no data element",
        id="an element without a row",
    ),
    pytest.param(
        REASONS,
        "code: DPIA_VERLOPEN",
        "code: DPIA_OUD",
        "no row for DPIA_VERLOPEN",
        id="a reason without a row",
    ),
    pytest.param(REASONS, "code: DPIA_VERLOPEN", "code: GEEN_AFSPRAAK", "twice", id="a reason twice"),
    pytest.param(REASONS, "personal: true", "personal: misschien", "true or false", id="a maybe"),
    pytest.param(
        "purposes/voortijdig-schoolverlaten.yaml",
        "further_from: [begeleiding",
        "further_from: [behandeling",
        "no purpose",
        id="a further purpose unknown",
    ),
    pytest.param("parties.yaml", "controller: minister-ocw", "controller: minister-vws", "no party", id="controller unknown"),
    pytest.param("parties.yaml", "id: minister-ocw", "id: duo", "stands twice", id="party twice"),
    pytest.param(
        "regions/voorbeeld.yaml", 'code: "9005"', "code: 9005", "in quotes", id="a gemeente code that lost its quotes"
    ),
    pytest.param("regions/voorbeeld.yaml", 'code: "9005"', 'code: "9001"', "same day", id="a gemeente in two regions"),
]


@pytest.mark.parametrize(("file", "old", "new", "word"), BROKEN)
def test_refuses_to_load(files: Files, file: str, old: str, new: str, word: str):
    assert old in files[file]
    line = files[file][: files[file].index(old)].count("\n") + 1
    files[file] = files[file].replace(old, new, 1)
    with pytest.raises(Misconfigured) as refused:
        read_policy(files)
    assert word in str(refused.value)
    assert file.split("/")[0] in refused.value.what
    assert refused.value.now
    named = re.search(r"line (\d+)", refused.value.what)
    if named:
        assert abs(int(named[1]) - line) <= 25


def test_a_fault_names_its_line(files: Files):
    files[DUO] = files[DUO].replace("    why_nl:", "    whynl:", 1)
    line = next(n for n, text in enumerate(files[DUO].splitlines(), 1) if "whynl" in text)
    with pytest.raises(Misconfigured, match=rf"{DUO}, line (\d+): clauses\.0\.") as refused:
        read_policy(files)
    assert f"line {line}:" in refused.value.what


def test_a_secret_address_passes_to_authorities_only(files: Files):
    coach = "agreements/mbo-jongerencoach.v1.yaml"
    files[coach] = files[coach].replace("secret_address: withheld", "secret_address: passes", 1)
    with pytest.raises(Misconfigured, match="authority only"):
        read_policy(files)


def test_two_versions_on_one_day_are_refused(files: Files):
    files["agreements/nieuw.yaml"] = files[DUO].replace("duo-doorstroompunt/1", "duo-doorstroompunt/2")
    with pytest.raises(Misconfigured, match="same days"):
        read_policy(files)


def test_a_version_follows_another(files: Files, policy: PolicySet):
    files["agreements/nieuw.yaml"] = (
        files[DUO]
        .replace("duo-doorstroompunt/1", "duo-doorstroompunt/2")
        .replace("until: 2029", "until: 2031")
        .replace("from: 2026-01-01", "from: 2029-01-01")
    )
    assert len(read_policy(files).agreements) == len(policy.agreements) + 1


def test_two_permits_for_the_same_are_refused(files: Files):
    files["agreements/dubbel.yaml"] = files[DUO].replace("duo-doorstroompunt/1", "tweede-levering/1")
    with pytest.raises(Misconfigured, match="at the same time and age"):
        read_policy(files)


def test_the_same_agreement_twice_is_refused(files: Files):
    files["agreements/kopie.yaml"] = files[DUO]
    with pytest.raises(Misconfigured, match="Two agreements"):
        read_policy(files)


@pytest.mark.parametrize("line", ["controllership: ", "processor_contract: "])
def test_without_controllership_or_processor_contract_it_loads(files: Files, line: str):
    files[DUO] = re.sub(rf"^{line}.*\n", "", files[DUO], flags=re.MULTILINE)
    assert read_policy(files)


@pytest.mark.parametrize("kind", ["elements", "records", "reasons", "obligations", "laws", "purposes", "parties", "regions"])
def test_a_missing_kind_of_rows_is_refused(files: Files, kind: str):
    for name in [name for name in files if name.startswith((f"{kind}/", f"{kind}.yaml"))]:
        del files[name]
    with pytest.raises(Misconfigured, match="missing"):
        read_policy(files)


@pytest.mark.parametrize("name", ["lawz/web.yaml", "extra.yaml", "laws/deep/er.yaml", "laws/web.yml"])
def test_a_file_that_nobody_reads_is_refused(files: Files, name: str):
    files[name] = files[WEB]
    with pytest.raises(Misconfigured, match="does not belong"):
        read_policy(files)


@pytest.mark.parametrize("text", ["", "laws: [", "laws:\n\t- x", "- 1.5", "<<: {a: b}", "a: 2026-01-01T00:00:00", "a: {}"])
def test_what_is_no_plain_yaml_is_refused(files: Files, text: str):
    files[WEB] = text
    with pytest.raises(Misconfigured, match=WEB):
        read_policy(files)


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(Misconfigured):
        load_policy(tmp_path / "nowhere")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path):
    (tmp_path / "elements.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(Misconfigured, match="UTF-8"):
        load_policy(tmp_path)


def test_the_hash_is_of_the_content(files: Files, policy: PolicySet):
    assert read_policy(dict(reversed(files.items()))).hash == policy.hash
    files[DUO] = "# a comment changes nothing\n" + files[DUO]
    assert read_policy(files).hash == policy.hash
    files[DUO] = files[DUO].replace("max: 26", "max: 25")
    assert read_policy(files).hash != policy.hash


def test_nothing_depends_on_the_hash_seed(policy: PolicySet):
    say = (
        f"from pathlib import Path; from hub.consent.policy import load_policy; print(load_policy(Path({str(POLICY)!r})).hash)"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", say], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == policy.hash


def test_every_law_row_says_whether_a_lawyer_read_it(policy: PolicySet):
    assert {law.review for law in policy.laws.values()} <= {"needed", "done"}
    assert all(law.source for law in policy.laws.values())
    assert policy.laws["web-9-2-5-4"].review == "needed"


@pytest.mark.parametrize("far", [False, True])
def test_a_purpose_that_follows_itself_is_refused(files: Files, far: bool):
    name = next(name for name, text in files.items() if "further_from: [begeleiding-doorstroompunt]" in text)
    text = files[name]
    if far:
        first = "  - id: begeleiding-doorstroompunt\n"
        text = text.replace(first, f"{first}    further_from: [ondersteuning-arbeidsinschakeling]\n")
    else:
        text = text.replace("further_from: [begeleiding-doorstroompunt]", "further_from: [ondersteuning-arbeidsinschakeling]")
    files[name] = text
    with pytest.raises(Misconfigured, match="follows itself"):
        read_policy(files)


def test_a_file_with_another_ending_is_refused(tmp_path: Path):
    (tmp_path / "parties.yml").write_text("parties: []", "utf-8")
    assert "parties.yml" in policy_files(tmp_path)


def test_an_unknown_name_is_told_where_it_stands_with_the_one_that_is_near(files: Files):
    files[DUO] = files[DUO].replace("otherwise: HEEFT_STARTKWALIFICATIE", "otherwise: HEEFT_STARTKWALIFICATIES", 1)
    line = next(n for n, text in enumerate(files[DUO].splitlines(), 1) if "HEEFT_STARTKWALIFICATIES" in text)
    with pytest.raises(Misconfigured, match="If HEEFT_STARTKWALIFICATIE is meant") as refused:
        read_policy(files)
    assert f"line {line}: clauses.0.subject.startkwalificatie.otherwise" in refused.value.what


def test_a_row_that_stands_twice_is_told_with_both_places(files: Files):
    files["laws/dubbel.yaml"] = files[WEB]
    with pytest.raises(Misconfigured, match=r"also in laws/dubbel\.yaml, line \d+"):
        read_policy(files)


def test_a_ground_for_crime_is_asked_for_by_its_own_article(files: Files):
    plain = "name: opleidingscode, label_nl: opleidingscode, kind: normal,"
    assert plain in files[ELEMENTS]
    files[ELEMENTS] = files[ELEMENTS].replace(plain, f"{plain} category: strafrechtelijk,")
    with pytest.raises(Misconfigured, match=r"opleidingscode tells about crime.*\(GDPR 10\)"):
        read_policy(files)


OPVANG = """brings:
  parties:
    - {id: opvang-lindemark, name: Opvang, kind: opvang, oin: "00000099000000000061", is_authority: false,
       controller: opvang-lindemark}
"""


def test_an_agreement_brings_a_party_that_signs_it(files: Files):
    """A new exchange is one file, also with a body that the hub does not know yet."""
    files[DUO] = files[DUO].replace("effective:", f"{OPVANG}effective:", 1)
    assert read_policy(files).parties[PartyId("opvang-lindemark")].kind is PartyKind.opvang


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("controller: opvang-lindemark", "controller: leger", "leger is no party"),
        ("controller: opvang-lindemark", "controller: opvang-lindemark, established: US", r"GDPR 44"),
        ("kind: opvang", "kind: openbaar-ministerie", "public body"),
        ("id: opvang-lindemark", "id: duo", "stands twice"),
    ],
)
def test_a_party_that_cannot_be_is_refused(files: Files, old: str, new: str, word: str):
    files[DUO] = files[DUO].replace("effective:", f"{OPVANG.replace(old, new, 1)}effective:", 1)
    with pytest.raises(Misconfigured, match=word) as refused:
        read_policy(files)
    assert re.match(rf"{DUO}, line \d+: brings\.parties\.0\.", refused.value.what)


def test_home_is_asked_of_a_recipient_alone(files: Files):
    files[DUO] = files[DUO].replace("from: {kind: duo}", "from: {kind: duo, home: true}", 1)
    with pytest.raises(Misconfigured, match=r"Of the giver home asks nothing"):
        read_policy(files)


@pytest.mark.parametrize("name", ["eckid", "eck_id", "stampseudoniem"])
def test_a_number_for_learning_material_is_written_as_one(files: Files, name: str):
    """WEB 2.5.5a(12): whatever it is called, its category keeps it from passing."""
    row = f"  - {{name: {name}, label_nl: nummer, kind: identifier, inferable_health: false, forms: [raw]}}\n"
    files[ELEMENTS] += row
    with pytest.raises(Misconfigured, match=r"WEB 2\.5\.5a"):
        read_policy(files)
