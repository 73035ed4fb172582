"""How a service gives a list in pages: where the next one is, according to the one before. Pure.

By `next` (a link in the page), `link` (RFC 8288), `page` or `offset` (numbers) or `cursor` (a word in the page to repeat). What
stands in a header instead, or is repeated in one, is named `header:Name`. What a page says is believed only as far as it stays
at the same origin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

import orjson

from hub.connector import Endpoint, Option
from hub.http import Answer
from hub.transports.web import unsettled, unusable

WHERE: Final = r"/.*|header:[A-Za-z0-9-]{1,64}"
"""How it is said where something stands in an answer."""
OPTIONS: Final = (
    Option(name="paging", title="How it is paged", default="none", pattern="none|next|link|page|offset|cursor", example="link"),
    Option(
        name="next",
        title="Where the next link or the cursor is: JSON pointer into the page, or header:Name",
        example="/_links/next/href",
        pattern=WHERE,
    ),
    Option(name="items", title="JSON pointer to the list of records in a page", example="/results"),
    Option(
        name="page_parameter",
        title="Name of the parameter for page, offset or cursor; header:Name where it goes in a header",
        example="page",
    ),
    Option(name="first_page", title="Number of the first page", default="1", pattern="[01]"),
    Option(name="size_parameter", title="Name of the parameter for the records in a page", example="pageSize"),
    Option(name="page_size", title="Records in a page", default="100", pattern="[1-9][0-9]{0,4}"),
)
HEADER: Final = "header:"
_LONGEST: Final = 2000
_USUAL_PORTS: Final = {"https": 443, "http": 80}
_LINK: Final = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)\s*(?:,|$)")
_REL: Final = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ask:
    """One page to ask for: path and query of it, and parameters on top."""

    target: str
    parameters: tuple[tuple[str, str], ...] = ()

    def to(self, name: str, value: str) -> Ask:
        """The same with another value for one parameter."""
        return replace(self, parameters=(*(each for each in self.parameters if each[0] != name), (name, value)))


@dataclass(frozen=True, slots=True)
class Paging:
    """One way of paging, as it is set up."""

    style: str
    pointer: str
    items: str
    parameter: str
    first: int
    size_parameter: str
    size: int

    def begin(self, target: str) -> Ask:
        """The first page."""
        ask = Ask(target)
        if self.size_parameter:
            ask = ask.to(self.size_parameter, str(self.size))
        if self.style == "page":
            return ask.to(self.parameter, str(self.first))
        return ask.to(self.parameter, "0") if self.style == "offset" else ask

    def after(self, ask: Ask, origin: str, answer: Answer, content: Any) -> Ask | None:
        """The page after this one; None after the last. Raises SourceBarred where it lies with somebody else."""
        match self.style:
            case "link":
                return self._followed(ask, origin, _linked(answer.headers.get("link", "")))
            case "next":
                return self._followed(ask, origin, _text_in(answer, content, self.pointer))
            case "cursor":
                cursor = _text_in(answer, content, self.pointer)
                return ask.to(self.parameter, cursor) if cursor else None
            case "page" | "offset":
                count = len(self.listed(content) or ())
                at = int(dict(ask.parameters)[self.parameter])
                if count == 0:  # a page that is not full proves nothing: a service may give fewer than it is asked for
                    return None
                return ask.to(self.parameter, str(at + (1 if self.style == "page" else count)))
        return None

    def listed(self, content: Any) -> list[Any] | None:
        """The records in a page, where it was said where they are. Raises SourceBarred where there is no list."""
        if not self.items:
            return None
        found = at_pointer(content, self.items)
        if not isinstance(found, list):
            raise unusable("There is no list of records where the option items says.")
        return found

    def _followed(self, ask: Ask, origin: str, link: str | None) -> Ask | None:
        if not link:
            return None
        try:
            there = urlsplit(urljoin(origin + ask.target, link))
            same = _place(there) == _place(urlsplit(origin))
        except ValueError:
            there, same = urlsplit(""), False
        if not same or len(link) > _LONGEST or not link.isprintable():
            raise unusable("The next page lies at another address than its own, or at none.")
        return Ask(there.path + (f"?{there.query}" if there.query else ""))


def paging_of(endpoint: Endpoint) -> Paging:
    """Raises SourceBarred where the options do not go together."""
    style, pointer, items = endpoint.option("paging", "none"), endpoint.option("next"), endpoint.option("items")
    if style in ("next", "cursor") and not re.fullmatch(WHERE, pointer):
        raise unsettled("This way of paging needs the option next: a JSON pointer, or header: and its name.")
    if style in ("page", "offset") and not items.startswith("/"):
        raise unsettled("Paging by number needs the option items, a JSON pointer, to see where the list ends.")
    if style not in ("none", "next", "link", "page", "offset", "cursor"):
        raise unsettled("Its way of paging is not known.")
    try:
        first, size = int(endpoint.option("first_page", "1")), int(endpoint.option("page_size", "100"))
    except ValueError:
        raise unsettled("first_page and page_size are numbers.") from None
    parameter = endpoint.option("page_parameter", style)
    return Paging(style, pointer, items, parameter, first, endpoint.option("size_parameter"), size)


def parsed(body: bytes) -> Any:
    """The page as JSON. Raises SourceBarred where it is none."""
    try:
        return orjson.loads(body)
    except ValueError:
        wrong = unusable("A page is no JSON, and the options say where to look in it.")
    raise wrong  # out here, for the library's error holds the page


def at_pointer(content: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) points at; None where there is nothing."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(content, Mapping):
            content = content.get(name)
        elif isinstance(content, list) and name.isascii() and name.isdigit() and int(name) < len(content):
            content = content[int(name)]
        else:
            return None
    return content


def found_in(answer: Answer, content: Any, where: str) -> Any:
    """What stands at a JSON pointer in the page, or in a header of the answer; None where there is nothing."""
    if where.startswith(HEADER):
        return answer.headers.get(where.removeprefix(HEADER).lower())
    return at_pointer(content, where)


def _text_in(answer: Answer, content: Any, where: str) -> str | None:
    found = found_in(answer, content, where)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if found is None or found == "":
        return None
    if not isinstance(found, str) or len(found) > _LONGEST or not found.isprintable():
        raise unusable("What leads to the next page is no text, or too long.")
    return found


def _place(there: SplitResult) -> tuple[str, str | None, int | None]:
    """The origin, as it is compared: with the usual port where none is named. Raises ValueError on a port that is none."""
    return there.scheme, there.hostname, there.port or _USUAL_PORTS.get(there.scheme)


def _linked(header: str) -> str | None:
    for target, parameters in _LINK.findall(header[: 4 * _LONGEST]):
        if any("next" in (quoted or plain).lower().split() for quoted, plain in _REL.findall(parameters)):
            return str(target)
    return None
