"""The vault: one key per person, wrapped, in a database of its own. Destroying a key erases the person, old backups included.

A person is found here by a `locator`, the keyed digest of their number. Everywhere else they are called by the tag that is made
from their key, so that nobody can make it again once the key is gone. Which log entries are about whom stands here as well, and
nowhere else.

A person's key, and whom an entry is about, are durable here before anything of it is elsewhere; what then never comes to be
does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch, transaction
from hub.domain.terms import LogId, Micros, PartyId
from hub.errors import Tampered
from hub.ports import About
from hub.protect.keys import KeyRing, KeyUse
from hub.protect.seal import AEAD_NONCE_BYTES, seal, tag_of, unseal
from hub.together import Together

_KEY_BYTES = 32

_FIND = "SELECT locator, subject_tag, wrapped FROM vault_key WHERE locator = ANY($1::bytea[])"
_FIND_BY_TAG = "SELECT locator, subject_tag, wrapped FROM vault_key WHERE subject_tag = ANY($1::bytea[])"
_ADD = """
INSERT INTO vault_key (log_id, party_id, locator, subject_tag, wrapped, kek_version, created_us)
SELECT $1, $2, new.locator, new.tag, new.wrapped, $3, $4
FROM unnest($5::bytea[], $6::bytea[], $7::bytea[]) AS new (locator, tag, wrapped)
ON CONFLICT (locator) DO NOTHING RETURNING locator
"""
_LINK = """
INSERT INTO vault_subject (log_id, party_id, subject_tag, ref)
SELECT $1, new.party, new.tag, new.ref FROM unnest($2::text[], $3::bytea[], $4::uuid[]) AS new (party, tag, ref)
ON CONFLICT DO NOTHING
"""
_LINKED = ("log_id", "party_id", "subject_tag", "ref")
_FEW = 100
_REFS = "SELECT log_id, ref FROM vault_subject WHERE subject_tag = $1"
_UNLINK = "DELETE FROM vault_subject WHERE ref = ANY($1::uuid[])"
_TAGS = "SELECT ref, subject_tag FROM vault_subject WHERE ref = ANY($1::uuid[])"
_BURY = """
INSERT INTO vault_tombstone (log_id, party_id, subject_tag, erased_us)
SELECT $1, $2, new.tag, new.us FROM unnest($3::bytea[], $4::bigint[]) AS new (tag, us) ON CONFLICT DO NOTHING
"""
_BURIED = "SELECT subject_tag, erased_us FROM vault_tombstone"
_FORGET = (
    "DELETE FROM vault_subject WHERE subject_tag = ANY($1::bytea[])",
    "DELETE FROM vault_key WHERE subject_tag = ANY($1::bytea[])",
)
_RETURNED = """
SELECT gone.subject_tag FROM vault_tombstone AS gone
WHERE EXISTS (SELECT FROM vault_key AS key WHERE key.subject_tag = gone.subject_tag)
OR EXISTS (SELECT FROM vault_subject AS said WHERE said.subject_tag = gone.subject_tag)
"""


class Subject(NamedTuple):
    """A person as the hub keeps them: the `tag` by which their rows are found, and the `key` that all theirs hangs on."""

    tag: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Subject()"


class Vault:
    """Finds and makes the keys of persons; says whom entries are about; and seals what has no person yet."""

    def __init__(self, engine: AsyncEngine, ring: KeyRing, log_id: LogId, entropy: Callable[[int], bytes]) -> None:
        self._engine = engine
        self._log_id = log_id
        self._entropy = entropy
        self._wrapping = AESGCM(ring.derive(KeyUse.vault))
        self._quarantine = ring.derive(KeyUse.quarantine)
        self._link = Together(self._link_all)
        self.key_version = ring.version

    async def subjects(self, locators: Sequence[bytes], party: PartyId, now: Micros) -> dict[bytes, Subject]:
        """Every person in `locators`, made where there is none yet; durable when this returns."""
        wanted = list(dict.fromkeys(locators))
        found = await self.known(wanted)
        missing = sorted(locator for locator in wanted if locator not in found)  # one order for all: nobody waits in a circle
        if missing:
            fresh = {locator: self._new() for locator in missing}
            wrapped = [self._wrap(one.key, locator) for locator, one in fresh.items()]
            tags = [one.tag for one in fresh.values()]
            made = await fetch(self._engine, _ADD, self._log_id, party, self.key_version, int(now), missing, tags, wrapped)
            found |= fresh
            if len(made) < len(missing):
                # Another process was first with some: its key is the person's, and ours was never used.
                found |= await self.known(missing)
        return found

    async def known(self, locators: Sequence[bytes]) -> dict[bytes, Subject]:
        """Those in `locators` that there are; who is missing was never seen, or was erased."""
        rows = await fetch(self._engine, _FIND, list(dict.fromkeys(locators)))
        return {bytes(row[0]): Subject(bytes(row[1]), self._unwrap(bytes(row[2]), bytes(row[0]))) for row in rows}

    async def existing(self, tags: Sequence[bytes]) -> dict[bytes, bytes]:
        """The keys that there are, by tag; a tag that is missing in the answer belongs to nobody, or to somebody erased."""
        rows = await fetch(self._engine, _FIND_BY_TAG, list(dict.fromkeys(tags)))
        return {bytes(tag): self._unwrap(bytes(wrapped), bytes(locator)) for locator, tag, wrapped in rows}

    async def link(self, about: Sequence[About]) -> None:
        """Keeps whom these entries are about; durable when this returns. Satisfies `hub.ports.Subjects`."""
        await self._link(about)

    async def refs_of(self, tag: bytes, log_id: LogId | None = None) -> list[UUID]:
        """The entries of one log that are said to be about this person; some may never have come to be recorded."""
        rows = await fetch(self._engine, _REFS, tag)
        return [UUID(bytes=ref.bytes) for log, ref in rows if log == (log_id or self._log_id)]

    async def logs_of(self, tag: bytes) -> set[LogId]:
        """The logs that may hold entries about this person."""
        return {LogId(row[0]) for row in await fetch(self._engine, _REFS, tag)}

    async def tags_of(self, refs: Collection[UUID]) -> dict[UUID, bytes]:
        """Whom these entries are about, by tag."""
        return {UUID(bytes=ref.bytes): bytes(tag) for ref, tag in await fetch(self._engine, _TAGS, list(refs))}

    async def unlink(self, refs: Sequence[UUID]) -> None:
        """Keeps no longer whom these entries were about: what they said is gone."""
        async with transaction(self._engine) as connection:
            await connection.raw.execute(_UNLINK, list(refs))

    async def forget(self, forgotten: Mapping[bytes, Micros], party: PartyId) -> None:
        """Destroys the keys of these persons, by tag with the moment, and what says which entries are theirs; for good.

        Their tags stay, by which a restored backup forgets again; without the key nobody can say whose they were.
        """
        tags = list(forgotten)
        async with transaction(self._engine) as connection:
            await connection.raw.execute(_BURY, self._log_id, party, tags, [int(us) for us in forgotten.values()])
            for statement in _FORGET:
                await connection.raw.execute(statement, tags)

    async def buried(self) -> dict[bytes, Micros]:
        """The tags of those who were forgotten, and when."""
        return {bytes(tag): Micros(us) for tag, us in await fetch(self._engine, _BURIED)}

    async def returned(self) -> list[bytes]:
        """Of whom something is here again that was forgotten: a backup was put back."""
        return [bytes(row[0]) for row in await fetch(self._engine, _RETURNED)]

    def seal_row(self, raw: bytes, bound_to: bytes) -> bytes:
        """Seals what names nobody, and so has no person's key: a row that could not be read, a decision call."""
        return seal(self._quarantine, self._entropy(AEAD_NONCE_BYTES), raw, bound_to)

    def open_row(self, sealed: bytes, bound_to: bytes) -> bytes:
        """Opens a row in quarantine. Raises Tampered when it was changed."""
        return unseal(self._quarantine, sealed, bound_to)

    async def _link_all(self, about: Sequence[About]) -> list[None]:
        if len(about) < _FEW:
            await fetch(self._engine, _LINK, self._log_id, *map(list, zip(*about, strict=True)))
        else:  # of a list; its entries were named this moment, so that none can be here yet
            async with transaction(self._engine) as connection:
                await connection.copy("vault_subject", _LINKED, [(self._log_id, *one) for one in about])
        return [None] * len(about)

    def _new(self) -> Subject:
        key = self._entropy(_KEY_BYTES)
        return Subject(tag_of(key), key)

    def _wrap(self, key: bytes, locator: bytes) -> bytes:
        nonce = self._entropy(AEAD_NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, locator)

    def _unwrap(self, wrapped: bytes, locator: bytes) -> bytes:
        try:
            return self._wrapping.decrypt(wrapped[:AEAD_NONCE_BYTES], wrapped[AEAD_NONCE_BYTES:], locator)
        except Exception:  # InvalidTag, or a length that no wrapped key has: either way it is not ours
            raise Tampered(
                "A key in the vault does not open.",
                "The vault and the key ring do not belong together.",
                "Stop, and restore the right pair.",
            ) from None
