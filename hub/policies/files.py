"""A policy set as the files that it could have been read from, so that one agreement of it can be changed and all be checked.

JSON is YAML: what is written here loads by the same strict rules as what people write. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from hub.consent.model import Agreement, PolicySet
from hub.consent.policy import read_policy
from hub.domain.rulebook import parse
from hub.domain.terms import AgreementId

_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "laws": ("laws", "prohibitions", "retentions"),
    "purposes": ("purposes",),
    "elements": ("elements",),
    "records": ("records",),
    "facts": ("facts",),
    "reasons": ("reasons",),
    "obligations": ("obligations",),
    "log": ("log_terms",),
    "parties": ("parties",),
}
"""Which parts of a set stand in which file."""
MOST: Final = 500_000
"""Characters of an agreement that is handed in."""


def files_of(policy: PolicySet) -> dict[str, str]:
    """Files that make up the set; rows that an agreement brings stand with it."""
    brought: dict[str, set[str]] = {}
    for agreement in policy.agreements:
        for part, rows in _plain(agreement).get("brings", {}).items():
            brought.setdefault(part, set()).update(str(_name(row)) for row in rows)
    files: dict[str, str] = {}
    for file, parts in _FILES.items():
        found = {part: _own(getattr(policy, part).values(), brought.get(part, set())) for part in parts}
        if kept := {part: rows for part, rows in found.items() if rows}:
            files[f"{file}.yaml"] = _text(kept)
    files["regions/regions.yaml"] = _text({"regions": [_plain(region) for region in policy.regions]})
    return files | {_file(agreement.id): text_of(agreement) for agreement in policy.agreements}


def text_of(agreement: Agreement) -> str:
    """An agreement as a file, for someone to change."""
    return yaml.safe_dump(_plain(agreement), allow_unicode=True, sort_keys=False, width=120)


def with_agreement(policy: PolicySet, text: str) -> PolicySet:
    """The set with the agreement that `text` (YAML) holds, in place of every other version of it.

    Raises errors.Misconfigured naming line, what is wrong and what to do, where the whole does not load.
    """
    document = parse("agreement.yaml", text)
    found = document.as_(Agreement)
    name = found.id.rpartition("/")[0]
    files = files_of(policy)
    for other in policy.agreements:
        if other.id.rpartition("/")[0] == name:
            del files[_file(other.id)]
    return read_policy(files | {"agreements/agreement.yaml": text})


def _file(agreement: AgreementId) -> str:
    return f"agreements/{agreement.replace('/', '.v')}.yaml"


def _own(rows: Iterable[Any], brought: set[str]) -> list[dict[str, Any]]:
    return [plain for row in rows if str(_name(plain := _plain(row))) not in brought]


def _name(row: Mapping[str, Any]) -> Any:
    return row.get("id", row.get("name", row.get("code")))


def _plain(row: Any) -> dict[str, Any]:
    plain: dict[str, Any] = row.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return plain


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
