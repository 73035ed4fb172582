"""Who acts on agreements: someone at the desk, or someone with a key of their own that an administrator registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from hub.audit.entry import EntryKind
from hub.audit.ledger import Ledger
from hub.audit.notes import Notes
from hub.consent.life import Method
from hub.domain.ids import new_ids
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import PartyId
from hub.errors import Conflict, Refused, Tampered
from hub.policies import signature, store
from hub.policies.store import Signatory
from hub.policies.use import Acts
from hub.ports import KeyedDigest

_NEVER: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Hand:
    """Who acts: at the desk, or with a key of their own."""

    staff: Staff
    key: signature.Key | None = field(default=None, repr=False)
    signatory: Signatory | None = None

    @property
    def method(self) -> Method:
        """How it is known that it was them."""
        return Method.desk if self.key is None else Method.key


class Signatories:
    """The public keys of those who sign. Methods raise Retry where the database is away or the log cannot be written."""

    def __init__(self, acts: Acts, notes: Notes, digest: KeyedDigest) -> None:
        self._acts, self._notes, self._digest = acts, notes, digest
        self._ledger: Ledger[Signatory] = Ledger(acts.log, lambda one: one.ref or _NEVER, _says)
        self._log_id, self._operator, self._clock = notes.log_id, notes.operator, notes.clock

    async def all(self) -> list[Signatory]:
        """Everyone who ever had a key here."""
        return await store.signatories(self._acts.engine, self._log_id)

    async def add(
        self, key: signature.Key, name: str, role: Role, party: PartyId | None, staff: StaffId | None = None
    ) -> Signatory:
        """Registers the public key of someone, who is `staff` at the desk, or is known by the key alone.

        Raises Refused where the key is registered, where the party is not one, or for a role that does not act here.
        """
        used = await self._acts.in_use()
        if role not in (Role.privacy_officer, Role.fg, Role.decision_maker):
            raise Refused("This role does not sign.", "Only who proposes, advises or decides does.", "Choose another role.")
        if (role is Role.decision_maker) != (party is not None):
            raise Refused("Whom they decide for is not clear.", "A decision-maker has a party, others none.", "Say which.")
        if party is not None and used is not None and party not in used.policy.parties:
            raise Refused(f"There is no party {party}.", "The set in use does not name it.", "See parties.yaml.")
        if not name.isprintable() or not 2 <= len(name.strip()) <= 100:
            raise Refused("The name was refused.", "It is empty, too long or holds odd characters.", "Give a plain name.")
        print_of = signature.thumbprint_of(key)
        known = staff or StaffId("m-" + self._digest("staff-key", bytes.fromhex(print_of)).hex()[:16])
        ref = new_ids(1, self._clock.now_us(), self._notes.entropy(8))[0]
        one = Signatory(print_of, known, " ".join(name.split()), role, party, signature.public_of(key), closed=False, ref=ref)
        details = _details(one)
        claim = store.claim_signatory(self._log_id, self._operator, one, self._clock.now_us())
        try:
            await self._notes.write(EntryKind.configuration, "signatory-add", "signatory", details, claims=(claim,), ref=ref)
        except Conflict:
            raise Refused("This key is registered.", "Someone has it already, or had it.", "Make a key of your own.") from None
        return one

    async def close(self, thumbprint: str) -> None:
        """A key signs nothing from now on; what it signed stays. Raises Refused where it is not registered or is closed."""
        claim = store.claim_closed(self._log_id, self._operator, thumbprint, self._clock.now_us())
        found = next((each for each in await self.all() if each.thumbprint == thumbprint and not each.closed), None)
        if found is not None:
            details = {"signatory": str(found.staff_id), "key": thumbprint}
            try:
                await self._notes.write(EntryKind.configuration, "signatory-close", "signatory", details, claims=(claim,))
            except Conflict:
                found = None
        if found is None:
            raise Refused("No key was closed.", "None is open under that thumbprint.", "See the list of signatories.")

    async def hand_of(self, key: signature.Key) -> Hand:
        """Whoever holds this private key. Raises Refused where its public key is not registered, or is closed; Tampered where
        the log does not know that it was.
        """
        thumbprint = signature.thumbprint_of(key)
        for each in await self.all():
            if each.thumbprint == thumbprint and not each.closed:
                await self._ledger.check([each], lambda _: _not_registered())
                return Hand(Staff(each.staff_id, each.name, frozenset({each.role}), each.party), key, each)
        raise Refused(
            "The hub does not know this key.",
            "It is not registered for anybody, or was closed.",
            "Have the administrator register its public key ('hub policy signatory add').",
        )


def _details(one: Signatory) -> dict[str, str | int]:
    """What the log says of a key that is registered."""
    said: dict[str, str | int] = {"signatory": str(one.staff_id), "role": one.role.value, "key": one.thumbprint}
    return said if one.party is None else {**said, "party": str(one.party)}


def _says(entry: Mapping[str, Any], one: Signatory) -> bool:
    """Whether the entry registers this very key, for them, in that role."""
    details: Mapping[str, Any] = entry.get("details", {})
    whose = signature.thumbprint_of(signature.read_key(one.jwk.encode(), private=False))
    said = {name: details.get(name) for name in ("signatory", "role", "key", "party") if name in details}
    return entry.get("operation") == "signatory-add" and whose == one.thumbprint and said == _details(one)


def _not_registered() -> Tampered:
    return Tampered(
        "This key is not registered as the log says.",
        "It was put into the database past the hub, or before keys named their entry.",
        "Call the privacy officer. Have it registered anew, under another key ('hub policy signatory add').",
    )
