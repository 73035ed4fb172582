"""Loads a policy directory as one set, or refuses it whole.

`schemas/policy/README.md` says what stands in which file. Every reference must resolve, and every rule of the house is checked
here once (`hub.consent.check`), so that decisions need not doubt what they are given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from hub.consent.check import check_agreement, check_basis, check_complete, check_element, check_overlaps, check_purpose
from hub.consent.model import Agreement, Element, LegalBasis, Obligation, PolicySet, Purpose, Reason
from hub.domain.rulebook import Document, Rule, parse
from hub.domain.terms import PolicyHash
from hub.domain.territory import Party, Region, read_parties, read_regions
from hub.errors import Misconfigured

R = TypeVar("R", bound=Rule)


class _Laws(Rule):
    laws: tuple[LegalBasis, ...]


class _Purposes(Rule):
    purposes: tuple[Purpose, ...]


class _Elements(Rule):
    elements: tuple[Element, ...]


class _Reasons(Rule):
    reasons: tuple[Reason, ...]


class _Obligations(Rule):
    obligations: tuple[Obligation, ...]


def load_policy(path: Path) -> PolicySet:
    """The policy set of directory `path`. Raises errors.Misconfigured naming file, line, what is wrong and what to do."""
    files = _files(path)
    if not files:
        raise Misconfigured(
            "There is no policy set.",
            f"{path} holds no YAML file, or is not there.",
            "Point HUB_POLICY at the policy directory.",
        )
    return read_policy(files)


def _files(path: Path) -> dict[str, str]:
    try:
        return {file.relative_to(path).as_posix(): file.read_text("utf-8") for file in sorted(path.rglob("*.yaml"))}
    except (OSError, UnicodeDecodeError):
        raise Misconfigured(
            "The policy cannot be read.",
            "A file in the policy directory is not readable or is not UTF-8.",
            "Give the hub's user the right to read the directory, and save its files as UTF-8.",
        ) from None


def read_policy(files: Mapping[str, str]) -> PolicySet:
    """The policy set of `files` (path within the directory to text), in whatever order they come."""
    folders = {"laws", "purposes", "agreements", "regions"}
    single = {"elements.yaml", "reasons.yaml", "obligations.yaml", "parties.yaml"}
    for name in files:
        if name not in single and not (name.count("/") == 1 and name.split("/")[0] in folders):
            raise Misconfigured(f"{name} does not belong to a policy set.", "Files that nobody reads mislead.", "Remove it.")
    for name in sorted(single - files.keys()):
        raise Misconfigured(f"{name} is missing.", "A policy set without it says nothing that holds.", f"Add {name}.")

    def below(folder: str) -> list[Document]:
        return [parse(name, text) for name, text in sorted(files.items()) if name.startswith(f"{folder}/")]

    def one(name: str) -> list[Document]:
        return [parse(name, files[name])]

    reasons = _table(_rows(one("reasons.yaml"), "reasons", lambda doc: doc.as_(_Reasons).reasons), "code")
    elements = _table(
        _rows(one("elements.yaml"), "elements", lambda doc: doc.as_(_Elements).elements), "name", check=check_element
    )
    check_complete(elements, reasons)
    obligations = _table(_rows(one("obligations.yaml"), "obligations", lambda doc: doc.as_(_Obligations).obligations), "id")
    laws = _table(_rows(below("laws"), "laws", lambda doc: doc.as_(_Laws).laws), "id", check=check_basis(reasons, elements))
    purposes = _table(_rows(below("purposes"), "purposes", lambda doc: doc.as_(_Purposes).purposes), "id")
    for doc, place, purpose in _rows(below("purposes"), "purposes", lambda doc: doc.as_(_Purposes).purposes):
        check_purpose(purpose, purposes, doc, place)
    parties = read_parties("parties.yaml", files["parties.yaml"])
    regions = read_regions({name: text for name, text in files.items() if name.startswith("regions/")}, parties)
    bare = PolicySet(PolicyHash("0" * 64), laws, purposes, elements, reasons, obligations, parties, regions, ())
    agreements: dict[str, tuple[Agreement, Document]] = {}
    for doc in below("agreements"):
        agreement = doc.as_(Agreement)
        if agreement.id in agreements:
            doc.refuse(("id",), f"Two agreements are called {agreement.id}.")
        check_agreement(agreement, bare, doc)
        agreements[agreement.id] = (agreement, doc)
    check_overlaps(list(agreements.values()), bare)
    signed = tuple(agreement for _, (agreement, _) in sorted(agreements.items()))
    whole = (laws, purposes, elements, reasons, obligations, MappingProxyType(parties), regions, signed)
    return PolicySet(PolicyHash(hashlib.sha256(canonical_policy(PolicySet(bare.hash, *whole))).hexdigest()), *whole)


def _rows(documents: list[Document], key: str, read: Callable[[Document], tuple[R, ...]]) -> Iterator[tuple[Document, Any, R]]:
    for document in documents:
        for number, row in enumerate(read(document)):
            yield document, (key, number), row


def _table(
    rows: Iterator[tuple[Document, Any, R]], key: str, check: Callable[[R, Document, Any], None] | None = None
) -> Mapping[Any, R]:
    found: dict[Any, R] = {}
    for document, place, row in rows:
        name = getattr(row, key)
        if name in found:
            document.refuse((*place, key), f"{name} stands here twice, or in another file too.")
        if check is not None:
            check(row, document, place)
        found[name] = row
    return MappingProxyType(dict(sorted(found.items())))


def canonical_policy(policy: PolicySet) -> bytes:
    """The whole set as one canonical JSON object, agreements with their tests included: what its hash is taken over."""

    def plain(part: Any) -> Any:
        rows = part.values() if isinstance(part, Mapping) else part
        return [row.model_dump(mode="json", by_alias=True) for row in rows]

    parts = {part.name: plain(getattr(policy, part.name)) for part in fields(policy) if part.name != "hash"}
    return json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def policy_of(body: bytes) -> PolicySet:
    """The policy set that was kept in its canonical form, under the hash of these very bytes: for entries of years ago.

    Raises errors.Misconfigured when this version of the hub cannot read it.
    """
    try:
        parts = json.loads(body)
        rows: dict[str, Any] = {}
        for name, (row, key) in _KEPT.items():
            read = [row.model_validate_json(json.dumps(each)) for each in parts.pop(name)]
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


_KEPT: Mapping[str, tuple[type[Rule], str | None]] = MappingProxyType(
    {
        "laws": (LegalBasis, "id"),
        "purposes": (Purpose, "id"),
        "elements": (Element, "name"),
        "reasons": (Reason, "code"),
        "obligations": (Obligation, "id"),
        "parties": (Party, "id"),
        "regions": (Region, None),
        "agreements": (Agreement, None),
    }
)
