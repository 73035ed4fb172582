"""The inbox of one instance as a folder: what the reader of files asks of any of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from hub.connector.files import RemoteFile
from hub.domain.terms import ConnectorId, PartyId
from hub.receive.inbox.store import Inbox, Item, State, gone

_FOLDERS: Final[dict[str, State]] = {".": "waiting", "verwerkt": "done", "afgekeurd": "refused"}
_PREFIX: Final[dict[State, str]] = {"waiting": "", "done": "verwerkt/", "refused": "afgekeurd/", "held": ""}
_MOST: Final = 100


class InboxSource:
    """What was brought to one instance; satisfies `hub.connector.PageSource`.

    Items are called by their id: no name of a file came in. What is moved to `verwerkt` has no content any more.
    """

    def __init__(self, inbox: Inbox, connector: ConnectorId, party: PartyId) -> None:
        self._inbox, self._connector, self._party = inbox, connector, party
        self._more = False

    @property
    def more(self) -> bool:
        """Whether more waits than was listed."""
        return self._more

    async def list(self, folder: str = ".") -> list[RemoteFile]:
        """What waits, or was refused, the oldest first; what is done is not listed."""
        state = _FOLDERS.get(folder)
        if state is None or state == "done":
            return []
        found = await self._inbox.items(self._connector, self._party, state, _MOST + 1 if state == "waiting" else 1 << 30)
        if state == "waiting":
            self._more = len(found) > _MOST
            found = found[:_MOST]
        return [_file(item) for item in found]

    async def stat(self, name: str) -> RemoteFile:
        """The item as it is now. Raises errors.Retry when it is gone."""
        return _file(await self._find(name))

    async def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """Its content in blocks of `BLOCK` bytes. Raises errors.Retry when it is gone, errors.Tampered."""
        async for block in self._inbox.blocks(await self._find(name), offset):
            yield block

    async def move(self, name: str, folder: str, suffix: str, *, marked: bool = False) -> str:
        """Into `verwerkt` or `afgekeurd`, or back with `.`; what is `marked` carries the suffix. Returns where it is now.

        Raises errors.Retry when it is gone.
        """
        state, item_id = _FOLDERS[folder], _id(name)
        mark = suffix if marked else ""
        await self._inbox.move(self._connector, self._party, item_id, state, mark)
        return _name(item_id, state, mark)

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def _find(self, name: str) -> Item:
        item = await self._inbox.find(self._connector, self._party, _id(name))
        if item is None or _name(item.item_id, item.state, item.mark) != name:
            raise gone()
        return item


def _file(item: Item) -> RemoteFile:
    return RemoteFile(_name(item.item_id, item.state, item.mark), item.size, item.received_us // 1_000_000)


def _name(item_id: UUID, state: State, mark: str) -> str:
    return f"{_PREFIX[state]}{item_id}" + (f".{mark}" if mark else "")


def _id(name: str) -> UUID:
    try:
        return UUID(name.rpartition("/")[2].partition(".")[0])
    except ValueError:
        raise gone() from None
