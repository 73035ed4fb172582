"""A recipient's system, small and whole: fetches what waits for it, checks the proof, acknowledges; keeps no person.

    python -m ops.demo.recipient HOME [--forgetful] [--slow]

It runs until SIGTERM and keeps `HOME/counts.json`: how many deliveries it received, by sender, how many came again, and the
last checkpoint of the log; and how many notices it was sent and carried out. `HOME/receipts.json` holds the receipts of its
first page with their lines of the log, for `ops/verify/keep.py`. A delivery whose receipt does not hold ends it. A
forgetful one loses its first page before it has said that it has it, as a system does that restarts at that moment, and gets
the page again. A slow one says of each notice that it has it, and does only what the first one asks.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2

from ops.demo.partner import Partner, write
from ops.demo.receipts import Receipts
from ops.verify.verify import Fault

_PAGE = 250
_POLL_S = 0.5
_DONE = {"stoppen": "gestopt", "beperken": "beperkt", "wissen": "gewist", "verbeteren": "verbeterd"}


class Recipient:
    """What this system knows: delivery ids, which say nothing about a person, and counts."""

    def __init__(self, home: Path, slow: bool) -> None:
        self._home, self._partner, self._slow = home, Partner(home), slow
        self._receipts = Receipts(self._partner.log_key)
        self._seen: set[str] = set()
        self._by_source: Counter[str] = Counter()
        self._again = self._acknowledged = self._log_size = 0
        self._checkpoint = ""
        self._notices = self._carried_out = 0

    def fetch(self) -> list[str]:
        """One page: each delivery once, each proven to stand in the log. Gives all its ids, to be acknowledged."""
        first, page = not self._seen, self._partner.get(f"/v1/bezorgingen?limiet={_PAGE}")
        for delivery in page["bezorgingen"]:
            self._take(delivery)
        if first and page["bezorgingen"]:
            kept = [{name: each[name] for name in ("ontvangstbewijs", "logregel")} for each in page["bezorgingen"]]
            write(self._home / "receipts.json", kept)
        if page["checkpoint"]:
            size = self._receipts.checkpoint(page["checkpoint"]).size
            if size < self._log_size:
                raise Fault("the log is smaller than it was")
            self._checkpoint, self._log_size = page["checkpoint"], size
        return [delivery["bezorgingId"] for delivery in page["bezorgingen"]]

    def _take(self, delivery: dict[str, Any]) -> None:
        delivery_id = delivery["bezorgingId"]
        self._receipts.check(delivery["ontvangstbewijs"], delivery["logregel"], delivery_id, self._partner.party)
        if delivery_id in self._seen:
            self._again += 1
            return
        # A real system would open its case here, from delivery["inhoud"].
        self._seen.add(delivery_id)
        self._by_source[delivery["bron"]] += 1

    def acknowledge(self, ids: list[str]) -> None:
        """Says that it has them."""
        answer = self._partner.post("/v1/bezorgingen/ontvangst", {"bezorgingen": ids})
        answer.raise_for_status()
        self._acknowledged += len(answer.json()["bevestigd"])

    def heed(self) -> bool:
        """Does what notices ask, signs that it was done, and says so. Gives whether there was any."""
        found = self._partner.get("/v1/berichten")["berichten"]
        for notice in found:
            self._notices += 1
            answer: dict[str, str] = {"antwoord": "ontvangen"}
            if (method := _DONE.get(notice["gevraagd"])) and not (self._slow and self._carried_out):
                # A real system would erase here what it holds of notice["bezorgingen"].
                answer = {"antwoord": "uitgevoerd", "wijze": method}
                answer["ondertekening"] = self._partner.sign({**answer, "berichtId": notice["berichtId"]}, "verklaring+jwt")
                self._carried_out += 1
            self._partner.post(f"/v1/berichten/{notice['berichtId']}/antwoord", answer).raise_for_status()
        return bool(found)

    def tell(self) -> None:
        """Writes the counts."""
        write(
            self._home / "counts.json",
            {
                "received": len(self._seen),
                "by_source": dict(self._by_source),
                "again": self._again,
                "acknowledged": self._acknowledged,
                "checkpoint": self._checkpoint,
                "notices": self._notices,
                "carried_out": self._carried_out,
            },
        )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="A recipient's system.")
    parser.add_argument("home", type=Path)
    parser.add_argument("--forgetful", action="store_true")
    parser.add_argument("--slow", action="store_true")
    given = parser.parse_args()
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    recipient, forgetful = Recipient(given.home, given.slow), given.forgetful
    recipient.tell()
    while not stopping.is_set():
        try:
            ids = recipient.fetch()
            if ids and not forgetful:
                recipient.acknowledge(ids)
            heeded = recipient.heed()
        except httpx2.HTTPError as away:
            print(f"The hub did not answer as agreed: {type(away).__name__}.", file=sys.stderr, flush=True)
            ids, heeded = [], False
        except Fault as fault:
            print(f"A receipt does not hold: {fault}.", file=sys.stderr, flush=True)
            return 1
        if ids:
            forgetful = False
        if ids or heeded:
            recipient.tell()
        else:
            stopping.wait(_POLL_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
