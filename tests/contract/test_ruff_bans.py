"""The linter refuses, in the hub, what goes around the house's doors; each ban is seen to bite."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BANNED = {
    "logging": ("import logging", "TID251"),
    "a part of logging": ("from logging import getLogger", "TID251"),
    "structlog": ("import structlog", "TID251"),
    "now": ("import datetime\nx = datetime.datetime.now(datetime.UTC)", "TID251"),
    "utcnow": ("from datetime import datetime\nx = datetime.utcnow()", "TID251"),
    "today": ("import datetime\nx = datetime.date.today()", "TID251"),
    "the time": ("import time\nx = time.time()", "TID251"),
    "the time in nanoseconds": ("from time import time_ns\nx = time_ns()", "TID251"),
    "pickle": ("import pickle", "TID251"),
    "marshal": ("import marshal", "TID251"),
    "shelve": ("import shelve", "TID251"),
    "print": ("print('x')", "T201"),
    "pretty print": ("from pprint import pprint\npprint('x')", "T203"),
    "random": ("import random\nx = random.random()", "TID251"),
    "uuid4": ("import uuid\nx = uuid.uuid4()", "TID251"),
    "another HTTP client": ("import urllib.request", "TID251"),
    "eval": ("x = eval(y)", "S307"),
    "an error swallowed": ("try:\n    f()\nexcept Exception:\n    pass", "S110"),
    "a bare except": ("try:\n    f()\nexcept:\n    g()", "E722"),
    "a naive moment": ("import datetime\nx = datetime.datetime(2026, 1, 1)", "DTZ001"),
    "an unmarked silence": ("x = f()  # noqa", "PGH004"),
}


def codes_of(text: str, name: str) -> set[str]:
    """The rules that `text`, were it the file `name`, breaks."""
    ran = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", "--stdin-filename", name, "-"],
        input=f'"""A module."""\n\n{text}\n',
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return {line.split()[1] for line in ran.stdout.splitlines() if line.startswith(name)}


@pytest.mark.parametrize(("text", "code"), BANNED.values(), ids=BANNED)
def test_the_ban_bites_in_the_hub(text, code):
    assert code in codes_of(text, "hub/x.py")


@pytest.mark.parametrize("name", ["hub/observe.py", "tests/unit/x.py"])
def test_the_door_itself_is_open(name):
    assert "TID251" not in codes_of("import logging", name)
