"""Content on its way in: sealed block by block as it comes, so that what is held of it is never more than once there."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable
from typing import Final
from uuid import UUID

from hub.connector.files import BLOCK
from hub.errors import Malformed, Retry
from hub.ports import KeyedDigest

LARGEST: Final = 64 << 20
"""Bytes of one item. Larger ones are split by whoever brings them, or put in a folder from which the hub fetches."""

Seal = Callable[[bytes, bytes], bytes]
"""Seals content bound to where it belongs; `hub.protect.vault.Vault.seal_row` is the one there is."""


class Full(Retry):
    """The hub keeps no more of what this instance was brought until some of it has been read."""

    def __init__(self) -> None:
        super().__init__(
            "The hub takes in nothing more for this connector now.",
            "What was brought before still waits to be read, or was refused and waits for somebody to look at it.",
            "Bring it again later; see the connector's page why it is not read.",
            after_s=60,
        )


class TooLarge(Malformed):
    """Content is larger than the hub takes in at once."""

    def __init__(self) -> None:
        super().__init__(
            "The content was refused.", f"It is larger than {LARGEST >> 20} MiB.", "Split it, and bring it in parts."
        )


def bound(item_id: UUID, number: int) -> bytes:
    """What a block is sealed for: its place in its item, so that none can be taken for another."""
    return b"inbox" + item_id.bytes + number.to_bytes(4, "big")


class Content:
    """One item as it comes in: feed it, then finish it. What it holds is sealed, but for less than a block."""

    def __init__(self, item_id: UUID, seal: Seal, keyed: KeyedDigest) -> None:
        self.item_id, self.sealed, self.size = item_id, list[bytes](), 0
        self._seal, self._keyed = seal, keyed
        self._open, self._digests = bytearray(), list[bytes]()

    def feed(self, part: bytes | memoryview) -> None:
        """More of it. Raises TooLarge as soon as it is."""
        self.size += len(part)
        if self.size > LARGEST:
            raise TooLarge
        self._open += part
        while len(self._open) >= BLOCK:
            self._close(bytes(self._open[:BLOCK]))
            del self._open[:BLOCK]

    def finish(self) -> Content:
        """The rest of it is sealed as well. Raises errors.Malformed where nothing came."""
        if not self.size:
            raise Malformed("The content was refused.", "It is empty.", "Bring the file itself.")
        if self._open:
            self._close(bytes(self._open))
            self._open.clear()
        return self

    @property
    def digest(self) -> bytes:
        """The keyed digest of it all; the same content has the same."""
        return self._keyed("inbox-item", b"".join(self._digests))

    def _close(self, block: bytes) -> None:
        self._digests.append(self._keyed("inbox-block", block))
        self.sealed.append(self._seal(block, bound(self.item_id, len(self.sealed))))


async def whole(content: Content, parts: AsyncIterable[bytes]) -> Content:
    """Takes all of it in. Raises TooLarge, errors.Malformed."""
    async for part in parts:
        content.feed(part)
    return content.finish()
