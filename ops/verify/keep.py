#!/usr/bin/env python3
"""Keeps what the hub's log promised you, and holds the log to it. For partners; Python 3.11, nothing to install.

    python3 keep.py check RECEIPT... --entry FILE... --trust FILE --state FILE [--log URL]
    python3 keep.py watch --log URL --trust FILE --state FILE
    python3 keep.py cosign --log URL --trust FILE --state FILE --key FILE --name NAME [--out FILE] [--post URL]
    python3 keep.py key NAME FILE

`check` verifies the receipt (C2SP tlog-proof) that came with a delivery against the entry that came with it, and remembers
its checkpoint. `watch` asks the log for its newest checkpoint and proves, from its tiles, that everything remembered is still
in it. `cosign` does the same and then signs that it did (C2SP tlog-cosignature): you are a witness of the log. Whoever keeps a
state file cannot be shown two histories without noticing; both checkpoints are then kept in files beside it, as evidence.

Status 0: it holds. 1: it does not. 2: the call, a file of yours or the network was at fault: nothing was said about the log.

The order below is that of the work: 1 what the trust file asks, 2 receipts, 3 the tree from its tiles, 4 the state file,
5 holding the log to what is remembered, 6 cosigning, 7 the commands. It imports `verify.py`, which must lie beside it.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import secrets
import stat
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from verify import (  # found beside this file, however Python was started
    Checkpoint,
    Fault,
    Key,
    Point,
    Trust,
    WrongQuestion,
    cosigned_at,
    leaf_of,
    point_bytes,
    point_from,
    printable,
    read_checkpoint,
    read_trust,
    times,
    unbase64,
)

_LARGEST_FILE = 64 << 20
_LARGEST_NOTE = 1 << 20


class Contradiction(Fault):
    """The log said two things that cannot both be true: `notes` are the signed checkpoints that show it."""

    def __init__(self, text: str, *notes: str) -> None:
        super().__init__(text)
        self.notes = notes


def read(path: str, most: int = _LARGEST_FILE) -> bytes:
    """A file of the reader's own. Raises WrongQuestion."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError):
        raise WrongQuestion(f"{printable(path)} cannot be read") from None
    if len(data) > most:
        raise WrongQuestion(f"{printable(path)} is too large")
    return data


# --- 1. What the trust file asks ---------------------------------------------------------------------------------------------


def opened(trust: Trust, note: str) -> Checkpoint:
    """The checkpoint in a note that one of the trusted keys of the log signed. Raises Fault."""
    return _opened(note, *trust.logs)


@lru_cache(16_384)
def _opened(note: str, *keys: Key) -> Checkpoint:
    """Once for all receipts of a delivery, which mostly share their checkpoint: a signature takes some milliseconds."""
    return read_checkpoint(note.encode(errors="replace"), *keys)


def check_cosigned(trust: Trust, checkpoint: Checkpoint) -> None:
    """Raises Fault unless whoever else the trust file names signed it: the log in ML-DSA-44, and the quorum of witnesses."""
    own = [("", key) for key in trust.post_quantum if key.name == checkpoint.origin]
    known, note = [*own, *trust.witnesses.items()], checkpoint.note
    signed = {name for name, key in known for blob in note.by(key) if said(key, checkpoint, blob)}
    if own and "" not in signed:
        raise Fault("the post-quantum key of the log, which the trust file names, has not signed it")
    if not trust.met(signed):
        raise Fault(
            f"{len(signed - {''})} of the witnesses in the trust file cosigned it, which is not the quorum that it asks for"
        )


def bare(checkpoint: Checkpoint) -> str:
    """The note with the log's own signature alone, which is all that must be remembered of it."""
    key = checkpoint.key
    blob = base64.b64encode(key.key_id + checkpoint.note.by(key)[0]).decode()
    return f"{checkpoint.note.body}\n— {key.name} {blob}\n"


def said(key: Key, checkpoint: Checkpoint, blob: bytes) -> bool:
    """True; a cosignature that does not hold raises Fault."""
    cosigned_at(key, checkpoint, blob)
    return True


def key_id_of(name: str, material: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]


# --- 2. Receipts (C2SP tlog-proof, RFC 9162 section 2.1.3.2) -----------------------------------------------------------------

_HEADER = "c2sp.org/tlog-proof@v1"


def node_of(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_receipt(receipt: bytes, entry: bytes, trust: Trust) -> tuple[int, Checkpoint]:
    """Where the entry is, and under which checkpoint. Raises Fault."""
    try:
        text = receipt.decode()
    except UnicodeDecodeError:
        raise Fault("the receipt is not UTF-8 text") from None
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    if len(lines) > 1 and lines[1].startswith("extra "):
        unbase64(lines.pop(1).removeprefix("extra "))
    place = re.fullmatch(r"index (0|[1-9][0-9]{0,17})", lines[1], re.ASCII) if len(lines) > 1 else None
    if lines[0] != _HEADER or place is None or len(lines) > 2 + 63:
        raise Fault("the receipt is not written as a tlog-proof")
    checkpoint = opened(trust, note)
    index, last, found = int(place[1]), checkpoint.size - 1, leaf_of(entry)
    if index > last:
        raise Fault("the receipt names an entry that its checkpoint does not hold")
    at = index
    for part in map(unbase64, lines[2:]):
        if len(part) != 32 or not last:
            raise Fault("the proof in the receipt is not made of hashes, or has too many")
        if at & 1 or at == last:
            found = node_of(part, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_of(found, part)
        at, last = at >> 1, last >> 1
    if last or found != checkpoint.root:
        raise Fault("the proof does not lead from this entry to the signed root: it is another entry, or was changed")
    return index, checkpoint


def pairs_of(receipts: list[str], entries: list[str]) -> Iterator[tuple[str, bytes, bytes]]:
    """Receipts with their entries: from files in the same order, or both from a file that is an answer of the hub in JSON."""
    waiting = list(entries)
    for path in receipts:
        data = read(path)
        if data[:1] in (b"{", b"["):
            try:
                answer = json.loads(data)
            except (ValueError, RecursionError):
                raise WrongQuestion(f"{printable(path)} is not JSON") from None
            yield from (
                (path, receipt.encode(errors="replace"), entry.encode(errors="replace")) for receipt, entry in _within(answer)
            )
        elif waiting:
            yield path, data, read(waiting.pop(0))
        else:
            raise WrongQuestion(f"{printable(path)} has no --entry that goes with it")
    if waiting:
        raise WrongQuestion("there are more entries than receipts")


def _within(answer: Any) -> Iterator[tuple[str, str]]:
    todo = [answer]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            receipt, entry = part.get("bewijs") or part.get("ontvangstbewijs"), part.get("logregel")
            if isinstance(receipt, str) and isinstance(entry, str):
                yield receipt, entry
            todo.extend(part.values())
        elif isinstance(part, list):
            todo.extend(part)


# --- 3. The tree from its tiles (C2SP tlog-tiles) ----------------------------------------------------------------------------

_WIDTH = 256
_MOST_TILES = 1024
_TIMEOUT_S = 30


class NotServed(Fault):
    """The log is there, and says that it does not have this."""


class _Here(urllib.request.HTTPRedirectHandler):
    """Whoever serves the log sends this machine to no other address."""

    def redirect_request(self, *_: Any) -> None:
        return None


def fetch(url: str, most: int, data: bytes | None = None) -> bytes:
    """Raises NotServed, or WrongQuestion when the log cannot be asked."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "keep.py"}
    if not re.match(r"https?://", url):
        raise WrongQuestion("an address begins with https:// (or http://)")
    if data is not None:
        headers["Content-Type"] = "text/plain; charset=utf-8"
    try:
        opener = urllib.request.build_opener(_Here)
        with opener.open(urllib.request.Request(url, data, headers), timeout=_TIMEOUT_S) as answer:
            found: bytes = answer.read(most + 1)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (404, 410):
            raise NotServed("is not served") from None
        raise WrongQuestion(f"the log answers {error.code}") from None
    except (OSError, ValueError, http.client.HTTPException):
        raise WrongQuestion("the log cannot be reached") from None
    if len(found) > most:
        raise Fault("is larger than any such file")
    return found


class Tiles:
    """The hashes of the log's tree of `size`, fetched where a proof needs them."""

    def __init__(self, url: str, size: int) -> None:
        self.url = url
        self.size = size
        self.known: dict[tuple[int, int], bytes] = {}

    def node(self, height: int, index: int) -> bytes:
        """The hash over the entries from index << height up to (index + 1) << height."""
        level, within = divmod(height, 8)
        tile = self.tile(level, (index << within) // _WIDTH)
        first = (index << within) % _WIDTH
        row = [tile[32 * at : 32 * at + 32] for at in range(first, first + (1 << within))]
        while len(row) > 1:
            row = [node_of(row[at], row[at + 1]) for at in range(0, len(row), 2)]
        return row[0]

    def tile(self, level: int, index: int) -> bytes:
        if (level, index) not in self.known:
            if len(self.known) >= _MOST_TILES:
                self.known.clear()
            self.known[level, index] = self.fetched(level, index)
        return self.known[level, index]

    def fetched(self, level: int, index: int) -> bytes:
        width = min(_WIDTH, (self.size >> 8 * level) - index * _WIDTH)
        digits, rest = f"{index % 1000:03d}", index // 1000
        while rest:
            digits, rest = f"x{rest % 1000:03d}/{digits}", rest // 1000
        path = f"tile/{level}/{digits}"
        try:
            # A log may drop a partial tile once the whole one is there, which begins with the same hashes.
            try:
                data = fetch(f"{self.url}/{path}" + (f".p/{width}" if width < _WIDTH else ""), _WIDTH * 32)
            except NotServed:
                data = fetch(f"{self.url}/{path}", _WIDTH * 32)
        except Fault as fault:
            raise Fault(f"{path} {fault}, so that the log cannot show that it only grew") from None
        if len(data) % 32 or len(data) < 32 * width:
            raise Fault(f"{path} is not the {width} hashes that it must be")
        return data

    def root(self, high: int, cut: int, nodes: dict[tuple[int, int], bytes], low: int = 0) -> bytes:
        """The root over entries `low` to `high` from whole subtrees that lie before or behind `cut`, which `nodes` keeps.

        Two roots from the same nodes, with the size of the smaller tree as the cut, are a consistency proof: the larger tree is
        hashed from the very subtrees that the smaller one is made of.
        """
        width = high - low
        if width & (width - 1) == 0 and not low < cut < high:
            if (low, high) not in nodes:
                height = width.bit_length() - 1
                nodes[low, high] = self.node(height, low >> height)
            return nodes[low, high]
        middle = low + (1 << (width - 1).bit_length() - 1)
        return node_of(self.root(middle, cut, nodes, low), self.root(high, cut, nodes, middle))


def grew(tiles: Tiles, old: Checkpoint, new: Checkpoint) -> bool:
    """Whether the tree of `new` begins with that of `old`, by the log's own tiles."""
    if old.size == new.size:
        return old.root == new.root
    if old.size == 0:
        return old.root == hashlib.sha256(b"").digest()
    nodes: dict[tuple[int, int], bytes] = {}
    return tiles.root(old.size, old.size, nodes) == old.root and tiles.root(new.size, old.size, nodes) == new.root


# --- 4. The state file -------------------------------------------------------------------------------------------------------

_MOST_WAITING = 10_000


@dataclass
class State:
    """The newest checkpoint that was proven, and those of receipts that were not yet, each with the second it was seen."""

    path: Path
    newest: str | None = None
    waiting: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> State:
        """Raises WrongQuestion; a file that is not there is one to begin with."""
        if not os.path.lexists(path):
            return cls(path)
        try:
            content = json.loads(read(str(path)))
            newest, waiting = content["newest"], [(each["since"], each["checkpoint"]) for each in content["waiting"]]
            sound = content["version"] == 1 and (newest is None or type(newest) is str)
            if not sound or any(type(since) is not int or type(note) is not str for since, note in waiting):
                raise ValueError
        except (ValueError, TypeError, LookupError, RecursionError, AttributeError):
            raise WrongQuestion(f"{printable(str(path))} is not a state file that keep.py wrote") from None
        return cls(path, newest, waiting)

    def write(self) -> None:
        """In one step: whoever is interrupted still has the old state, or has the new one."""
        waiting = [{"since": since, "checkpoint": note} for since, note in self.waiting]
        content = json.dumps({"version": 1, "newest": self.newest, "waiting": waiting}, ensure_ascii=False, indent=1)
        write_whole(self.path, content.encode())


def write_whole(path: Path, content: bytes) -> None:
    """Raises WrongQuestion when it cannot be written."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
        if hasattr(os, "O_DIRECTORY"):
            directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
    except (OSError, ValueError):
        raise WrongQuestion(f"{printable(str(path))} cannot be written") from None


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Two runs never work with one state at a time: the second could take back what the first remembered."""
    try:
        import fcntl  # not on every system
    except ImportError:
        yield
        return
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except (OSError, ValueError):
        raise WrongQuestion(f"the directory of {printable(str(path))} cannot be written in") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


# --- 5. Holding the log to what is remembered --------------------------------------------------------------------------------


@dataclass
class Keeper:
    trust: Trust
    state: State
    now: int
    patience: int

    def remembered(self) -> Iterator[tuple[str, Checkpoint]]:
        """Every checkpoint that the log is held to. Raises WrongQuestion when one is none: the file is the reader's own."""
        earlier = [] if self.trust.earlier is None else [self.trust.earlier.decode("utf-8", "replace")]
        newest = [] if self.state.newest is None else [self.state.newest]
        for note in [*newest, *earlier, *(note for _, note in self.state.waiting)]:
            try:
                yield note, opened(self.trust, note)
            except Fault as fault:
                raise WrongQuestion(f"a checkpoint in the state file or below the trust file cannot be used: {fault}") from None

    def remember(self, found: list[Checkpoint]) -> None:
        """Adds the checkpoints of receipts to what waits to be proven. Raises Contradiction."""
        seen: dict[int, tuple[str, bytes]] = {}
        for note, checkpoint in [*self.remembered(), *((bare(each), each) for each in found)]:
            before, root = seen.setdefault(checkpoint.size, (note, checkpoint.root))
            if root != checkpoint.root:
                raise Contradiction(f"TWO HISTORIES: the log signed two trees of {checkpoint.size} entries", before, note)
        known = {checkpoint.size for _, checkpoint in self.remembered()}
        new = {each.size: bare(each) for each in found if each.size not in known}
        self.state.waiting += [(self.now, note) for note in new.values()]
        if len(self.state.waiting) > _MOST_WAITING:
            raise WrongQuestion("too many checkpoints wait to be proven: ask the log with --log")

    def ask(self, url: str, path: str) -> Checkpoint:
        """The log's newest checkpoint, once everything remembered is proven to be in it; it is then what is remembered."""
        try:
            note = fetch(f"{url}/{path}", _LARGEST_NOTE).decode("utf-8", "replace")
            served = _opened(note, self.trust.logs[0])  # keys of before signed what was; no newer checkpoint is theirs
            check_cosigned(self.trust, served)
        except Fault as fault:
            raise Fault(f"the log's checkpoint: {fault}") from None
        tiles, late = Tiles(url, served.size), []
        since = {text: moment for moment, text in self.state.waiting}
        for text, old in self.remembered():
            if old.size <= served.size:
                self.prove(tiles, (text, old), (note, served))
            elif text not in since:
                raise Contradiction(
                    f"ROLLED BACK: the log had {old.size} entries and now shows {served.size}; what came between is gone",
                    text,
                    note,
                )
            elif self.now - since[text] > self.patience:
                what = f"WITHHELD: a receipt promised {old.size} entries; after {self.patience} s the log shows {served.size}"
                raise Contradiction(what, text, note)
            else:
                late.append((since[text], text))
        self.state.newest, self.state.waiting = note, late
        return served

    def prove(self, tiles: Tiles, old: tuple[str, Checkpoint], new: tuple[str, Checkpoint]) -> None:
        try:
            held = grew(tiles, old[1], new[1])
        except Fault as fault:
            raise Contradiction(f"NOT SHOWN: {fault}", old[0], new[0]) from None
        if not held:
            what = f"TWO HISTORIES: its {new[1].size} entries do not begin with the {old[1].size} that it signed before"
            raise Contradiction(what, old[0], new[0])

    def testify(self, found: Contradiction) -> Iterator[str]:
        """Puts the checkpoints that contradict each other in files beside the state, which stays as it was."""
        for note in found.notes:
            digest = hashlib.sha256(note.encode(errors="replace")).hexdigest()[:16]
            place = self.state.path.with_name(f"{self.state.path.name}.{digest}.checkpoint")
            write_whole(place, note.encode(errors="replace"))
            yield printable(str(place))


# --- 6. Cosigning (RFC 8032 section 5.1.6; not in constant time, so on a machine that is yours) ------------------------------

_ORDER = 2**252 + 27742317777372353535851937790883648493
_PEM = re.compile(rb"-----BEGIN PRIVATE KEY-----\n([A-Za-z0-9+/=\n]{64,65})\n-----END PRIVATE KEY-----\n")
_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")


def _base() -> Point:
    base = point_from((4 * pow(5, -1, 2**255 - 19) % (2**255 - 19)).to_bytes(32, "little"))
    if base is None:
        raise AssertionError("the base point of Ed25519 is a point")
    return base


def _scalar(seed: bytes) -> int:
    number = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return number & (1 << 254) - 8 | 1 << 254


def public_of(seed: bytes) -> bytes:
    return point_bytes(times(_scalar(seed), _base()))


def sign(seed: bytes, message: bytes) -> bytes:
    public, prefix = public_of(seed), hashlib.sha512(seed).digest()[32:]
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % _ORDER
    commitment = point_bytes(times(nonce, _base()))
    challenge = int.from_bytes(hashlib.sha512(commitment + public + message).digest(), "little")
    return commitment + ((nonce + challenge * _scalar(seed)) % _ORDER).to_bytes(32, "little")


def vkey_of(name: str, seed: bytes) -> str:
    if not re.fullmatch(r"[^\s+\x00-\x1f\x7f\ud800-\udfff]+", name):
        raise WrongQuestion("a witness's name is not empty and holds no spaces or plus signs; a domain name of yours is best")
    material = b"\x04" + public_of(seed)
    return f"{name}+{key_id_of(name, material).hex()}+{base64.b64encode(material).decode()}"


def make_key(path: str) -> bytes:
    """A new key in a new file for its owner alone: PKCS #8 in PEM, as OpenSSL reads it. Gives its seed."""
    seed = secrets.token_bytes(32)
    pem = b"-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(_PKCS8 + seed) + b"\n-----END PRIVATE KEY-----\n"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, ValueError):
        raise WrongQuestion(f"{printable(path)} is there already, or cannot be made; a key in use is never replaced") from None
    return seed


def load_key(path: str) -> bytes:
    data = read(path, 4096)
    if os.name == "posix" and stat.S_IMODE(Path(path).stat().st_mode) & 0o077:
        raise WrongQuestion(f"{printable(path)} can be read by others: set its mode to 0600, and make a new key")
    match = _PEM.fullmatch(data)
    try:
        material = base64.b64decode(match[1]) if match else b""
    except ValueError:
        material = b""
    if len(material) != 48 or not material.startswith(_PKCS8):
        raise WrongQuestion(f"{printable(path)} does not hold an Ed25519 key in PEM")
    return material[16:]


def cosignature(checkpoint: Checkpoint, name: str, seed: bytes, moment: int) -> str:
    """The signature line over a checkpoint that was verified."""
    body = checkpoint.note.body
    key_id = key_id_of(name, b"\x04" + public_of(seed))
    blob = key_id + moment.to_bytes(8, "big") + sign(seed, f"cosignature/v1\ntime {moment}\n{body}".encode())
    return f"— {name} {base64.b64encode(blob).decode()}\n"


# --- 7. The commands ---------------------------------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> int:
    if options.command == "key":
        vkey_of(options.name, bytes(32))  # refuses a name before there is a key
        print(vkey_of(options.name, make_key(options.file)))
        return 0
    trust = read_trust(read(options.trust))
    seed = load_key(options.key) if options.command == "cosign" else b""
    if seed:
        print(f"Witness: {vkey_of(options.name, seed)}", file=sys.stderr)
    path = Path(options.state)
    with alone(path):
        keeper = Keeper(trust, State.read(path), int(time.time()), options.patience)
        try:
            held = work(keeper, options, seed)
        except Contradiction as found:
            print(f"NOT VERIFIED. {found}.")
            for place in keeper.testify(found):
                print(f"  kept as evidence: {place}")
            print("Change nothing, keep the state file too, and show all of them to your privacy officer.")
            return 1
        except Fault as fault:
            print(f"NOT VERIFIED: {fault}.")
            return 1
    return 0 if held else 1


def work(keeper: Keeper, options: argparse.Namespace, seed: bytes) -> bool:
    """Checks receipts and remembers them, asks the log, writes the state, and only then speaks as a witness."""
    url = options.log.rstrip("/") if options.log else None
    found, sound = check_all(keeper, options) if options.command == "check" else ([], True)
    keeper.remember(found)
    keeper.state.write()
    if url is not None:
        served = keeper.ask(url, options.at)
        keeper.state.write()
        print(f"VERIFIED: {printable(served.origin)} has {served.size} entries, and only grew since everything remembered.")
        if keeper.state.waiting:
            print(f"  Newer checkpoints, of receipts, to be proven later: {len(keeper.state.waiting)}")
        if seed:
            testimony(served, options, seed, keeper.now)
    else:
        print(f"Remembered. Checkpoints that wait to be proven: {len(keeper.state.waiting)}; ask the log with --log.")
    return sound


def check_all(keeper: Keeper, options: argparse.Namespace) -> tuple[list[Checkpoint], bool]:
    """The checkpoints of receipts that hold, and whether all hold; each is told. With --log, the log's own checkpoint must be
    cosigned as the trust file asks, and is then shown to hold those of the receipts; without, theirs must be.
    """
    found: list[Checkpoint] = []
    count, sound = 0, True
    for path, receipt, entry in pairs_of(options.receipts, options.entry):
        count += 1
        try:
            index, checkpoint = check_receipt(receipt, entry, keeper.trust)
            found.append(checkpoint)
            if not options.log:
                check_cosigned(keeper.trust, checkpoint)
        except Fault as fault:
            sound = False
            print(f"NOT VERIFIED: {printable(path)}: {fault}.")
        else:
            print(
                f"VERIFIED: {printable(path)}: entry {index} of {printable(checkpoint.origin)}, of {checkpoint.size} entries."
            )
    if not count:
        raise WrongQuestion("there is no receipt in what was given")
    return found, sound


def testimony(served: Checkpoint, options: argparse.Namespace, seed: bytes, now: int) -> None:
    """Gives the line away: alone, or to who is to keep it under the checkpoint that it is over."""
    line = cosignature(served, options.name, seed, now)
    if options.out:
        write_whole(Path(options.out), line.encode())
    if options.post:
        fetch(options.post, _LARGEST_NOTE, (bare(served) + line).encode())
    if not options.out and not options.post:
        sys.stdout.flush()
        sys.stdout.buffer.write(line.encode())


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="keep.py", description="Keeps what the hub's log promised, and holds the log to it.")
    commands = parser.add_subparsers(dest="command", required=True)
    texts = {
        "check": "verify receipts with their entries, and remember their checkpoints",
        "watch": "prove that the log only grew since everything remembered",
        "cosign": "the same, and sign that it did",
    }
    for name, text in texts.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--trust", metavar="FILE", required=True, help="the log's key, and perhaps its witnesses and a quorum"
        )
        command.add_argument("--state", metavar="FILE", required=True, help="what is remembered; made when it is not there")
        command.add_argument(
            "--log", metavar="URL", required=name != "check", help="where the log serves its checkpoint and tiles"
        )
        command.add_argument(
            "--at", metavar="PATH", default="checkpoint", help="where its checkpoint is under that (checkpoint)"
        )
        command.add_argument(
            "--patience", metavar="SECONDS", type=int, default=3600, help="until a receipt must be in the log (3600)"
        )
    check, cosign = commands.choices["check"], commands.choices["cosign"]
    check.add_argument(
        "receipts", metavar="RECEIPT", nargs="+", help="a receipt, or an answer of the hub in JSON with receipts in it"
    )
    check.add_argument(
        "--entry", metavar="FILE", nargs="+", action="extend", default=[], help="the entry of each receipt, in order"
    )
    cosign.add_argument("--key", metavar="FILE", required=True, help="the witness's key")
    cosign.add_argument("--name", metavar="NAME", required=True, help="the witness's name, as when its key was made")
    cosign.add_argument("--out", metavar="FILE", help="write the line there")
    cosign.add_argument("--post", metavar="URL", help="send the checkpoint with the line there")
    key = commands.add_parser(
        "key", help="make a witness's key", description="Makes a witness's key, and prints its public part."
    )
    key.add_argument("name", metavar="NAME", help="a domain name of yours is best, such as witness.example.nl")
    key.add_argument("file", metavar="FILE", help="the new file")
    return parser


def main(given: list[str] | None = None) -> int:
    options = arguments().parse_args(given)
    try:
        return run(options)
    except WrongQuestion as question:
        print(f"keep.py: {question}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2


if __name__ == "__main__":
    sys.exit(main())
