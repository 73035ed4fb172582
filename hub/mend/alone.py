"""Mappings that one person put into use: who, for which reason, and whether a second person has looked at it since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.ledger import Ledger, Proven
from hub.audit.log import Log
from hub.domain.glass import Broken
from hub.domain.terms import ConnectorId
from hub.mend import store

IN_USE: Final = frozenset({"mapping-change", "mapping-break-glass"})
PROPOSED: Final = frozenset({"mapping-propose"})
CONFIRM: Final = "mapping-confirm"


@dataclass(frozen=True, slots=True)
class Text:
    """That a mapping of this very text (`digest`, SHA-256) was proposed, put into use or confirmed, by entry `ref`."""

    connector: str
    digest: str
    ref: UUID
    operations: frozenset[str]
    who: str | None = None


def ledger_of(log: Log) -> Ledger[Text]:
    """Mappings, held against this log."""
    return Ledger(log, lambda text: text.ref, _says)


async def unconfirmed(
    engine: AsyncEngine, log: Log, ledger: Ledger[Text], connector: ConnectorId | None = None
) -> dict[ConnectorId, tuple[int, Broken]]:
    """The mappings that one person put into use and nobody confirmed since, by connector, each with its number.

    Who puts a later one into use has looked at this one too. Nothing counts that the log does not speak of.
    """
    uses = await store.mapping_uses(engine, log.log_id, connector)
    said = {(one.connector, one.version): one for one in await store.confirmations(engine, log.log_id, connector)}
    texts = {one: Text(one.connector, one.digest, one.ref, IN_USE) for one in uses}
    confirmed = {
        one: Text(one.connector, one.digest, known.ref, frozenset({CONFIRM}), known.who)
        for one in uses
        if (known := said.get((one.connector, one.version))) is not None
    }
    proven = await ledger.proven([*texts.values(), *confirmed.values()])
    found: dict[ConnectorId, tuple[int, Broken]] = {}
    for one in uses:
        by = proven.get(texts[one])
        before = found.get(one.connector)
        if by is not None and "reason" in by.details:
            glass = one.version, Broken(_staff(by), str(by.details["reason"]), one.us)
            before = found[one.connector] = before or glass
        elif by is not None and before is not None and before[1].who != _staff(by):
            before = found.pop(one.connector)
        second = proven.get(confirmed[one]) if one in confirmed else None
        if second is not None and before is not None and before[0] == one.version and before[1].who != _staff(second):
            del found[one.connector]
    return found


def _staff(proven: Proven) -> str:
    return str(proven.details.get("staff", ""))


def _says(entry: Mapping[str, Any], text: Text) -> bool:
    """Whether the entry speaks of this very text, for this connector."""
    details: Mapping[str, Any] = entry.get("details", {})
    return (
        entry.get("operation") in text.operations
        and (details.get("connector"), details.get("hash")) == (text.connector, text.digest)
        and text.who in (None, details.get("staff", ""))
    )
