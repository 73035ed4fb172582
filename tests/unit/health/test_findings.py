"""Everything that can be found has its sentences, in both languages, with the same blanks; and a place in the runbook."""

from __future__ import annotations

import ast
import string
import tomllib
from pathlib import Path

import pytest

from hub.health.findings import CODES, EXIT, Finding, State, attention, by_urgency, ok, unknown, worst, wrong

ROOT = Path(__file__).parents[3]
CATALOGUE = tomllib.loads((ROOT / "hub/health/findings.toml").read_text("utf-8"))


def blanks(sentences: list[str]) -> set[str]:
    return {name for text in sentences for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_both_languages_say_it_with_the_same_blanks(code: str) -> None:
    entry = CATALOGUE[code]
    assert len(entry["en"]) == len(entry["nl"])
    assert blanks(entry["nl"]) <= blanks(entry["en"])
    assert blanks(entry["en"]) - blanks(entry["nl"]) <= {"detail"}  # English alone, as it comes from the hub's own errors
    assert ("reason" in blanks(entry["en"])) == ("reasons" in entry)
    for words in entry.get("reasons", {}).values():
        assert words.keys() == {"en", "nl"}


@pytest.mark.parametrize("code", sorted(CODES))
@pytest.mark.parametrize("language", ["en", "nl"])
def test_it_is_told_in_every_state(code: str, language: str) -> None:
    entry = CATALOGUE[code]
    parameters: dict[str, str | int] = dict.fromkeys(blanks(entry["en"]) - {"about", "reason"}, 3)
    if "reasons" in entry:
        parameters["reason"] = next(iter(entry["reasons"]))
    for finding in (wrong(code, "x", **parameters), attention(code, "x", **parameters), ok(code, "x")):
        told = finding.told(language)  # type: ignore[arg-type]
        assert told.name == f"{entry[language][0]} (x)"
        assert "{" not in told.what + told.why + told.now
        assert bool(told.now) == (finding.state is not State.ok)
    assert unknown(code, cause="timeout").told(language).why  # type: ignore[arg-type]
    assert unknown(code, cause="RuntimeError").told(language).why  # type: ignore[arg-type]


def test_what_has_no_sentences_is_not_found() -> None:
    for code in ("no-such-code", "well", "unexamined"):
        with pytest.raises(ValueError, match="nothing is found under"):
            ok(code)


def test_every_code_is_found_somewhere() -> None:
    """A sentence that nobody says is dead, and a code that has none fails when it is needed most."""
    said = set()
    for path in [*(ROOT / "hub/health").glob("*.py"), ROOT / "hub/doctor.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(node.value)
    assert said >= CODES


def test_the_runbook_tells_of_every_code() -> None:
    runbook = (ROOT / "ops/runbooks/doctor.md").read_text("utf-8")
    assert [code for code in sorted(CODES) if f"`{code}`" not in runbook] == []


def test_the_worst_decides() -> None:
    well, unsure = ok("log"), unknown("log", cause="away")
    soon, bad = attention("log-quiet", days=8), wrong("vault-keys")
    assert worst([well]) is State.ok
    assert worst([unsure, well]) is State.unknown
    assert worst([well, soon, unsure]) is State.attention
    assert worst([soon, bad, well]) is State.wrong
    assert by_urgency([well, soon, unsure, bad]) == [bad, soon, unsure, well]
    assert [EXIT[state] for state in State] == [0, 1, 1, 5]


def test_nothing_examined_is_not_well() -> None:
    assert EXIT[worst([])] == 1


def test_a_finding_is_a_value() -> None:
    assert wrong("disk", "state", megabytes=3) == Finding("disk", State.wrong, {"megabytes": 3}, "state")
