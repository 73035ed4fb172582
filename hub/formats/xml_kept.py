"""What stands around a record of an XML file when the record is kept by itself, so that its format reads it again. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

from lxml import etree

MOST_KEPT: Final = 4 * 1024
"""Characters before the first and after the last record that are kept with each."""
_HERE: Final = b"<?hub-record ?>"


def hardened() -> Any:
    """A parser of whole documents that holds data and does nothing else."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)


def shallow(parent: Any) -> tuple[bytes, bytes]:
    """The tags of the elements that a record of `parent` stands in, with their attributes and namespaces and nothing else."""
    if parent is None:
        return b"\n", b""
    inner = made = etree.Element(parent.tag, dict(parent.attrib), nsmap=parent.nsmap)
    for above in parent.iterancestors():
        outer = etree.Element(above.tag, dict(above.attrib), nsmap=above.nsmap)
        outer.append(made)
        made = outer
    inner.append(etree.ProcessingInstruction("hub-record"))
    head, _, tail = etree.tostring(made, encoding="utf-8", xml_declaration=False).partition(_HERE)
    return head + b"\n", tail


def around(head: str, tail: str, path: tuple[str, ...]) -> tuple[bytes, bytes] | None:
    """What a file has before its first record and after its last, of its first and last characters; a file with a schema is
    not valid without. None where that is more than is kept, or cannot be told."""
    name = re.escape(etree.QName(path[-1]).localname)
    first = re.search(rf"<(?:[\w.-]+:)?{name}(?=[\s/>])", head)
    ends = [found.end() for found in re.finditer(rf"</(?:[\w.-]+:)?{name}\s*>", tail)]
    if first is None or not ends:
        return None
    before, after = head[: first.start()].encode() + b"\n", tail[ends[-1] :].encode()
    try:
        root = etree.fromstring(before + _HERE + after, hardened())
    except etree.XMLSyntaxError:
        return None
    places = [each for each in root.iter(etree.ProcessingInstruction) if each.target == "hub-record"]
    if len(places) != 1 or tuple(reversed([each.tag for each in places[0].iterancestors()])) != path[:-1]:
        return None
    return before, after
