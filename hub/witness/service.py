"""What others say of the log and what this hub says of theirs, put together from what an installation says about itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import trust
from hub.audit.checkpoint import VerifierKey, open_note
from hub.audit.cosign import with_signatures
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.signing import PostQuantumSigner, WitnessSigner, load_mldsa, load_witness
from hub.errors import Misconfigured, Tampered
from hub.http import Http
from hub.witness import store
from hub.witness.asking import Asking
from hub.witness.cosigning import Cosigning
from hub.witness.model import Asked
from hub.witness.serve import Served
from hub.witness.stamping import AUTHORITY, Stamping, Trust, lag_us
from hub.witness.taking import Taking

TIMEOUT_S = 8.0
_KEY_FILE, _SECOND_KEY_FILE = "witness.key", "log-mldsa.key"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Choice(Protocol):
    """What `hub.settings.Settings` says about witnesses and time stamps."""

    @property
    def log_origin(self) -> str: ...
    @property
    def log_mldsa_key(self) -> Path | None: ...
    @property
    def witness_name(self) -> str: ...
    @property
    def witness_key(self) -> Path | None: ...
    @property
    def witnesses(self) -> Path | None: ...
    @property
    def tsa_url(self) -> str | None: ...
    @property
    def tsa_certificates(self) -> Path | None: ...
    def file(self, chosen: Path | None, name: str, /) -> Path: ...


def read_policy(choice: Choice) -> trust.Policy | None:
    """The witnesses that this log asks, and the quorum; None without a file.

    A witness without an address is not asked: it brings what it cosigns. Raises errors.Misconfigured where the file cannot be
    read, or an address is not safe to call.
    """
    if choice.witnesses is None:
        return None
    try:
        policy = trust.Policy.parse(choice.witnesses.read_bytes())
    except OSError:
        raise Misconfigured(
            "The witnesses cannot be read.", "The file of HUB_WITNESSES is missing.", "Check its path."
        ) from None
    for witness in policy.witnesses:
        if witness.url and not _callable(witness.url):
            raise Misconfigured(
                "A witness cannot be asked.",
                "A witness line has an address that does not begin with https://.",
                "Write the submission prefix that the witness gives, such as https://other.example/log/witness.",
            )
    return replace(policy, witnesses=tuple(replace(each, url=each.url.rstrip("/")) for each in policy.witnesses))


def _callable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    plain = parts.scheme == "http" and host in _LOOPBACK
    return bool(host) and (parts.scheme == "https" or plain) and not (parts.query or parts.fragment or parts.username)


def key_file(choice: Choice) -> Path:
    """Where the key lies that this hub cosigns with."""
    return choice.file(choice.witness_key, _KEY_FILE)


def load_signer(choice: Choice) -> WitnessSigner:
    """This hub as a witness. Raises errors.Misconfigured where its key is missing, damaged or within reach of others."""
    path = key_file(choice)
    if not path.exists():
        raise Misconfigured(
            "This hub has no key to be a witness with.",
            "The file of HUB_WITNESS_KEY is missing.",
            "Make one with 'hub witness key', and give its line to the logs that ask.",
        )
    return load_witness(path, choice.witness_name)


def second_key_file(choice: Choice) -> Path:
    """Where the log's key in ML-DSA-44 lies, which signs the checkpoints that are given out."""
    return choice.file(choice.log_mldsa_key, _SECOND_KEY_FILE)


def load_second(choice: Choice) -> PostQuantumSigner | None:
    """The log's signer in ML-DSA-44; None where there is no key. Raises errors.Misconfigured where there is one of no use."""
    path = second_key_file(choice)
    return load_mldsa(path, choice.log_origin) if choice.log_mldsa_key is not None or path.exists() else None


@dataclass(frozen=True, slots=True)
class Standing:
    """How well the log is witnessed: its keys, who was asked with what result, the largest size under the quorum, the stamps.

    `quorum` is None where no quorum is asked, and else the largest checkpoint that meets it (0 for none); `stamp_lag_us` is
    None where no time stamps are set up.
    """

    keys: Sequence[str]
    size: int
    witnesses: Sequence[tuple[str, Asked | None]]
    quorum: int | None
    stamped: int
    stamped_us: int
    stamp_lag_us: int | None
    stamp_trouble: str | None


class Witnessing:
    """All of it for one log. Opens no connection before it is used; `close` lets go of those it has."""

    def __init__(self, engine: AsyncEngine, log: Log, notes: Notes, choice: Choice) -> None:
        """Raises errors.Misconfigured where a file that is named cannot be used."""
        self._engine, self._log, self._notes = engine, log, notes
        self.policy = read_policy(choice)
        self._http = Http(timeout_s=TIMEOUT_S, most_bytes=1 << 16)
        self._second = load_second(choice)
        self.served = Served(engine, log, notes, self._second)
        self.cosigning = Cosigning(engine, notes, _once(lambda: load_signer(choice)))
        witnesses = () if self.policy is None else self.policy.witnesses
        self.asking = Asking(engine, log, notes, self._http, [each for each in witnesses if each.url])
        self.taking = Taking(engine, log, notes, witnesses)
        self.stamping = self._stamping(choice)

    def _stamping(self, choice: Choice) -> Stamping | None:
        if choice.tsa_url is None:
            return None
        if choice.tsa_certificates is None or not _callable(choice.tsa_url):
            raise Misconfigured(
                "Time stamps are set up in part.",
                "HUB_TSA_URL needs HUB_TSA_CERTIFICATES, and begins with https://.",
                "Set both, or neither.",
            )
        trusted = Trust.read(choice.tsa_certificates)
        return Stamping(self._engine, self._log, self._notes.operator, self._notes.clock, self._http, choice.tsa_url, trusted)

    async def ask_witnesses(self) -> None:
        """The worker's job: see `Asking.ask_witnesses`. Nothing where nobody is asked."""
        await self.asking.ask_witnesses()

    async def stamp(self) -> None:
        """The worker's job: see `Stamping.stamp`. Nothing where no time stamps are set up."""
        if self.stamping is not None:
            await self.stamping.stamp()

    async def standing(self) -> Standing:
        """What there is to say about the log's witnesses now."""
        log_id, vkey = self._log.log_id, self._log.vkey
        note = await self._log.checkpoint_or_none()
        known = await store.asked(self._engine, log_id)
        stamp = await store.newest_stamp(self._engine, log_id)
        lag = None if self.stamping is None else await lag_us(self._engine, log_id, self._notes.clock.now_us())
        authority = known.get(AUTHORITY)
        return Standing(
            keys=[vkey, *([] if self._second is None else [self._second.vkey])],
            size=0 if note is None else open_note(note, vkey).size,
            witnesses=[
                (each.name, known.get(str(each.key))) for each in (() if self.policy is None else self.policy.witnesses)
            ],
            quorum=await self._quorum(),
            stamped=0 if stamp is None else stamp.size,
            stamped_us=0 if stamp is None else stamp.stamped_us,
            stamp_lag_us=lag,
            stamp_trouble=None if authority is None else authority.trouble,
        )

    async def _quorum(self) -> int | None:
        """The largest checkpoint that meets the quorum, among the last that were cosigned; 0 where none of these does."""
        if self.policy is None or self.policy.quorum == trust.NO_QUORUM:
            return None
        asked = replace(self.policy, logs=(trust.Log(VerifierKey.parse(self._log.vkey)),))
        for size, note, lines in await store.last_cosigned(self._engine, self._log.log_id, self._log.vkey.partition("+")[0]):
            try:
                asked.check(with_signatures(note, lines))
            except Tampered:
                continue
            return size
        return 0

    async def close(self) -> None:
        """Lets go of all connections."""
        await self._http.close()


def _once(load: Callable[[], WitnessSigner]) -> Callable[[], WitnessSigner]:
    """Reads the key when it is first there; until then every call looks again."""
    kept: list[WitnessSigner] = []

    def give() -> WitnessSigner:
        if not kept:
            kept.append(load())
        return kept[0]

    return give
