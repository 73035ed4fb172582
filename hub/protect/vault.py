"""The vault: one key per person, wrapped, in a database of its own. Destroying a key erases the person, old backups included.

A person's key is durable here before anything is sealed under it elsewhere; a key that nothing was sealed under does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch
from hub.domain.terms import LogId, Micros, PartyId
from hub.errors import Tampered
from hub.protect.keys import KeyRing, KeyUse
from hub.protect.seal import AEAD_NONCE_BYTES, seal, unseal

_KEY_BYTES = 32

_FIND = "SELECT subject_tag, wrapped, kek_version FROM vault_key WHERE subject_tag = ANY($1::bytea[])"
_ADD = """
INSERT INTO vault_key (log_id, party_id, subject_tag, wrapped, kek_version, created_us)
SELECT $1, $2, tag, wrapped, $3, $4 FROM unnest($5::bytea[], $6::bytea[]) AS new (tag, wrapped)
ON CONFLICT (subject_tag) DO NOTHING RETURNING subject_tag
"""


class Vault:
    """Finds and makes the keys of persons, by subject tag; and seals what has no person yet."""

    def __init__(self, engine: AsyncEngine, ring: KeyRing, log_id: LogId, entropy: Callable[[int], bytes]) -> None:
        self._engine = engine
        self._log_id = log_id
        self._entropy = entropy
        self._wrapping = AESGCM(ring.derive(KeyUse.vault))
        self._quarantine = ring.derive(KeyUse.quarantine)
        self.key_version = ring.version

    async def keys_for(self, tags: Sequence[bytes], party: PartyId, now: Micros) -> dict[bytes, bytes]:
        """The key of every person in `tags`, made where there is none yet; durable when this returns."""
        wanted = list(dict.fromkeys(tags))
        found = {row[0]: row[1] for row in await fetch(self._engine, _FIND, wanted)}
        missing = sorted(tag for tag in wanted if tag not in found)  # one order for all: nobody waits in a circle
        fresh = {tag: self._entropy(_KEY_BYTES) for tag in missing}
        if missing:
            wrapped = [self._wrap(key, tag) for tag, key in fresh.items()]
            made = await fetch(self._engine, _ADD, self._log_id, party, self.key_version, int(now), missing, wrapped)
            if len(made) < len(missing):
                # Another process was first with some: its key is the person's, and ours was never used.
                found |= {row[0]: row[1] for row in await fetch(self._engine, _FIND, missing)}
        return {tag: fresh[tag] if tag not in found else self._unwrap(found[tag], tag) for tag in wanted}

    async def existing(self, tags: Sequence[bytes]) -> dict[bytes, bytes]:
        """The keys that there are; a tag that is missing in the answer belongs to nobody, or to somebody who was erased."""
        rows = await fetch(self._engine, _FIND, list(dict.fromkeys(tags)))
        return {bytes(tag): self._unwrap(bytes(wrapped), bytes(tag)) for tag, wrapped, _ in rows}

    def seal_row(self, raw: bytes, bound_to: bytes) -> bytes:
        """Seals what names nobody, and so has no person's key: a row that could not be read, a decision call."""
        return seal(self._quarantine, self._entropy(AEAD_NONCE_BYTES), raw, bound_to)

    def open_row(self, sealed: bytes, bound_to: bytes) -> bytes:
        """Opens a row in quarantine. Raises Tampered when it was changed."""
        return unseal(self._quarantine, sealed, bound_to)

    def _wrap(self, key: bytes, tag: bytes) -> bytes:
        nonce = self._entropy(AEAD_NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, tag)

    def _unwrap(self, wrapped: bytes, tag: bytes) -> bytes:
        try:
            return self._wrapping.decrypt(wrapped[:AEAD_NONCE_BYTES], wrapped[AEAD_NONCE_BYTES:], tag)
        except Exception:  # InvalidTag, or a length that no wrapped key has: either way it is not ours
            raise Tampered(
                "A key in the vault does not open.",
                "The vault and the key ring do not belong together.",
                "Stop, and restore the right pair.",
            ) from None
