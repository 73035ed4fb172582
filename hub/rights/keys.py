"""A person's key in a file: who has it finds every disclosure and refusal about that person by looking at the whole log.

So an officer, or the young person, can see that an answer left nothing out: not by an index, which may hide, but by the entries
themselves. What the file opens it opens until the entries are gone; once the person is forgotten no new one can be made.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from hub.audit.entry import EntryKind
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.domain.personal import Bsn, Onderwijsnummer
from hub.domain.staff import Role, Staff
from hub.errors import Malformed, Refused
from hub.protect.committed import is_about
from hub.protect.people import People
from hub.protect.vault import Subject
from hub.rights.answer import SearchReason
from hub.rights.person import note_search

GIVEN, COMPARED = "person-key", "person-complete"
_MAY: Final = frozenset({Role.privacy_officer, Role.fg})
_ABOUT_PERSONS: Final = frozenset({EntryKind.disclosure, EntryKind.refusal})
_PAGE: Final = 4_096


@dataclass(frozen=True, slots=True)
class Compared:
    """What the entries say against the index, for one person, over the first `size` entries of the log.

    `hidden` are theirs and not in the index; `foreign` are in the index and not theirs; `unseen` were redacted or pruned.
    """

    size: int
    theirs: tuple[UUID, ...]
    hidden: tuple[UUID, ...]
    foreign: tuple[UUID, ...]
    unseen: int


def _quiet(_done: int, _of: int) -> None: ...


@dataclass(frozen=True, slots=True)
class PersonKeys:
    """Gives out and uses the keys of persons, over one log."""

    log: Log
    notes: Notes
    people: People

    async def give(self, number: str, reason: SearchReason, by: Staff | None) -> bytes:
        """The key file of the person with this number (for `verify.py --person`); that it was given is in the log first.

        Raises Refused for whoever may not or somebody without a key, Malformed for no such number.
        """
        person = await self._person(number, reason, by)
        del number
        await self.notes.write(
            EntryKind.export,
            GIVEN,
            "person",
            {"reason": reason.value},
            by=None if by is None else by.staff_id,
            subject=person.tag,
        )
        file = {"log": self.log.log_id, "tag": _encoded(person.tag), "key": _encoded(person.key)}
        return orjson.dumps(file, option=orjson.OPT_INDENT_2) + b"\n"

    async def compare(
        self, number: str, reason: SearchReason, by: Staff | None, progress: Callable[[int, int], None] = _quiet
    ) -> Compared:
        """Looks at every entry of the log with the person's key, and holds what is theirs against the index.

        Raises as `give` does.
        """
        person = await self._person(number, reason, by)
        del number
        noted = await self.notes.write(
            EntryKind.access,
            COMPARED,
            "person",
            {"reason": reason.value},
            by=None if by is None else by.staff_id,
            subject=person.tag,
        )
        theirs: set[UUID] = set()
        unseen = 0
        async for said in self._entries(noted.size, progress):
            if said is None:
                unseen += 1
            elif said["kind"] in _ABOUT_PERSONS and is_about(person.key, person.tag, said):
                theirs.add(UUID(said["ref"]))
        indexed = await self.log.found(await self.people.vault.refs_of(person.tag, self.log.log_id))
        kept = {ref: one.kept for ref, one in indexed.items() if one.seq < noted.size}  # more may have come meanwhile
        listed = {ref for ref, body in kept.items() if body is not None and _about_person(body)}
        return Compared(
            size=noted.size,
            theirs=tuple(sorted(theirs)),
            hidden=tuple(sorted(theirs - listed)),
            foreign=tuple(sorted(listed - theirs)),
            unseen=unseen,
        )

    async def _entries(self, size: int, progress: Callable[[int, int], None]) -> AsyncIterator[Mapping[str, Any] | None]:
        for start in range(0, size, _PAGE):
            stop = min(start + _PAGE, size)
            bodies = await self.log.bodies(start, stop)
            for body in bodies:
                yield orjson.loads(body) if body else None
            for _ in range(stop - start - len(bodies)):
                yield None
            progress(stop, size)

    async def _person(self, number: str, reason: SearchReason, by: Staff | None) -> Subject:
        pgn = Bsn(number) if Bsn.accepts(number) else Onderwijsnummer(number) if Onderwijsnummer.accepts(number) else None
        if by is not None and not by.roles & _MAY:
            raise Refused("You may not do this.", "Your role does not allow it.", "Ask the privacy officer or the FG.")
        if pgn is None:
            raise Malformed(
                "This is neither a BSN nor an onderwijsnummer.", "It does not pass the elfproef.", "Check the number."
            )
        person = await self.people.find(pgn)
        if person is None:
            await note_search(self.notes, reason.value, by)
            raise Refused(
                "There is no key of this person.", "The hub never saw them, or they were forgotten.", "Check the number."
            )
        return person


def _about_person(body: bytes) -> bool:
    return orjson.loads(body)["kind"] in _ABOUT_PERSONS


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
