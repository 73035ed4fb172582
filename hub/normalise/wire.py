"""Which names a foreign form has, by its XML schema below `schemas/wire`: a path that it does not know reads nothing, ever."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

from lxml import etree

from hub.errors import Misconfigured

FOLDER: Final = Path(__file__).parents[2] / "schemas" / "wire"
_XSD: Final = "{http://www.w3.org/2001/XMLSchema}"
_INDEX: Final = re.compile(r"\[[0-9]+\]", re.ASCII)


@cache
def names_of(xsd: str) -> frozenset[str]:
    """The local names of all elements, and of all attributes with an `@`, in a schema and those that it takes along.

    Raises errors.Misconfigured where it cannot be read.
    """
    found: set[str] = set()
    seen: set[PurePosixPath] = set()
    left = [PurePosixPath(xsd)]
    while left:
        path = left.pop()
        if path in seen or ".." in path.parts:
            continue
        seen.add(path)
        try:
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            tree = etree.fromstring((FOLDER / path).read_bytes(), parser)
        except (OSError, etree.XMLSyntaxError):
            raise Misconfigured(
                "The schema of a foreign form cannot be read.", f"{path} is missing or damaged.", "Restore it in schemas/wire."
            ) from None
        for node in tree.iter(f"{_XSD}element", f"{_XSD}attribute"):
            name = node.get("name") or node.get("ref", "").rpartition(":")[2]
            if name:
                found.add(f"@{name}" if node.tag == f"{_XSD}attribute" else name)
        for node in tree.iter(f"{_XSD}include", f"{_XSD}import"):
            if location := node.get("schemaLocation"):
                left.append(path.parent / location)
    return frozenset(found)


def unknown_part(path: str, names: frozenset[str]) -> str | None:
    """The first part of a path that the form does not know; a prefix of a namespace and a place in a list do not count."""
    for part in _INDEX.sub("", path).split("."):
        local = "@" + part[1:].rpartition(":")[2] if part.startswith("@") else part.rpartition(":")[2]
        if local not in names:
            return part
    return None
