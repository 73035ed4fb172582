"""Connectors and their files as an administrator sees them: the last run, counts that add up, what is stuck and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.connector import Trouble
from hub.domain.staff import Staff
from hub.domain.terms import ConnectorId, LogId, PartyId
from hub.errors import Conflict, Refused
from hub.mend import store
from hub.mend.source import Sources, staff_id
from hub.mend.store import FileRun, Polled, Totals
from hub.ports import Clock

SILENT_US: Final = 300_000_000
"""A connector that nobody polled for this long has no worker."""

IN_WORDS: Final[Mapping[Trouble, str]] = MappingProxyType(
    {
        Trouble.none: "bereikbaar",
        Trouble.host_key: "niet bereikbaar: de server toont een andere sleutel dan afgesproken",
        Trouble.certificate: "niet bereikbaar: de hub vertrouwt het certificaat van de server niet",
        Trouble.own_certificate: "niet bereikbaar: de server aanvaardt het certificaat van de hub niet",
        Trouble.limited: "de afgesproken limiet is bereikt; de hub wacht en gaat dan verder",
        Trouble.no_answer: "wel bereikbaar, maar het antwoord is niet zoals afgesproken",
        Trouble.partner_failed: "wel bereikbaar, maar het systeem aan de andere kant meldt een fout",
        Trouble.drift: "gestopt: de vorm van de bestanden is veranderd; bekijk wat er anders is",
        Trouble.login_unclear: "niet bereikbaar: er is geen of meer dan een manier van aanmelden ingesteld",
        Trouble.key_unreadable: "niet bereikbaar: de sleutel waarmee de hub zich aanmeldt, is niet te lezen",
        Trouble.login_refused: "niet bereikbaar: aanmelden geweigerd",
        Trouble.not_allowed: "wel bereikbaar, maar de hub mag in de map niet lezen, verplaatsen of een map maken",
        Trouble.no_folder: "wel bereikbaar, maar de map bestaat niet",
        Trouble.no_encryption: "niet bereikbaar: geen veilige versleuteling gemeen",
        Trouble.not_found: "niet bereikbaar: de naam van de server is onbekend",
        Trouble.no_listener: "niet bereikbaar: de server neemt op deze poort niet op",
        Trouble.silent: "niet bereikbaar: de server antwoordt niet op tijd",
        Trouble.broken: "de verbinding brak af",
        Trouble.file_gone: "een bestand verdween tijdens het ophalen",
        Trouble.name_taken: "een bestand kan niet worden verplaatst: de naam is te vaak bezet",
        Trouble.hub_busy: "de hub kon zelf niet verder; de volgende keer opnieuw",
        Trouble.misconfigured: "de instelling van deze koppeling klopt niet, of haar mapping is niet te gebruiken",
        Trouble.unforeseen: "onvoorziene fout; zie het logboek van de werker",
    }
)
"""What is wrong with a connector, in the words of the desk."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One connector instance: how its polls go, its last file, and its files together.

    `polled` is None where it was never polled; `unwatched` where no worker polled it for five minutes. `words` says how it
    is, to be read after a time: "since `polled.since_us`: ...".
    """

    connector: ConnectorId
    party: PartyId
    polled: Polled | None
    trouble: Trouble
    words: str
    unwatched: bool
    last: FileRun | None
    totals: Totals


class Files:
    """The connectors of an installation, and the files that they brought."""

    def __init__(self, engine: AsyncEngine, log_id: LogId, sources: Sources, notes: Notes, clock: Clock) -> None:
        self._engine, self._log_id, self._sources, self._notes, self._clock = engine, log_id, sources, notes, clock

    async def connectors(self) -> list[Standing]:
        """Every instance that is set up, by name."""
        now = int(self._clock.now_us())
        polled, totals = await store.standing(self._engine, self._log_id, now)
        found: list[Standing] = []
        for name, source in sorted(self._sources.items()):
            (*last,) = await store.files(self._engine, self._log_id, now, name, None, 1)
            how = polled.get(name)
            trouble = Trouble.unforeseen if how is None else Trouble(how.outcome)
            found.append(
                Standing(
                    name,
                    source.party,
                    how,
                    Trouble.none if how is None else trouble,
                    "nog nooit bekeken" if how is None else IN_WORDS[trouble],
                    how is None or how.polled_us < now - SILENT_US,
                    last[0] if last else None,
                    totals.get(name) or Totals(name, 0, 0, 0, 0, 0, 0, 0),
                )
            )
        return found

    async def runs(self, connector: ConnectorId | None = None, limit: int = 100) -> list[FileRun]:
        """Files, newest first."""
        return await self._files(connector, None, limit)

    async def refused(self, connector: ConnectorId | None = None, limit: int = 100) -> list[FileRun]:
        """Files that were refused whole, and those that are to be read again."""
        return await self._files(connector, ("refused", "again"), limit)

    async def stuck(self, connector: ConnectorId | None = None) -> list[FileRun]:
        """Files that were begun and do not move on; `reason` says why where that is known."""
        return [one for one in await self._files(connector, ("taken",), 1000) if one.stuck]

    async def find(self, drop_id: UUID) -> FileRun | None:
        """One file."""
        return await store.file(self._engine, self._log_id, int(self._clock.now_us()), drop_id)

    async def again(self, drop_id: UUID, by: Staff | None) -> None:
        """Has a refused file read again at the next poll, with the mapping in use; it is in the log first.

        Raises Refused where the file is not, or no longer, refused.
        """
        found = await self.find(drop_id)
        if found is None or found.state != "refused":
            raise _not_refused()
        details = {"connector": str(found.connector), "drop": str(drop_id)}
        claim = store.claim_again(drop_id, int(self._clock.now_us()))
        try:
            await self._notes.write(EntryKind.configuration, "file-again", "drop", details, by=staff_id(by), claims=(claim,))
        except Conflict:
            raise _not_refused() from None

    async def _files(self, connector: ConnectorId | None, states: Sequence[str] | None, limit: int) -> list[FileRun]:
        return await store.files(self._engine, self._log_id, int(self._clock.now_us()), connector, states, limit)


def _not_refused() -> Refused:
    return Refused(
        "This file is not refused.", "It is unknown, or someone had it read again already.", "See 'hub connector runs'."
    )
