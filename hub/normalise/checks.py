"""What a mapping must keep to that its schema cannot say: against our record, against the foreign form, and within itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from pydantic import ValidationError

from hub.domain.element import names_chain_number
from hub.domain.kinds import RECORDS
from hub.domain.record import PersonRecord, Record
from hub.normalise.lists import known
from hub.normalise.page import Page, Place
from hub.normalise.plan import PREFIXES, alias, codes, entry_of
from hub.normalise.sheet import (
    Code,
    Column,
    Date,
    Gathered,
    Gemeente,
    Inner,
    Lines,
    Listed,
    NumbersInner,
    Pgn,
    Sheet,
    Surname,
    YesNo,
    fields_of,
)
from hub.normalise.wire import names_of, unknown_part

_A_NUMBER: Final = re.compile(r"(?:[0-9][^0-9]*){5}", re.ASCII)
"""In a list of codes it would ask of every row whether it is about this one person, or about who was born on this day."""
_ABOLISHED: Final = "status_abolished"
"""What the record says of a code that was one once: a list may name it, and each row that has it is told so."""
_PATH: Final = re.compile(r"@?[^\W\d][\w:-]*(\[[0-9]{1,4}\])?(\.@?[^\W\d][\w:-]*(\[[0-9]{1,4}\])?)*")
PGN: Final = ("bsn", "onderwijsnummer")
_SAMPLES: Final[Mapping[str, object]] = {
    "text": "x",
    "postcode": "1234AB",
    "gemeentecode": "0014",
    "number": 1,
    "numbers": [1],
    "decimal": 1.5,
    "lines": ["x"],
    "telephone": "0612345678",
    "date": "2000-01-01",
    "yes_no": True,
    "brin": "99ZZ",
}


def check(sheet: Sheet, page: Page) -> None:
    """Raises errors.Misconfigured with the line and what is wrong there."""
    model = RECORDS.get(sheet.record)
    if model is None:
        kinds = ", ".join(sorted(RECORDS))
        raise page.wrong(("record",), f"The hub carries no record {sheet.record}; it carries {kinds}.")
    for name in sorted(sheet.names):
        if any(map(names_chain_number, name.split("."))):
            why = f"{name} is a pseudonym for learning material, which no mapping may read. Name it under 'ignored'."
            raise page.wrong(("columns", name), why)
    filled: set[str] = set()
    for name, column in sheet.columns.items():
        at: Place = ("columns", name)
        _check_name(sheet, name, at, page)
        _check_how(sheet, f"Column {name}", column, at, page)
        for field, kind in fields_of(column):
            _fill(model, filled, field, at, page)
            _check_kind(sheet, model, field, kind, column, at, page)
    for field, gathered in sheet.fields.items():
        at = ("fields", field)
        if isinstance(gathered, Lines | Listed):
            _check_many(sheet, model, field, gathered, page)
            _fill(model, filled, field, at, page)
            continue
        for name in gathered.sources:
            _check_name(sheet, name, at, page)
        if (gathered.join is None) == (gathered.first_of is None):
            raise page.wrong(at, f"Field {field}: say which columns, with join or with first_of, and not with both.")
        _check_how(sheet, f"Field {field}", gathered, at, page)
        _fill(model, filled, field, at, page)
        _check_kind(sheet, model, field, gathered.kind, gathered, at, page)
    _check_constants(sheet, model, filled, page)
    for name in sheet.ignored:
        _check_name(sheet, name, ("ignored",), page)
        if name in sheet.names:
            raise page.wrong(("ignored",), f"{name} is read and ignored at once.")
    _check_whole(model, filled, page)


def _check_many(sheet: Sheet, model: type[PersonRecord], field: str, many: Lines | Listed, page: Page) -> None:
    """That a list comes from cells with a number where one belongs, and holds what the record holds there."""
    at: Place = ("fields", field)
    if field not in model.model_fields:
        raise page.wrong(at, f"The record has no field {field}.")
    if sheet.tree and any("#" in path for path in _written(many)):
        raise page.wrong(at, f"Field {field}: in a path no # is written; what is repeated is a list by itself.")
    if isinstance(many, Listed) and sheet.tree is (many.path is None):
        why = "say with from which path is repeated" if sheet.tree else "columns of a table are named below of, without from"
        raise page.wrong(at, f"Field {field}: {why}.")
    if isinstance(many, Lines) and not sheet.tree and (many.split is None) != ("#" in many.path):
        raise page.wrong(at, f"Field {field}: say columns with a # where their number stands, or one column and split.")
    for name in many.sources:
        _check_name(sheet, name, at, page, numbered=isinstance(many, Listed) or many.split is None)
    if isinstance(many, Lines):
        if any(_refused(model, field, _SAMPLES["lines"])):
            raise page.wrong(at, f"The field {field} does not hold what lines gives.")
        return
    inner = entry_of(model, field)
    if inner is None:
        raise page.wrong(at, f"The field {field} does not hold what list gives.")
    for name, part in many.of.items():
        here: Place = (*at, "of", name)
        if name not in inner.model_fields:
            raise page.wrong(here, f"An entry of {field} has no field {name}.")
        if not sheet.tree and isinstance(part, NumbersInner) and part.split is None:
            raise page.wrong(here, f"Field {field}: say with split what stands between the numbers of {name}.")
        _check_how(sheet, f"Field {field}", part, here, page)
        if isinstance(part, YesNo) and part.filled:
            raise page.wrong(here, f"Field {field}: what is not there is no entry. Say which words mean yes and which no.")
        _check_kind(sheet, inner, name, part.kind, part, here, page)
    if missing := [name for name, info in inner.model_fields.items() if info.is_required() and name not in many.of]:
        raise page.wrong(at, f"Nothing fills {', '.join(missing)} of {field}.")


def _written(many: Lines | Listed) -> tuple[str, ...]:
    """The paths or columns of a list as its author wrote them."""
    return (many.path,) if isinstance(many, Lines) else (many.path or "", *(part.path for part in many.of.values()))


def _check_whole(model: type[PersonRecord], filled: set[str], page: Page) -> None:
    missing = [name for name, info in model.model_fields.items() if info.is_required() and name not in filled]
    if not filled & set(PGN):
        missing.append("bsn")
    if missing:
        raise page.wrong(("columns",), f"No column fills {', '.join(missing)}.")


def _check_name(sheet: Sheet, name: str, at: Place, page: Page, *, numbered: bool = False) -> None:
    """A column's name as a header is read, or a path as the form's own schema has it; `numbered` where it belongs to a list."""
    if numbered and sheet.tree:
        if "[" in name.replace("[#]", ""):
            raise page.wrong(at, f"Path {name}: a list names no place of its own.")
        name, numbered = name.replace("[#]", ""), False
    if name.count("#") != numbered:
        raise page.wrong(at, f"Column {name}: a # stands for one number, in the name of a column of a list.")
    if not sheet.tree:
        if not name or name != " ".join(name.split(" ")).strip().upper():
            raise page.wrong(at, f"Column {name}: write column names trimmed and in capitals.")
        return
    if not _PATH.fullmatch(name):
        raise page.wrong(at, f"Path {name}: write names with dots between them, such as leerling.adressen[0].@id.")
    if sheet.reads is not None and sheet.reads.xsd is not None:
        part = unknown_part(name, names_of(sheet.reads.xsd))
        if part is not None:
            raise page.wrong(at, f"Path {name}: the schema {sheet.reads.xsd} knows no {part}.")


def _check_how(sheet: Sheet, what: str, how: Column | Gathered | Inner, at: Place, page: Page) -> None:
    words: tuple[str, ...] = ()
    match how:
        case YesNo():
            words = (*how.yes, *how.no)
            if bool(how.filled) == bool(words) or bool(how.yes) != bool(how.no):
                raise page.wrong(at, f"{what}: say which words mean yes and which no, or filled: true.")
            if {word.upper() for word in how.yes} & {word.upper() for word in how.no}:
                raise page.wrong(at, f"{what}: a word means yes and no at once.")
        case Code():
            words = tuple(_list(sheet, what, how.codes, at, page))
        case Gemeente() if how.names is not None:
            words = tuple(_list(sheet, what, how.names, at, page))
        case Date():
            if {"yyyymmdd", "ddmmyyyy"} <= set(how.forms):
                raise page.wrong(at, f"{what}: yyyymmdd and ddmmyyyy cannot be told apart. Choose one.")
        case Surname() if how.voorvoegsels:
            _list(sheet, what, PREFIXES, at, page)
    if any(_A_NUMBER.search(word) for word in words):
        raise page.wrong(at, f"{what}: a word of its list is a long number, which no code is.")


def _list(sheet: Sheet, what: str, name: str, at: Place, page: Page) -> Mapping[str, str]:
    found = codes(sheet, name)
    if not found:
        raise page.wrong(at, f"{what}: there is no code list {name}. Shared are {', '.join(known())}.")
    return found


def _fill(model: type[PersonRecord], filled: set[str], field: str, at: Place, page: Page) -> None:
    if field not in model.model_fields:
        raise page.wrong(at, f"The record has no field {field}.")
    if field in filled:
        raise page.wrong(at, f"The field {field} is filled twice.")
    filled.add(field)


def _check_kind(
    sheet: Sheet, model: type[Record], field: str, kind: str, how: Column | Gathered | Inner, at: Place, page: Page
) -> None:
    """What comes out is what the record holds there: each code of a list, and the sort of anything else."""
    if isinstance(how, Pgn):
        return
    if isinstance(how, Code):
        for word, ours in codes(sheet, how.codes).items():
            if set(_refused(model, field, ours)) - {_ABOLISHED}:
                raise page.wrong(at, f"The field {field} has no code {ours}, which the list {how.codes} gives for {word}.")
    elif any(_of_another_sort(code) for code in _refused(model, field, _SAMPLES[kind])):
        raise page.wrong(at, f"The field {field} does not hold what {kind} gives.")


def _check_constants(sheet: Sheet, model: type[PersonRecord], filled: set[str], page: Page) -> None:
    for field, value in sheet.constants.items():
        at: Place = ("constants", field)
        if field in PGN:
            why = f"The field {field} is not the same in every row: these would all be about one person."
            raise page.wrong(at, why)
        _fill(model, filled, field, at, page)
        if any(_refused(model, field, value)):
            raise page.wrong(at, f"The field {field} does not hold this.")


def _refused(model: type[Record], field: str, value: object) -> list[str]:
    """What the record has against this value in that field, by pydantic's types."""
    name = alias(model, field)
    return list(_errors(model, name, value))


def _errors(model: type[Record], name: str, value: object) -> Iterator[str]:
    try:
        model.model_validate_json(orjson.dumps({name: value}))
    except orjson.JSONEncodeError:
        yield "string_type"
    except ValidationError as wrong:
        found: list[Any] = wrong.errors(include_input=False, include_url=False, include_context=False)
        yield from (error["type"] for error in found if error["loc"][:1] == (name,))


def _of_another_sort(code: str) -> bool:
    return code.endswith("_type") or code.startswith("date_")
