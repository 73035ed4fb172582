"""What a connector is: a folder with a manifest and two or three modules, found by its name.

    hub/connectors/<id>/
      manifest.toml   what it declares: direction, parties, exchanges, elements, transport        `Manifest`
      mapping.yaml    inbound: how the partner's columns become our record                        `hub.normalise.mapping`
      inbound.py      inbound, pure: bytes of a file to rows; `FORMAT`                            `FileFormat`
      outbound.py     outbound, pure: deliveries to bytes, and an answer to what it says          `Said`
      client.py       IO: the partner's machine; inbound `connect`, outbound `open_sink`          `FileSource`, `Sink`
      quality.toml    which rules of the ledger it meets, and which not and why
      README.md       for whoever connects it

Connectors do not know each other, nor the rest of the hub: they see this module, `hub.http`, `hub.domain` and `hub.errors`.
"""

from __future__ import annotations

import importlib
import re
import tomllib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.domain.stages import Delivered, Row
from hub.domain.terms import ElementName, ReasonCode, RecordKind
from hub.errors import Misconfigured, Refused, Retry

BLOCK = 1 << 20
"""Bytes in which a file is read and checked."""

_ID = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_Line = Annotated[str, Field(min_length=3, max_length=300)]
_Words = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, populate_by_name=True)


class Form(_Strict):
    """A record as it crosses the border: its kind, the versions of both sides, and every data element that it may carry."""

    kind: RecordKind
    canonical: Annotated[str, Field(pattern=r"^[0-9]+$")]
    wire: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    elements: Annotated[tuple[ElementName, ...], Field(min_length=1, strict=False)]


class Transport(_Strict):
    """How bytes travel. `authentication` says how the hub knows the partner's machine and the machine the hub."""

    protocol: Literal["sftp", "rest", "soap"]
    encodings: _Words
    authentication: _Words
    schedule: _Line


class Manifest(_Strict):
    """What a connector declares about itself. `id` is the name of its folder."""

    id: Annotated[str, Field(pattern=_ID.pattern)]
    title: _Line
    owner: _Line
    direction: Literal["inbound", "outbound", "both"]
    parties: _Words
    exchanges: _Words
    record: Form
    transport: Transport
    retention: _Line
    idempotency: _Line

    @model_validator(mode="after")
    def _elements_once(self) -> Manifest:
        if len(set(self.record.elements)) != len(self.record.elements):
            raise ValueError("an element is declared twice")
        return self


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on a partner's machine. Its name may hold a person's data: it is never stored or logged. `mtime` in seconds."""

    name: str = field(repr=False)
    size: int
    mtime: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and as whom to reach a partner's machine; secrets stay out of its text. `known_hosts` in OpenSSH's format."""

    host: str
    port: int
    username: str
    folder: str
    known_hosts: bytes = field(repr=False)
    private_key: bytes | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    timeout_s: float = 20.0


class Trouble(StrEnum):
    """Why the hub is not served at a partner's machine; closed, for whoever must be told of it without reading logs."""

    none = "BEREIKT"
    host_key = "HOSTSLEUTEL_ONBEKEND"
    login_unclear = "AANMELDING_ONDUIDELIJK"
    key_unreadable = "SLEUTEL_ONLEESBAAR"
    login_refused = "AANMELDEN_GEWEIGERD"
    not_allowed = "GEEN_RECHT"
    no_folder = "MAP_ONTBREEKT"
    no_encryption = "VERSLEUTELING_VEROUDERD"
    not_found = "SERVER_ONVINDBAAR"
    no_listener = "POORT_DICHT"
    silent = "GEEN_ANTWOORD"
    broken = "VERBINDING_VERBROKEN"
    file_gone = "BESTAND_VERDWENEN"
    name_taken = "NAAM_BEZET"
    hub_busy = "HUB_BEZIG"
    misconfigured = "INSTELLING_ONJUIST"
    unforeseen = "ONVOORZIEN"


class SourceAway(Retry):
    """The partner's machine cannot serve the hub now."""

    def __init__(self, trouble: Trouble, what: str, why: str, now: str) -> None:
        super().__init__(what, why, now)
        self.trouble = trouble


class SourceBarred(Misconfigured):
    """The partner's machine does not let the hub in, or not where it must be."""

    def __init__(self, trouble: Trouble, what: str, why: str, now: str) -> None:
        super().__init__(what, why, now)
        self.trouble = trouble


def trouble_of(error: BaseException) -> Trouble:
    """What an error of a poll says of the connector; what is no error of the partner's machine is the hub's own."""
    if isinstance(error, SourceAway | SourceBarred):
        return error.trouble
    if isinstance(error, Retry):
        return Trouble.hub_busy
    return Trouble.misconfigured if isinstance(error, Misconfigured) else Trouble.unforeseen


class FileSource(Protocol):
    """A folder on a partner's machine.

    Raises `SourceAway` when it cannot serve us now, `SourceBarred` when it does not let us in.
    """

    async def list(self, folder: str = ".") -> Sequence[RemoteFile]:
        """The plain files in it, or in a folder beside them, oldest first; none where there is no such folder."""
        ...

    async def stat(self, name: str) -> RemoteFile:
        """The file as it is now. Raises errors.Retry when it is gone."""
        ...

    def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """The file from `offset` in blocks of `BLOCK` bytes, the last one shorter."""
        ...

    async def move(self, name: str, folder: str, suffix: str, *, marked: bool = False) -> str:
        """Into a folder beside it, or with `.` out of one. Returns where it is now.

        `suffix` comes before its extension where it is to be `marked` or its name is taken there, and otherwise goes off it.
        """
        ...

    async def close(self) -> None:
        """Lets go of the connection."""
        ...


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written, decided over the whole of it; `lines` are physical, `ignored` counts unwanted columns."""

    encoding: str
    delimiter: str
    lines: int
    ignored: int


class Inspector(Protocol):
    """The first look at a file, block by block."""

    def feed(self, block: bytes, /) -> None: ...
    def finish(self) -> Layout:
        """Raises errors.Malformed when the file as a whole cannot be read."""
        ...


class RowReader(Protocol):
    """The second look: bytes in, rows out, none lost and none swallowed by its neighbour."""

    def feed(self, block: bytes, /) -> list[Row]: ...
    def finish(self) -> list[Row]: ...


class FileFormat(Protocol):
    """What an inbound module offers for files; `columns` are the mapping's, `required` those a file must have."""

    def inspect(self, columns: frozenset[str], required: frozenset[str], /) -> Inspector: ...
    def read(self, layout: Layout, columns: frozenset[str], /) -> RowReader: ...


@dataclass(frozen=True, slots=True)
class Target:
    """Where to push to, and as whom; secrets stay out of its text. The paths are PEM files; `timeout_s` is for a whole call."""

    url: str
    timeout_s: float = 10.0
    token: str | None = field(default=None, repr=False)
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What the recipient's system says of the deliveries of a page: it has them, or it will not have them and why.

    What it does not name it says nothing about.
    """

    confirmed: frozenset[UUID] = frozenset()
    refused: Mapping[UUID, ReasonCode] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a page: `unsaid` left the hub and was not named in the answer; what is in neither never left."""

    said: Said
    unsaid: frozenset[UUID]


class Rejected(Refused):
    """The recipient's system does not accept a page as a whole; `cause` says why. Its deliveries may go one by one."""

    def __init__(self, cause: ReasonCode, what: str, why: str = "", now: str = "") -> None:
        super().__init__(what, why, now)
        self.cause = cause


class Sink(Protocol):
    """A recipient's system that deliveries are pushed to, at least once: it knows a delivery again by its id."""

    async def send(self, page: Sequence[Delivered], checkpoint: str, /) -> Said:
        """One page, all under one checkpoint.

        Raises `Rejected`; `hub.http.Away` when it may be tried again, whether or not it was received; `hub.http.Barred` when
        trying again does not help before somebody changes a setting, here or there.
        """
        ...

    async def tell(self, page: Mapping[str, Any], ids: Sequence[UUID], /) -> frozenset[UUID]:
        """One page of notices about what was delivered before, as they are fetched too; gives which of `ids` it says it has.

        Raises as `send` does.
        """
        ...

    async def close(self) -> None:
        """Lets go of the connections."""
        ...


Connect = Callable[[Endpoint], Awaitable[FileSource]]
OpenSink = Callable[[Target], Sink]


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a connector offers that fetches."""

    format: FileFormat
    connect: Connect


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector that was found, with what its modules offer in the direction that its manifest declares."""

    manifest: Manifest
    folder: Path
    inbound: Inbound | None = None
    outbound: OpenSink | None = None

    @property
    def mapping(self) -> Path:
        """The mapping file; `hub.normalise.mapping.load_mapping` compiles it."""
        return self.folder / "mapping.yaml"

    @property
    def format(self) -> FileFormat:
        """Raises errors.Misconfigured where the connector does not fetch."""
        return self._fetching().format

    @property
    def connect(self) -> Connect:
        """Raises errors.Misconfigured where the connector does not fetch."""
        return self._fetching().connect

    @property
    def open_sink(self) -> OpenSink:
        """Raises errors.Misconfigured where the connector does not push."""
        if self.outbound is None:
            raise _other_way(self.manifest, "push", "instances")
        return self.outbound

    def _fetching(self) -> Inbound:
        if self.inbound is None:
            raise _other_way(self.manifest, "fetch", "recipients")
        return self.inbound


def load_manifest(path: Path) -> Manifest:
    """Raises errors.Misconfigured on anything that is not understood."""
    try:
        manifest = Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError:
        raise _unusable(path, "The file cannot be read.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise _unusable(path, f"It is not TOML: {wrong}.") from None
    except ValidationError as wrong:
        errors = wrong.errors(include_input=False, include_url=False, include_context=False)
        told = "; ".join(f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in errors)
        raise _unusable(path, f"{told}.") from None
    if manifest.id != path.parent.name:
        raise _unusable(path, f"Its id is {manifest.id}, its folder {path.parent.name}.")
    return manifest


def load_connectors(folder: Path | None = None, package: str = "hub.connectors") -> Mapping[str, Connector]:
    """Every connector in `folder` by its id. A folder without a manifest, or with a module missing, refuses to load."""
    folder = folder or Path(__file__).parent / "connectors"
    found: dict[str, Connector] = {}
    for home in sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith(("_", "."))):
        manifest = load_manifest(home / "manifest.toml")
        try:
            found[manifest.id] = _load(manifest, home, f"{package}.{manifest.id}")
        except (ImportError, AttributeError):
            raise _unusable(
                home / "manifest.toml", f"What it offers {manifest.direction} (inbound.FORMAT, client) cannot be loaded."
            ) from None
    return MappingProxyType(found)


def _load(manifest: Manifest, home: Path, package: str) -> Connector:
    client: Any = importlib.import_module(f"{package}.client")
    inbound = outbound = None
    if manifest.direction in ("inbound", "both"):
        inbound = Inbound(importlib.import_module(f"{package}.inbound").FORMAT, client.connect)
    if manifest.direction in ("outbound", "both"):
        importlib.import_module(f"{package}.outbound")
        outbound = client.open_sink
    return Connector(manifest, home, inbound, outbound)


def _other_way(manifest: Manifest, does_not: str, belongs: str) -> Misconfigured:
    return Misconfigured(
        f"The connector {manifest.id} does not {does_not}.",
        f"Its manifest declares it {manifest.direction}.",
        f"Set it up among the {belongs}, or choose another connector.",
    )


def _unusable(path: Path, why: str) -> Misconfigured:
    return Misconfigured(f"The connector {path.parent.name} cannot be used ({path.name}).", why, "Correct it and start again.")
