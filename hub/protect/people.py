"""From a number to a person as the hub keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from hub.domain.personal import Pgn
from hub.domain.terms import Micros, PartyId
from hub.protect.pseudonymise import Pseudonymiser
from hub.protect.vault import Subject, Vault


@dataclass(frozen=True, slots=True)
class People:
    """Who bears a number; the number itself is kept nowhere."""

    pseudonymiser: Pseudonymiser
    vault: Vault

    async def find(self, pgn: Pgn) -> Subject | None:
        """The person with this number; None of someone whom the hub never saw, or who was forgotten."""
        locator = self.pseudonymiser.locator(pgn)
        return (await self.vault.known([locator])).get(locator)

    async def meet(self, pgn: Pgn, party: PartyId, now: Micros) -> Subject:
        """The person with this number, known from now on if they were not; `party` has something kept about them."""
        locator = self.pseudonymiser.locator(pgn)
        return (await self.vault.subjects([locator], party, now))[locator]
