"""Policy files as people may break them: each is refused with its file, its line, and what to do, as is written beside it.

`set` is a small policy set of its own; a case is one of its files, broken. Reasons and the hub's own record are those shipped.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from hub.consent.lint import as_finding
from hub.consent.policy import load_policy, policy_files, read_policy
from hub.domain.rulebook import parse
from hub.errors import Misconfigured

HERE = Path(__file__).parent
SHIPPED = HERE.parents[2] / "schemas" / "policy"
CASES = sorted(each.name for each in (HERE / "cases").iterdir())
OF_THE_HUB = ("reasons/", "elements/uitvalmelding.yaml", "records/uitvalmelding.yaml")


@cache
def whole() -> dict[str, str]:
    shipped = {name: text for name, text in policy_files(SHIPPED).items() if name.startswith(OF_THE_HUB)}
    return {**shipped, **policy_files(HERE / "set")}


def expected(case: str) -> dict[str, str]:
    return tomllib.loads((HERE / "cases" / case / "expected.toml").read_text("utf-8"))


@cache
def refusal(case: str) -> Misconfigured:
    with pytest.raises(Misconfigured) as refused:
        read_policy({**whole(), **policy_files(HERE / "cases" / case)})
    return refused.value


def test_the_set_itself_loads() -> None:
    assert len(read_policy(whole()).agreements) == 1


@pytest.mark.parametrize("case", CASES)
def test_is_refused_as_is_written_beside_it(case: str) -> None:
    error, told = refusal(case), expected(case)
    assert (error.what, error.now) == (told["what"], told["now"])
    assert error.why == told.get("why", error.why)  # of what is not YAML the reader's own library says why


@pytest.mark.parametrize("case", CASES)
def test_names_the_file_a_line_near_the_fault_and_what_to_do(case: str) -> None:
    error = refusal(case)
    (file, broken), *_ = policy_files(HERE / "cases" / case).items()
    found = re.match(r"(\S+), line (\d+): ", error.what)
    assert found is not None
    assert found[1] == file
    sound = (HERE / "set" / file).read_text("utf-8").splitlines()
    pairs = enumerate(zip(sound, broken.splitlines(), strict=False), 1)
    changed = next((number for number, (one, other) in pairs if one != other), len(sound))
    assert abs(int(found[2]) - changed) <= 25 or file.endswith("proef.yaml")
    assert error.why.endswith((".", ")."))
    assert error.now


@pytest.mark.parametrize("case", CASES)
def test_lint_tells_it_as_an_error(case: str) -> None:
    error = refusal(case)
    finding = as_finding(error)
    assert finding.severity == "error"
    assert (finding.what, finding.why, finding.fix) == (error.what, error.why, error.now)
    assert f"{finding.file}, line {finding.line}:" in error.what


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("no_necessity", "L01"),
        ("consent_to_authority", "L02"),
        ("health_without_ground", "L03"),
        ("bsn_where_forbidden", "L04"),
        ("wildcard_party", "L05"),
        ("retention_above_the_law", "L11"),
        ("unknown_key", "L00"),
    ],
)
def test_lint_says_which_rule_a_refusal_belongs_to(case: str, code: str) -> None:
    assert as_finding(refusal(case)).code == code


@pytest.mark.parametrize("case", CASES)
def test_each_case_says_what_it_is(case: str) -> None:
    assert expected(case)["about"].endswith(".")


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param("[" * 5_000, "", id="brackets in brackets"),
        pytest.param("[" * 400_000 + "]" * 400_000, "nested", id="brackets in brackets, closed"),
        pytest.param("- " * 400_000, "nested", id="lists in lists on one line"),
        pytest.param("{a: " * 20_000, "", id="mappings in mappings"),
        pytest.param("\n".join(f"{'  ' * depth}a:" for depth in range(2_000)), "", id="very far to the right"),
        pytest.param("a: 1\n" * 250_000, "too long", id="very many lines"),
        pytest.param("a: " + "x" * 1_000_001, "too long", id="a line without end"),
        pytest.param("a: \x00", "not YAML", id="a null byte"),
        pytest.param("&a [*a]", "another place", id="a list of itself"),
        pytest.param("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", "another place", id="a list that doubles"),
    ],
)
def test_a_file_made_to_wear_the_reader_out_is_refused(text: str, word: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        parse("proef.yaml", text)
    assert word in str(refused.value)
    assert "proef.yaml" in refused.value.what


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "parties.yaml").write_bytes(b"parties: \xff")
    with pytest.raises(Misconfigured, match="UTF-8"):
        policy_files(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        pytest.param("min: 16", "min: 020", "another number", id="a number in eights"),
        pytest.param("min: 16", "min: 0x10", "another number", id="a number in sixteens"),
        pytest.param("min: 16", "min: 1_6", "another number", id="a number with a line in it"),
        pytest.param("min: 16", "min: 1:10", "another number", id="a number in sixties"),
        pytest.param("title: ", 'title: "a\\0b" #', "nobody sees", id="a null byte that was written out"),
        pytest.param("title: ", 'title: "\\e[31mrood" #', "nobody sees", id="an order to the screen"),
        pytest.param("Zonder naam kan niemand worden aangesproken.", '"...... ......"', "say nothing", id="a need of dots"),
        pytest.param("bases: [proefwet-1]", "bases: [proefwet-1, proefwet-1]", "stands here twice", id="a basis twice"),
        pytest.param("id: proef/1\n", "id: proef\n", "with its version", id="no version"),
        pytest.param("review_due: 20", "review_due: 19", "before it was made", id="a DPIA that was over before it was made"),
        pytest.param("who: school", "who: uwv", "nobody would tell", id="who tells is no party"),
        pytest.param('gemeente: "9101"', 'gemeente: "Aldermeer"', "no code of a gemeente", id="a gemeente by name"),
        pytest.param('gemeente: "9101"', 'age: 500, gemeente: "9101"', "Nobody is 500", id="an age that nobody has"),
        pytest.param("expect: permit", "expect: permit\n    reasons: [NIET_NODIG]", "has no reasons", id="a yes with reasons"),
        pytest.param("expect: deny", "expect: deny\n    passes: [geslachtsnaam]", "nothing passes", id="a no that passes"),
        pytest.param(
            "expect: permit", "expect: permit\n    withheld: {telefoonnummer: NIET_NODIG}", "no element of", id="another record"
        ),
        pytest.param(
            "expect: permit", "expect: permit\n    forms: {geslachtsnaam: pseudonym}", "never passes as", id="a form it has not"
        ),
    ],
)  # fmt: skip
def test_what_reads_otherwise_than_it_looks_or_proves_nothing_is_refused(old: str, new: str, why: str) -> None:
    files = {**whole()}
    text = files["agreements/proef.yaml"]
    assert old in text
    files["agreements/proef.yaml"] = text.replace(old, new, 1)
    with pytest.raises(Misconfigured) as refused:
        read_policy(files)
    assert why in refused.value.why
    assert re.match(r"agreements/proef\.yaml, line \d+: ", refused.value.what)
    assert refused.value.now


def _loops(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


def _points_nowhere(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.parent / "weg")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda file: file.write_bytes(file.read_text("utf-8").encode("utf-16")), "agreements/proef.yaml, line 1"),
        (lambda file: file.write_bytes(b"id: proef/1\ntitle: caf\xe9\n"), "agreements/proef.yaml, line 2"),
        (_loops, "agreements/proef.yaml, line 1"),
        (_points_nowhere, "agreements/proef.yaml, line 1"),
        (lambda file: (file.unlink(), os.mkfifo(file)), "agreements/proef.yaml, line 1"),
        (lambda file: (file.unlink(), file.mkdir()), "agreements/proef.yaml, line 1"),
        (lambda file: file.write_bytes(b" " * 4_000_001), "agreements/proef.yaml, line 1"),
        (lambda file: file.rename(file.with_suffix(".YAML")), "agreements/proef.YAML, line 1"),
        (lambda file: file.rename(file.parent / "proef.yaml~"), "agreements/proef.yaml~, line 1"),
        (lambda file: file.rename(file.parent / "proef.txt"), "agreements/proef.txt, line 1"),
        (lambda file: (file.parent / "meer").symlink_to(file.parent.parent), "agreements/meer, line 1"),
    ],
)
def test_a_file_that_would_be_passed_by_or_waited_for_is_refused(
    tmp_path: Path, spoil: Callable[[Path], object], named: str
) -> None:
    """A prohibition in a file that nobody reads would not hold."""
    for name, text in whole().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    assert len(load_policy(tmp_path).agreements) == 1
    spoil(tmp_path / "agreements" / "proef.yaml")
    with pytest.raises(Misconfigured) as refused:
        load_policy(tmp_path)
    assert refused.value.what.startswith(f"{named}: ")


def test_a_mark_that_some_editors_put_in_front_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "parties.yaml").write_bytes(b"\xef\xbb\xbfparties: x")
    assert policy_files(tmp_path) == {"parties.yaml": "parties: x"}
