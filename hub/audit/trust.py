"""Whom to believe about a log: C2SP tlog-policy files. Pure.

A policy names logs by their keys, witnesses, groups of witnesses, and the quorum that must have cosigned a checkpoint before it
counts. The same file serves the hub, its partners and the offline verifier.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from hub.audit.checkpoint import Checkpoint, VerifierKey, open_note, read_body, split_note
from hub.audit.cosign import CosignerKey, Kind, cosigned
from hub.errors import Misconfigured, Tampered

NO_QUORUM = "none"
_LARGEST = 1 << 20
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_WHAT = "The trust file cannot be used."
_NOW = "Mend the file as C2SP tlog-policy describes; until then no checkpoint is trusted."

LogKey = VerifierKey | CosignerKey
"""A log signs in Ed25519 as a log does (type 1), or in ML-DSA-44 (type 6)."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log that is believed, and where it is served ("" when the file does not say)."""

    key: LogKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """A cosigner; `name` is what the file calls it, which need not be the name in its key."""

    name: str
    key: CosignerKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Has witnessed what at least `threshold` of its members, witnesses or groups, have witnessed."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trusted:
    """A checkpoint that satisfies the policy, and who cosigned it when (seconds since 1970; 0 when it gives no time)."""

    checkpoint: Checkpoint
    witnesses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Policy:
    """A checkpoint counts when one of `logs` signed it and the `quorum`, a witness or group, cosigned it ("none": nobody)."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NO_QUORUM

    @classmethod
    def parse(cls, data: bytes) -> Policy:
        """Raises errors.Misconfigured, naming the line, on whatever tlog-policy does not allow."""
        # Names are octets and no more; what is not UTF-8 keeps its octets so.
        text = data.decode("utf-8", "surrogateescape")
        if len(data) > _LARGEST or _FORBIDDEN.search(text):
            raise Misconfigured(_WHAT, "It is too large, or holds control characters, such as line ends of Windows.", _NOW)
        if not text.endswith("\n"):
            raise Misconfigured(_WHAT, "Its last line does not end: it may have been cut off.", _NOW)
        reader = _Reader()
        for number, line in enumerate(text[:-1].split("\n"), 1):
            words = [word for word in re.split(r"[ \t]+", line) if word]
            if words and not words[0].startswith("#"):
                reader.read(number, words)
        return reader.policy()

    def check(self, note: str) -> Trusted:
        """What the note says, once a log's signature and the quorum's cosignatures hold.

        Raises errors.Tampered when a signature of a known key does not hold, no known log signed it, or the quorum is not met.
        """
        checkpoint = self._signed_by_a_log(note)
        times = {each.name: cosigned(note, each.key) for each in self.witnesses}
        seen = {name: time_s for name, time_s in times.items() if time_s is not None}
        met = set(seen)
        for group in self.groups:
            if len(met.intersection(group.members)) >= group.threshold:
                met.add(group.name)
        if self.quorum != NO_QUORUM and self.quorum not in met:
            _distrust(
                f"It is cosigned by {len(seen)} of the witnesses in the trust file, which is not the quorum that it asks for."
            )
        return Trusted(checkpoint, seen)

    def _signed_by_a_log(self, note: str) -> Checkpoint:
        text, signatures = split_note(note)
        signers = {(each.name, each.key_id) for each in signatures}
        key = next((log.key for log in self.logs if (log.key.name, log.key.key_id) in signers), None)
        if key is None:
            _distrust("None of the logs in the trust file has signed it.")
        if isinstance(key, VerifierKey):
            return open_note(note, str(key))
        cosigned(note, key)
        origin, size, root = read_body(text)
        if origin != key.name:
            _distrust("It is of another log than the key that signed it.")
        return Checkpoint(origin, size, root, note)

    def __str__(self) -> str:
        """The file in its one canonical form: logs, witnesses, groups, quorum, without comments."""
        lines = [" ".join(filter(None, ("log", str(log.key), log.url))) for log in self.logs]
        lines += [" ".join(filter(None, ("witness", each.name, str(each.key), each.url))) for each in self.witnesses]
        for group in self.groups:
            threshold = {len(group.members): "all", 1: "any"}.get(group.threshold, str(group.threshold))
            lines.append(" ".join(("group", group.name, threshold, *group.members)))
        return "\n".join([*lines, f"quorum {self.quorum}", ""])

    def __bytes__(self) -> bytes:
        """The same as octets, to be written to a file."""
        return str(self).encode("utf-8", "surrogateescape")


def _distrust(why: str) -> NoReturn:
    now = "Do not rely on it; keep it, and ask its log and witnesses what they saw."
    raise Tampered("The checkpoint is not trusted.", why, now)


class _Reader:
    """Reads a policy line by line; each line may speak only of what stands above it."""

    def __init__(self) -> None:
        self._number = 0
        self._logs: list[Log] = []
        self._witnesses: list[Witness] = []
        self._groups: list[Group] = []
        self._names: set[str] = set()
        self._members: set[str] = set()
        self._quorum: str | None = None

    def read(self, number: int, words: list[str]) -> None:
        self._number = number
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                self._log(vkey, *words[2:])
            case ["witness", name, vkey] | ["witness", name, vkey, _]:
                self._witness(name, vkey, *words[3:])
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, members)
            case ["quorum", name]:
                self._read_quorum(name)
            case _:
                self._fault("is not a line of a log, a witness, a group or the quorum")

    def policy(self) -> Policy:
        if self._quorum is None:
            raise Misconfigured(_WHAT, 'It has no quorum; "quorum none" asks for no witnesses.', _NOW)
        return Policy(tuple(self._logs), tuple(self._witnesses), tuple(self._groups), self._quorum)

    def _log(self, vkey: str, url: str = "") -> None:
        key: LogKey | None = None
        try:
            key = VerifierKey.parse(vkey)
        except Tampered:
            cosigner = self._cosigner(vkey, "does not hold the key of a log")
            key = cosigner if cosigner.kind is Kind.mldsa44 else None
        if key is None:
            self._fault("does not hold the key of a log, but that of a witness")
        if any(key.public == log.key.public for log in self._logs):
            self._fault("repeats the key of a log")
        self._logs.append(Log(key, url))

    def _witness(self, name: str, vkey: str, url: str = "") -> None:
        self._define(name)
        key = self._cosigner(vkey, "does not hold the key of a witness")
        if any(key.public == witness.key.public for witness in self._witnesses):
            self._fault("repeats the key of a witness")
        self._witnesses.append(Witness(name, key, url))

    def _cosigner(self, vkey: str, otherwise: str) -> CosignerKey:
        try:
            return CosignerKey.parse(vkey)
        except Tampered:
            self._fault(otherwise)

    def _group(self, name: str, threshold: str, members: list[str]) -> None:
        for member in members:
            if member not in self._names:
                self._fault("names a member that is not defined above it")
            if member in self._members:
                self._fault("names a member that is in a group already")
            self._members.add(member)
        self._define(name)
        words = {"any": 1, "all": len(members)}
        count = words.get(threshold) or (int(threshold) if _THRESHOLD.fullmatch(threshold) else 0)
        if not 1 <= count <= len(members):
            self._fault("asks for neither any, nor all, nor a number between one and its members")
        self._groups.append(Group(name, count, tuple(members)))

    def _define(self, name: str) -> None:
        if name in self._names or name == NO_QUORUM:
            self._fault("defines a name that is taken")
        self._names.add(name)

    def _read_quorum(self, name: str) -> None:
        if self._quorum is not None:
            self._fault("is a second quorum")
        if name != NO_QUORUM and name not in self._names:
            self._fault("asks for a quorum that is not defined above it")
        self._quorum = name

    def _fault(self, why: str) -> NoReturn:
        raise Misconfigured(_WHAT, f"Line {self._number} {why}.", _NOW)
