"""What a connector declares about itself: `hub/connectors/<id>/manifest.toml`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.domain.terms import ElementName, RecordKind
from hub.errors import Misconfigured

ID: Final = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_NAME: Final = r"^[a-z][a-z0-9_]{0,31}$"
_Line = Annotated[str, Field(min_length=3, max_length=300)]
_Words = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]

Family = Literal["duo", "rmc", "lvs", "uwv", "gemeente", "hub"]
"""The kinds of systems that there are; `hub` speaks the hub's own form."""
Protocol = Literal["sftp", "rest", "soap", "webhook", "mail", "upload"]
"""How bytes travel. What comes by webhook, mail or upload is brought to the hub; to the others the hub goes itself."""
FormatName = Literal["csv", "xml", "json", "xlsx", "own"]
"""How a file is written; `own` where the connector's `inbound.py` or `outbound.py` says so itself."""


class Strict(BaseModel):
    """Frozen; refuses what it does not know; its errors do not repeat what was given."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, populate_by_name=True)


class Form(Strict):
    """A record as it crosses the border: its kind, the versions of both sides, and every data element that it may carry.

    Without `elements` it carries whatever the record does: the hub's own form.
    """

    kind: RecordKind
    canonical: Annotated[str, Field(pattern=r"^[0-9]+$")]
    wire: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    elements: Annotated[tuple[ElementName, ...], Field(strict=False)] = ()


class Reads(Strict):
    """How a file is written, and where in it the records are; a mapping may say it otherwise than its connector.

    `records` is the path to one record in XML (`/levering/melding`) or to the list of them in JSON (`data.leerlingen`; the
    whole document without it), `namespaces` the prefixes in XML paths, `sheet` the sheet of a workbook (the first without it),
    `xsd` a schema below `schemas/wire` that an XML file must satisfy before anything of it is read.
    """

    format: FormatName = "csv"
    records: Annotated[str, Field(max_length=300)] = ""
    namespaces: dict[Annotated[str, Field(pattern=_NAME)], str] = {}
    sheet: Annotated[str, Field(max_length=31)] = ""
    xsd: Annotated[str, Field(pattern=r"^[a-z0-9_]+(/[A-Za-z0-9._-]+)+\.xsd$")] | None = None


class Option(Strict):
    """Something that whoever sets up an instance says of it, by name; `pattern` is a regular expression for the whole of it."""

    name: Annotated[str, Field(pattern=_NAME)]
    title: _Line
    required: bool = False
    default: str = ""
    example: str = ""
    pattern: str = ""


class Credential(Strict):
    """A secret, key or certificate that an instance needs, by name. It is kept sealed and never shown again.

    `kind` says what it is: one line of text, PEM with a private key, PEM with certificates (whose end is watched), host keys in
    OpenSSH's form, or an OpenSSH private key. Of those with the same `one_of` exactly one must be there.
    """

    name: Annotated[str, Field(pattern=_NAME)]
    title: _Line
    kind: Literal["secret", "private_key", "certificate", "known_hosts", "ssh_key"]
    required: bool = False
    one_of: str = ""


class Travel(Strict):
    """How bytes travel. `authentication` says how the hub knows the partner's machine and the machine the hub; `schedule` when
    it goes, in the words of `hub.schedule`, unless an instance says otherwise."""

    protocols: Annotated[tuple[Protocol, ...], Field(min_length=1, strict=False)]
    authentication: _Words
    schedule: _Line


class Manifest(Strict):
    """What a connector declares about itself. `id` is the name of its folder.

    `inbound` fetches or is brought records, `outbound` takes deliveries to a recipient's system, `query` asks a register about
    one person at a time. `options` and `credentials` come on top of those of the transport.
    """

    id: Annotated[str, Field(pattern=ID.pattern)]
    family: Family
    title: _Line
    owner: _Line
    direction: Literal["inbound", "outbound", "query"]
    parties: _Words
    exchanges: _Words
    retention: _Line
    idempotency: _Line
    records: Annotated[tuple[Form, ...], Field(min_length=1, strict=False)]
    transport: Travel
    reads: Reads = Reads()
    options: Annotated[tuple[Option, ...], Field(strict=False)] = ()
    credentials: Annotated[tuple[Credential, ...], Field(strict=False)] = ()

    @property
    def kinds(self) -> frozenset[RecordKind]:
        """The kinds of records that it carries."""
        return frozenset(form.kind for form in self.records)

    @model_validator(mode="after")
    def _once(self) -> Manifest:
        for what, names in (
            ("a kind of record", [form.kind for form in self.records]),
            *(("an element", form.elements) for form in self.records),
            ("a protocol", self.transport.protocols),
            ("an option", [option.name for option in self.options]),
            ("a credential", [credential.name for credential in self.credentials]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{what} is declared twice")
        if self.direction != "outbound" and len(self.records) != 1:
            raise ValueError("what is taken in is one kind of record; make a connector for each")
        return self


def load_manifest(path: Path) -> Manifest:
    """Raises errors.Misconfigured on anything that is not understood."""
    try:
        manifest = Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError:
        raise unusable(path, "The file cannot be read.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise unusable(path, f"It is not TOML: {wrong}.") from None
    except ValidationError as wrong:
        raise unusable(path, f"{told(wrong)}.") from None
    if manifest.id != path.parent.name:
        raise unusable(path, f"Its id is {manifest.id}, its folder {path.parent.name}.")
    return manifest


def told(wrong: ValidationError) -> str:
    """What is wrong and where, without what was given."""
    errors: list[Any] = wrong.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(str(part) for part in error['loc']) or 'the whole'}: {error['msg']}" for error in errors)


def unusable(path: Path, why: str) -> Misconfigured:
    """The error for a connector that is not as it must be."""
    return Misconfigured(f"The connector {path.parent.name} cannot be used ({path.name}).", why, "Correct it and start again.")
