"""A database as it is examined."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True, slots=True)
class Base:
    """One of the two databases, through the running hub's own role, which must be `role`.

    `revision` is what the migrations lead to; `most` the connections that one process may open; `remote` whether the way to it
    leaves this machine; `files` where its files lie, when that is on this machine and known.
    """

    name: Literal["main", "vault"]
    engine: AsyncEngine
    role: str
    revision: str | None
    most: int
    remote: bool
    files: Path | None = None
