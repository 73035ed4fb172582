"""An mbo school's system: reports single leavers by REST as they leave, with the slips that real systems make.

    python -m ops.demo.school HOME --today YYYY-MM-DD                    what they say first, then their messages
    python -m ops.demo.school HOME --today YYYY-MM-DD --afterwards       what some of them say later
    python -m ops.demo.school HOME --leaver                              one more, whose BSN is on standard input
    python -m ops.demo.school --number                                   an invented BSN that nobody has

It ends when all is sent and leaves `HOME/counts.json`. An answer other than the agreed one ends it with status 1.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx2

from ops.demo.partner import Partner, write
from ops.demo.people import numbers
from ops.demo.voices import KEPT_FROM_COACH, NAMED, STATEMENTS_PATH, WITHDRAWN, afterwards, before

_PATH: Final = "/v1/uitvalmeldingen"
_PAUSE_S: Final = 0.2
_AGES: Final = (18, 19, 22, 24, 26, 18, 20, 23, 25, 19)
SCHOOL_SEED: Final = 98
"""What its invented numbers follow from."""
UNDER_AGE: Final = 1
"""How many of the young people are too young for the doorstroompunt."""


class Surprise(Exception):
    """The hub answered otherwise than agreed."""


def _report(number: str, gemeente: int, age: int, today: date) -> dict[str, Any]:
    return {
        "bsn": number,
        "geslachtsnaam": "Verzonnen",
        "voornamen": "Mbo",
        "geboortedatum": today.replace(year=today.year - age, month=1, day=1).isoformat(),
        "gemeente": f"900{gemeente}",
        "indicatieGeheim": False,
        "telefoonnummer": "0612345678",
        "brin": "98ZZ",
        "onderwijssoort": "mbo",
        "datumUitschrijving": (today - timedelta(days=2)).isoformat(),
        "startkwalificatie": False,
    }


def _send(school: Partner, report: Any, expected: int, key: str | None = None, path: str = _PATH) -> dict[str, Any]:
    answer = school.post(path, report, key)
    if answer.status_code != expected:
        raise Surprise(f"expected {expected}, got {answer.status_code}")
    time.sleep(_PAUSE_S)
    content: dict[str, Any] = answer.json()
    return content


def _reports(today: date) -> list[dict[str, Any]]:
    bsns = numbers(SCHOOL_SEED)
    ages = (*_AGES, *[16] * UNDER_AGE)
    return [_report(next(bsns), place % 8 + 1, age, today) for place, age in enumerate(ages)]


def send_all(school: Partner, today: date) -> dict[str, int]:
    """Sends everything, what the young people said first; gives what became of it. Raises Surprise."""
    reports = _reports(today)
    for statement in before(reports, today):
        _send(school, statement, 201, path=STATEMENTS_PATH)
    for report in reports[1:]:
        if _send(school, report, 201)["status"] != "aangenomen":
            raise Surprise("a new report was not taken")
    # The line broke before the answer came: the same request again gives the same answer and changes nothing.
    key = uuid4().hex
    first, again = _send(school, reports[0], 201, key), _send(school, reports[0], 201, key)
    if first["uitvalmeldingId"] != again["uitvalmeldingId"]:
        raise Surprise("the same request became two")
    # Someone pressed the button twice: a new request about what is known already.
    if _send(school, reports[0], 201)["status"] != "dubbel":
        raise Surprise("the same content was taken twice")
    # A slip in a number and a field left out: nothing of it is kept, and the answer says what to mend.
    wrong = {**reports[1], "bsn": "999999999"}
    del wrong["geslachtsnaam"]
    if len(_send(school, wrong, 400).get("fouten", [])) < 2:
        raise Surprise("not every fault was named")
    return {
        "accepted": len(reports),
        "duplicate": 1,
        "repeated": 1,
        "bounced": 1,
        "under_age": UNDER_AGE,
        "named": NAMED,
        "kept_from_coach": KEPT_FROM_COACH,
    }


def say_afterwards(school: Partner, today: date) -> dict[str, int]:
    """Passes on what is said once the messages have arrived. Raises Surprise."""
    for statement in afterwards(_reports(today)):
        _send(school, statement, 201, path=STATEMENTS_PATH)
    return {"withdrawn": WITHDRAWN}


def report_one(school: Partner, number: str, today: date) -> dict[str, Any]:
    """Reports a leaver of 19 with this BSN; gives what the hub answered. Raises Surprise."""
    return _send(school, _report(number, 1, 19, today), 201)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="An mbo school's system.")
    parser.add_argument("home", type=Path, nargs="?")
    parser.add_argument("--today", type=date.fromisoformat, default=datetime.now(UTC).astimezone().date())
    parser.add_argument("--number", action="store_true", help="print an invented BSN that nobody has")
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--afterwards", action="store_true", help="what is said once the messages have arrived")
    when.add_argument("--leaver", action="store_true", help="one more leaver of 19, whose BSN is on standard input")
    given = parser.parse_args()
    if given.number:
        print(next(numbers(secrets.randbits(64))))
        return 0
    if given.home is None:
        parser.error("HOME is missing")
    try:
        school = Partner(given.home)
        if given.leaver:
            for each in report_one(school, sys.stdin.readline().strip(), given.today)["uitkomsten"]:
                print(f"{each['ontvanger']:<30}{each['besluit']:<12}{', '.join(each['redenen'])}")
        elif given.afterwards:
            write(given.home / "afterwards.json", say_afterwards(school, given.today))
        else:
            write(given.home / "counts.json", send_all(school, given.today))
    except (Surprise, httpx2.HTTPError) as wrong:
        print(f"The hub did not answer as agreed: {wrong}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
