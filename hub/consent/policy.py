"""Loads a policy directory as one set, or refuses it whole.

`schemas/policy/README.md` says what stands in which file. Every reference must resolve, and every rule of the house is checked
here once (`hub.consent.check`), so that decisions need not doubt what they are given.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from hub.consent.check import (
    check_agreement,
    check_basis,
    check_complete,
    check_element,
    check_fact,
    check_log_term,
    check_overlaps,
    check_party,
    check_prohibition,
    check_purpose,
    check_record,
    check_retention_row,
)
from hub.consent.kept import LogTerm
from hub.consent.model import (
    Agreement,
    Element,
    FactSpec,
    LegalBasis,
    Obligation,
    PolicySet,
    Prohibition,
    Purpose,
    Reason,
    RecordSpec,
    RetentionRow,
)
from hub.domain.borders import read_regions
from hub.domain.rulebook import Document, Place, Rule, parse
from hub.domain.terms import PolicyHash
from hub.domain.territory import Party, Region
from hub.errors import Misconfigured

R = TypeVar("R", bound=Rule)


class _Laws(Rule):
    laws: tuple[LegalBasis, ...] = ()
    prohibitions: tuple[Prohibition, ...] = ()
    retentions: tuple[RetentionRow, ...] = ()


class _Purposes(Rule):
    purposes: tuple[Purpose, ...]


class _Elements(Rule):
    elements: tuple[Element, ...]


class _Records(Rule):
    records: tuple[RecordSpec, ...]


class _Facts(Rule):
    facts: tuple[FactSpec, ...]


class _Reasons(Rule):
    reasons: tuple[Reason, ...]


class _Obligations(Rule):
    obligations: tuple[Obligation, ...]


class _Parties(Rule):
    parties: tuple[Party, ...]


class _Log(Rule):
    log_terms: tuple[LogTerm, ...]


_KINDS: Mapping[str, type[Rule]] = MappingProxyType(
    {
        "laws": _Laws,
        "purposes": _Purposes,
        "elements": _Elements,
        "records": _Records,
        "facts": _Facts,
        "reasons": _Reasons,
        "obligations": _Obligations,
        "log": _Log,
        "parties": _Parties,
    }
)
"""What stands in `<kind>.yaml` or in the files of `<kind>/`."""
_FOLDERS = frozenset({*_KINDS, "agreements", "regions"})
_LOOKS = re.compile(r"\.ya?ml", re.IGNORECASE)
_LARGEST = 4_000_000
"""Bytes."""
_NEEDED = ("elements", "records", "reasons", "obligations", "laws", "purposes", "parties", "regions")


def load_policy(path: Path) -> PolicySet:
    """The policy set of directory `path`. Raises errors.Misconfigured naming file, line, what is wrong and what to do."""
    files = policy_files(path)
    if not files:
        raise Misconfigured(
            "There is no policy set.",
            f"{path} holds no YAML file, or is not there.",
            "Point HUB_POLICY at the policy directory.",
        )
    return read_policy(files)


def policy_files(path: Path) -> dict[str, str]:
    """The files of a policy directory, by their place in it. Raises errors.Misconfigured where one cannot be read."""
    try:
        found = {file.relative_to(path).as_posix(): file for file in sorted(path.rglob("*"))}
    except OSError:
        raise Misconfigured(
            "The policy cannot be read.",
            "Its directory cannot be looked through.",
            "Give the hub's user the right to read the directory and all that is in it.",
        ) from None
    return {name: _text_of(file, name) for name, file in found.items() if _is_meant(file, name)}


def _is_meant(file: Path, name: str) -> bool:
    """Whether somebody meant it to be read: whatever looks like YAML, and all that lies in a folder of the set."""
    if file.is_dir() and not file.is_symlink() and file.suffix != ".yaml":
        return False
    return _LOOKS.search(file.name) is not None or name.partition("/")[0] in _FOLDERS


def _text_of(file: Path, name: str) -> str:
    try:
        text = file.read_text("utf-8-sig") if file.is_file() and file.stat().st_size <= _LARGEST else None
    except UnicodeDecodeError as wrong:
        line = wrong.object[: wrong.start].count(b"\n") + 1
        raise Misconfigured(
            f"{name}, line {line}: this cannot be read.", "It is not written in UTF-8.", "Save the file as UTF-8."
        ) from None
    except OSError:
        text = None
    if text is None:
        raise Misconfigured(
            f"{name}, line 1: this cannot be read.",
            "It is no file that the hub's user may read, or is larger than rules ever are.",
            "Remove it from the policy directory, or put a readable file in its place.",
        )
    return text


def read_policy(files: Mapping[str, str]) -> PolicySet:
    """The policy set of `files` (path within the directory to text), in whatever order they come."""
    kinds = {name: _kind(name) for name in files}
    for kind in _NEEDED:
        if kind not in kinds.values():
            raise Misconfigured(
                f"{kind} is missing.", "A policy set without it says nothing that holds.", f"Add {kind}.yaml or {kind}/."
            )
    documents = {name: parse(name, text) for name, text in sorted(files.items()) if kinds[name] in (*_KINDS, "agreements")}
    rows = _Rows()
    for name, document in documents.items():
        if kinds[name] in _KINDS:
            rows.add(document.as_(_KINDS[kinds[name]]), document, ())
    agreements = [(document.as_(Agreement), document) for name, document in documents.items() if kinds[name] == "agreements"]
    for agreement, document in agreements:
        if agreement.brings is not None:
            rows.add(agreement.brings, document, ("brings",))
    tables = {part: rows.table(part) for part in _TABLES}
    homes = {name: text for name, text in files.items() if name.startswith("regions/")}
    regions = read_regions(homes, tables["parties"])
    bare = PolicySet(PolicyHash("0" * 64), **tables, regions=regions, agreements=())
    _check_rows(rows, bare)
    named: dict[str, Agreement] = {}
    for agreement, document in agreements:
        if agreement.id in named:
            document.refuse(("id",), f"Two agreements are called {agreement.id}.", "Remove one, or give it its own version.")
        check_agreement(agreement, bare, document)
        named[agreement.id] = agreement
    check_overlaps(agreements, bare)
    signed = tuple(agreement for _, agreement in sorted(named.items()))
    return named_by_hash(replace(bare, agreements=signed))


def named_by_hash(policy: PolicySet) -> PolicySet:
    """The same rows under the hash of their canonical form."""
    return replace(policy, hash=PolicyHash(hashlib.sha256(canonical_policy(policy)).hexdigest()))


def _kind(name: str) -> str:
    folder, _, file = name.rpartition("/")
    kind = folder or file.removesuffix(".yaml")
    known = kind in _KINDS or (folder in ("agreements", "regions") and bool(file))
    if not known or "/" in folder or not name.endswith(".yaml"):
        raise Misconfigured(
            f"{name}, line 1: this does not belong to a policy set.",
            "Files that nobody reads mislead.",
            f"Remove it, or move it to agreements/, regions/, {', '.join(f'{each}/' for each in _KINDS)}, as a .yaml file.",
        )
    return kind


class _Rows:
    """The rows of all files by the part of a set that they belong to, each with where it stands."""

    def __init__(self) -> None:
        self.found: dict[str, list[tuple[Any, Document, Place]]] = {part: [] for part in _TABLES}

    def add(self, read: Rule, document: Document, within: Place) -> None:
        for part in _TABLES:
            for number, row in enumerate(getattr(read, part, ())):
                self.found[part].append((row, document, (*within, part, number)))

    def table(self, part: str) -> Mapping[Any, Any]:
        key, table = _TABLES[part][1], {}
        stands: dict[Any, str] = {}
        for row, document, place in self.found[part]:
            name = getattr(row, key)
            if name in table:
                document.refuse(
                    (*place, key),
                    f"{name} stands twice: also in {stands[name]}.",
                    "Leave one out, or give it a name of its own.",
                )
            table[name], stands[name] = row, f"{document.file}, line {document.lines[(*place, key)]}"
        return MappingProxyType(dict(sorted(table.items())))


def _check_rows(rows: _Rows, policy: PolicySet) -> None:
    checks: Mapping[str, Callable[[Any, PolicySet, Document, Place], None]] = {
        "elements": check_element,
        "records": check_record,
        "facts": check_fact,
        "laws": check_basis,
        "prohibitions": check_prohibition,
        "retentions": check_retention_row,
        "purposes": check_purpose,
        "log_terms": check_log_term,
        "parties": check_party,
    }
    check_complete(policy)
    for part, check in checks.items():
        for row, document, place in rows.found[part]:
            check(row, policy, document, place)


def canonical_policy(policy: PolicySet) -> bytes:
    """The whole set as one canonical JSON object, agreements with their tests included: what its hash is taken over."""

    def plain(part: Any) -> Any:
        rows = part.values() if isinstance(part, Mapping) else part
        return [row.model_dump(mode="json", by_alias=True) for row in rows]

    parts = {part.name: plain(getattr(policy, part.name)) for part in fields(policy) if part.name != "hash"}
    return json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@lru_cache(maxsize=4)
def policy_of(body: bytes) -> PolicySet:
    """The policy set that was kept in its canonical form, under the hash of these very bytes: for entries of years ago.

    The same bytes are the same set, which nobody changes: a start asks three times for the one in use.
    Raises errors.Misconfigured when this version of the hub cannot read it.
    """
    try:
        parts = json.loads(body)
        rows: dict[str, Any] = {}
        for name, (row, key) in _KEPT.items():
            read = [row.model_validate_json(json.dumps(each)) for each in (parts.pop(name) if name in parts else _later(name))]
            rows[name] = tuple(read) if key is None else MappingProxyType({getattr(each, key): each for each in read})
        if parts:
            raise ValueError("a policy set has no other parts")
    except (ValueError, KeyError, TypeError, AttributeError):
        rows = {}
    if not rows:
        raise Misconfigured(
            "A policy set that was kept cannot be read.",
            "It is no policy set, or one that only another version of the hub can read.",
            "Read it with the version of the hub that was in use at the time.",
        )
    return PolicySet(PolicyHash(hashlib.sha256(body).hexdigest()), **rows)


def _later(name: str) -> list[Any]:
    """Sets of before this part was known have none of it. Raises KeyError for a part that every set has."""
    if name not in ("prohibitions", "retentions", "records", "facts", "log_terms"):
        raise KeyError(name)
    return []


_TABLES: Mapping[str, tuple[type[Rule], str]] = MappingProxyType(
    {
        "laws": (LegalBasis, "id"),
        "prohibitions": (Prohibition, "id"),
        "retentions": (RetentionRow, "id"),
        "purposes": (Purpose, "id"),
        "elements": (Element, "name"),
        "records": (RecordSpec, "id"),
        "facts": (FactSpec, "id"),
        "reasons": (Reason, "code"),
        "obligations": (Obligation, "id"),
        "log_terms": (LogTerm, "id"),
        "parties": (Party, "id"),
    }
)
_KEPT: Mapping[str, tuple[type[Rule], str | None]] = MappingProxyType(
    {**_TABLES, "regions": (Region, None), "agreements": (Agreement, None)}
)
