#!/usr/bin/env python3
"""Verifies an export of the hub's log without trusting the hub.

    python3 verify.py DIR --trust FILE [--json]

DIR is the export, a C2SP tlog-tiles tree: `checkpoint`, `tile/<level>/...` and `tile/entries/...`. FILE says whom you trust
and must not come with the export: C2SP tlog-policy lines (`log <key>`, perhaps `quorum none`, comments after `#`), and after a
blank line, if you kept one, an earlier checkpoint of the same log, word for word.

Exit status 0: everything is verified. 1: it is not, and it says what and where. 2: the question was wrong (usage, trust file).

Python 3.11 and its standard library are all this needs, and this one file can be read in an evening, in the order it works:

    1. Ed25519         was this signed by that key?                    RFC 8032
    2. Notes           keys, signed texts, checkpoints, the trust file C2SP signed-note, tlog-checkpoint, tlog-policy
    3. The tree        hashes of entries and of pairs of hashes        RFC 9162, section 2.1
    4. The entries     is each one well formed, in the one way to write it?
    5. The export      which files must there be, and what must they hold?  C2SP tlog-tiles
    6. The report      for people, and as JSON
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
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any


class Fault(Exception):
    """Something does not hold; the text says what, and never repeats what it found."""


class WrongQuestion(Exception):
    """The call or the trust file is wrong, so that nothing can be said about the export."""


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


# --- 2. Notes, checkpoints and the trust file --------------------------------------------------------------------------------

_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_MOST_SIGNATURES = 64
_LARGEST_TRUST = 1 << 20


@dataclass(frozen=True)
class Key:
    name: str
    key_id: bytes
    public: bytes


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Trust:
    key: Key
    earlier: bytes | None


def unbase64(text: str) -> bytes:
    """Standard base64 with padding; one text per value."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Fault("a part that should be base64 is not") from None
    if not data or base64.b64encode(data).decode() != text:
        raise Fault("a part is not the one base64 text of its value")
    return data


def read_key(text: str) -> Key:
    """A verifier key: name, hash and key with plus signs between, Ed25519 (type 1) only."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
        raise Fault("the key is not written as name+hash+key")
    material = unbase64(parts[2])
    key_id = hashlib.sha256(parts[0].encode() + b"\n" + material).digest()[:4]
    if len(material) != 33 or material[0] != 1 or key_id.hex() != parts[1] or point_from(material[1:]) is None:
        raise Fault("the key is not an Ed25519 key with its own hash")
    return Key(parts[0], key_id, material[1:])


def read_checkpoint(note: bytes, key: Key, *, alone: bool) -> Checkpoint:
    """The checkpoint in a signed note, once the key's signature is verified; `alone` allows no other signature beside it."""
    try:
        text = note.decode()
    except UnicodeDecodeError:
        raise Fault("it is not UTF-8 text") from None
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Fault("it does not end in a newline, or holds control characters")
    body, blank, block = text.rpartition("\n\n")
    lines = block[:-1].split("\n")
    if not body or not blank or len(lines) > _MOST_SIGNATURES:
        raise Fault("it is not a text with signatures under it")
    body += "\n"
    signed = 0
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise Fault("a signature line is not well formed")
        blob = unbase64(match[2])
        if len(blob) < 5:
            raise Fault("a signature is too short")
        if match[1] == key.name and blob[:4] == key.key_id:
            if not signature_holds(key.public, body.encode(), blob[4:]):
                raise Fault("the trusted key's signature does not hold")
            signed += 1
    if signed != 1:
        raise Fault("the trusted key has not signed it, or more than once")
    if alone and len(lines) != 1:
        raise Fault("it carries signatures of others beside the trusted key's")
    parts = body.split("\n")
    if len(parts) != 4 or parts[0] != key.name or not _SIZE.fullmatch(parts[1]):
        raise Fault("it is not three lines: the log's name, its size, its root")
    root = unbase64(parts[2])
    if len(root) != 32:
        raise Fault("its root is not 32 bytes")
    return Checkpoint(parts[0], int(parts[1]), root)


def read_trust(data: bytes) -> Trust:
    """The trust file: one log, no witnesses, perhaps an earlier checkpoint. Raises WrongQuestion."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise WrongQuestion("the trust file is not UTF-8 text") from None
    if len(data) > _LARGEST_TRUST or re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text):
        raise WrongQuestion("the trust file is too large, or holds control characters (save it with Unix line ends)")
    lines = text.split("\n")
    keys: list[Key] = []
    quorums = 0
    for at, line in enumerate(lines):
        words = [item for item in re.split(r"[ \t]+", line) if item]
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "log" and len(words) in (2, 3):
            try:
                keys.append(read_key(words[1]))
            except Fault as fault:
                raise WrongQuestion(f"line {at + 1} of the trust file: {fault}") from None
        elif words == ["quorum", "none"] and not quorums:
            quorums += 1
        elif words[0] in ("log", "quorum", "witness", "group"):
            raise WrongQuestion(f"line {at + 1} of the trust file: only `log` and `quorum none` are known here")
        elif keys and not lines[at - 1].strip(" \t"):
            return _one_log(keys, "\n".join(lines[at:]).encode())
        else:
            raise WrongQuestion(f"line {at + 1} of the trust file is neither a policy line nor an earlier checkpoint")
    return _one_log(keys, None)


def _one_log(keys: list[Key], earlier: bytes | None) -> Trust:
    if len(keys) != 1:
        raise WrongQuestion("the trust file must name exactly one log")
    return Trust(keys[0], earlier)


# --- 3. The tree (RFC 9162, section 2.1) -------------------------------------------------------------------------------------

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


# --- 4. The entries ----------------------------------------------------------------------------------------------------------

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
_NUMBERED = ("unreadable", *KINDS)


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


# --- 5. The export -----------------------------------------------------------------------------------------------------------

_LARGEST_FILE = WIDTH * (2 + 65_535)
_FINDINGS_SHOWN = 200


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

    @property
    def verified(self) -> bool:
        return self.checkpoint is not None and self.proven and not self.found

    def find(self, where: str, what: str) -> None:
        self.found += 1
        if len(self.findings) < _FINDINGS_SHOWN:
            self.findings.append((where, what))

    def find_entry(self, index: int, what: str) -> None:
        self.faulty.setdefault(index, what)
        self.find(f"entry {index}", what)


def path_of(kind: str, index: int, width: int) -> str:
    """Where a tile (`kind` is its level) or a bundle (`kind` is "entries") stands: three digits a directory."""
    digits = f"{index % 1000:03d}"
    while index := index // 1000:
        digits = f"x{index % 1000:03d}/{digits}"
    return f"tile/{kind}/{digits}" + ("" if width == WIDTH else f".p/{width}")


def expected_files(size: int) -> Iterator[str]:
    """Every file of an export of a log of `size` entries."""
    yield "checkpoint"
    count, kinds = size, ["entries", "0"]
    while count:
        for kind in kinds:
            for index in range((count + WIDTH - 1) // WIDTH):
                yield path_of(kind, index, min(WIDTH, count - index * WIDTH))
        count, kinds = count // WIDTH, [str(int(kinds[-1]) + 1)]


def walk(top: str, report: Report) -> tuple[set[str], set[str]]:
    """All regular files and all directories under `top`, by path with slashes. Links and anything else are findings."""
    files: set[str] = set()
    folders: set[str] = set()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(f"{top}/{folder}") as entries:
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


def read_file(top: str, path: str) -> bytes:
    """Raises Fault when it is missing, no plain file, or larger than any file of an export."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(f"{top}/{path}", flags), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST_FILE:
                raise Fault("is no plain file, or too large")
            return file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        raise Fault("is missing") from None
    except (OSError, ValueError):
        raise Fault("cannot be read") from None


def verify(top: str, trust: Trust) -> Report:
    """Checks the export in the directory `top`, in the order of the sections above."""
    report = Report()
    files, folders = walk(top, report)
    try:
        report.checkpoint = read_checkpoint(read_file(top, "checkpoint"), trust.key, alone=True)
    except Fault as fault:
        report.find("checkpoint", str(fault))
        return report
    if trust.earlier is not None:
        try:
            report.earlier = read_checkpoint(trust.earlier, trust.key, alone=False)
        except Fault as fault:
            report.find("the earlier checkpoint in the trust file", str(fault))
        else:
            if report.earlier.size > report.checkpoint.size:
                report.find("checkpoint", "is older than the one in the trust file: the log was rolled back")
    check_files(report.checkpoint.size, files, folders, report)
    check_content(top, report.checkpoint, report)
    return report


def check_files(size: int, files: set[str], folders: set[str], report: Report) -> None:
    """No file missing, none too many, no directory that holds none of them."""
    missing, wanted, parents = 0, set(), set()
    for path in expected_files(size):
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


def check_content(top: str, checkpoint: Checkpoint, report: Report) -> None:
    """Every entry, the tree over them, every tile, and the root that was signed."""
    tree, reader = Tree(), EntryReader(report)
    earlier = report.earlier
    for index in range((checkpoint.size + WIDTH - 1) // WIDTH):
        start, width = index * WIDTH, min(WIDTH, checkpoint.size - index * WIDTH)
        leaves = read_bundle(top, path_of("entries", index, width), start, width, reader, report)
        tile_path = path_of("0", index, width)
        if leaves is None:
            leaves = leaves_of_tile(top, tile_path, width)
        else:
            compare_tile(top, tile_path, leaves, start, report)
        if leaves is None:
            report.find(
                "the tree", f"cannot be rebuilt: of entries {start} to {start + width - 1} neither text nor hash is left"
            )
            return
        if earlier is not None and start < earlier.size <= start + width:
            check_earlier(tree.root(leaves[: earlier.size - start]), earlier, report)
        for level, place, content in tree.add(0, leaves):
            if level:
                compare_file(top, path_of(str(level), place, WIDTH), content, report)
    for level, nodes in enumerate(tree.open):
        if level and nodes:
            compare_file(top, path_of(str(level), tree.done[level], len(nodes)), b"".join(nodes), report)
    if earlier is not None and earlier.size == 0:
        check_earlier(Tree().root(), earlier, report)
    if tree.root() != checkpoint.root:
        report.find("the root", "that was signed is not that of these entries: something was changed, added or left out")
    else:
        report.proven = not reader.unread


def check_earlier(root: bytes, earlier: Checkpoint, report: Report) -> None:
    if root != earlier.root:
        what = (
            f"do not lead to the root of the earlier checkpoint: the log's past was changed since it had {earlier.size} entries"
        )
        report.find(f"the first {earlier.size} entries", what)


class EntryReader:
    """Reads entries in order, and checks what must hold between them."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.log: object = None
        self.last = 0
        self.unread = 0

    def skip(self, count: int) -> None:
        self.unread += count
        self.report.kinds += bytes(count)

    def read(self, index: int, body: bytes) -> None:
        report = self.report
        try:
            fields = read_entry(body)
        except Fault as fault:
            report.find_entry(index, str(fault))
            report.kinds.append(0)
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


def read_bundle(top: str, path: str, start: int, width: int, reader: EntryReader, report: Report) -> list[bytes] | None:
    """The leaf hashes of one bundle, its entries checked; None when it cannot be taken apart."""
    try:
        bodies = split_bundle(read_file(top, path))
        if len(bodies) != width:
            raise Fault(f"does not hold the {width} entries from number {start} on")
    except Fault as fault:
        report.find(path, str(fault))
        reader.skip(width)
        return None
    for index, body in enumerate(bodies, start):
        reader.read(index, body)
    return [leaf_of(body) for body in bodies]


def leaves_of_tile(top: str, path: str, width: int) -> list[bytes] | None:
    """The leaf hashes that a tile gives, to go on with where a bundle is lost; what follows is then still compared."""
    try:
        data = read_file(top, path)
    except Fault:
        return None
    return [data[at : at + 32] for at in range(0, len(data), 32)] if len(data) == 32 * width else None


def compare_tile(top: str, path: str, leaves: list[bytes], start: int, report: Report) -> None:
    """A level-0 tile must hold the hashes of the entries; those that differ are named."""
    try:
        data = read_file(top, path)
    except Fault as fault:
        report.find(path, str(fault))
        return
    if data != b"".join(leaves):
        report.find(path, "does not hold the hashes of its entries")
        for offset, leaf in enumerate(leaves):
            if data[32 * offset : 32 * offset + 32] != leaf:
                report.find_entry(start + offset, f"and its hash in {path} do not agree")


def compare_file(top: str, path: str, content: bytes, report: Report) -> None:
    try:
        if read_file(top, path) != content:
            raise Fault("does not hold what follows from the entries")
    except Fault as fault:
        report.find(path, str(fault))


# --- 6. The report -----------------------------------------------------------------------------------------------------------


def verdict_of(report: Report, index: int) -> str:
    """An entry is verified when it is well formed and under the signed root; `unproven` when that root was not reached."""
    if index in report.faulty:
        return f"not verified: {report.faulty[index]}"
    if not report.kinds[index]:
        return "not verified: it is missing"
    return "verified" if report.proven else "unproven"


def as_json(report: Report) -> Iterator[str]:
    checkpoint, earlier = report.checkpoint, report.earlier
    head = {
        "verdict": "verified" if report.verified else "not verified",
        "log": checkpoint.origin if checkpoint else None,
        "size": checkpoint.size if checkpoint else None,
        "root": base64.b64encode(checkpoint.root).decode() if checkpoint else None,
        "earlier": earlier.size if earlier else None,
        "found": report.found,
        "findings": [{"where": where, "what": what} for where, what in report.findings],
        "totals": [
            {"kind": kind, "recipient": recipient, "purpose": purpose, "count": count}
            for (kind, recipient, purpose), count in sorted(report.totals.items())
        ],
    }
    yield json.dumps(head)[:-1] + ', "entries": ['
    for index, kind in enumerate(report.kinds):
        line = {"index": index, "kind": _NUMBERED[kind], "verdict": verdict_of(report, index)}
        yield (",\n" if index else "\n") + json.dumps(line)
    yield "]}\n"


def as_text(report: Report) -> Iterator[str]:
    checkpoint = report.checkpoint
    if report.verified and checkpoint:
        yield f"VERIFIED. {printable(checkpoint.origin)}: {checkpoint.size} entries, all as they were recorded.\n"
        if report.earlier:
            yield f"The log only grew since the earlier checkpoint, which had {report.earlier.size} entries.\n"
        else:
            yield "No earlier checkpoint was given: keep this one, and put it in the trust file next time.\n"
        yield f"Root: {base64.b64encode(checkpoint.root).decode()}\n"
    else:
        yield "NOT VERIFIED.\n"
        for where, what in report.findings:
            yield f"  {printable(where)}: {what}\n"
        if report.found > len(report.findings):
            yield f"  and {report.found - len(report.findings)} more\n"
        yield "Keep this export and the trust file as they are, and show them to your privacy officer.\n"
    if report.totals:
        note = "" if report.proven else " (of what could be read; not proven)"
        yield f"\nCounted from the entries{note}:\n{'kind':<18} {'recipient':<36} {'purpose':<36} {'entries':>10}\n"
        for (kind, recipient, purpose), count in sorted(report.totals.items()):
            yield f"{kind:<18} {recipient:<36} {purpose:<36} {count:>10}\n"


def printable(text: str) -> str:
    """Names from the export, without what could fool a terminal."""
    return ascii(text)[1:-1][:200]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="verify.py", description="Verifies an export of the hub's log without trusting the hub."
    )
    parser.add_argument("directory", metavar="DIR", help="the export")
    parser.add_argument("--trust", metavar="FILE", required=True, help="the log's key, perhaps an earlier checkpoint")
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON, one per entry")
    options = parser.parse_args(arguments)
    try:
        if not Path(options.directory).is_dir():
            raise WrongQuestion("DIR is not a directory")
        try:
            with Path(options.trust).open("rb") as file:
                data = file.read(_LARGEST_TRUST + 1)
        except (OSError, ValueError):
            raise WrongQuestion("the trust file cannot be read") from None
        trust = read_trust(data)
    except (WrongQuestion, ValueError) as question:
        print(f"verify.py: {question}", file=sys.stderr)
        return 2
    report = verify(options.directory, trust)
    try:
        sys.stdout.writelines(as_json(report) if options.json else as_text(report))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads stopped reading; the verdict stands in the exit status.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0 if report.verified else 1


if __name__ == "__main__":
    sys.exit(main())
