"""Every mistake that the check of a mapping can tell has words in Dutch."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import hub.normalise.checks
import hub.normalise.page
from hub.console.mapping_words import in_dutch


def _said() -> Iterator[str]:
    for module in (hub.normalise.checks, hub.normalise.page):
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        for node in ast.walk(tree):
            told: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("wrong", "unusable"):
                told = node.args[1:2]
            elif isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "why" for one in node.targets):
                told = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
            for text in filter(None, map(_text, told)):
                whole = text if text.endswith(".") else f"Field X: {text}."
                yield from {whole, whole.replace("Column of", "Field of")}


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    said = [str(one.value) if isinstance(one, ast.Constant) else _filled(one) for one in parts]
    return "" if "" in said else "".join(said)  # pydantic's own words, and sentences that are whole elsewhere


def _filled(one: ast.expr) -> str:
    expression = ast.unparse(one.value) if isinstance(one, ast.FormattedValue) else ""
    return "" if expression == "why" or "msg" in expression else "Column of" if expression == "what" else "X"


SAID = sorted(set(_said()))


def test_they_were_found() -> None:
    assert len(SAID) > 30
    assert "The field X is filled twice." in SAID
    assert "Field of: a word means yes and no at once." in SAID


@pytest.mark.parametrize("why", SAID)
def test_it_has_words(why: str) -> None:
    assert in_dutch(why)
