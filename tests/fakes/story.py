"""Logs to which things happened, as exports: texts removed, a prefix pruned, another key, witnesses, time stamps, a person."""

from __future__ import annotations

from hashlib import blake2b, sha256, sha512
from io import BytesIO
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from hub.audit import entry, tiles, tree
from hub.audit.checkpoint import make_checkpoint
from hub.audit.cosign import Cosigner, cosign
from hub.audit.signing import LogSigner
from tests.fakes.log import (
    CANDIDATE,
    GRANT,
    LOG,
    PURPOSE,
    RECIPIENT,
    RECORD,
    SOURCE,
    START,
    Exported,
    checkpoint_of,
    export_files,
    sample_bodies,
    signer,
)

SECOND = 1_000_000
TAG, KEY = sha256(b"a tag").digest(), sha256(b"a person's key").digest()
WITNESSED = 1_795_000_000
"""When witnesses here cosign, in seconds."""


class Story:
    """Grows by what is done to it; `export` gives what an officer gets."""

    def __init__(self, count: int = 600, by: LogSigner | None = None) -> None:
        self.bodies = sample_bodies(count)
        self.by = by or signer()
        self.origins = [(1, self.by)]
        self.redacted: dict[int, list[int]] = {}
        self.pruned = 0
        self.boundary = ""
        self.cosigners: list[Cosigner] = []
        self.stamped: list[int] = []

    @property
    def size(self) -> int:
        return len(self.bodies)

    def _add(self, body: bytes) -> int:
        self.bodies.append(body)
        return self.size - 1

    @property
    def _now(self) -> int:
        return START + self.size * SECOND

    def _ref(self) -> UUID:
        return UUID(bytes=sha256(b"story %d" % self.size).digest()[:16])

    def event(self, kind: entry.EntryKind, operation: str, details: dict[str, str | int]) -> int:
        """Adds an entry; gives its number."""
        return self._add(
            entry.complete(entry.event(kind, LOG, self._ref(), SOURCE, operation, PURPOSE, "log", details), self._now)
        )

    def root(self, size: int) -> bytes:
        return tree.Frontier().extend([tree.leaf_hash(body) for body in self.bodies[:size]]).root

    def tell(self, tag: bytes = TAG, key: bytes = KEY) -> int:
        """A disclosure about the person with that tag and key."""
        nonce = sha256(b"nonce %d" % self.size).digest()[:16]
        inner = blake2b(nonce, key=key, digest_size=32, person=b"hub/opening").digest()
        committed = blake2b(tag + RECIPIENT.encode(), key=inner, digest_size=32, person=b"hub/subject").digest()
        template = entry.DisclosureTemplate(LOG, SOURCE, CANDIDATE, GRANT, RECORD)
        return self._add(entry.complete(template.draft(self._ref(), nonce * 2, nonce * 2, nonce, committed), self._now))

    def redact(self, *indices: int, **changes: str | int) -> int:
        """Logs the authority and removes the texts."""
        named = sha256(b"".join(index.to_bytes(8) for index in indices)).hexdigest()
        details: dict[str, str | int] = {"count": len(indices), "first": indices[0], "after": indices[-1] + 1}
        at = self.event(entry.EntryKind.prune, "redact-entries", details | {"set": named, "purpose": "begeleiden"} | changes)
        self.redacted[at] = list(indices)
        return at

    def prune(self, after: int, /, **changes: str | int) -> int:
        """Logs the authority and drops what lies before `after`."""
        details: dict[str, str | int] = {"first": 0, "after": after, "root": self.root(after).hex()}
        at = self.event(entry.EntryKind.prune, "prune-prefix", details | changes)
        self.pruned = after
        self.boundary = make_checkpoint(self.by, after, self.root(after))
        return at

    def go_on(self, by: LogSigner, cause: str = "rotation", lost: int = 0, **changes: str | int) -> int:
        """The log goes on under another key."""
        kept = self.root(self.size).hex()
        details: dict[str, str | int] = {"cause": cause, "kept": self.size, "promised": self.size + lost, "keptroot": kept}
        details |= {"promisedroot": "ab" * 32 if lost else kept, "before": sha256(self.by.vkey.encode()).hexdigest()}
        at = self.event(entry.EntryKind.key_rotation, "new-origin", details | changes)
        self.by = by
        self.origins.append((at + 1, by))
        return at

    def grow(self, count: int) -> None:
        """Adds that many readings."""
        for _ in range(count):
            self.event(entry.EntryKind.access, "search", {"found": 1})

    def export(self, trust: str = "quorum none\n", earlier: str = "") -> Exported:
        """The export as of now; `trust` comes after the line of the log, an `earlier` checkpoint after that."""
        checkpoint = checkpoint_of(self.bodies, self.by)
        files = export_files(self.bodies, checkpoint)
        gone = {index for indices in self.redacted.values() for index in indices}
        for index in {index // 256 for index in gone}:
            left = [b"" if at in gone else self.bodies[at] for at in range(index * 256, min(self.size, index * 256 + 256))]
            files[tiles.bundle_path(index, len(left))] = tiles.bundle(left)
        for at, indices in self.redacted.items():
            if at >= self.pruned:
                files[f"redacted/{at}"] = "".join(f"{index}\n" for index in indices).encode()
        for index in range(self.pruned // 256):
            del files[tiles.bundle_path(index, 256)], files[tiles.tile_path(0, index)]
        if self.pruned:
            files |= {"pruned": b"%d\n" % self.pruned, "boundary": self.boundary.encode()}
        if len(self.origins) > 1:
            files["origins"] = "".join(f"{first} {by.vkey}\n" for first, by in self.origins).encode()
        for size in self.stamped:
            note = checkpoint_of(self.bodies[:size], self.by).note.encode()
            files |= {f"timestamps/{size}.note": note, f"timestamps/{size}.tsr": b"\x30\x03\x02" + sha512(note).digest()}
        note = checkpoint.note
        for each in self.cosigners:
            note = cosign(note, each, WITNESSED)
        files["checkpoint"] = note.encode()
        return Exported(files, f"log {self.by.vkey}\n{trust}" + (f"\n{earlier}" if earlier else ""))


def zipped(files: dict[str, bytes]) -> bytes:
    """The same files as an archive, in the order of their paths."""
    held = BytesIO()
    with ZipFile(held, "w", ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            archive.writestr(path, content)
    return held.getvalue()


def eventful() -> Story:
    """Everything at once: the first bundle pruned, entries redacted before and after that, two keys, entries lost."""
    story = Story(520)
    story.redact(3, 300, 301)
    story.go_on(signer(9), "restored", lost=4)
    story.prune(256)
    story.redact(400)
    story.grow(3)
    return story
