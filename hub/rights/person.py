"""Who got data about this person, and why: searched with a reason, logged before it is answered, proved under one checkpoint.

The number that is asked for is turned into a tag at once and kept nowhere. What is found is checked against the person's own
key, so that an index that was tampered with can add nobody else's entries; that it leaves none out, nobody but the person's
records can show, so the answer says how many it checked.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from uuid import UUID

import orjson

from hub.audit.entry import EntryKind, OutcomeKind, parse
from hub.audit.log import Log
from hub.audit.notes import Noted, Notes
from hub.audit.search import Search
from hub.audit.search.lines import REFUSED, WAITING
from hub.audit.store import Located
from hub.clock import legal_date
from hub.domain.personal import Bsn, Onderwijsnummer, Pgn
from hub.domain.staff import Role, Staff
from hub.domain.terms import Micros, PartyId, ReasonCode
from hub.errors import Malformed, Refused, Tampered
from hub.protect.committed import decoded, inner_of, is_about
from hub.protect.people import People
from hub.protect.seal import facts_digest, unseal
from hub.protect.store import SealedFacts, facts_about
from hub.protect.vault import Subject
from hub.rights import store
from hub.rights.answer import Found, PerRecipient, PersonAnswer, Proved, Searched, SearchReason
from hub.rights.informing.model import Informed
from hub.rights.informing.store import told_of

SEARCH: Final = "search-person"
_MAY_SEARCH: Final = frozenset({Role.privacy_officer, Role.fg})


async def note_search(notes: Notes, reason: str, by: Staff | None, tag: bytes | None = None) -> Noted:
    """Writes that somebody looked a person up; before it is answered, also where the answer is that there is nobody."""
    staff = None if by is None else by.staff_id
    return await notes.write(EntryKind.access, SEARCH, "person", {"reason": reason}, by=staff, subject=tag)


@dataclass(frozen=True, slots=True)
class Persons:
    """Answers about one person at a time, over one log."""

    log: Log
    search_log: Search
    notes: Notes
    people: People

    async def search(self, number: str, reason: SearchReason, by: Staff) -> PersonAnswer:
        """All that the log knows about the person with this BSN or onderwijsnummer; that it was asked is in the log first.

        Raises Refused for whoever may search nobody, Malformed for no such number, Retry when the log cannot be written, and
        Tampered where something that was found is not what the log says.
        """
        pgn = _read(number)
        del number  # a traceback that shows variables shows none of ours
        if not by.roles & _MAY_SEARCH:
            raise Refused(
                "You may not search a person.",
                "Your role does not allow it.",
                "Ask the privacy officer to do so, with a reason.",
            )
        if pgn is None:
            raise Malformed(
                "This is neither a BSN nor an onderwijsnummer.", "It does not pass the elfproef.", "Check the number."
            )
        person = await self.people.find(pgn)
        noted = await note_search(self.notes, reason.value, by, person and person.tag)
        return await self._answer(person, noted.ref, reason)

    async def _answer(self, person: Subject | None, own: UUID, reason: SearchReason) -> PersonAnswer:
        engine, log_id = self.log.engine, self.log.log_id
        tag, key = (b"", None) if person is None else person
        while await self.search_log.catch_up():
            pass
        refs = [] if person is None else await self.people.vault.refs_of(tag, log_id)
        every = await self.log.found([own, *refs])
        located = {ref: entry for ref, entry in every.items() if entry.kept is not None}
        fields = {ref: parse(entry.body) for ref, entry in located.items()}
        about = {ref: said for ref, said in fields.items() if said["kind"] in (EntryKind.disclosure, EntryKind.refusal)}
        theirs = {ref: said for ref, said in about.items() if key is not None and is_about(key, tag, said)}
        kept = {ref: fields[ref] for ref in fields if ref not in about} | theirs
        became = await self._became(theirs)
        steps = await self.log.locate([ref for refs in became.values() for ref in refs])
        fields |= {ref: parse(entry.body) for ref, entry in steps.items()}
        proved, checkpoint, size = await self._prove({ref: located[ref] for ref in kept} | steps, fields)
        opened = {} if key is None else _reasons(key, await facts_about(engine, log_id, tag), theirs)
        told = await told_of(engine, log_id, theirs)
        found = [
            _found(proved[ref], [proved[step] for step in became.get(ref, ())], opened.get(ref), told.get(ref))
            for ref in theirs
        ]
        others = _newest(proved[ref] for ref in kept if ref not in theirs and ref != own)
        return PersonAnswer(
            search=proved[own],
            size=size,
            checkpoint=checkpoint,
            reason=reason,
            has_key=key is not None,
            recipients=_per_recipient(found),
            statements=await store.statements_of(engine, tag, legal_date(self.notes.clock.now_us())),
            searches=tuple(_searched(one) for one in others if _is_search(one)),
            events=tuple(one for one in others if not _is_search(one)),
            checked=len(theirs),
            foreign=0 if key is None else len(about) - len(theirs),
            redacted=len(every) - len(located),
            elsewhere=() if person is None else tuple(sorted(await self.people.vault.logs_of(tag) - {log_id})),
        )

    async def _became(self, theirs: Iterable[UUID]) -> dict[UUID, list[UUID]]:
        """The outcome entries per disclosure, oldest first."""
        found: dict[UUID, list[UUID]] = {}
        for line in await self.search_log.about(theirs):
            if line.delivery is not None:
                found.setdefault(line.delivery, []).append(line.ref)
        return found

    async def _prove(
        self, located: Mapping[UUID, Located], fields: Mapping[UUID, Mapping[str, Any]]
    ) -> tuple[dict[UUID, Proved], str, int]:
        receipts, note = await self.log.prove(located)
        proved = {
            ref: Proved(ref, entry.seq, Micros(fields[ref]["us"]), fields[ref], entry.body.decode(), receipts[ref])
            for ref, entry in located.items()
        }
        return proved, note, int(note.split("\n", 2)[1])


def _read(number: str) -> Pgn | None:
    if Bsn.accepts(number):
        return Bsn(number)
    return Onderwijsnummer(number) if Onderwijsnummer.accepts(number) else None


def _reasons(
    key: bytes, sealed: Mapping[UUID, SealedFacts], theirs: Mapping[UUID, Mapping[str, Any]]
) -> dict[UUID, tuple[ReasonCode, ...]]:
    """The reasons of refusals in full, as they were sealed when it was decided."""
    found: dict[UUID, tuple[ReasonCode, ...]] = {}
    for record_id, facts in sealed.items():
        plain = unseal(key, facts.sealed, record_id.bytes)
        for ref, codes in orjson.loads(plain)["refused"].items():
            said = theirs.get(UUID(ref))
            if said is None:
                continue
            if not hmac.compare_digest(facts_digest(inner_of(key, said), plain), decoded(said["facts"])):
                _not_as_logged()
            found[UUID(ref)] = tuple(ReasonCode(code) for code in codes)
    return found


def _not_as_logged() -> NoReturn:
    raise Tampered(
        "The facts of a decision are not those that the log speaks of.",
        "What was sealed and its digest in the log differ.",
        "Keep both; call the privacy officer.",
    )


def _found(entry: Proved, steps: Sequence[Proved], reasons: tuple[ReasonCode, ...] | None, informed: Informed | None) -> Found:
    if entry.fields["kind"] == EntryKind.refusal:
        return Found(entry, REFUSED, (), reasons)
    newest = steps[-1].fields["outcome"] if steps else WAITING
    return Found(entry, WAITING if newest == OutcomeKind.resumed else newest, tuple(steps), None, informed)


def _per_recipient(found: Sequence[Found]) -> tuple[PerRecipient, ...]:
    ordered = sorted(found, key=lambda one: one.entry.seq, reverse=True)
    recipients = dict.fromkeys(one.entry.fields["recipient"] for one in ordered)
    return tuple(
        PerRecipient(
            recipient=PartyId(recipient),
            given=tuple(one for one in ordered if one.entry.fields["recipient"] == recipient and one.outcome != REFUSED),
            refused=tuple(one for one in ordered if one.entry.fields["recipient"] == recipient and one.outcome == REFUSED),
        )
        for recipient in recipients
    )


def _newest(entries: Iterable[Proved]) -> list[Proved]:
    return sorted(entries, key=lambda one: one.seq, reverse=True)


def _is_search(one: Proved) -> bool:
    return (one.fields["kind"], one.fields["operation"]) == (EntryKind.access, SEARCH)


def _searched(one: Proved) -> Searched:
    details = one.fields["details"]
    return Searched(one, str(details.get("staff", "")), str(details.get("reason", "")))
