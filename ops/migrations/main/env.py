"""The environment of alembic; `../run.py` does the work."""

from __future__ import annotations

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).resolve().parents[1] / "run.py"))["run"]()
