"""The layers hold, and each contract that says so notices when it is broken."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
]

# Number of a contract, the file that breaks it, and what that file says.
VIOLATIONS = [
    ("1", {"hub/normalise/wrong.py": "import hub.regions"}),
    ("1", {"hub/audit/wrong.py": "import hub.gather"}),
    ("1", {"hub/again.py": "import hub.push.plan"}),
    ("1", {"hub/route.py": "import hub.push.worker"}),
    ("1", {"hub/unlisted.py": ""}),
    ("2", {"hub/connectors/other/__init__.py": "import hub.connectors.bezorging.client"}),
    ("3", {"hub/connectors/duo_uitval/wrong.py": "import hub.audit.tree"}),
    ("3", {"hub/connectors/duo_uitval/wrong.py": "import fastapi"}),
    ("4", {"hub/protect/wrong.py": "import hub.protect.keys"}),
    ("5", {"hub/audit/wrong.py": "import hub.audit.record"}),
    ("6", {"hub/domain/wrong.py": "import os"}),
    ("6", {"hub/acknowledge.py": "from hub.clock import SystemClock"}),
    ("6", {"hub/push/plan.py": "import hub.deliver.lease.store"}),
    ("7a", {"hub/consent/wrong.py": "import hub.db"}),
    ("7a", {"hub/push/wrong.py": "import hub.db"}),
    ("7b", {"hub/consent/wrong.py": "import asyncpg"}),
    ("7c", {"hub/receive/wrong.py": "import hub.postgres"}),
    ("8", {"hub/receive/wrong.py": "import hub.settings"}),
    ("9", {"hub/receive/wrong.py": "import tests.canary"}),
    ("9", {"hub/receive/wrong.py": "import ops.docs"}),
    ("9", {"hub/receive/wrong.py": "import bench"}),
    ("10", {"hub/receive/wrong.py": "import logging"}),
    ("10", {"hub/receive/wrong.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import structlog"}),
    ("11", {"hub/receive/wrong.py": "import hub.receive.worse", "hub/receive/worse.py": "import hub.receive.wrong"}),
]


def broken_in(tree: Path) -> set[str]:
    """The names of the contracts that the package in `tree` breaks."""
    ran = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    results = dict(re.findall(r"^(\S.*) (KEPT|BROKEN)$", ran.stdout, re.MULTILINE))
    assert list(results) == CONTRACTS, ran.stdout + ran.stderr
    broken = {name for name, result in results.items() if result == "BROKEN"}
    assert (ran.returncode == 0) == (not broken)
    return broken


def test_the_layers_hold():
    assert broken_in(ROOT) == set()


@pytest.mark.parametrize(("number", "files"), VIOLATIONS, ids=lambda value: value if isinstance(value, str) else "")
def test_each_contract_notices(tmp_path, number, files):
    shutil.copytree(ROOT / "hub", tmp_path / "hub", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
    assert {name.split(".")[0] for name in broken_in(tmp_path)} == {number}


def test_no_contract_is_left_unproved():
    assert {name.split(".")[0] for name in CONTRACTS} == {number for number, _ in VIOLATIONS}
