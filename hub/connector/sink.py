"""Recipients' systems that deliveries are pushed to, and registers that are asked about one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol
from uuid import UUID

from hub.domain.personal import Pgn
from hub.domain.stages import Delivered, Row
from hub.domain.terms import ReasonCode
from hub.errors import Refused


@dataclass(frozen=True, slots=True)
class Said:
    """What the recipient's system says of the deliveries of a page: it has them, or it will not have them and why.

    What it does not name it says nothing about.
    """

    confirmed: frozenset[UUID] = frozenset()
    refused: Mapping[UUID, ReasonCode] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a page: `unsaid` left the hub and was not named in the answer; what is in neither never left."""

    said: Said
    unsaid: frozenset[UUID]


class Rejected(Refused):
    """The recipient's system does not accept a page as a whole; `cause` says why. Its deliveries may go one by one."""

    def __init__(self, cause: ReasonCode, what: str, why: str = "", now: str = "") -> None:
        super().__init__(what, why, now)
        self.cause = cause


class Sink(Protocol):
    """A recipient's system that deliveries are pushed to, at least once: it knows a delivery again by its id."""

    async def send(self, page: Sequence[Delivered], checkpoint: str, /) -> Said:
        """One page, all under one checkpoint.

        Raises `Rejected`; `hub.http.Away` when it may be tried again, whether or not it was received; `hub.http.Barred` when
        trying again does not help before somebody changes a setting, here or there.
        """
        ...

    async def tell(self, page: Mapping[str, Any], ids: Sequence[UUID], /) -> frozenset[UUID]:
        """One page of notices about what was delivered before, as they are fetched too; gives which of `ids` it says it has.

        Raises as `send` does.
        """
        ...

    async def close(self) -> None:
        """Lets go of the connections."""
        ...


@dataclass(frozen=True, slots=True)
class Hat:
    """In whose name a register is asked: the user as the register must know them, and the task that they do."""

    user: str
    task: str


class Query(Protocol):
    """A register that is asked about one person at a time.

    Whatever it answers is reduced at once to the cells that the mapping reads: no more of it ever leaves the connector.
    """

    async def ask(self, pgn: Pgn, hat: Hat, /) -> Row | None:
        """The answer as a row for the mapping; None where the register knows nobody of this number.

        Raises `hub.http.Away`, or `hub.http.Barred` where asking again does not help.
        """
        ...

    async def close(self) -> None:
        """Lets go of the connections."""
        ...
