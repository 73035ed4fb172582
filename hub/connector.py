"""What a connector is: a folder with a manifest, a mapping and two modules, found by its name.

    hub/connectors/<id>/
      manifest.toml   what it declares: parties, exchanges, elements, transport, retention       `Manifest`
      mapping.yaml    how the partner's columns become our record                                 `hub.normalise.mapping`
      inbound.py      pure: bytes of a file to rows; `FORMAT`                                     `FileFormat`
      client.py       IO: the partner's machine; `connect`                                        `FileSource`
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
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.domain.stages import Row
from hub.domain.terms import ElementName, RecordKind
from hub.errors import Misconfigured

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


class FileSource(Protocol):
    """A folder on a partner's machine. Raises errors.Retry when it is away, errors.Misconfigured when it does not let us in."""

    async def list(self) -> Sequence[RemoteFile]:
        """The plain files in the folder, oldest first."""
        ...

    async def stat(self, name: str) -> RemoteFile:
        """The file as it is now. Raises errors.Retry when it is gone."""
        ...

    def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """The file from `offset` in blocks of `BLOCK` bytes, the last one shorter."""
        ...

    async def move(self, name: str, folder: str, suffix: str) -> str:
        """Into a folder beside it, `suffix` before its extension where its name is taken there. Returns where it is now."""
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


Connect = Callable[[Endpoint], Awaitable[FileSource]]


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector that was found, with what its modules offer."""

    manifest: Manifest
    folder: Path
    format: FileFormat
    connect: Connect

    @property
    def mapping(self) -> Path:
        """The mapping file; `hub.normalise.mapping.load_mapping` compiles it."""
        return self.folder / "mapping.yaml"


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
            inbound = importlib.import_module(f"{package}.{manifest.id}.inbound")
            client = importlib.import_module(f"{package}.{manifest.id}.client")
            found[manifest.id] = Connector(manifest, home, inbound.FORMAT, client.connect)
        except (ImportError, AttributeError):
            raise _unusable(home / "manifest.toml", "Its inbound.FORMAT or client.connect cannot be loaded.") from None
    return MappingProxyType(found)


def _unusable(path: Path, why: str) -> Misconfigured:
    return Misconfigured(f"The connector {path.parent.name} cannot be used ({path.name}).", why, "Correct it and start again.")
