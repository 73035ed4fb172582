"""The READMEs: what they tell to do exists, and both tell the same. tests/e2e/test_demo.py runs the exchange itself."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.main import get_command

from hub.cli import main
from hub.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, DUTCH = (ROOT / name for name in ("README.md", "README.nl.md"))
BOTH = pytest.mark.parametrize("readme", [ENGLISH, DUTCH], ids=["english", "dutch"])

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)\)")
_PATHS = re.compile(r"(?<![\w/.$\"])((?:hub|ops|schemas|tests|docs)/[\w./-]*)")
_VARIABLES = re.compile(r"\bHUB_[A-Z_]+\b")


def blocks(readme: Path) -> list[str]:
    found = _FENCED.findall(readme.read_text("utf-8"))
    assert {language for language, _ in found} == {"sh"}
    return [text for _, text in found]


def commands(readme: Path) -> Iterator[str]:
    for block in blocks(readme):
        yield from block.replace("\\\n", " ").splitlines()


def outline(readme: Path) -> list[str]:
    """Level of each heading, and what stands under it: a block, a row of a table, a list."""
    kinds = {"#": "heading", "`": "fence", "|": "row", "-": "item"}
    text = readme.read_text("utf-8").splitlines()
    found = [line.split(" ")[0] if line.startswith("#") else kinds.get(line[:1], "text" if line else "") for line in text]
    return [after for before, after in pairwise(["", *found]) if after and (after != before or after == "row")]


def test_both_have_the_same_structure() -> None:
    assert outline(ENGLISH) == outline(DUTCH)


def test_both_have_the_same_commands() -> None:
    assert blocks(ENGLISH) == blocks(DUTCH)


@BOTH
def test_links_and_paths_lead_somewhere(readme: Path) -> None:
    text = readme.read_text("utf-8")
    for path in {*_LINK.findall(text), *_PATHS.findall(text)}:
        assert (ROOT / path).exists(), path


@BOTH
def test_variables_are_settings(readme: Path) -> None:
    known = {f"HUB_{name}".upper() for name in Settings.model_fields}
    roles = set(_VARIABLES.findall((ROOT / "ops/postgres/roles.sql").read_text("utf-8")))
    assert set(_VARIABLES.findall(readme.read_text("utf-8"))) <= known | roles


def test_commands_of_the_hub_exist() -> None:
    found = [shlex.split(line.split("bin/hub ")[1].split(" | ")[0]) for line in commands(ENGLISH) if "bin/hub " in line]
    assert found
    for words in found:
        command: Any = get_command(main)
        rest = [word.replace("$request", str(UUID(int=0))) for word in words]  # an id that an earlier command printed
        while hasattr(command, "commands"):
            assert {*rest[:1]} & set(command.commands), words
            command = command.commands[rest.pop(0)]
        command.make_context("hub", rest)  # says which option or argument is not known, or missing


def test_programs_of_the_demo_exist() -> None:
    found = re.findall(r"-m (ops\.[\w.]+)", "\n".join(commands(ENGLISH)))
    assert found
    assert all(find_spec(name) for name in found)


def test_targets_of_make_exist() -> None:
    found = [line.split("make ")[1] for line in commands(ENGLISH) if line.startswith(("make ", "ONCE=1 make "))]
    assert {"demo", "test", "help"} <= set(found)
    for target in found:
        done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@BOTH
def test_every_block_is_a_whole_script(readme: Path) -> None:
    for block in blocks(readme):
        done = subprocess.run(["sh", "-n"], input=block, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
