"""How far a source of pages was with its partner, as the text that its cursor keeps. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from hub.connector import SourceBarred, Trouble
from hub.transports.paging import Ask

MOST_REFUSED: Final = 50
_MOST_PAGES: Final = 100
_LONGEST: Final = 65_536
_ROOM: Final = 50_000  # what leaves enough for one more, however long its address


@dataclass(frozen=True, slots=True)
class Known:
    """A page that was read: what it calls itself (RFC 9110, sections 8.8.2 and 8.8.3), and which came after it."""

    etag: str
    modified: str
    after: Ask | None

    @property
    def condition(self) -> dict[str, str]:
        """The headers that ask for it only if it is another by now."""
        given = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in given.items() if value}


@dataclass(slots=True)
class Remembered:
    """`since` is the moment or mark up to which everything was read, `high` what it becomes when this walk is at its end, `at`
    the page that is next in a walk that was not finished, `refused` the pages that could not be read and wait for mending.

    `torn` says that this walk did not read every page whole: then `since` stays where it is. `day` is when pages were last
    asked for whatever they call themselves.
    """

    since: str = ""
    high: str = ""
    at: Ask | None = None
    refused: list[Ask] = field(default_factory=list)
    pages: dict[Ask, Known] = field(default_factory=dict)
    torn: bool = False
    day: str = ""

    def finished(self) -> None:
        """The walk is at its end: what was read whole is not asked for again."""
        self.since = self.since if self.torn else self.high or self.since
        self.anew()

    def anew(self) -> None:
        """What the walk found so far does not count."""
        self.high, self.torn = "", False

    def refuse(self, ask: Ask) -> None:
        """Keeps a page apart. Raises SourceBarred where too many are: something else is wrong then."""
        self.torn = True
        if ask in self.refused:
            return
        if len(self.refused) >= MOST_REFUSED or len(self._written([])) > _ROOM:
            raise SourceBarred(
                Trouble.drift,
                "Too many pages of the partner's service cannot be read.",
                f"{len(self.refused)} of them wait for mending.",
                "Compare the mapping with the description of the service, and have the refused pages read again.",
            )
        self.refused.append(ask)

    def dump(self) -> str:
        """As the cursor keeps it. What is only there to save calls is left out where it takes too much room."""
        kept = list(self.pages.items())[:_MOST_PAGES]
        while len(text := self._written(kept)) > _LONGEST and kept:
            kept = kept[: len(kept) // 2]
        return text.decode()

    def _written(self, kept: list[tuple[Ask, Known]]) -> bytes:
        return orjson.dumps(
            {
                "since": self.since,
                "high": self.high,
                "at": self.at,
                "refused": self.refused,
                "pages": [[ask, known] for ask, known in kept],
                "torn": self.torn,
                "day": self.day,
            }
        )


def remembered(text: str | None) -> Remembered:
    """What a cursor kept. Raises SourceBarred where it is not what was saved: beginning anew is for a person to decide."""
    if not text:
        return Remembered()
    try:
        held: Any = orjson.loads(text)
        return Remembered(
            str(held["since"]),
            str(held["high"]),
            _ask(held["at"]),
            [each for each in map(_ask, held["refused"]) if each is not None],
            {ask: known for ask, known in map(_page, held["pages"]) if ask is not None},
            held.get("torn") is True,
            str(held.get("day", "")),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        wrong = SourceBarred(
            Trouble.misconfigured,
            "The hub does not know how far it was with this source.",
            "What it kept about it is not what it wrote.",
            "Clear the cursor of this connector; what is read again is recognised.",
        )
    raise wrong


def _ask(held: Any) -> Ask | None:
    return (
        None if held is None else Ask(str(held["target"]), tuple((str(name), str(value)) for name, value in held["parameters"]))
    )


def _page(held: Any) -> tuple[Ask | None, Known]:
    ask, known = held
    return _ask(ask), Known(str(known["etag"]), str(known["modified"]), _ask(known["after"]))
