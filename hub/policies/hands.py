"""Who acts on agreements: someone at the desk, or someone with a key of their own that an administrator registered."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.consent.life import Method
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import PartyId
from hub.errors import Conflict, Refused
from hub.policies import signature, store
from hub.policies.store import Signatory
from hub.policies.use import in_use
from hub.ports import KeyedDigest


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

    def __init__(self, engine: AsyncEngine, notes: Notes, digest: KeyedDigest) -> None:
        self._engine, self._notes, self._digest = engine, notes, digest
        self._log_id, self._operator, self._clock = notes.log_id, notes.operator, notes.clock

    async def all(self) -> list[Signatory]:
        """Everyone who ever had a key here."""
        return await store.signatories(self._engine, self._log_id)

    async def add(
        self, key: signature.Key, name: str, role: Role, party: PartyId | None, staff: StaffId | None = None
    ) -> Signatory:
        """Registers the public key of someone, who is `staff` at the desk, or is known by the key alone.

        Raises Refused where the key is registered, where the party is not one, or for a role that does not act here.
        """
        used = await in_use(self._engine, self._log_id)
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
        one = Signatory(print_of, known, " ".join(name.split()), role, party, signature.public_of(key), closed=False)
        details = {"signatory": str(known), "role": role.value, "key": print_of} | ({"party": str(party)} if party else {})
        claim = store.claim_signatory(self._log_id, self._operator, one, self._clock.now_us())
        try:
            await self._notes.write(EntryKind.configuration, "signatory-add", "signatory", details, claims=(claim,))
        except Conflict:
            raise Refused("This key is registered.", "Someone has it already, or had it.", "Make a key of your own.") from None
        return one

    async def close(self, thumbprint: str) -> None:
        """A key signs nothing from now on; what it signed stays. Raises Refused where it is not registered or is closed."""
        claim = store.claim_closed(self._log_id, thumbprint, self._clock.now_us())
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
        """Whoever holds this private key. Raises Refused where its public key is not registered, or is closed."""
        thumbprint = signature.thumbprint_of(key)
        for each in await self.all():
            if each.thumbprint == thumbprint and not each.closed:
                return Hand(Staff(each.staff_id, each.name, frozenset({each.role}), each.party), key, each)
        raise Refused(
            "The hub does not know this key.",
            "It is not registered for anybody, or was closed.",
            "Have the administrator register its public key ('hub policy signatory add').",
        )
