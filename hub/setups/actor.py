"""Who sets up connectors, as the log may know them: four eyes are two of these."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, Self

from hub.domain.staff import Staff, StaffId
from hub.domain.terms import Term
from hub.ports import KeyedDigest


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: `word` stands in the log, and tells one from another of the same kind.

    A member of staff is known by their id, an administrator's system by its client id (a name of ours, hashed where it is no
    word of the log), who works at the keyboard by a keyed digest of their account's name.
    """

    kind: Literal["staff", "client", "account"]
    word: str

    @classmethod
    def staff(cls, by: Staff) -> Self:
        """Somebody at the desk."""
        return cls("staff", str(by.staff_id))

    @classmethod
    def client(cls, client_id: str) -> Self:
        """A system that signed in."""
        try:
            return cls("client", str(Term(f"client:{client_id}")))
        except ValueError:
            return cls("client", f"client:x{sha256(client_id.encode()).hexdigest()[:32]}")

    @classmethod
    def account(cls, name: str, digest: KeyedDigest) -> Self:
        """Somebody at the keyboard of the hub's machine, by the name of their account there."""
        return cls("account", f"account:k{digest('account', name.encode()).hex()[:32]}")

    @property
    def staff_id(self) -> StaffId | None:
        """The id of a member of staff; None for the others."""
        return StaffId(self.word) if self.kind == "staff" else None

    @property
    def details(self) -> dict[str, str]:
        """What a log entry says of those that are no staff; of staff it says who by itself."""
        return {} if self.kind == "staff" else {self.kind: self.word}
