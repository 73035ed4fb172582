"""Logs for tests: entries of every kind, signed and exported, in memory or on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit import entry, tiles, tree
from hub.audit.checkpoint import Checkpoint, make_checkpoint, open_note
from hub.audit.signing import LogSigner
from hub.domain.stages import Candidate, Grant
from hub.domain.terms import (
    AgreementId,
    BasisId,
    ClauseId,
    ElementName,
    Form,
    LogId,
    PartyId,
    PolicyHash,
    PurposeId,
    ReasonCode,
    RecordKind,
)
from hub.ports import Draft, Signer

LOG = LogId("regio-a")
SOURCE = PartyId("duo")
RECIPIENT = PartyId("doorstroompunt-a")
PURPOSE = PurposeId("doorstroom-begeleiden")
RECORD = RecordKind("uitvalmelding")
CANDIDATE = Candidate(RECIPIENT, SOURCE, (SOURCE, RECIPIENT))
GRANT = Grant(
    agreement=AgreementId("duo-doorstroompunt/1"),
    clause=ClauseId("duo-doorstroompunt/1/uitval"),
    purpose=PURPOSE,
    processing_activity="https://verwerkingen.example/1",
    bases=(BasisId("web-9.2.1"),),
    fields=((ElementName("bsn"), Form.raw), (ElementName("leeftijd"), Form.banded), (ElementName("overleden"), Form.yes_no)),
    withheld=((ElementName("adres"), ReasonCode("NIET_NODIG")),),
    obligations=(),
    retention="P2Y",
    policy=PolicyHash("0123456789abcdef" * 4),
)
START = 1_790_000_000_000_000
"""A moment in 2026."""


def signer(seed: int = 7, origin: str = "hub.example/regio-a") -> LogSigner:
    """The same key for the same seed."""
    return LogSigner(origin, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def _draft(nth: int, disclosures: entry.DisclosureTemplate, outcomes: entry.OutcomeTemplate) -> Draft:
    seed = sha256(b"entry %d" % nth).digest()
    ref = UUID(bytes=seed[:16])
    if nth % 4 < 2:
        return disclosures.draft(ref, seed, sha256(b"facts" + seed).digest(), seed[16:], sha256(b"person" + seed).digest())
    if nth % 4 == 2:
        return outcomes.draft(ref, UUID(bytes=sha256(b"entry %d" % (nth - 2)).digest()[:16]))
    return entry.event(entry.EntryKind.access, LOG, ref, RECIPIENT, "search", PURPOSE, "log", {"found": nth, "desk": "officer"})


def sample_bodies(count: int) -> list[bytes]:
    """The first `count` entries of a log: disclosures, outcomes and readings, a second apart."""
    disclosures = entry.DisclosureTemplate(LOG, SOURCE, CANDIDATE, GRANT, RECORD)
    outcomes = entry.OutcomeTemplate(LOG, RECIPIENT, RECIPIENT, PURPOSE, entry.OutcomeKind.handed_over, "release")
    return [entry.complete(_draft(nth, disclosures, outcomes), START + nth * 1_000_000) for nth in range(count)]


def checkpoint_of(bodies: Sequence[bytes], by: Signer) -> Checkpoint:
    """The signed checkpoint over these entries."""
    frontier = tree.Frontier().extend([tree.leaf_hash(body) for body in bodies])
    return open_note(make_checkpoint(by, frontier.size, frontier.root), by.vkey)


@dataclass(frozen=True)
class Exported:
    """An export in memory, and what its reader trusts."""

    files: Mapping[str, bytes]
    trust: str

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Gives the directory of the export and its trust file."""
        top, trust = folder / "export", folder / "trust"
        top.mkdir()
        for path, content in self.files.items():
            place = top / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        trust.write_text(self.trust)
        return top, trust


def export_files(bodies: Iterable[bytes], checkpoint: Checkpoint) -> dict[str, bytes]:
    """All files of the export of a log. Raises errors.Tampered when the bodies are not what `checkpoint` is over."""
    export = tiles.Export()
    return dict([*export.add(bodies), *export.finish(checkpoint)])


def exported(bodies: Sequence[bytes], by: Signer | None = None, earlier: int | None = None) -> Exported:
    """The export of these entries; `earlier` puts the checkpoint over that many of them into the trust file."""
    key = by or signer()
    trust = f"# the log of region A\nlog {key.vkey}\nquorum none\n"
    if earlier is not None:
        trust += "\n" + checkpoint_of(bodies[:earlier], key).note
    return Exported(export_files(bodies, checkpoint_of(bodies, key)), trust)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + naive_root(leaves[:half]) + naive_root(leaves[half:])).digest()


def node_of(leaves: list[bytes], start: int = 0) -> tree.Node:
    """Perfect subtrees over the leaves from `start` on."""
    known: dict[tuple[int, int], bytes] = {}

    def node(height: int, index: int) -> bytes:
        if height == 0:
            return leaves[start + index]
        if (height, index) not in known:
            known[height, index] = tree.node_hash(node(height - 1, 2 * index), node(height - 1, 2 * index + 1))
        return known[height, index]

    return node
