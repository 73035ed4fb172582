"""Something to see for whoever opens a desk: what goes wrong in a region on an ordinary day, done here on purpose.

a list that writes yes and no in full    waits in quarantine, row by row, until someone mends the mapping
a recipient that fetches and never says  stands out at the officer's desk
a member of staff who looks up many      stands out there too
"""

from __future__ import annotations

import csv
import io
import secrets
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final

from hub.app import Hub
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import Micros
from hub.identity.staff import Kept
from hub.identity.store import StaffStore
from hub.rights.answer import SearchReason
from hub.rights.person import Persons
from ops.demo.drop import put
from ops.demo.partner import Partner
from ops.demo.people import generate, numbers

REFUSED_ROWS: Final = 120
APART_ROWS: Final = 60
FETCHES: Final = 6
SEARCHES: Final = 11
_SEEDS: Final = (20261101, 20261102)
_IN_WORDS: Final = {"J": "ja", "N": "nee", "1": "ja", "0": "nee"}


async def unreadable_rows(duo: Path, today: date) -> None:
    """A list of DUO of which no row can be read as the mapping is."""
    await put(duo, "uitval-nalevering.csv", in_words(generate(APART_ROWS, _SEEDS[1], today).csv))


async def renamed_column(duo: Path, today: date) -> None:
    """A list of DUO with another name for a column: it stops the connector, so a region that is to go on is spared it."""
    renamed = generate(REFUSED_ROWS, _SEEDS[0], today).csv.replace(b"GEBOORTEDATUM", b"GEBDATUM", 1)
    await put(duo, "uitval-november.csv", renamed)


def in_words(content: bytes) -> bytes:
    """The same list with STARTKWALIFICATIE as ja or nee."""
    head, *rows = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=";")
    place = head.index("STARTKWALIFICATIE")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        if len(row) > place:
            row[place] = _IN_WORDS.get(row[place], row[place])
        writer.writerow(row)
    return out.getvalue().encode()


def fetched_and_never_confirmed(home: Path) -> None:
    """The partner of `home` fetches the same few deliveries again and again, and never says that it has them."""
    partner = Partner(home)
    for _ in range(FETCHES):
        partner.get("/v1/bezorgingen?limiet=8")


async def many_looked_up(hub: Hub) -> None:
    """A member of staff, who has signed out since, looked up one person after another within minutes."""
    persons = Persons(hub.log, hub.search, hub.notes, hub.people)
    by = Staff(StaffId("m-00000000000000de"), "Wouter van Dalen", frozenset({Role.privacy_officer}))
    await signed_in_once(hub, by)
    for number in islice(numbers(_SEEDS[0]), SEARCHES):
        await persons.search(number, SearchReason.inzage, by)


async def signed_in_once(hub: Hub, staff: Staff) -> None:
    """The desks know the name of this member of staff, who has signed out since."""
    register, session, now = StaffStore(hub.engine, hub.log_id, hub.operator), secrets.token_bytes(32), hub.clock.now_us()
    await register.add_session(session, Kept(staff, now, Micros(now + 1)))
    await register.drop_session(session)


def somebody(content: bytes, today: date) -> str:
    """The number of someone on the list who is of an age and a school that most may be told about: to try a search with."""
    for person in csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=";"):
        born = (person["GEBOORTEDATUM"] or "").replace("-", "")  # a torn row ends before it
        plain = person["ONDERWIJSSOORT"] == "MBO" and person["STARTKWALIFICATIE"] == "N" and person["INDICATIEGEHEIM"] == "N"
        of_age = born.isdigit() and len(born) == 8 and 18 <= today.year - int(born[:4]) - 1 <= 21
        if plain and of_age and not person["OVERLIJDENSDATUM"] and person["GEMEENTECODE"] == "9001":
            return person["PERSOONSGEBONDENNUMMER"]
    return ""
