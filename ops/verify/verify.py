#!/usr/bin/env python3
"""Verifies an export of the hub's log without trusting the hub.

    python3 verify.py EXPORT --trust FILE [--person FILE [--expect FILE]] [--json]

EXPORT is a C2SP tlog-tiles tree, as a directory or as the .zip it came in: `checkpoint`, `tile/<level>/...`,
`tile/entries/...`, and where they apply `origins`, `pruned` and `boundary`, `redacted/...`, `timestamps/...`. The trust file
says whom you trust and must not come with the export: C2SP tlog-policy lines (`log`, `witness`, `group`, `quorum`; comments
after `#`), and after a blank line, if you kept one, an earlier checkpoint of the same log, word for word. The first `log` line
is the key that must have signed the export; further ones are older keys of the same log.

Of every entry it says: VERIFIED; REDACTED, its text removed on the authority of a later entry; PRUNED, removed with everything
before it, likewise; or MISSING. With a person's file it finds that person's entries without asking the hub's index.

Exit status 0: everything is verified. 1: it is not, and it says what and where. 2: the question was wrong (usage, trust file).
A log that says that promised entries were lost in a restore can be verified: then that is what the report begins with.

Python 3.11 and its standard library are all this needs, and this one file can be read in an evening, in the order it works:

    1. Signatures      was this signed by that key?                    RFC 8032 (Ed25519); FIPS 204 (ML-DSA-44) at the end
    2. Notes           keys, signed texts, checkpoints, witnesses      C2SP signed-note, tlog-checkpoint, tlog-cosignature
    3. The trust file  whom do you trust, and how many witnesses?      C2SP tlog-policy
    4. The tree        hashes of entries and of pairs of hashes        RFC 9162, section 2.1
    5. The entries     is each one well formed, in the one way to write it?
    6. The files       a directory or an archive, read with suspicion
    7. The export      which files must there be, and what must they hold?  C2SP tlog-tiles
    8. What was removed, and who signed: redactions, the pruned part, origins, time stamps
    9. A person        which entries are about the person whose key this is?
   10. The report      for people, and as JSON
   11. ML-DSA-44       for keys that say so
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import stat
import sys
import zipfile
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Protocol


class Fault(Exception):
    """Something does not hold; the text says what, and never repeats what it found."""


class WrongQuestion(Exception):
    """The call, the trust file or the person's file is wrong, so that nothing can be said about the export."""


# --- 1. Ed25519 (RFC 8032, section 5.1): verification only, cofactorless, one way to write each point and number -------------

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)

Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, x*y = T/Z


def point_from(data: bytes) -> Point | None:
    """Section 5.1.3; None unless `data` is the one encoding of a point."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if len(data) != 32 or y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def point_bytes(point: Point) -> bytes:
    """Section 5.1.2."""
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def add(one: Point, two: Point) -> Point:
    """Section 5.1.4."""
    a = (one[1] - one[0]) * (two[1] - two[0]) % _P
    b = (one[1] + one[0]) * (two[1] + two[0]) % _P
    c = 2 * one[3] * two[3] * _D % _P
    d = 2 * one[2] * two[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


_BASE_Y = 4 * pow(5, -1, _P) % _P
_BASE = point_from(_BASE_Y.to_bytes(32, "little")) or (0, 1, 1, 0)


def signature_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Section 5.1.7: whether [S]B - [k]A is R, byte for byte, with S below the order of the group."""
    key = point_from(public)
    number = int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or number >= _ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    minus_key = (-key[0] % _P, key[1], key[2], -key[3] % _P)
    found = add(times(number, _BASE), times(int.from_bytes(digest, "little") % _ORDER, minus_key))
    return point_bytes(found) == signature[:32]


# --- 2. Notes, checkpoints and cosignatures ----------------------------------------------------------------------------------

_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_MOST_SIGNATURES = 64

LOG, COSIGNER, POST_QUANTUM = 1, 4, 6  # what a key is for, in the byte before it
_KEY_BYTES = {LOG: 32, COSIGNER: 32, POST_QUANTUM: 1312}
_SIGNATURE_BYTES = {LOG: 64, COSIGNER: 8 + 64, POST_QUANTUM: 8 + 2420}  # a cosignature begins with its time


@dataclass(frozen=True)
class Key:
    name: str
    key_id: bytes
    kind: int
    public: bytes
    text: str = field(compare=False)


@dataclass(frozen=True)
class Note:
    """A text, and the lines under it: whose, by which key, and the signature. Nothing of it is verified."""

    body: str
    lines: list[tuple[str, bytes, bytes]]

    def by(self, key: Key) -> list[bytes]:
        return [blob for name, key_id, blob in self.lines if (name, key_id) == (key.name, key.key_id)]


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    key: Key
    note: Note


def unbase64(text: str) -> bytes:
    """Standard base64 with padding; one text per value."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Fault("a part that should be base64 is not") from None
    if not data or base64.b64encode(data).decode() != text:
        raise Fault("a part is not the one base64 text of its value")
    return data


def read_key(text: str, *kinds: int) -> Key:
    """A verifier key of one of these kinds (a log's, unless said): name, hash and key with plus signs between."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
        raise Fault("the key is not written as name+hash+key")
    material = unbase64(parts[2])
    try:
        key_id = hashlib.sha256(parts[0].encode() + b"\n" + material).digest()[:4]
    except UnicodeEncodeError:
        raise Fault("the key's name is not UTF-8 text") from None
    kind, public = material[0], material[1:]
    if kind not in (kinds or (LOG,)) or len(public) != _KEY_BYTES[kind] or key_id.hex() != parts[1]:
        raise Fault("the key is not of a kind that can stand here, with its own hash")
    if kind != POST_QUANTUM and point_from(public) is None:
        raise Fault("the key is not a point of Ed25519")
    if kind != LOG and len(parts[0].encode()) > 255:
        raise Fault("the key's name is too long")
    return Key(parts[0], key_id, kind, public, text)


def split_note(data: bytes) -> Note:
    """Takes a note apart. Raises Fault unless it is written in the one way to do so."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Fault("it is not UTF-8 text") from None
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Fault("it does not end in a newline, or holds control characters")
    body, blank, block = text.rpartition("\n\n")
    lines = block[:-1].split("\n")
    if not body or not blank or len(lines) > _MOST_SIGNATURES:
        raise Fault("it is not a text with signatures under it")
    signatures = []
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise Fault("a signature line is not well formed")
        blob = unbase64(match[2])
        if len(blob) < 5:
            raise Fault("a signature is too short")
        signatures.append((match[1], blob[:4], blob[4:]))
    return Note(body + "\n", signatures)


def read_checkpoint(data: bytes, *keys: Key) -> Checkpoint:
    """The checkpoint in a note that exactly one of these keys of logs signed; signatures of others are not looked at here."""
    note = split_note(data)
    signers = [(key, blob) for key in keys for blob in note.by(key)]
    if len(signers) != 1:
        raise Fault("a key that you trust for this has not signed it, or it is signed more than once")
    key, signature = signers[0]
    if not signature_holds(key.public, note.body.encode(), signature):
        raise Fault("the trusted key's signature does not hold")
    parts = note.body.split("\n")
    if len(parts) != 4 or parts[0] != key.name or not _SIZE.fullmatch(parts[1]):
        raise Fault("it is not three lines: the log's name, its size, its root")
    root = unbase64(parts[2])
    if len(root) != 32:
        raise Fault("its root is not 32 bytes")
    return Checkpoint(parts[0], int(parts[1]), root, key, note)


def cosigned_at(key: Key, checkpoint: Checkpoint, blob: bytes) -> int:
    """When the key cosigned this checkpoint, in seconds since 1970. Raises Fault when the signature does not hold."""
    seconds, signature = int.from_bytes(blob[:8], "big"), blob[8:]
    if len(blob) != _SIGNATURE_BYTES[key.kind] or seconds >= 1 << 63:
        raise Fault("it is not a time and a signature of the key's kind")
    if key.kind == COSIGNER:
        message = f"cosignature/v1\ntime {seconds}\n{checkpoint.note.body}".encode()
        holds = signature_holds(key.public, message, signature)
    else:
        name, origin = key.name.encode(), checkpoint.origin.encode()
        if len(origin) > 255:
            raise Fault("the log's name is too long for it")
        message = b"subtree/v1\n\0" + bytes([len(name)]) + name + blob[:8] + bytes([len(origin)]) + origin
        message += bytes(8) + checkpoint.size.to_bytes(8, "big") + checkpoint.root
        holds = mldsa_holds(key.public, message, signature)
    if not holds:
        raise Fault("the signature is not over this checkpoint and that time")
    return seconds


# --- 3. The trust file -------------------------------------------------------------------------------------------------------

_LARGEST_TRUST = 1 << 20
_POLICY_WORDS = ("log", "witness", "group", "quorum")


@dataclass
class Trust:
    """Whom the reader trusts: the log's keys, the newest first; witnesses by name; groups in order; and what they must meet."""

    logs: list[Key] = field(default_factory=list)
    post_quantum: list[Key] = field(default_factory=list)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str | None = None
    earlier: bytes | None = None
    members: set[str] = field(default_factory=set)

    def met(self, cosigned: Iterable[str]) -> bool:
        """Whether these witnesses are enough. A group names only what stands before it, so one pass in order will do."""
        present = {"none", *cosigned}
        for name, (least, names) in self.groups.items():
            if len(present.intersection(names)) >= least:
                present.add(name)
        return (self.quorum or "none") in present

    def read(self, words: list[str]) -> None:
        """Takes in one line. Raises Fault when it is not a line of a policy, or contradicts one before it."""
        match words:
            case ["log", text] | ["log", text, _]:
                self._add_log(read_key(text, LOG, POST_QUANTUM))
            case ["witness", name, text] | ["witness", name, text, _]:
                key = read_key(text, COSIGNER, POST_QUANTUM)
                self._name(name)
                if key.public in (each.public for each in (*self.witnesses.values(), *self.logs, *self.post_quantum)):
                    raise Fault("that key stands on another line already")
                self.witnesses[name] = key
            case ["group", name, least, *names] if names:
                self._add_group(name, least, names)
            case ["quorum", name] if self.quorum is None:
                if name != "none" and not self._known(name):
                    raise Fault("the quorum is not defined on a line before it")
                self.quorum = name
            case _:
                raise Fault("it is not a whole line of a policy, or a second quorum")

    def _add_log(self, key: Key) -> None:
        if key.public in (each.public for each in (*self.witnesses.values(), *self.logs, *self.post_quantum)):
            raise Fault("that key stands on another line already")
        (self.logs if key.kind == LOG else self.post_quantum).append(key)

    def _add_group(self, name: str, least: str, names: list[str]) -> None:
        self._name(name)
        counts = {"any": 1, "all": len(names)}
        number = counts.get(least) or (int(least) if _SIZE.fullmatch(least) else 0)
        if not 1 <= number <= len(names):
            raise Fault("a group needs at least one of its members and at most all")
        for each in names:
            if not self._known(each) or each in self.members:
                raise Fault("a member of the group is not defined on a line before it, or is a member already")
            self.members.add(each)
        self.groups[name] = number, names

    def _known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _name(self, name: str) -> None:
        if name == "none" or self._known(name):
            raise Fault("that name is taken")


def read_trust(data: bytes) -> Trust:
    """The trust file: a policy, perhaps an earlier checkpoint. Raises WrongQuestion."""
    text = data.decode(errors="surrogateescape")
    if len(data) > _LARGEST_TRUST or re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text):
        raise WrongQuestion("the trust file is too large, or holds control characters (save it with Unix line ends)")
    trust, lines = Trust(), text.split("\n")
    for at, line in enumerate(lines):
        words = [item for item in re.split(r"[ \t]+", line) if item]
        if not words or words[0].startswith("#"):
            continue
        if words[0] not in _POLICY_WORDS and trust.logs and not lines[at - 1].strip(" \t"):
            trust.earlier = "\n".join(lines[at:]).encode(errors="surrogateescape")
            break
        try:
            trust.read(words)
        except Fault as fault:
            raise WrongQuestion(f"line {at + 1} of the trust file: {fault}") from None
    if not trust.logs:
        raise WrongQuestion("the trust file names no log")
    if trust.quorum is None and trust.witnesses:
        raise WrongQuestion("the trust file names witnesses, but not by a `quorum` line which of them must have cosigned")
    return trust


# --- 4. The tree (RFC 9162, section 2.1) -------------------------------------------------------------------------------------

WIDTH = 256  # hashes in a complete tile


def leaf_of(body: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + body).digest()


def root_of(nodes: list[bytes]) -> bytes:
    """The root over these nodes: neighbours are paired, and an odd last one goes up as it is, until one is left."""
    while len(nodes) > 1:
        paired = [hashlib.sha256(b"\x01" + a + b).digest() for a, b in zip(nodes[::2], nodes[1::2], strict=False)]
        nodes = [*paired, nodes[-1]] if len(nodes) % 2 else paired
    return nodes[0] if nodes else hashlib.sha256(b"").digest()


class Tree:
    """A tree that keeps, per level, only the hashes of the tile that is still open there."""

    def __init__(self) -> None:
        self.open: list[list[bytes]] = []
        self.done: list[int] = []  # complete tiles of each level so far

    def begin(self, roots: list[bytes]) -> Iterator[tuple[int, int, bytes]]:
        """Begins with complete tiles of entries of which only the roots are left; gives tiles as `add` does."""
        self.open, self.done = [[]], [len(roots)]
        for at in range(0, len(roots), WIDTH):
            yield from self.add(1, roots[at : at + WIDTH])

    def add(self, level: int, hashes: list[bytes]) -> Iterator[tuple[int, int, bytes]]:
        """Adds hashes that fit in the open tile of a level; gives each tile that becomes complete: level, index, content."""
        if level == len(self.open):
            self.open.append([])
            self.done.append(0)
        tile = self.open[level]
        tile += hashes
        if len(tile) == WIDTH:
            self.open[level] = []
            self.done[level] += 1
            yield level, self.done[level] - 1, b"".join(tile)
            yield from self.add(level + 1, [root_of(tile)])

    def root(self, more: list[bytes] | None = None) -> bytes:
        """The root; with `more`, that of the tree with these leaves behind it (not more than the open tile can hold)."""
        below: list[bytes] = []
        for level in range(max(len(self.open), 1)):
            nodes = [*(self.open[level] if self.open else []), *((more or []) if level == 0 else [])]
            if nodes or below:
                below = [root_of(nodes + below)]
        return root_of(below)


# --- 5. The entries ----------------------------------------------------------------------------------------------------------

Fields = dict[str, Any]
Rule = Callable[[Any], bool]


def text_like(pattern: str, kept: int = 0) -> Rule:
    """Text of one form. Where the same few texts fill most entries, that many answers are kept."""
    whole = lru_cache(kept)(re.compile(pattern, re.ASCII).fullmatch) if kept else re.compile(pattern, re.ASCII).fullmatch
    return lambda value: type(value) is str and len(value) <= 128 and whole(value) is not None


def number_from(smallest: int) -> Rule:
    return lambda value: type(value) is int and smallest <= value < 2**53


def list_of(rule: Rule) -> Rule:
    return lambda value: type(value) is list and all(map(rule, value))


def object_of(rule: Rule) -> Rule:
    return lambda value: type(value) is dict and all(map(word, value)) and all(map(rule, value.values()))


def one_of(*values: str) -> Rule:
    return lambda value: type(value) is str and value in values


def either(*rules: Rule) -> Rule:
    return lambda value: any(rule(value) for rule in rules)


word = text_like(r"[a-z][a-z0-9]*(?:[-./:_][a-z0-9]+)*", kept=4096)
code = text_like(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*", kept=1024)
ref = text_like(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
hexadecimal = text_like(r"[0-9a-f]{64}", kept=1024)
digest = text_like(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
nonce = text_like(r"[A-Za-z0-9_-]{21}[AQgw]")
one: Rule = lambda value: type(value) is int and value == 1  # noqa: E731
word_or_null = either(lambda value: value is None, word)

COMMON: dict[str, Rule] = {"v": one, "kind": word, "log": word, "us": number_from(10**15), "ref": ref}
COMMON |= {"actor": word, "operation": word, "purpose": word}
PERSON = COMMON | {"source": word, "recipient": word, "controllers": list_of(word), "agreement": word_or_null}
PERSON |= {"clause": word_or_null, "basis": list_of(word), "attributes": list_of(word), "withheld": object_of(code)}
PERSON |= {
    "decision": one_of("permit", "refuse"),
    "reasons": list_of(code),
    "policy": hexadecimal,
    "count": one,
    "record": word,
}
PERSON |= {"digest": digest, "facts": digest, "nonce": nonce, "commitment": digest}
OUTCOME = COMMON | {"delivery": ref, "recipient": word, "attempt": number_from(1)}
OUTCOME |= {"outcome": one_of("handed-over", "acknowledged")}
ENDED = OUTCOME | {"outcome": one_of("failed", "stopped", "resumed", "dropped"), "reasons": list_of(code)}
ENDED |= {"policy": hexadecimal}
EVENT = COMMON | {"about": word, "details": object_of(either(number_from(0), word, code, ref, hexadecimal))}
KINDS: dict[str, dict[str, Rule]] = {"disclosure": PERSON, "refusal": PERSON, "outcome": OUTCOME}
KINDS |= dict.fromkeys(("access", "statement", "erasure", "prune", "key_rotation", "configuration"), EVENT)
KINDS |= dict.fromkeys(("re_identification", "export"), EVENT)
_NUMBERED = ("unreadable", "empty", "pruned", *KINDS)
UNREADABLE, EMPTY, PRUNED = range(3)


_decode = json.JSONDecoder().raw_decode
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def read_entry(body: bytes) -> Fields:
    """The fields of an entry. Raises Fault unless it is canonical JSON (RFC 8785) with exactly the fields of its kind."""
    try:
        text = body.decode()
        fields: Fields = _decode(text)[0]
        canonical = type(fields) is dict and _encode(fields) == text
    except (ValueError, RecursionError):
        canonical, fields = False, {}
    if not canonical:
        raise Fault("it is not canonical JSON")
    kind = fields.get("kind")
    rules = KINDS.get(kind) if type(kind) is str else None
    if rules is OUTCOME and "reasons" in fields:
        rules = ENDED
    if rules is None or fields.keys() != rules.keys():
        raise Fault("its kind is unknown, or it has not exactly the fields of its kind")
    for name, rule in rules.items():
        if not rule(fields[name]):
            raise Fault(f"its {name} is not well formed")
    if rules is PERSON:
        _check_decision(kind == "disclosure", fields)
    return fields


def _check_decision(permits: bool, fields: Fields) -> None:
    """A disclosure says on what ground which fields pass; a refusal says why nothing does."""
    grounds = all(fields[name] for name in ("controllers", "agreement", "clause", "basis"))
    consistent = (fields["decision"] == "permit") == permits == bool(fields["attributes"]) != bool(fields["reasons"])
    if not consistent or (permits and not grounds):
        raise Fault("its decision does not fit its kind, reasons, attributes or grounds")


def split_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle, each after its length in two bytes. Raises Fault when it ends within one."""
    bodies, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise Fault("it ends within an entry")
        bodies.append(data[at + 2 : end])
        at = end
    return bodies


# --- 6. The files ------------------------------------------------------------------------------------------------------------

_LARGEST_FILE = WIDTH * (2 + 65_535)
_LARGEST_RATIO = 200  # of a file to what it takes in an archive; entries hold too many digests to shrink much


class Source(Protocol):
    """Where the files of an export are read from."""

    def walk(self, report: Report) -> tuple[set[str], set[str]]:
        """All files and all directories, by path with slashes; links and anything else are findings."""

    def read(self, path: str, most: int = _LARGEST_FILE) -> bytes:
        """The content of a file. Raises Fault when it is missing, no plain file, or larger than it can be."""


class Directory:
    def __init__(self, top: str) -> None:
        self.top = top

    def walk(self, report: Report) -> tuple[set[str], set[str]]:
        files: set[str] = set()
        folders: set[str] = set()
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(f"{self.top}/{folder}") as entries:
                    for entry in entries:
                        path = f"{folder}/{entry.name}" if folder else entry.name
                        if entry.is_symlink():
                            report.find(path, "is a link, which an export never holds")
                        elif entry.is_dir(follow_symlinks=False):
                            folders.add(path)
                            waiting.append(path)
                        elif entry.is_file(follow_symlinks=False):
                            files.add(path)
                        else:
                            report.find(path, "is neither a file nor a directory")
            except OSError:
                report.find(folder or ".", "cannot be listed")
        return files, folders

    def read(self, path: str, most: int = _LARGEST_FILE) -> bytes:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            with os.fdopen(os.open(f"{self.top}/{path}", flags), "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode) or found.st_size > most:
                    raise Fault("is no plain file, or too large")
                return file.read(most + 1)
        except FileNotFoundError:
            raise Fault("is missing") from None
        except (OSError, ValueError):
            raise Fault("cannot be read") from None


class Archive:
    """A .zip. Its names are only compared with those that an export has; nothing is ever unpacked to a disk."""

    def __init__(self, top: str) -> None:
        try:
            self.zip = zipfile.ZipFile(top)
        except Exception:  # the library raises a dozen kinds of errors on damaged archives
            raise WrongQuestion("EXPORT is neither a directory nor a .zip that can be opened") from None
        self.names: dict[str, zipfile.ZipInfo] = {}

    def walk(self, report: Report) -> tuple[set[str], set[str]]:
        folders: set[str] = set()
        for each in self.zip.infolist():
            path = each.filename
            if stat.S_ISLNK(each.external_attr >> 16):
                report.find(path, "is a link, which an export never holds")
            elif path in self.names or path.rstrip("/") in folders:
                report.find(path, "stands in the archive more than once")
            elif path.endswith("/"):
                folders.add(path.rstrip("/"))
            else:
                self.names[path] = each
        return set(self.names), folders

    def read(self, path: str, most: int = _LARGEST_FILE) -> bytes:
        found = self.names.get(path)
        if found is None:
            raise Fault("is missing")
        if found.file_size > min(most, _LARGEST_RATIO * found.compress_size + WIDTH):
            raise Fault("is larger than it can be")
        try:
            with self.zip.open(found) as file:
                data = file.read(most + 1)
        except Exception:  # as above
            raise Fault("cannot be read") from None
        if len(data) != found.file_size:
            raise Fault("has another length than the archive says")
        return data


# --- 7. The export -----------------------------------------------------------------------------------------------------------

_FINDINGS_SHOWN = 200
_NOT_VERIFIED = "README.txt"  # explains an archive to people, and proves nothing


@dataclass
class Report:
    """What was found. The export is verified when the checkpoint was read, its root was reached and nothing was found wrong."""

    checkpoint: Checkpoint | None = None
    earlier: Checkpoint | None = None
    proven: bool = False
    found: int = 0
    findings: list[tuple[str, str]] = field(default_factory=list)
    kinds: bytearray = field(default_factory=bytearray)
    faulty: dict[int, str] = field(default_factory=dict)
    totals: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    quorum: str = "none"
    witnesses: dict[str, int] = field(default_factory=dict)
    others: int = 0
    removed_by: array[int] | None = None  # per entry: the entry on whose authority its text was removed, -1 where none
    pruned: int = 0
    pruned_by: int = -1
    lost: int = 0
    told: list[str] = field(default_factory=list)
    person: PersonReport | None = None

    @property
    def verified(self) -> bool:
        return self.checkpoint is not None and self.proven and not self.found

    @property
    def good(self) -> bool:
        return self.verified and (self.person is None or self.person.agrees)

    def find(self, where: str, what: str) -> None:
        self.found += 1
        if len(self.findings) < _FINDINGS_SHOWN:
            self.findings.append((where, what))

    def find_entry(self, index: int, what: str) -> None:
        self.faulty.setdefault(index, what)
        self.find(f"entry {index}", what)

    def remover(self, index: int) -> int:
        return -1 if self.removed_by is None else self.removed_by[index]


def path_of(kind: str, index: int, width: int) -> str:
    """Where a tile (`kind` is its level) or a bundle (`kind` is "entries") stands: three digits a directory."""
    digits = f"{index % 1000:03d}"
    while index := index // 1000:
        digits = f"x{index % 1000:03d}/{digits}"
    return f"tile/{kind}/{digits}" + ("" if width == WIDTH else f".p/{width}")


def expected_files(size: int, pruned: int = 0) -> Iterator[str]:
    """Every file that an export of a log of `size` entries cannot do without, when those below `pruned` are gone."""
    yield "checkpoint"
    if pruned:
        yield "boundary"
    count, kinds, first = size, ["entries", "0"], pruned // WIDTH
    while count:
        for kind in kinds:
            for index in range(first, (count + WIDTH - 1) // WIDTH):
                yield path_of(kind, index, min(WIDTH, count - index * WIDTH))
        count, kinds, first = count // WIDTH, [str(int(kinds[-1]) + 1)], 0


def verify(source: Source, trust: Trust, person: Person | None = None, answer: Answer | None = None) -> Report:
    """Checks the export, in the order of the sections above."""
    report = Report(quorum=trust.quorum or "none")
    files, folders = source.walk(report)
    try:
        checkpoint = report.checkpoint = read_checkpoint(source.read("checkpoint"), trust.logs[0])
    except Fault as fault:
        report.find("checkpoint", str(fault))
        return report
    check_cosignatures(trust, checkpoint, report)
    if trust.earlier is not None:
        try:
            report.earlier = read_checkpoint(trust.earlier, *trust.logs)
        except Fault as fault:
            report.find("the earlier checkpoint in the trust file", str(fault))
        else:
            if report.earlier.size > checkpoint.size:
                report.find("checkpoint", "is older than the one in the trust file: the log was rolled back")
    origins = read_origins(source, files, checkpoint, report)
    if _NOT_VERIFIED in files:
        report.told.append(f"{_NOT_VERIFIED} is no part of the log: anyone may have written it.")
    report.pruned = read_pruned(source, files, checkpoint.size, report)
    check_files(checkpoint.size, files, folders, report)
    history = History(checkpoint.size, report)
    stamps = read_stamps(source, files, origins, history, report)
    if report.earlier is not None:
        history.expect(report.earlier, "the earlier checkpoint in the trust file")
    reader = EntryReader(report, person, answer)
    check_content(source, checkpoint, history, reader, report)
    if report.proven or len(report.kinds) == checkpoint.size:
        check_redactions(source, files, reader, report)
        check_pruned(source, origins, history, reader, report)
        check_origins(origins, history, reader, report)
        tell_stamps(stamps, report)
    if person is not None:
        report.person = person_report(person, answer, reader, report)
    return report


def check_cosignatures(trust: Trust, checkpoint: Checkpoint, report: Report) -> None:
    """Every signature of a key that the reader knows must hold; those of others are counted; enough witnesses must be there."""
    own = [key for key in trust.post_quantum if key.name == checkpoint.origin]
    known = [*(("", key) for key in own), *trust.witnesses.items()]
    looked_at = 1
    for name, key in known:
        for blob in checkpoint.note.by(key):
            looked_at += 1
            try:
                seconds = cosigned_at(key, checkpoint, blob)
            except Fault as fault:
                report.find(
                    "checkpoint", f"the signature of {name or 'the post-quantum key of the log'} does not hold: {fault}"
                )
            else:
                report.witnesses[name] = max(seconds, report.witnesses.get(name, 0))
    if own and "" not in report.witnesses:
        report.find("checkpoint", "is not signed by the log's post-quantum key, which the trust file names")
    report.others = len(checkpoint.note.lines) - looked_at
    if not trust.met(report.witnesses):
        report.find(
            "checkpoint", f"has not been cosigned by the witnesses that the trust file asks for (quorum {trust.quorum})"
        )


def check_files(size: int, files: set[str], folders: set[str], report: Report) -> None:
    """No file missing, none too many, no directory that holds none of them. What is under `redacted` is looked at later."""
    missing, wanted, parents = 0, set(), set()
    free = [path for path in files if path in ("origins", "pruned", _NOT_VERIFIED) or _NUMBERED_FILE.fullmatch(path)]
    for path in chain(free, expected_files(size, report.pruned)):
        if path in files:
            wanted.add(path)
            while "/" in path and (path := path.rpartition("/")[0]) not in parents:
                parents.add(path)
        else:
            missing += 1
            report.find(path, "is missing")
            if missing == _FINDINGS_SHOWN // 2:
                report.find("the export", "lacks more files than are named here")
                return
    for path in sorted(files - wanted):
        report.find(path, "does not belong in this export")
    for path in sorted(folders - parents):
        report.find(path, "is a directory that does not belong in this export")


class History:
    """Roots of the log when it was smaller, worked out on the way, and what they must be."""

    def __init__(self, size: int, report: Report) -> None:
        self.size = size
        self.report = report
        self.expected: dict[int, list[tuple[bytes, str]]] = {}
        self.front: list[bytes] = []  # roots of the complete bundles that were pruned

    def expect(self, checkpoint: Checkpoint, where: str) -> None:
        if checkpoint.size <= self.size:
            self.expected.setdefault(checkpoint.size, []).append((checkpoint.root, where))

    def before(self, size: int) -> bytes | None:
        """The root within the pruned part; it can be told where a bundle ended."""
        return root_of(self.front[: size // WIDTH]) if not size % WIDTH and size // WIDTH <= len(self.front) else None

    def check_pruned(self) -> None:
        """What was expected of sizes that lie in the pruned part, or are nought."""
        for size in [size for size in self.expected if size <= self.report.pruned]:
            root = self.before(size)
            if root is not None:
                self.check(size, root)
                continue
            for _, where in self.expected[size]:
                what = (
                    f"had {size} entries, which lie in the pruned part, so that nothing can be compared with it any more. If "
                    f"you have a checkpoint of {self.report.pruned} entries or more, use that one; the file `boundary` holds "
                    "the one that the log signed where it was cut off"
                )
                self.report.find(where, what)

    def check(self, size: int, root: bytes) -> None:
        for wanted, where in self.expected.get(size, []):
            if wanted != root:
                what = f"do not lead to the root of {where}: the log's past was changed since it had {size} entries"
                self.report.find(f"the first {size} entries", what)


def check_content(source: Source, checkpoint: Checkpoint, history: History, reader: EntryReader, report: Report) -> None:
    """Every entry, the tree over them, every tile, and the root that was signed."""
    tree, first = Tree(), report.pruned // WIDTH
    if first:
        roots = pruned_roots(source, first, checkpoint.size // WIDTH, report)
        if roots is None:
            return
        history.front = roots
        report.kinds += bytes([PRUNED]) * report.pruned
        for level, place, content in tree.begin(roots):
            if level:
                compare_file(source, path_of(str(level), place, WIDTH), content, report)
    history.check_pruned()
    for index in range(first, (checkpoint.size + WIDTH - 1) // WIDTH):
        start, width = index * WIDTH, min(WIDTH, checkpoint.size - index * WIDTH)
        leaves = read_leaves(source, index, start, width, reader, report)
        if leaves is None:
            what = f"cannot be rebuilt: of entries {start} to {start + width - 1} neither text nor hash is left"
            report.find("the tree", what)
            return
        for size in range(start + 1, start + width + 1) if history.expected else ():
            if size in history.expected:
                history.check(size, tree.root(leaves[: size - start]))
        for succession in reader.new_successions(start):
            succession.root = tree.root(leaves[: succession.index - start])
        for level, place, content in tree.add(0, leaves):
            if level:
                compare_file(source, path_of(str(level), place, WIDTH), content, report)
    for level, nodes in enumerate(tree.open):
        if level and nodes:
            compare_file(source, path_of(str(level), tree.done[level], len(nodes)), b"".join(nodes), report)
    if tree.root() != checkpoint.root:
        report.find("the root", "that was signed is not that of these entries: something was changed, added or left out")
    else:
        report.proven = not reader.unread


def pruned_roots(source: Source, count: int, known: int, report: Report) -> list[bytes] | None:
    """The roots of the first `count` bundles, of which the log has `known`, from the tiles of level 1."""
    roots: list[bytes] = []
    while len(roots) < count:
        path = path_of("1", len(roots) // WIDTH, min(WIDTH, known - len(roots)))
        hashes = hashes_of_tile(source, path, min(WIDTH, known - len(roots)))
        if hashes is None:
            report.find("the tree", f"cannot be rebuilt: {path} must hold what is left of the pruned entries")
            return None
        roots += hashes
    return roots[:count]


@dataclass
class Removal:
    """An entry of kind `prune`: that texts were removed, which, and on whose authority."""

    index: int
    details: Fields


@dataclass
class Succession:
    """An entry `new-origin`: that the log goes on under another name or key."""

    index: int
    details: Fields
    root: bytes = b""


class EntryReader:
    """Reads entries in order, checks what must hold between them, and keeps those that the sections below are about."""

    def __init__(self, report: Report, person: Person | None = None, answer: Answer | None = None) -> None:
        self.report = report
        self.person = person
        self.answer = answer
        self.log: object = None
        self.last = 0
        self.unread = 0
        self.redactions: list[Removal] = []
        self.prunings: list[Removal] = []
        self.successions: list[Succession] = []
        self.hits: list[Hit] = []
        self.named: dict[int, tuple[str, str, str]] = {}

    def skip(self, count: int) -> None:
        self.unread += count
        self.report.kinds += bytes(count)

    def new_successions(self, start: int) -> list[Succession]:
        return [each for each in self.successions if each.index >= start]

    def read(self, index: int, body: bytes) -> None:
        report = self.report
        if not body:
            report.kinds.append(EMPTY)
            return
        try:
            fields = read_entry(body)
        except Fault as fault:
            report.find_entry(index, str(fault))
            report.kinds.append(UNREADABLE)
            return
        kind, moment = fields["kind"], fields["us"]
        report.kinds.append(_NUMBERED.index(kind))
        report.totals[kind, fields.get("recipient", "-"), fields["purpose"]] += 1
        if moment < self.last:
            report.find_entry(index, "its moment lies before that of the entry before it")
        self.last = max(moment, self.last)
        self.log = self.log or fields["log"]
        if fields["log"] != self.log:
            report.find_entry(index, "it names another log than the first entry does")
        if kind in ("prune", "key_rotation"):
            self._keep(index, fields)
        if self.person is not None:
            self._look(index, kind, fields, self.person)

    def _keep(self, index: int, fields: Fields) -> None:
        match fields["kind"], fields["operation"]:
            case "prune", "redact-entries":
                self.redactions.append(Removal(index, fields["details"]))
            case "prune", "prune-prefix":
                self.prunings.append(Removal(index, fields["details"]))
            case "key_rotation", "new-origin":
                self.successions.append(Succession(index, fields["details"]))

    def _look(self, index: int, kind: str, fields: Fields, person: Person) -> None:
        if self.answer is not None and (fields["ref"] in self.answer.refs or index in self.answer.indices):
            self.named[index] = kind, fields["ref"], fields.get("delivery", "")
        if kind in ("disclosure", "refusal") and person.is_about(fields):
            self.hits.append(Hit(index, kind, fields["recipient"], fields["purpose"], fields["us"], fields["ref"]))


def read_leaves(source: Source, index: int, start: int, width: int, reader: EntryReader, report: Report) -> list[bytes] | None:
    """The leaf hashes of one bundle, its entries checked; those of its tile where text is gone; None where both are."""
    tile_path = path_of("0", index, width)
    bundle_path = path_of("entries", index, width)
    try:
        bodies = split_bundle(source.read(bundle_path))
        if len(bodies) != width:
            raise Fault(f"does not hold the {width} entries from number {start} on")
    except Fault as fault:
        report.find(bundle_path, str(fault))
        reader.skip(width)
        return hashes_of_tile(source, tile_path, width)
    for nth, body in enumerate(bodies, start):
        reader.read(nth, body)
    leaves = [leaf_of(body) for body in bodies]
    if b"" in bodies:
        hashes = hashes_of_tile(source, tile_path, width)
        if hashes is None:
            report.find(tile_path, "must hold the hashes of the entries whose text was removed")
            reader.unread += 1
            return None
        leaves = [leaf if body else kept for body, leaf, kept in zip(bodies, leaves, hashes, strict=True)]
    compare_tile(source, tile_path, leaves, start, report)
    return leaves


def hashes_of_tile(source: Source, path: str, width: int) -> list[bytes] | None:
    """The hashes that a tile gives, to go on with where what they are of is gone."""
    try:
        data = source.read(path)
    except Fault:
        return None
    return [data[at : at + 32] for at in range(0, len(data), 32)] if len(data) == 32 * width else None


def compare_tile(source: Source, path: str, leaves: list[bytes], start: int, report: Report) -> None:
    """A level-0 tile must hold the hashes of the entries; those that differ are named."""
    try:
        data = source.read(path)
    except Fault as fault:
        report.find(path, str(fault))
        return
    if data != b"".join(leaves):
        report.find(path, "does not hold the hashes of its entries")
        for offset, leaf in enumerate(leaves):
            if data[32 * offset : 32 * offset + 32] != leaf:
                report.find_entry(start + offset, f"and its hash in {path} do not agree")


def compare_file(source: Source, path: str, content: bytes, report: Report) -> None:
    try:
        if source.read(path) != content:
            raise Fault("does not hold what follows from the entries")
    except Fault as fault:
        report.find(path, str(fault))


# --- 8. What was removed, and who signed -------------------------------------------------------------------------------------

_NUMBERED_FILE = re.compile(r"redacted/(?:0|[1-9][0-9]{0,17})|timestamps/(?:0|[1-9][0-9]{0,17})\.(?:note|tsr)", re.ASCII)


def number_in(details: Fields, name: str) -> int:
    value = details.get(name)
    if type(value) is not int:
        raise Fault(f"it says that something was removed or replaced, but not {name}")
    return value


def check_redactions(source: Source, files: set[str], reader: EntryReader, report: Report) -> None:
    """An empty entry is REDACTED when exactly one later entry has a list, by its hash, that names it; otherwise MISSING."""
    for path in sorted(files):
        if path.startswith("redacted/") and path not in {f"redacted/{each.index}" for each in reader.redactions}:
            report.find(path, "belongs to no entry that says that entries were redacted")
    if reader.redactions:
        report.removed_by = array("q", [-1]) * len(report.kinds)
    for removal in reader.redactions:
        try:
            indices = read_list(source, removal)
        except Fault as fault:
            report.find(f"redacted/{removal.index}", str(fault))
            continue
        still = 0
        for index in indices:
            if report.kinds[index] == PRUNED:
                continue
            if report.kinds[index] != EMPTY:
                still += 1
            elif report.remover(index) >= 0:
                report.find_entry(index, f"was redacted by entry {report.remover(index)} and again by entry {removal.index}")
            elif report.removed_by is not None:
                report.removed_by[index] = removal.index
        if still:
            # Logged first and removed after, so for a while this is as it should be; the entries themselves are proven.
            report.told.append(
                f"Entry {removal.index} says that entries were redacted; of those, {still} still have their text."
            )
    at = report.kinds.find(EMPTY)
    while at >= 0:
        if report.remover(at) < 0:
            report.find_entry(at, "is MISSING: its text is gone, and no entry of the log says that it may be")
        at = report.kinds.find(EMPTY, at + 1)


def read_list(source: Source, removal: Removal) -> list[int]:
    """The entries that were redacted, ascending, from the file beside the entry that says so and holds its hash."""
    details = removal.details
    count, first, after = (number_in(details, name) for name in ("count", "first", "after"))
    if not 0 < count <= removal.index or not first < after <= removal.index:
        raise Fault("is named by an entry whose count or range cannot be")
    lines = source.read(f"redacted/{removal.index}", 19 * count).split(b"\n")
    if lines.pop() or len(lines) != count:
        raise Fault(f"does not hold {count} lines")
    if not all(_SIZE.fullmatch(line.decode("latin-1")) for line in lines):
        raise Fault("does not hold a number on every line")
    indices = [int(line) for line in lines]
    if not first <= indices[0] or not indices[-1] < after or any(a >= b for a, b in pairwise(indices)):
        raise Fault("does not hold ascending numbers in the range that the entry names")
    if hashlib.sha256(b"".join([index.to_bytes(8, "big") for index in indices])).hexdigest() != details.get("set"):
        raise Fault("is not the list whose hash the entry holds")
    return indices


def read_pruned(source: Source, files: set[str], size: int, report: Report) -> int:
    """Up to which entry the export says that it was pruned."""
    if "pruned" not in files:
        return 0
    try:
        text = source.read("pruned", 20).decode("latin-1")
        line = text.removesuffix("\n")
        if line == text or not _SIZE.fullmatch(line) or not 0 < int(line) < size or int(line) % WIDTH:
            raise Fault("is not one line with a number of whole bundles, fewer than the log has")
    except Fault as fault:
        report.find("pruned", str(fault))
        return 0
    return int(text)


def check_pruned(source: Source, origins: list[tuple[int, Key]], history: History, reader: EntryReader, report: Report) -> None:
    """The pruned part must be the largest that an entry allows, with the root that it names, and the log's signature on it."""
    most = 0
    for removal in reader.prunings:
        try:
            after = number_in(removal.details, "after")
            if number_in(removal.details, "first") or after % WIDTH or not 0 < after <= removal.index:
                raise Fault("it says that the log was pruned, but not from the first entry to the end of a bundle")
            root = history.before(after)
            if root is not None and root.hex() != removal.details.get("root"):
                raise Fault("the pruned part is not the one whose root it names")
        except Fault as fault:
            report.find_entry(removal.index, str(fault))
        else:
            if after > most:
                most, report.pruned_by = after, removal.index
    if most != report.pruned:
        if most > report.pruned:
            what = f"entry {report.pruned_by} says that all before entry {most} were pruned, which the export does not show"
        else:
            what = f"entries {most} to {report.pruned - 1} are MISSING: no entry of the log says that they were pruned"
        report.find("pruned", what)
        report.pruned_by = -1
    if report.pruned:
        try:
            boundary = read_checkpoint(source.read("boundary"), *(key for _, key in origins))
            if (boundary.size, boundary.root) != (report.pruned, history.before(report.pruned)):
                raise Fault("is not the checkpoint of what was pruned")
        except Fault as fault:
            report.find("boundary", str(fault))


def read_origins(source: Source, files: set[str], checkpoint: Checkpoint, report: Report) -> list[tuple[int, Key]]:
    """The names and keys under which the log was signed, oldest first, each with the first size that it signed."""
    origins: list[tuple[int, Key]] = [(1, checkpoint.key)]
    if "origins" not in files:
        return origins
    try:
        text = source.read("origins", 1 << 20).decode()
        lines = [line.split(" ") for line in text.removesuffix("\n").split("\n")]
        if not text.endswith("\n") or not all(len(line) == 2 and _SIZE.fullmatch(line[0]) for line in lines):
            raise Fault("is not a line for each key, with a size and the key")
        found = [(int(first), read_key(key)) for first, key in lines]
        if found[0][0] != 1 or any(one[0] >= two[0] for one, two in pairwise(found)):
            raise Fault("does not name the keys oldest first, from size 1 on")
        if found[-1][1] != checkpoint.key:
            raise Fault("does not end with the key that you trust")
    except (Fault, UnicodeDecodeError) as fault:
        report.find("origins", str(fault) if isinstance(fault, Fault) else "is not UTF-8 text")
        return origins
    return found


def check_origins(origins: list[tuple[int, Key]], history: History, reader: EntryReader, report: Report) -> None:
    """Each key after the first was announced by the first entry that it signed, which names the one before it."""
    announced = {each.index: each for each in reader.successions}
    for (since, before), (first, key) in pairwise(origins):
        succession = announced.pop(first - 1, None)
        if succession is None and first <= report.pruned:
            who = f"another key ({before.key_id.hex()}, from size {since} to {first - 1})"
            report.told.append(f"Once it was signed by {who}, says `origins`; the entry that said so was pruned.")
        elif succession is None:
            report.find("origins", f"names a key from size {first} on, but no entry there says that the log went on under it")
        else:
            check_succession(succession, before, key, since, report)
    for index in announced:
        report.find_entry(index, "says that the log went on under another key, which the file `origins` does not name")


def check_succession(succession: Succession, before: Key, key: Key, since: int, report: Report) -> None:
    details = succession.details
    try:
        kept, promised = number_in(details, "kept"), number_in(details, "promised")
        if kept != succession.index or details.get("keptroot") != succession.root.hex():
            raise Fault("it does not name the entries that stand before it, with their root")
        if promised < kept or (promised == kept and details.get("promisedroot") != details["keptroot"]):
            raise Fault("what it says was promised cannot be")
        if details.get("before") != hashlib.sha256(before.text.encode()).hexdigest():
            raise Fault("it does not name the key that signed before it")
    except Fault as fault:
        report.find_entry(succession.index, str(fault))
        return
    report.lost += promised - kept
    cause = {"restored": "it was restored from a backup", "rotation": "the key was replaced"}.get(details.get("cause", ""))
    lost = f"; {promised - kept} entries that had been promised were LOST" if promised > kept else ""
    report.told.append(
        f"From entry {kept} on it is signed by another key ({key.key_id.hex()}; before, since size {since}, "
        f"{before.key_id.hex()}), because {cause or 'of something that this verifier does not know'}{lost}."
    )
    if report.earlier is not None and report.earlier.key == before and report.earlier.size > kept:
        what = (
            f"has {report.earlier.size} entries, of which {kept} stayed when the log went on under another key (entry {kept})"
        )
        report.find("the earlier checkpoint in the trust file", what)


def read_stamps(source: Source, files: set[str], origins: list[tuple[int, Key]], history: History, report: Report) -> list[int]:
    """Time stamps: each is over a checkpoint of this log, and its token holds that note's digest; gives their sizes."""
    stamps = []
    for path in sorted(path for path in files if path.startswith("timestamps/")):
        stem, _, kind = path.rpartition(".")
        if kind != "note":
            if f"{stem}.note" not in files:
                report.find(path, "stamps a checkpoint that is not there")
            continue
        try:
            note = source.read(path)
            checkpoint = read_checkpoint(note, *(key for _, key in origins))
            token = source.read(f"{stem}.tsr")
            if checkpoint.size > history.size or stem != f"timestamps/{checkpoint.size}":
                raise Fault("is not a checkpoint of this log's past, of the size in its name")
            if not any(hashlib.new(name, note).digest() in token for name in ("sha256", "sha384", "sha512")):
                raise Fault("is not what its time stamp is over")
        except Fault as fault:
            report.find(path, str(fault))
            continue
        if checkpoint.size > report.pruned or not checkpoint.size % WIDTH:
            history.expect(checkpoint, path)
        stamps.append(checkpoint.size)
    return stamps


def tell_stamps(stamps: list[int], report: Report) -> None:
    """Who stamped, and when, is in tokens that need a library of their own to read."""
    if stamps:
        path = f"timestamps/{max(stamps)}"
        report.told.append(
            f"{len(stamps)} checkpoints carry a time stamp, the newest of {max(stamps)} entries. Whose it is and from when, "
            f"openssl tells: openssl ts -verify -data {path}.note -in {path}.tsr -CAfile CERTIFICATES"
        )


# --- 9. A person -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """What one person's entries can be found by: the tag and the key, with which every entry is tried in turn."""

    log: str
    tag: bytes
    key: bytes

    def is_about(self, fields: Fields) -> bool:
        """With inner = keyed BLAKE2b(nonce), the commitment is BLAKE2b(tag and recipient) under inner (RFC 7693)."""
        nonce, committed = base64.urlsafe_b64decode(fields["nonce"] + "=="), fields["commitment"]
        inner = hashlib.blake2b(nonce, key=self.key, digest_size=32, person=b"hub/opening").digest()
        said = hashlib.blake2b(self.tag + fields["recipient"].encode(), key=inner, digest_size=32, person=b"hub/subject")
        return base64.urlsafe_b64encode(said.digest()).decode() == f"{committed}="


@dataclass(frozen=True)
class Answer:
    """What the hub answered about that person: entries by ref or by number, and how large the log was."""

    refs: frozenset[str]
    indices: frozenset[int]
    size: int | None


@dataclass(frozen=True)
class Hit:
    index: int
    kind: str
    recipient: str
    purpose: str
    us: int
    ref: str


@dataclass
class PersonReport:
    hits: list[Hit]
    unlooked: int
    asked: bool = False
    left_out: list[Hit] = field(default_factory=list)
    not_theirs: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    cannot_tell: list[int] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        return not (self.left_out or self.not_theirs or self.unknown)


def read_person(data: bytes) -> Person:
    """Raises WrongQuestion unless it is {"log", "tag", "key"}, the last two in base64url."""
    wrong = WrongQuestion("the person's file is not an object of log, tag and key, in base64url")
    try:
        given = json.loads(data)
        tag, key = (
            base64.b64decode(given[name] + "=" * (-len(given[name]) % 4), b"-_", validate=True) for name in ("tag", "key")
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise wrong from None
    if type(given) is not dict or set(given) != {"log", "tag", "key"} or not word(given["log"]):
        raise wrong
    if not tag or not 16 <= len(key) <= 64:
        raise wrong
    return Person(given["log"], tag, key)


def read_answer(data: bytes) -> Answer:
    """A list of refs or numbers, alone or as `entries` beside `log` and `size`. Raises WrongQuestion."""
    wrong = WrongQuestion("the file of what the hub answered is not a list of refs or numbers of entries")
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        raise wrong from None
    size = given.get("size") if type(given) is dict else None
    entries = given.get("entries") if type(given) is dict else given
    if type(entries) is not list or not (size is None or number_from(0)(size)):
        raise wrong
    if not all(ref(each) or number_from(0)(each) for each in entries):
        raise wrong
    refs = frozenset(each for each in entries if type(each) is str)
    return Answer(refs, frozenset(each for each in entries if type(each) is int), size)


def person_report(person: Person, answer: Answer | None, reader: EntryReader, report: Report) -> PersonReport:
    """What was found by trying every entry, and whether the hub's answer is that. Raises WrongQuestion."""
    if reader.log is not None and person.log != reader.log:
        raise WrongQuestion("the person's file is for another log than this one")
    unlooked = sum(report.kinds.count(code) for code in (UNREADABLE, EMPTY, PRUNED))
    found = PersonReport(reader.hits, unlooked, answer is not None)
    if answer is None:
        return found
    theirs, refs = {hit.index for hit in reader.hits}, {hit.ref for hit in reader.hits}
    size = answer.size if answer.size is not None else len(report.kinds)
    found.left_out = [hit for hit in reader.hits if hit.index not in reader.named and hit.index < size]
    for index, (kind, _, delivery) in reader.named.items():
        if index in theirs or (kind == "outcome" and delivery in refs):
            continue
        if kind in ("disclosure", "refusal", "outcome"):
            found.not_theirs.append(f"entry {index}")
        else:
            found.cannot_tell.append(index)
    seen = {entry_ref for _, entry_ref, _ in reader.named.values()}
    found.unknown = [*sorted(answer.refs - seen), *(f"entry {each}" for each in sorted(answer.indices - set(reader.named)))]
    return found


# --- 10. The report ----------------------------------------------------------------------------------------------------------


def verdict_of(report: Report, index: int) -> tuple[str, int]:
    """The verdict on an entry, and the entry by which it was removed (-1 where none); `unproven` when no root was reached."""
    kind = report.kinds[index]
    if kind == UNREADABLE and index not in report.faulty:
        return "missing", -1
    if kind == EMPTY and report.remover(index) < 0:
        return "missing", -1
    if index in report.faulty:
        return f"not verified: {report.faulty[index]}", -1
    if not report.proven:
        return "unproven", -1
    if kind == EMPTY:
        return "redacted", report.remover(index)
    if kind == PRUNED:
        return ("pruned", report.pruned_by) if report.pruned_by >= 0 else ("missing", -1)
    return "verified", -1


def as_json(report: Report) -> Iterator[str]:
    checkpoint, earlier, person = report.checkpoint, report.earlier, report.person
    head: Fields = {
        "verdict": "verified" if report.verified else "not verified",
        "log": checkpoint.origin if checkpoint else None,
        "size": checkpoint.size if checkpoint else None,
        "root": base64.b64encode(checkpoint.root).decode() if checkpoint else None,
        "earlier": earlier.size if earlier else None,
        "quorum": report.quorum,
        "witnesses": [
            {"name": name, "time": moment(seconds * 10**6)} for name, seconds in sorted(report.witnesses.items()) if name
        ],
        "postQuantum": "" in report.witnesses,
        "others": report.others,
        "redacted": report.kinds.count(EMPTY),
        "pruned": report.pruned,
        "lost": report.lost,
        "told": report.told,
        "found": report.found,
        "findings": [{"where": where, "what": what} for where, what in report.findings],
        "totals": [
            {"kind": kind, "recipient": recipient, "purpose": purpose, "count": count}
            for (kind, recipient, purpose), count in sorted(report.totals.items())
        ],
    }
    if person is not None:
        head["person"] = {
            "entries": [vars(hit) for hit in person.hits],
            "notLookedAt": person.unlooked,
            "complete": person.agrees if person.asked else None,
            "leftOut": [hit.index for hit in person.left_out],
            "notTheirs": person.not_theirs,
            "notInThisLog": person.unknown,
            "cannotTell": person.cannot_tell,
        }
    yield json.dumps(head)[:-1] + ', "entries": ['
    for index, kind in enumerate(report.kinds):
        verdict, by = verdict_of(report, index)
        line: Fields = {"index": index, "kind": _NUMBERED[kind], "verdict": verdict}
        yield (",\n" if index else "\n") + json.dumps(line | ({"by": by} if by >= 0 else {}))
    yield "]}\n"


def as_text(report: Report) -> Iterator[str]:
    checkpoint = report.checkpoint
    if report.verified and checkpoint:
        lost = f", BUT {report.lost} PROMISED ENTRIES WERE LOST IN A RESTORE" if report.lost else ""
        yield f"VERIFIED{lost}. {printable(checkpoint.origin)}: {checkpoint.size} entries, {'; '.join(_parts(report))}.\n"
        yield from _trusted(report)
        yield f"Root: {base64.b64encode(checkpoint.root).decode()}\n"
    else:
        yield "NOT VERIFIED.\n"
        for where, what in report.findings:
            yield f"  {printable(where)}: {printable(what)}\n"
        if report.found > len(report.findings):
            yield f"  and {report.found - len(report.findings)} more\n"
        yield "Keep this export and the trust file as they are, and show them to your privacy officer.\n"
        yield from (f"{printable(line)}\n" for line in report.told)
        if report.others:
            yield f"{report.others} signatures of others on the checkpoint were not looked at.\n"
    if report.person is not None:
        yield "" if report.verified else "\nWhat follows about the person is of what could be read, and is not proven.\n"
        yield from _about_person(report.person)
    if report.totals:
        note = "" if report.proven else " (of what could be read; not proven)"
        yield f"\nCounted from the entries{note}:\n{'kind':<18} {'recipient':<36} {'purpose':<36} {'entries':>10}\n"
        for (kind, recipient, purpose), count in sorted(report.totals.items()):
            yield f"{kind:<18} {recipient:<36} {purpose:<36} {count:>10}\n"


def _parts(report: Report) -> list[str]:
    """How many entries are still there word for word, and what became of the others."""
    redacted = report.kinds.count(EMPTY)
    if not redacted and not report.pruned:
        return ["all as they were recorded"]
    parts = [f"{len(report.kinds) - redacted - report.pruned} as they were recorded"]
    if redacted:
        by = sorted(set(report.removed_by or ()) - {-1})
        named = ", ".join(map(str, by[:10])) + (f" and {len(by) - 10} more" if len(by) > 10 else "")
        parts.append(f"{redacted} REDACTED on the authority of entry {named}")
    if report.pruned:
        parts.append(f"the first {report.pruned} PRUNED on the authority of entry {report.pruned_by}")
    return parts


def _trusted(report: Report) -> Iterator[str]:
    """Who stands for it, and what that does not prove."""
    names = [f"{printable(name)} ({moment(seconds * 10**6)})" for name, seconds in sorted(report.witnesses.items()) if name]
    if "" in report.witnesses:
        yield "The log's post-quantum signature holds as well.\n"
    if names:
        yield f"Cosigned by {', '.join(names)}; the trust file asks for {printable(report.quorum)}.\n"
    if report.quorum == "none":
        yield "No witness was asked for: whoever holds the log's key and database could show someone else another log.\n"
    if report.others:
        yield f"{report.others} signatures of others on the checkpoint were not looked at.\n"
    if report.earlier:
        yield f"The log only grew since the earlier checkpoint, which had {report.earlier.size} entries.\n"
    else:
        yield "No earlier checkpoint was given: keep this one, and put it in the trust file next time.\n"
    yield from (f"{printable(line)}\n" for line in report.told)


def _about_person(person: PersonReport) -> Iterator[str]:
    if not person.asked:
        yield f"\nABOUT THIS PERSON: {len(person.hits)} entries.\n"
    elif person.agrees:
        yield f"\nCOMPLETE: the hub's answer names all {len(person.hits)} entries about this person, and nobody else's.\n"
    else:
        yield f"\nNOT COMPLETE: the hub's answer is not the {len(person.hits)} entries about this person.\n"
    for hit in person.left_out:
        yield f"  left out: entry {hit.index}\n"
    for each in person.not_theirs:
        yield f"  named, but not about this person: {each}\n"
    for each in person.unknown:
        yield f"  named, but not in this export: {each}\n"
    if person.cannot_tell:
        yield f"  {len(person.cannot_tell)} entries that the hub named are of kinds that do not say about whom they are.\n"
    if person.unlooked:
        yield f"  {person.unlooked} entries could not be looked at: their text was removed or cannot be read.\n"
    for hit in person.hits:
        yield f"  {hit.index:>10}  {moment(hit.us)}  {hit.kind:<10}  {hit.recipient}  {hit.purpose}\n"


def moment(us: int) -> str:
    """A moment in UTC; where the calendar ends, the number itself."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).isoformat(timespec="seconds")
    except OverflowError:
        return f"second {us // 10**6}"


def printable(text: str) -> str:
    """Names from the export, without what could fool a terminal."""
    return ascii(text)[1:-1][:500]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="verify.py", description="Verifies an export of the hub's log without trusting the hub."
    )
    parser.add_argument("export", metavar="EXPORT", help="the export: a directory, or a .zip")
    parser.add_argument("--trust", metavar="FILE", required=True, help="keys, witnesses, perhaps an earlier checkpoint")
    parser.add_argument("--person", metavar="FILE", help="a person's key: find the entries about that person")
    parser.add_argument("--expect", metavar="FILE", help="what the hub answered about that person (JSON)")
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON, one per entry")
    options = parser.parse_args(arguments)
    try:
        if options.expect and not options.person:
            raise WrongQuestion("--expect needs --person")
        trust = read_trust(_given(options.trust, "the trust file"))
        person = read_person(_given(options.person, "the person's file")) if options.person else None
        answer = read_answer(_given(options.expect, "the file of what the hub answered")) if options.expect else None
        source = Directory(options.export) if Path(options.export).is_dir() else Archive(options.export)
        report = verify(source, trust, person, answer)
    except (WrongQuestion, ValueError) as question:
        print(f"verify.py: {question}", file=sys.stderr)
        return 2
    try:
        sys.stdout.writelines(as_json(report) if options.json else as_text(report))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads stopped reading; the verdict stands in the exit status.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0 if report.good else 1


def _given(path: str, what: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(64 * _LARGEST_TRUST)
    except (OSError, ValueError):
        raise WrongQuestion(f"{what} cannot be read") from None


# --- 11. ML-DSA-44 (FIPS 204): verification only, with an empty context ------------------------------------------------------

_Q, _LARGE_Z, _HINTS = 8_380_417, 2**17 - 78, 80  # q; gamma1 - beta; omega
_STEP = (_Q - 1) // 44  # 2 * gamma2
Poly = list[int]  # 256 coefficients


def _reversed(number: int) -> int:
    return int(f"{number:08b}"[::-1], 2)


_ZETAS = [pow(1753, _reversed(k), _Q) for k in range(256)]


def ntt(poly: Poly) -> Poly:
    """Algorithm 41."""
    poly, k, length = poly[:], 0, 128
    while length:
        for start in range(0, 256, 2 * length):
            k += 1
            for j in range(start, start + length):
                turned = _ZETAS[k] * poly[j + length] % _Q
                poly[j], poly[j + length] = (poly[j] + turned) % _Q, (poly[j] - turned) % _Q
        length //= 2
    return poly


def inverse_ntt(poly: Poly) -> Poly:
    """Algorithm 42."""
    poly, k, length = poly[:], 256, 1
    while length < 256:
        for start in range(0, 256, 2 * length):
            k -= 1
            for j in range(start, start + length):
                one, two = poly[j], poly[j + length]
                poly[j], poly[j + length] = (one + two) % _Q, -_ZETAS[k] * (one - two) % _Q
        length *= 2
    return [value * 8_347_681 % _Q for value in poly]


def unpack(data: bytes, bits: int) -> Poly:
    """Algorithm 18: 256 numbers of so many bits, lowest first."""
    number, mask = int.from_bytes(data, "little"), (1 << bits) - 1
    return [number >> bits * nth & mask for nth in range(256)]


def matrix_part(seed: bytes) -> Poly:
    """Algorithm 30: numbers below q from a stream of three bytes each, those that are too large passed over."""
    poly: Poly = []
    wanted = 1024
    while len(poly) < 256:
        stream = hashlib.shake_128(seed).digest(3 * wanted)
        found = (int.from_bytes(stream[at : at + 3], "little") & 0x7FFFFF for at in range(0, len(stream), 3))
        poly, wanted = [value for value in found if value < _Q][:256], 2 * wanted
    return poly


def ball(seed: bytes) -> Poly:
    """Algorithm 29: 39 coefficients of 1 or -1, the others 0."""
    stream = hashlib.shake_256(seed).digest(4096)
    signs, at, poly = int.from_bytes(stream[:8], "little"), 8, [0] * 256
    for i in range(256 - 39, 256):
        while stream[at] > i:
            at += 1
        poly[i], poly[stream[at]] = poly[stream[at]], 1 - 2 * (signs & 1)
        signs, at = signs >> 1, at + 1
    return poly


def hints_from(data: bytes) -> list[set[int]] | None:
    """Algorithm 21; None unless they are written in the one way to do so."""
    rows, at = [], 0
    for end in data[_HINTS:]:
        row = list(data[at:end])
        if not at <= end <= _HINTS or any(a >= b for a, b in pairwise(row)):
            return None
        rows.append(set(row))
        at = end
    return None if any(data[at:_HINTS]) else rows


def high_part(value: int, hint: bool) -> int:
    """Algorithms 36 and 40: which of 44 steps a number lies on, moved towards where its remainder points by a hint."""
    low = value % _STEP
    low -= _STEP if low > _STEP // 2 else 0
    high, low = (0, low - 1) if value - low == _Q - 1 else ((value - low) // _STEP, low)
    return high if not hint else (high + 1) % 44 if low > 0 else (high - 1) % 44


def mldsa_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Algorithms 3 and 8."""
    hints = hints_from(signature[2336:])
    if len(public) != 1312 or len(signature) != 2420 or hints is None:
        return False
    challenge, packed, rho = signature[:32], signature[32:2336], public[:32]
    z = [[2**17 - value for value in unpack(packed[576 * j : 576 * j + 576], 18)] for j in range(4)]
    if any(abs(value) >= _LARGE_Z for poly in z for value in poly):
        return False
    mu = hashlib.shake_256(hashlib.shake_256(public).digest(64) + b"\0\0" + message).digest(64)
    c, z = ntt(ball(challenge)), [ntt(poly) for poly in z]
    encoded = b""
    for i in range(4):
        t = ntt([value << 13 for value in unpack(public[32 + 320 * i : 352 + 320 * i], 10)])
        row = [-a * b for a, b in zip(c, t, strict=True)]
        for j in range(4):
            part = matrix_part(rho + bytes([j, i]))
            row = [a + b * d for a, b, d in zip(row, part, z[j], strict=True)]
        high = [high_part(value, nth in hints[i]) for nth, value in enumerate(inverse_ntt([value % _Q for value in row]))]
        encoded += sum(value << 6 * nth for nth, value in enumerate(high)).to_bytes(192, "little")
    return hashlib.shake_256(mu + encoded).digest(32) == challenge


if __name__ == "__main__":
    sys.exit(main())
