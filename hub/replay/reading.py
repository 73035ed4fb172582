"""Reads decisions back: each entry with the facts that it was decided by, opened under the person's key and checked."""

from __future__ import annotations

import hmac
from binascii import a2b_base64
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.consent.facts import facts_again
from hub.consent.question import Question
from hub.domain.facts import KeptFacts
from hub.domain.terms import LogId, Micros, PartyId, PolicyHash, RecordKind
from hub.protect.seal import facts_digest, opening, read_facts, unseal
from hub.protect.vault import Vault
from hub.replay import store
from hub.replay.answer import Left, Told, logged
from hub.replay.store import Kept

PAGE: Final = 1_000
_URL_SAFE: Final = str.maketrans("-_", "+/")
_DECISIONS: Final = frozenset({EntryKind.disclosure, EntryKind.refusal})
Progress = Callable[[int, int], None]
"""How many entries were read, of how many."""


@dataclass(frozen=True, slots=True)
class Case:
    """One decision of the log. `left` says why it cannot be taken again, else `question` is what was asked.

    `tampered`: its facts are not those that the entry speaks of. `reasons` are those of a refusal in full. `later` are the
    facts of the newest record about the same young person, where one came after this.
    """

    ref: UUID
    us: Micros
    recipient: PartyId
    source: PartyId
    policy: PolicyHash
    told: Told
    left: Left | None = None
    tampered: bool = False
    question: Question | None = None
    tag: bytes = field(default=b"", repr=False)
    kept: KeptFacts | None = None
    later: KeptFacts | None = None
    reasons: tuple[str, ...] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the decisions of one log."""

    engine: AsyncEngine
    log_id: LogId
    vault: Vault

    async def cases(
        self, since: Micros | None, until: Micros | None, size: int, progress: Progress
    ) -> AsyncIterator[list[Case]]:
        """The decisions recorded from `since` up to, not including, `until`, among the first `size` entries, page by page."""
        first = 0 if since is None else await store.place(self.engine, self.log_id, since, size)
        after = size if until is None else await store.place(self.engine, self.log_id, until, size)
        for start in range(first, after, PAGE):
            bodies = await store.entries(self.engine, self.log_id, start, min(start + PAGE, after))
            said = [fields for body in bodies if (fields := orjson.loads(body))["kind"] in _DECISIONS]
            yield await self._page(said)
            progress(min(start + PAGE, after) - first, after - first)

    async def _page(self, said: Sequence[Mapping[str, Any]]) -> list[Case]:
        tags = await self.vault.tags_of([UUID(fields["ref"]) for fields in said])
        keys = await self.vault.existing(list(set(tags.values()))) if tags else {}
        facts = await store.facts_of(self.engine, keys) if keys else {}
        opened = {
            tag: [(one, unseal(keys[tag], one.sealed, one.record.bytes)) for one in found] for tag, found in facts.items()
        }
        return [_case(fields, tags, keys, opened) for fields in said]


def _case(
    fields: Mapping[str, Any],
    tags: Mapping[UUID, bytes],
    keys: Mapping[bytes, bytes],
    opened: Mapping[bytes, Sequence[tuple[Kept, bytes]]],
) -> Case:
    ref = UUID(fields["ref"])
    source, recipient = PartyId(fields["source"]), PartyId(fields["recipient"])
    base = (ref, Micros(fields["us"]), recipient, source, PolicyHash(fields["policy"]), logged(fields))
    tag = tags.get(ref, b"")
    if tag not in keys:
        return Case(*base, left=Left.erased)
    inner, digest = opening(keys[tag], _decoded(fields["nonce"])), _decoded(fields["facts"])
    theirs = opened.get(tag, ())
    found = next((each for each in theirs if hmac.compare_digest(facts_digest(inner, each[1]), digest)), None)
    if found is None:
        return Case(*base, left=Left.facts_not_kept, tampered=bool(theirs), tag=tag)
    kept = read_facts(found[1])
    if kept.as_of is None or kept.standing is None:
        return Case(*base, left=Left.statements_not_kept, tag=tag)
    origin = found[0].source
    way = (origin, recipient) if origin == source else (origin, source, recipient)
    question = Question(RecordKind(fields["record"]), way, facts_again(kept, kept.as_of, kept.standing))
    reasons = None if base[-1].permits else orjson.loads(found[1])["refused"].get(str(ref))
    newest, said = max(theirs, key=lambda each: each[0].record)
    later = read_facts(said) if newest.record > found[0].record else None
    refused = None if reasons is None else tuple(reasons)
    return Case(*base, question=question, tag=tag, kept=kept, later=later, reasons=refused)


def _decoded(text: str) -> bytes:
    return a2b_base64(text.translate(_URL_SAFE) + "==")
