"""A file that an administrator, or whoever runs the hub, brings by hand for a partner. Who did so is in the log."""

from __future__ import annotations

from collections.abc import AsyncIterable
from dataclasses import dataclass

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.domain.staff import Staff
from hub.domain.terms import ConnectorId
from hub.errors import Refused
from hub.observe import Event, emit
from hub.receive.inbox.brought import Brought, Instances
from hub.receive.inbox.content import whole
from hub.receive.inbox.store import Inbox


@dataclass(frozen=True, slots=True)
class Uploads:
    """The way in by hand, for any instance that is brought records: it serves where a partner's own way fails."""

    inbox: Inbox
    instances: Instances
    notes: Notes

    async def takes(self, connector: ConnectorId) -> bool:
        """Whether something can be brought to this instance. Raises errors.Retry when that cannot be known now."""
        return await self.instances.brought(connector) is not None

    async def upload(self, connector: ConnectorId, parts: AsyncIterable[bytes], by: Staff | None) -> int:
        """Takes a file in, to be read at the next poll; that it was brought is in the log before. Gives its size.

        Raises errors.Refused where nothing is brought to the instance, TooLarge, Full, errors.Malformed for an empty file.
        """
        brought = await self._brought(connector)
        await self.inbox.check_room(brought)
        content = await whole(self.inbox.begin(), parts)
        kept = await self.inbox.keep(brought, "upload", [content], held=True)
        await self.notes.write(
            EntryKind.configuration,
            "upload",
            "inbox",
            {"connector": str(connector), "item": str(content.item_id), "party": str(brought.party)},
            by=None if by is None else by.staff_id,
            claims=(self.inbox.show(kept),),
        )
        await self.inbox.ring(connector)
        emit(Event.drop_seen, connector=connector, drop=content.item_id)
        return content.size

    async def _brought(self, connector: ConnectorId) -> Brought:
        found = await self.instances.brought(connector)
        if found is None:
            raise Refused(
                "Nothing is brought to this connector.",
                "It is not active, or the hub fetches its files itself.",
                "See 'hub connector list'.",
            )
        return found
