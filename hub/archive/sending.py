"""Sending records to a Logboek Dataverwerkingen over OTLP/HTTP, each confirmed: none is sampled, none is lost.

How far a collector has confirmed stands in the log itself, so it is kept as well as the log, and whoever asks can prove it. An
answer that gets lost makes that one batch go again, with the same ids; nothing that was confirmed goes twice unasked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Protocol

import orjson

from hub.archive import ldv
from hub.archive.reading import entries
from hub.archive.service import VERSION
from hub.audit.checkpoint import open_note
from hub.audit.entry import EntryKind, parse
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.search import Search, Selection
from hub.consent.model import PolicySet
from hub.errors import Misconfigured, Refused, Retry
from hub.http import Answer, Away

SEND: Final = "send-ldv"
CONFIRM: Final = "confirm-ldv"
BATCH: Final = 512
_TRIES: Final = 6
_AGAIN: Final = frozenset({429, 502, 503, 504})
"""What OTLP/HTTP says to repeat."""
_HEADERS: Final = {"content-type": "application/json"}


class Http(Protocol):
    """The outbound client; `hub.http.Http` is the one there is."""

    async def post(self, url: str, body: bytes, headers: Any = ..., /) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What one run sent: `records` from the entries at `first` up to, not including, `after`, all confirmed."""

    records: int
    first: int
    after: int


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends one log. `policy` gives the set in use, for processing activities; `pause` waits between tries, in seconds."""

    log: Log
    search: Search
    notes: Notes
    policy: Callable[[], PolicySet]
    http: Http
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def send(self, url: str, start: int | None = None) -> Sent:
        """Sends the records from place `start` on, or from where the collector at `url` last confirmed, and waits for each
        batch to be confirmed.

        Raises Refused when the log has no such place, Misconfigured where the collector does not take the records, Retry when
        it does not answer: what was confirmed until then stands, and the next run goes on from there.
        """
        size = open_note(await self.log.checkpoint(), self.log.vkey).size
        first = at = await self.confirmed(url) if start is None else start
        if not 0 <= at <= size:
            raise Refused("Nothing was sent.", f"The log has {size} entries.", "Name a place in it, or none.")
        records = 0
        while at < size:
            after = min(at + BATCH, size)
            batch = await entries(self.log, at, after, disclosed=True)
            request = ldv.otlp(self.policy(), self.log.log_id, VERSION, batch)
            if count := ldv.spans_in(request):
                if not records:
                    said: dict[str, str | int] = {
                        "form": "ldv",
                        "first": at,
                        "after": size,
                        "size": size,
                        "collector": _hash(url),
                    }
                    await self.notes.write(EntryKind.export, SEND, "log", said)
                await self._deliver(url, orjson.dumps(request))
                done: dict[str, str | int] = {"first": at, "after": after, "count": count, "collector": _hash(url)}
                await self.notes.write(EntryKind.export, CONFIRM, "log", done)
                records += count
            at = after
        return Sent(records, first, size)

    async def confirmed(self, url: str) -> int:
        """Up to which place, not included, the collector at `url` last confirmed the records; 0 where it never did."""
        following: str | None = None
        while True:
            page = await self.search.page(Selection(operation=CONFIRM), after=following)
            located = await self.log.locate([line.ref for line in page.lines])
            for line in page.lines:
                details = parse(located[line.ref].body)["details"]
                if details["collector"] == _hash(url):
                    return int(details["after"])
            following = page.next
            if following is None:
                return 0

    async def _deliver(self, url: str, body: bytes) -> None:
        last = Retry("The records were not sent.")
        for tried in range(_TRIES):
            if tried:
                await self.pause(min(2.0**tried, 30.0))
            try:
                answer = await self.http.post(url, body, _HEADERS)
            except Away as away:
                last = away
                continue
            if answer.status == 200:
                _check_all_taken(answer.body)
                return
            if answer.status not in _AGAIN:
                raise Misconfigured(
                    "The records were not taken.",
                    f"The collector answered with status {answer.status}.",
                    "Check its address and that it takes OTLP/HTTP in JSON; send again, and only the rest goes.",
                )
            last = Retry("The collector is busy.", f"It answered with status {answer.status}.", "Send again later.")
        raise last


def _check_all_taken(body: bytes) -> None:
    """Raises Misconfigured where the collector says that it dropped records, Retry where it confirms nothing."""
    try:
        said = orjson.loads(body or b"{}")
        rejected = int((said.get("partialSuccess") or {}).get("rejectedSpans") or 0)
    except (ValueError, TypeError, AttributeError):
        raise Retry("The records were not confirmed.", "The answer is no OTLP.", "Check the address, and send again.") from None
    if rejected:
        raise Misconfigured(
            "The records were not all taken.",
            f"The collector refused {rejected} of them.",
            "Look in its log for why, mend it, and send again: a Logboek Dataverwerkingen may drop none.",
        )


def _hash(url: str) -> str:
    return sha256(url.encode()).hexdigest()
