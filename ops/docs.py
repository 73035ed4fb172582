"""Writes what is generated from the code and kept in the repository: `make docs`. A test fails where it lags behind."""

from __future__ import annotations

import json
from pathlib import Path

import orjson

from hub.domain.export import RECORDS, json_schema
from hub.observe import catalogue
from hub.receive.openapi import describe

ROOT = Path(__file__).parent.parent
EXAMPLE = "https://hub.example.nl"
"""Where the hub of the published interface description is."""


def generated() -> dict[Path, str]:
    """Every generated file with the text that it should have."""
    files = {ROOT / "docs" / "events.md": catalogue()}
    for kind in RECORDS:
        schema = json.dumps(json_schema(kind), indent=2, ensure_ascii=False) + "\n"
        files[ROOT / "schemas" / "canonical" / f"{kind}.json"] = schema
    interface = orjson.dumps(describe(EXAMPLE), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"
    files[ROOT / "schemas" / "openapi" / "hub.json"] = interface
    return files


if __name__ == "__main__":
    for path, text in generated().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")
