"""The protect step with its keys, identifiers and random bytes at hand: draws what the pure step needs, then calls it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.domain.facts import KeptFacts, SubjectFacts
from hub.domain.ids import new_ids
from hub.domain.personal import Personal
from hub.domain.stages import Canonical, Grant, Held, ProtectedRecord, Rejected, Verdict
from hub.domain.terms import Micros, PartyId
from hub.errors import Tampered
from hub.ports import Entropy, SealedRow
from hub.protect.onward import ENTROPY, Onward, pass_on
from hub.protect.pseudonymise import Pseudonymiser
from hub.protect.seal import (
    ENTROPY_PER_RECORD,
    ENTROPY_PER_VERDICT,
    NOTHING,
    Person,
    Versions,
    domains_of,
    facts_digest,
    opening,
    payload_digest,
    protect,
    read_facts,
    unseal,
)
from hub.protect.store import SealedFacts, about
from hub.protect.vault import Vault

_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class Opened:
    """A delivery as its recipient may get it, and the facts that its record is decided by; None where these are not kept.

    `facts_digest` is what the delivery's log entry must say of these facts.
    """

    payload: Personal[bytes]
    facts: KeptFacts | None
    facts_digest: bytes = NOTHING


@dataclass(frozen=True, slots=True)
class Protector:
    """Protects verdicts under the persons' keys, and rejected rows under the quarantine key."""

    pseudonymiser: Pseudonymiser
    vault: Vault
    entropy: Entropy

    def protect(
        self,
        canonicals: Sequence[Canonical],
        verdicts: Sequence[Sequence[Verdict]],
        facts: Sequence[SubjectFacts],
        persons: Sequence[Person],
        content_digests: Sequence[bytes],
        mapping: str,
        now: Micros,
    ) -> list[ProtectedRecord]:
        """One protected record per canonical record, in order."""
        records, decided = len(canonicals), sum(len(group) for group in verdicts)
        domains = domains_of(verdicts)
        if domains:  # only where someone is called by a pseudonym is its first step taken
            persons = [
                Person(person.tag, person.key, self.pseudonymiser.first_step(canonical.record.pgn))
                for person, canonical in zip(persons, canonicals, strict=True)
            ]
        return protect(
            canonicals,
            verdicts,
            facts,
            persons,
            {domain: self.pseudonymiser.domain_key(domain) for domain in domains},
            content_digests,
            Versions(mapping, self.vault.key_version),
            new_ids(records + decided, now, self.entropy(_ID_BYTES * (records + decided))),
            self.entropy(ENTROPY_PER_RECORD * records + ENTROPY_PER_VERDICT * decided),
        )

    async def open(self, held: Sequence[Held], facts: Mapping[UUID, SealedFacts]) -> dict[UUID, Opened]:
        """What waits, by delivery, with the facts of its record from `facts` (by record). What is about someone who was
        erased opens for nobody and is left out.

        Raises Tampered when a payload is not the one that its log entry was written for.
        """
        keys = await self.vault.existing([one.subject_tag for one in held]) if held else {}
        opened: dict[UUID, Opened] = {}
        for one in held:
            if (key := keys.get(one.subject_tag)) is not None:
                payload, inner = unseal(key, one.sealed, one.delivery_id.bytes), opening(key, one.nonce)
                if not hmac.compare_digest(payload_digest(inner, payload), one.digest):
                    raise Tampered(
                        "A delivery is not what its log entry says.",
                        "Payload and digest differ.",
                        "Keep both; call the privacy officer.",
                    )
                known = None if one.record_id is None else facts.get(one.record_id)
                if known is None or one.record_id is None:
                    opened[one.delivery_id] = Opened(Personal(payload), None)
                else:
                    plain = unseal(key, known.sealed, one.record_id.bytes)
                    opened[one.delivery_id] = Opened(Personal(payload), read_facts(plain), facts_digest(inner, plain))
        return opened

    async def pass_on(
        self,
        recipient: PartyId,
        held: Sequence[tuple[Held, Grant, SubjectFacts]],
        facts: Mapping[UUID, SealedFacts],
        payloads: Mapping[UUID, Personal[bytes]],
        now: Micros,
    ) -> dict[UUID, Onward]:
        """What waited for another, as it goes to `recipient` under these grants by what is known today, by the delivery that
        it was; what is about someone who was erased meanwhile is left out.
        """
        keys = await self.vault.existing([one.subject_tag for one, _, _ in held]) if held else {}
        ids = new_ids(2 * len(held), now, self.entropy(_ID_BYTES * 2 * len(held)))
        found: dict[UUID, Onward] = {}
        for record_id, ref, (one, grant, known) in zip(ids[::2], ids[1::2], held, strict=True):
            key = keys.get(one.subject_tag)
            if key is not None and one.record_id is not None:
                plain = unseal(key, facts[one.record_id].sealed, one.record_id.bytes)
                found[one.delivery_id] = pass_on(
                    *(key, one.subject_tag, recipient, one.record_kind, grant),
                    *(payloads[one.delivery_id], plain, known, (ref, record_id), self.entropy(ENTROPY)),
                )
        return found

    async def link(self, party: PartyId, records: Sequence[ProtectedRecord]) -> None:
        """Keeps in the vault whom the entries of these records will be about; durable when this returns."""
        await self.vault.link(about(party, records))

    def seal_rejected(self, rejected: Sequence[Rejected], now: Micros) -> list[SealedRow]:
        """Rows for quarantine: number and faults in clear, the content sealed."""
        ids = new_ids(len(rejected), now, self.entropy(_ID_BYTES * len(rejected)))
        return [
            SealedRow(
                quarantine_id=quarantine_id,
                row_number=one.row.number,
                faults=one.faults,
                sealed=self.vault.seal_row(one.row.raw.reveal(), quarantine_id.bytes),
                key_version=self.vault.key_version,
            )
            for one, quarantine_id in zip(rejected, ids, strict=True)
        ]
