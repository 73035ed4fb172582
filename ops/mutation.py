"""How well the tests see a fault in a decision: its code is changed in one small way at a time, and some test must fail.

`make test-mutation`. Which files and which tests: `[tool.mutmut]` in pyproject.toml. The tests are those on clauses and lanes
made by hand: quick, and what they do not see is not seen by luck. Prints how many changes were seen in each file and every
change that was not (a test that takes too long has seen nothing); ends with 1 where fewer than `FLOOR` per cent are seen.

What no test can see changes nothing: a border put where it already is, a value that is set and then not read, a key that
stays unique, a shortcut that is not taken.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

FLOOR: Final = 90
_MUTANTS: Final = Path("mutants")


def main() -> int:
    """Change, test, and tell."""
    shutil.rmtree(_MUTANTS, ignore_errors=True)  # what is left of an earlier run would be taken for this one
    ran = subprocess.run(
        [Path(sys.executable).with_name("mutmut"), "run"], capture_output=not sys.stdout.isatty(), text=True, check=False
    )
    if ran.returncode:
        print((ran.stdout or "")[-4000:], ran.stderr or "", "The tests could not be tried.", sep="\n", file=sys.stderr)
        return 1
    scores = dict(_told())
    below = [path for path, score in scores.items() if score < FLOOR]
    for path in below:
        print(f"{path}: fewer than {FLOOR} % of the changes are seen by a test.", file=sys.stderr)
    return 1 if below or not scores else 0


def _told() -> Iterator[tuple[Path, float]]:
    for meta in sorted(_MUTANTS.rglob("*.py.meta")):
        path = meta.relative_to(_MUTANTS).with_suffix("")
        statuses = {name: status_by_exit_code[code] for name, code in json.loads(meta.read_text())["exit_code_by_key"].items()}
        unseen = [name for name, status in statuses.items() if status != "killed"]
        for name in unseen:
            print(f"{name}: {statuses[name]}\n{_change(name, path)}")
        score = 100 * (1 - len(unseen) / len(statuses))
        print(f"{path}: {len(statuses) - len(unseen)} of {len(statuses)} changes seen, {score:.1f} %")
        yield path, score


def _change(name: str, path: Path) -> str:
    lines = str(get_diff_for_mutant(name, path=path)).splitlines()
    return "\n".join(line for line in lines if line[:1] in "+-" and not line.startswith(("+++", "---")))


if __name__ == "__main__":
    sys.exit(main())
