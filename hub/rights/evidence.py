"""A file of evidence: entries verbatim, each with the proof that it is in the log, for whoever checks without the hub.

One JSON object. `entries` are the log's own bytes as text; an entry's leaf (RFC 9162) is the SHA-256 of a zero byte and these
bytes. `receipt` is a C2SP tlog-proof, which ends in the signed checkpoint. `key` is the log's public key as the hub tells it:
who checks takes it from somewhere else (see ops/verify/README.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import orjson

from hub.audit.log import Log
from hub.errors import Malformed

FORM: Final = "hub-evidence/1"
MOST: Final = 10_000
_CHECKING: Final = (
    "Elke 'entry' is een regel van het logboek, letter voor letter. 'receipt' bewijst dat die regel op plaats 'index' staat"
    " onder het ondertekende controlepunt 'checkpoint' (C2SP tlog-proof, RFC 9162). Neem de sleutel van het logboek van"
    " elders over; een sleutel die met het bewijs meekomt, bewijst niets."
)


async def bundle(log: Log, refs: Sequence[UUID]) -> bytes:
    """The evidence for these entries. Raises Tampered when one is not in the log, Malformed for none or too many."""
    wanted = list(dict.fromkeys(refs))
    if not 0 < len(wanted) <= MOST:
        raise Malformed(
            "This evidence cannot be made.",
            f"A file of evidence holds 1 to {MOST} entries.",
            "Choose fewer, or export the log.",
        )
    located = await log.locate(wanted)
    receipts, checkpoint = await log.prove(located)
    rows = sorted((entry.seq, ref, entry.body.decode()) for ref, entry in located.items())
    return _file(log, checkpoint, [(ref, seq, body, receipts[ref]) for seq, ref, body in rows])


def _file(log: Log, checkpoint: str, rows: Sequence[tuple[UUID, int, str, str]]) -> bytes:
    return orjson.dumps(
        {
            "form": FORM,
            "checking": _CHECKING,
            "log": log.log_id,
            "key": log.vkey,
            "checkpoint": checkpoint,
            "entries": [{"ref": str(ref), "index": seq, "entry": body, "receipt": receipt} for ref, seq, body, receipt in rows],
        },
        option=orjson.OPT_INDENT_2,
    )
