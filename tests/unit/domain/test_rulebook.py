"""Rule files: plain, explicit, and told by file and line when they are not."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from hub.domain.rulebook import Rule, parse
from hub.errors import Misconfigured


class Row(Rule):
    name: str
    ages: tuple[int, ...] = ()


class Rows(Rule):
    rows: tuple[Row, ...]


def test_reads_what_is_written():
    rows = parse("rows.yaml", "rows:\n  - {name: een, ages: [1, 2]}\n  - {name: twee}\n").as_(Rows).rows
    assert [(row.name, row.ages) for row in rows] == [("een", (1, 2)), ("twee", ())]


@pytest.mark.parametrize(("text", "line", "word"), [
    ("rows:\n  - name: een\n    leeftijd: 3\n", 3, "not known"),
    ("rows:\n  - {}\n", 2, "empty mapping"),
    ("rows:\n  - ages: [1]\n", 2, "missing"),
    ("rows:\n  - name: een\n    name: twee\n", 3, "twice"),
    ("rows:\n  - name: een\n    ages: []\n", 3, "empty list"),
    ("rows:\n  - name: een\n    ages: [1, '2']\n", 3, "whole number belongs here"),
    ("rows:\n  - name: alle-*\n", 2, "wildcard"),
    ("rows:\n  - name: ja\n    ages: [1.5]\n", 3, "whole numbers"),
    ("rows:\n  - name: 12\n", 2, "stands in quotes"),
    ("rows:\n  - name: yes\n", 2, "stands in quotes"),
    ("rows:\n  - &a {name: een}\n  - <<: *a\n", 3, "merging"),
    ("rows:\n  - ? [een]\n    : twee\n", 2, "plain words"),
    ("rows: [\n", 2, "YAML"),
    ("rows:\n\t- x\n", 2, "YAML"),
    ("rows: !!python/object:os.system {a: b}\n", 1, "whole numbers"),
    ("rows: !eigen tekst\n", 1, "no text"),
    ("rows: 2026-02-30\n", 1, "does not exist"),
    ("rows: &a\n  - *a\n", 1, "another place"),
    ("rows:\n  - &a {name: een}\n  - *a\n", 2, "another place"),
    ("rows: !!binary aGFsbG8=\n", 1, "whole numbers"),
    ("", 1, "empty"),
    ("a: 1\n---\nb: 2\n", 2, "YAML"),
])  # fmt: skip
def test_names_file_and_line(text: str, line: int, word: str):
    with pytest.raises(Misconfigured) as refused:
        parse("rows.yaml", text).as_(Rows)
    assert f"rows.yaml, line {line}:" in refused.value.what
    assert word in str(refused.value)
    assert refused.value.now


def test_says_how_many_faults_follow():
    with pytest.raises(Misconfigured, match="1 more after this one"):
        parse("rows.yaml", "rows:\n  - {ages: [1]}\n  - {ages: [2]}\n").as_(Rows)


def test_a_misspelt_key_is_told_with_the_one_that_is_near():
    with pytest.raises(Misconfigured, match="If ages is meant, write that"):
        parse("rows.yaml", "rows:\n  - {name: een, agess: [1]}\n").as_(Rows)


def test_what_holds_a_fault_is_not_told_as_another():
    class Least(Rule):
        rows: Annotated[tuple[Row, ...], Field(min_length=1)]

    with pytest.raises(Misconfigured) as refused:
        parse("rows.yaml", "rows:\n  - {name: 12}\n").as_(Least)
    assert "more after this one" not in refused.value.now


@pytest.mark.parametrize(("text", "word"), [
    ("rows:\n\t- x\n", "spaces"),
    ("rows: let op: dit\n", "in quotes"),
    ("rows:\n  - a: 1\n   b: 2\n", "same column"),
    ("rows: 'open\n", "Close the quotes"),
])  # fmt: skip
def test_says_what_to_do_about_what_is_no_yaml(text: str, word: str):
    with pytest.raises(Misconfigured) as refused:
        parse("rows.yaml", text)
    assert word in refused.value.now


@pytest.mark.parametrize(
    "number", ["9" * 5000, "0b" + "1" * 50_000, "0" + "7" * 50_000, "0x" + "f" * 50_000, "1" + ":0" * 9000]
)
def test_a_number_without_end_is_refused_before_it_is_read(number: str):
    with pytest.raises(Misconfigured, match="line 2") as caught:
        parse("rows.yaml", f"rows:\n  - {{name: een, ages: [{number}]}}\n").as_(Rows)
    assert "longer than any" in caught.value.why


def test_very_many_faults_are_told_as_fast_as_they_are_found():
    text = "\n".join(f"key{number}: een" for number in range(20_000))
    with pytest.raises(Misconfigured, match="line 1") as caught:
        parse("rows.yaml", text).as_(Rows)
    assert "more after this one" in caught.value.now
