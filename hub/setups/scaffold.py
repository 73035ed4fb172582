"""The files of a new connector: whole from the first moment; what is left is to say how the partner writes. Pure."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from openpyxl import Workbook

from hub.connector.manifest import ID, Family, FormatName, Protocol
from hub.connector.quality import rules_of
from hub.domain.element import elements_of
from hub.domain.export import json_schema
from hub.domain.kinds import RECORDS
from hub.domain.terms import RecordKind
from hub.domain.territory import PartyKind
from hub.errors import Misconfigured

FORMATS: Final[tuple[FormatName, ...]] = ("csv", "xlsx", "json", "xml")
_BSNS: Final = ("999909848", "999919696")  # of nobody: invented, and right by the elfproef
_NUMBER: Final = "bsn"
_WORDS: Final[Mapping[str, str]] = {
    "geboortedatum": "2008-02-29",
    "gemeente": "9001",
    "brin": "98ZZ",
    "ontvanger_brin": "98ZZ",
    "vraagsteller": "werk-en-inkomen-aldermeer",
    "postcode": "9401AB",
}
_DAY: Final = "2026-09-01"
_DONE: Final[Mapping[str, str]] = {
    "manifest": "manifest.toml; every element it declares is one of the record's",
    "contract_suite": "tests/contract/test_connectors.py",
    "guide": "README.md: how to connect it, and what happens to a file",
    "mapping": "mapping.yaml, versioned, loaded strictly",
}
_NOT_YET: Final[Mapping[str, str]] = {
    "wire_layout": "The layout is made up from the record; the mapping says verified: false until the partner's is known.",
    "version_replay": "There is one version of the mapping; with the second comes a test that replays the first's rows.",
    "simulator": "No simulator speaks this layout; a folder with the sample serves to practise.",
}
_OF_THE_HOUSE: Final = "It has no code: format and transport are the house's, and so are the tests that prove this."


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be connected: who gives which record, how written and how brought."""

    id: str
    family: Family
    record: str
    format: FormatName
    protocol: Protocol
    parties: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    wire: str
    said: Mapping[str, Any]

    def column(self, form: FormatName) -> str:
        """What the partner calls it, until the partner says otherwise."""
        return self.wire if form in ("json", "xml") else self.wire.upper()

    @property
    def kind(self) -> str:
        """How it is read."""
        if self.said.get("format") == "date":
            return "date"
        if "enum" in self.said:
            return "code"
        of_type = {"boolean": "yes_no", "integer": "number"}.get(str(self.said.get("type")))
        if of_type is not None:
            return of_type
        named = {"gemeente": "gemeentecode", "postcode": "postcode", "telefoonnummer": "telephone"}
        return named.get(self.name, "text")

    @property
    def example(self) -> str:
        """What an invented person has here."""
        if self.name in _WORDS:
            return _WORDS[self.name]
        words = {"date": _DAY, "yes_no": "N", "number": "1", "telephone": "0612345678"}
        return str(self.said["enum"][0]) if self.kind == "code" else words.get(self.kind, "Verzonnen")


def files_of(wish: Wish) -> dict[str, bytes]:
    """Every file by its path below the repository. Raises errors.Misconfigured for a wish that nobody can fulfil."""
    _check(wish)
    kind = RecordKind(wish.record)
    schema = json_schema(kind)
    model = RECORDS[kind]
    aliases = {str(info.alias): name for name, info in model.model_fields.items()}
    fields = [_Field(aliases[wire], wire, said) for wire, said in schema["properties"].items() if wire in schema["required"]]
    home, wire = f"hub/connectors/{wish.id}", f"schemas/wire/{wish.id}/{_wire(wish)}"
    elements = elements_of(model)
    names = [elements[name] for name in (_NUMBER, "onderwijsnummer", *(field.name for field in fields)) if name in elements]
    sample = _sample(wish, fields)
    return {
        f"{home}/__init__.py": f'"""{_title(wish)}."""\n'.encode(),
        f"{home}/manifest.toml": _manifest(wish, names).encode(),
        f"{home}/mapping.yaml": _mapping(wish, fields).encode(),
        f"{home}/quality.toml": _quality().encode(),
        f"{home}/README.md": _readme(wish).encode(),
        f"{wire}/SOURCE.md": _source(wish).encode(),
        f"{wire}/sample.{wish.format}": sample,
    }


def test_line(wish: Wish) -> str:
    """The line of `tests/contract/test_connectors.py` that buys its tests."""
    return f'Test{"".join(part.title() for part in wish.id.split("_"))} = suite("{wish.id}")'


def _check(wish: Wish) -> None:
    kinds = {kind.value for kind in PartyKind}
    for wrong, why, now in (
        (not ID.fullmatch(wish.id), "Its id is no lower-case word.", "Call it like duo_uitval: family, then what."),
        (wish.record not in RECORDS, "There is no such record.", f"Known: {', '.join(sorted(RECORDS))}."),
        (wish.format not in FORMATS, "There is no such format.", f"Known: {', '.join(FORMATS)}."),
        (
            not wish.parties or set(wish.parties) - kinds,
            "There is no such kind of party.",
            f"Known: {', '.join(sorted(kinds))}.",
        ),
        (wish.protocol == "soap", "A SOAP service needs code of its own.", "Begin from a connector that has it."),
    ):
        if wrong:
            raise Misconfigured("The connector cannot be made.", why, now)


def _title(wish: Wish) -> str:
    return f"{wish.record.capitalize()}: {wish.format.upper()} over {wish.protocol}"


def _wire(wish: Wish) -> str:
    return f"{wish.id.replace('_', '-')}-1"


def _manifest(wish: Wish, elements: Sequence[str]) -> str:
    listed = "\n".join(f'  "{name}",' for name in elements)
    parties = ", ".join(f'"{each}"' for each in wish.parties)
    schedule = "at once" if wish.protocol in ("webhook", "mail", "upload") else "every 15m"
    known = {
        "sftp": '"host key pinned in known_hosts", "client key or password"',
        "rest": '"TLS with a verified server certificate", "token, password or client certificate"',
    }.get(wish.protocol, '"what the instance says that its sender must show"')
    reads = [f'format = "{wish.format}"']
    if wish.format in ("json", "xml"):
        reads.append(f'records = "{_records(wish)}"')
    return f"""id = "{wish.id}"
family = "{wish.family}"
title = "{_title(wish)}"
owner = "Connector maintainers of the hub"
direction = "inbound"
parties = [{parties}]
exchanges = ["{wish.record}"]
retention = "The hub keeps no file; the sender's copy is the sender's to remove."
idempotency = "A file is known by a keyed digest of its bytes; a row by party, person and content."

[[records]]
kind = "{wish.record}"
canonical = "1"
wire = "{_wire(wish)}"
elements = [
{listed}
]

[transport]
protocols = ["{wish.protocol}"]
authentication = [{known}]
schedule = "{schedule}"

[reads]
{chr(10).join(reads)}
"""


def _records(wish: Wish) -> str:
    return "meldingen" if wish.format == "json" else "/levering/melding"


def _mapping(wish: Wish, fields: Sequence[_Field]) -> str:
    number = _NUMBER if wish.format in ("json", "xml") else _NUMBER.upper()
    lines = [
        f"# How the partner's {'columns' if wish.format in ('csv', 'xlsx') else 'paths'} become our record.",
        f"mapping: {wish.id.replace('_', '-')}/1",
        f"record: {wish.record}",
        "# The names below are ours. Set them to those of the real delivery, and only then say `verified: true`.",
        "verified: false",
        f'source: "Made up from the record {wish.record}; no description of the partner\'s own has been compared."',
        *_reads(wish),
        "",
        "columns:",
        f"  {number}: {{as: pgn}}",
    ]
    lines += [f"  {field.column(wish.format)}: {_how(field)}" for field in fields]
    lists = [field for field in fields if field.kind == "code"]
    if lists:
        lines += ["", "codes:"]
    for field in lists:
        codes = ", ".join(f'"{code}": "{code}"' for code in field.said["enum"])
        lines.append(f"  {field.name}: {{{codes}}}")
    return "\n".join(lines) + "\n"


def _reads(wish: Wish) -> list[str]:
    if wish.format not in ("json", "xml"):
        return []
    return ["reads:", f"  format: {wish.format}", f"  records: {_records(wish)}"]


def _how(field: _Field) -> str:
    match field.kind:
        case "date":
            return f"{{as: date, field: {field.name}, forms: [yyyy-mm-dd, yyyymmdd, dd-mm-yyyy]}}"
        case "yes_no":
            return f'{{as: yes_no, field: {field.name}, "yes": [J, "true", "1"], "no": [N, "false", "0"]}}'
        case "code":
            return f"{{as: code, field: {field.name}, codes: {field.name}}}"
        case kind:
            return f"{{as: {kind}, field: {field.name}}}"


def _quality() -> str:
    lines = ["# How good this connector is, rule by rule: done, with what proves it, or exempt, with why."]
    for grade, rules in rules_of("inbound").items():
        lines += ["", f"[{grade}]"]
        for rule in rules:
            if rule in _DONE:
                lines.append(f"{rule} = {{ done = {json.dumps(_DONE[rule])} }}")
            else:
                lines.append(f"{rule} = {{ exempt = {json.dumps(_NOT_YET.get(rule, _OF_THE_HOUSE))} }}")
    return "\n".join(lines) + "\n"


def _readme(wish: Wish) -> str:
    return f"""# {_title(wish)}

Reads {wish.format.upper()} and makes a `{wish.record}` of each record in it.

## Connecting it
1. Get the sender's own description, or a real file with invented persons. Set the names in `mapping.yaml` to what it says, and
   compare with `hub connector preview`. Then say `verified: true`.
2. `hub connector create {wish.id} --id <a name of your own> --party <an id of parties.yaml> ...`; `hub connector catalogue
   {wish.id}` says which options and credentials it needs.
3. Give its credentials (`hub connector credential`), try it (`test`, `dry-run`) and propose it; a second person activates it.

## What happens to a file
Every row is accounted for: accepted, a duplicate, or in quarantine with what is wrong with it. A file that cannot be read as a
whole is refused with a reason. The same bytes are never taken twice.
"""


def _source(wish: Wish) -> str:
    return f"""Origin: invented

Made up from the record `{wish.record}` of the hub. `sample.{wish.format}` shows invented persons of the example region.
Put the partner's own form in its place, say where it was found, and which version it is.
"""


def _sample(wish: Wish, fields: Sequence[_Field]) -> bytes:
    number = _NUMBER if wish.format in ("json", "xml") else _NUMBER.upper()
    names = [number, *(field.column(wish.format) for field in fields)]
    rows = [[bsn, *(field.example for field in fields)] for bsn in _BSNS]
    match wish.format:
        case "json":
            return (
                json.dumps({_records(wish): [dict(zip(names, row, strict=True)) for row in rows]}, indent=2) + "\n"
            ).encode()
        case "xml":
            told = ("".join(f"<{name}>{escape(cell)}</{name}>" for name, cell in zip(names, row, strict=True)) for row in rows)
            return f"<levering>\n{''.join(f'<melding>{one}</melding>{chr(10)}' for one in told)}</levering>\n".encode()
        case "xlsx":
            return _workbook([names, *rows])
        case _:
            return "".join(";".join(row) + "\r\n" for row in [names, *rows]).encode()


def _workbook(rows: Sequence[Sequence[str]]) -> bytes:
    book, into = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None, "a new workbook has a sheet"
    for row in rows:
        sheet.append(list(row))
    book.save(into)
    return into.getvalue()
