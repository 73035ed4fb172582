"""Declarative mappings: a `mapping.yaml` says per column of a sender's file which field of our record it is, and how written.

A mapping is loaded strictly (an unknown key, field, list or word refuses to load, with file and line) and compiled once into a
flat plan. Cells are turned into the JSON of our record and validated as what a partner sends over REST is: one door, one
validation, and quicker than handing Python objects over field by field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import orjson
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.domain.kinds import RECORDS
from hub.domain.personal import Bsn, Onderwijsnummer, Pgn
from hub.domain.record import PersonRecord
from hub.domain.stages import Row
from hub.domain.terms import RecordKind
from hub.errors import Fault, Misconfigured
from hub.normalise import convert
from hub.normalise.faults import faults_of, refusal

LONGEST: Final = 64 * 1024
"""Characters of a mapping file."""

_DEEPEST: Final = 8
_A_NUMBER: Final = re.compile(r"(?:[0-9][^0-9]*){5}", re.ASCII)
"""In a list of codes it would ask of every row whether it is about this one person, or about who was born on this day."""
_PGN: Final = ("bsn", "onderwijsnummer")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, populate_by_name=True)


class _Plain(_Strict):
    kind: Literal["text", "postcode", "gemeentecode", "number", "telephone"] = Field(alias="as")
    field: str


class _Date(_Strict):
    kind: Literal["date"] = Field(alias="as")
    field: str
    forms: Annotated[list[Literal["yyyymmdd", "yyyy-mm-dd", "dd-mm-yyyy"]], Field(min_length=1)]


class _YesNo(_Strict):
    kind: Literal["yes_no"] = Field(alias="as")
    field: str
    yes: Annotated[list[str], Field(min_length=1)]
    no: Annotated[list[str], Field(min_length=1)]


class _Code(_Strict):
    kind: Literal["code"] = Field(alias="as")
    field: str
    codes: str


class _Pgn(_Strict):
    kind: Literal["pgn"] = Field(alias="as")


_Column = Annotated[_Plain | _Date | _YesNo | _Code | _Pgn, Field(discriminator="kind")]


class _Sheet(_Strict):
    """A mapping file as its author wrote it."""

    mapping: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*/[0-9]+$")]
    record: RecordKind
    verified: bool
    source: Annotated[str, Field(min_length=10)]
    columns: Annotated[dict[str, _Column], Field(min_length=1)]
    constants: dict[str, str | int | bool] = {}
    codes: dict[str, Annotated[dict[str, str], Field(min_length=1)]] = {}


# Column, wire name of the field, and how to convert (None: as it is). A plain tuple: this is read for every cell of every row.
_Step = tuple[str, str, convert.Convert | None]


class DeclarativeMapping:
    """A compiled mapping; satisfies `hub.ports.RecordMapping`.

    `columns` and `required` are what a file's header is held to, `fields` what may come of it in our record.
    """

    def __init__(self, sheet: _Sheet) -> None:
        self._sheet = sheet
        self.version: Final = sheet.mapping
        self.verified: Final = sheet.verified
        self.record_kind: Final = sheet.record
        self.model: Final = RECORDS[sheet.record]
        # The record's own way in makes a second error without the input; the first one goes no further than `_record`.
        self._validate: Callable[[bytes], PersonRecord] = self.model.__pydantic_validator__.validate_json
        self.columns: Final = frozenset(sheet.columns)
        filled = [column.field for column in sheet.columns.values() if not isinstance(column, _Pgn)]
        pgn = _PGN if len(filled) < len(sheet.columns) else ()
        self.fields: Final = frozenset((*filled, *pgn, *sheet.constants))
        self._steps = tuple(
            _step(name, column, sheet, self.model) for name, column in sheet.columns.items() if not isinstance(column, _Pgn)
        )
        self._pgn = next((name for name, column in sheet.columns.items() if isinstance(column, _Pgn)), None)
        self._constants = {_alias(self.model, field): value for field, value in sheet.constants.items()}
        required = {_alias(self.model, name) for name, info in self.model.model_fields.items() if info.is_required()}
        self.required: Final = frozenset(
            {column for column, alias, _ in self._steps if alias in required} | ({self._pgn} if self._pgn else set())
        )
        self._places = {alias: column for column, alias, _ in self._steps}
        if self._pgn:
            self._places |= dict.fromkeys(_PGN, self._pgn)

    @property
    def rules(self) -> Mapping[str, str]:
        """Per column, and per constant as `=field`, what is done with it: two mappings differ where these do."""
        sheet = self._sheet
        columns = {
            name: column.model_dump_json()
            + (repr(sorted(sheet.codes[column.codes].items())) if isinstance(column, _Code) else "")
            for name, column in sheet.columns.items()
        }
        return columns | {f"={field}": repr(value) for field, value in sheet.constants.items()}

    def kind_of(self, column: str) -> tuple[str, str]:
        """How a column is written (`date`, `code`, ...) and the field that it fills (`pgn` for either number)."""
        found = self._sheet.columns[column]
        return found.kind, "pgn" if isinstance(found, _Pgn) else found.field

    def lists(self, column: str, cell: str) -> bool:
        """Whether the column has a list of words, and the cell is in it."""
        found = self._sheet.columns[column]
        if isinstance(found, _YesNo):
            return cell.upper() in {word.upper() for word in (*found.yes, *found.no)}
        return isinstance(found, _Code) and cell in self._sheet.codes[found.codes]

    def column_of(self, where: str) -> str:
        """The column that a fault is about: `where` itself, or the column that fills the field of that name."""
        return self._places.get(where, where)

    def pgn_of(self, row: Row, /) -> Pgn | None:
        """The number of the young person, where that much of the row can be read."""
        cell: str = row.content.reveal().get(self._pgn, "").strip()
        try:
            name, digits = convert.split_pgn(cell)
        except convert.Wrong:
            return None
        return Bsn(digits) if name == "bsn" else Onderwijsnummer(digits)

    def read(self, row: Row, /) -> PersonRecord:
        """Raises errors.Malformed with every fault, by column name of the sender's file."""
        found = self._record(row)
        if isinstance(found, PersonRecord):
            return found
        raise refusal(tuple(found))  # from here, where no variable holds a cell

    def _record(self, row: Row) -> PersonRecord | list[Fault]:
        cells: dict[str, str] = row.content.reveal()
        body: dict[str, Any] = self._constants.copy()
        faults: list[Fault] = []
        for column, alias, how in self._steps:
            cell = cells.get(column)
            if cell and (cell := cell.strip()):
                if how is None:
                    body[alias] = cell
                    continue
                try:
                    body[alias] = how(cell)
                except convert.Wrong as wrong:
                    faults.append(Fault(column, wrong.code))
        if self._pgn is not None and (cell := cells.get(self._pgn, "").strip()):
            try:
                name, digits = convert.split_pgn(cell)
                body[name] = digits
            except convert.Wrong as wrong:
                faults.append(Fault(self._pgn, wrong.code))
        try:
            record = self._validate(orjson.dumps(body))
        except ValidationError as wrong:
            # A cell that could not be converted has said so; that its field is missing is no second fault.
            said = {fault.where for fault in faults}
            return faults + [fault for fault in self._by_column(faults_of(wrong)) if fault.where not in said]
        return faults or record

    def _by_column(self, faults: tuple[Fault, ...]) -> list[Fault]:
        empty = "VERPLICHT_VELD_LEEG"
        return [
            Fault(
                self._places.get(fault.where, fault.where),
                empty if fault.code == "PGN_EEN_VAN_TWEE" and self._pgn else fault.code,
            )
            for fault in faults
        ]


def load_mapping(path: Path) -> DeclarativeMapping:
    """Reads and compiles a mapping file. Raises errors.Misconfigured with file and line on anything that is not understood."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise _unusable(path, 0, "The file cannot be read.") from None
    except UnicodeDecodeError:
        raise _unusable(path, 0, "It is not UTF-8.") from None
    return compile_mapping(text, path)


def compile_mapping(text: str, path: Path) -> DeclarativeMapping:
    """The mapping that `text` is, whoever wrote it. Raises errors.Misconfigured with `path`, line and what is wrong."""
    tree: yaml.Node | None = None
    if len(text) > LONGEST:
        raise _unusable(path, 0, "It is too long for a mapping.")
    try:
        _refuse_tangles(text, path)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_doubles(tree, path)
        sheet = _Sheet.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        raise _unusable(path, mark.line + 1 if mark else 0, "It is not YAML.") from None
    except ValidationError as wrong:
        error = wrong.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in error["loc"])
        raise _unusable(path, _line(tree, error["loc"]), f"{place}: {error['msg']}.") from None
    except ValueError:  # a date that is none
        raise _unusable(path, 0, "It is not YAML.") from None
    _check(sheet, tree, path)
    return DeclarativeMapping(sheet)


def _step(name: str, column: _Plain | _Date | _YesNo | _Code, sheet: _Sheet, model: type[PersonRecord]) -> _Step:
    if isinstance(column, _Plain):
        how = _PLAIN[column.kind]
    elif isinstance(column, _Date):
        how = convert.date_in(column.forms)
    elif isinstance(column, _YesNo):
        how = convert.yes_no(column.yes, column.no)
    else:
        how = convert.code_in(sheet.codes[column.codes])
    return name, _alias(model, column.field), how


_PLAIN: Final[dict[str, convert.Convert | None]] = {
    "text": None,
    "postcode": convert.postcode,
    "gemeentecode": convert.gemeentecode,
    "number": convert.number,
    "telephone": convert.telephone,
}


def _alias(model: type[PersonRecord], field: str) -> str:
    alias = model.model_fields[field].alias
    assert alias is not None, "every field of a record has a wire name"
    return alias


def _check(sheet: _Sheet, tree: yaml.Node | None, path: Path) -> None:
    """What a schema cannot say: fields exist, are filled once and none is missing; lists exist."""
    model = RECORDS.get(sheet.record)
    if model is None:
        known = ", ".join(sorted(RECORDS))
        raise _unusable(path, _line(tree, ("record",)), f"The hub carries no record {sheet.record}; it carries {known}.")
    filled: dict[str, tuple[str | int, ...]] = {}
    for name, column in sheet.columns.items():
        at: tuple[str | int, ...] = ("columns", name)
        if name != name.strip().upper():
            raise _unusable(path, _line(tree, at), f"Column {name}: write column names trimmed and in capitals.")
        if isinstance(column, _Code) and column.codes not in sheet.codes:
            raise _unusable(path, _line(tree, at), f"Column {name}: there is no code list {column.codes}.")
        if isinstance(column, _YesNo) and {w.upper() for w in column.yes} & {w.upper() for w in column.no}:
            raise _unusable(path, _line(tree, at), f"Column {name}: a word means yes and no at once.")
        words = (*column.yes, *column.no) if isinstance(column, _YesNo) else ()
        if isinstance(column, _Code):
            words = tuple(sheet.codes[column.codes])
        if any(_A_NUMBER.search(word) for word in words):
            raise _unusable(path, _line(tree, at), f"Column {name}: a word of its list is a long number, which no code is.")
        for field in _PGN if isinstance(column, _Pgn) else (column.field,):
            _fill(model, filled, field, at, tree, path)
    for field in sheet.constants:
        if field in _PGN:
            why = f"The field {field} is not the same in every row: these would all be about one person."
            raise _unusable(path, _line(tree, ("constants", field)), why)
        _fill(model, filled, field, ("constants", field), tree, path)
    missing = [name for name, info in model.model_fields.items() if info.is_required() and name not in filled]
    if not filled.keys() & set(_PGN):
        missing.append("bsn")
    if missing:
        raise _unusable(path, _line(tree, ("columns",)), f"No column fills {', '.join(missing)}.")


def _fill(
    model: type[PersonRecord],
    filled: dict[str, tuple[str | int, ...]],
    field: str,
    at: tuple[str | int, ...],
    tree: yaml.Node | None,
    path: Path,
) -> None:
    if field not in model.model_fields:
        raise _unusable(path, _line(tree, at), f"The record has no field {field}.")
    if field in filled:
        raise _unusable(path, _line(tree, at), f"The field {field} is filled twice.")
    filled[field] = at


def _refuse_tangles(text: str, path: Path) -> None:
    """What is small to write and large to read: parts that stand for other parts, and brackets within brackets."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise _unusable(path, line, "It refers to another part of itself; write that part out.")
        if depth > _DEEPEST:
            raise _unusable(path, line, "It goes deeper than a mapping does.")


def _refuse_doubles(node: yaml.Node | None, path: Path) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _unusable(path, key.start_mark.line + 1, "A key is no word.")
            if key.value in seen:
                raise _unusable(path, key.start_mark.line + 1, f"The key {key.value} is there twice.")
            seen.add(key.value)
            _refuse_doubles(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_doubles(value, path)


def _line(node: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """The line on which `loc` stands, as far as the tree goes along with it."""
    line = node.start_mark.line + 1 if node is not None else 0
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                continue  # the tag of a union is in the place, but not in the file
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _unusable(path: Path, line: int, why: str) -> Misconfigured:
    where = f"{path.name}, line {line}" if line else path.name
    return Misconfigured(
        f"The mapping of connector {path.parent.name} cannot be used ({where}).", why, "Correct the mapping and start again."
    )
