"""What is done with a row: the steps of a mapping, compiled once and taken for every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

from hub.domain.record import PersonRecord, Record
from hub.normalise import convert
from hub.normalise.lists import name_key, shared
from hub.normalise.many import Many, Part
from hub.normalise.sheet import (
    Brin,
    Code,
    Date,
    Gemeente,
    HouseNumber,
    How,
    Lines,
    Listed,
    NumbersInner,
    OneFieldColumn,
    Pgn,
    Sheet,
    Surname,
    YesNo,
    YesNoColumn,
)

Body = dict[str, Any]
"""A record of ours as JSON has it."""
Step = Callable[[Mapping[str, str], Body], None]
"""Reads cells of a row into the body. Raises `convert.Wrong`."""

PREFIXES: Final = "voorvoegsels"

_PLAIN: Final[Mapping[str, convert.Convert | None]] = {
    "text": None,
    "postcode": convert.postcode,
    "number": convert.number,
    "numbers": convert.number,
    "decimal": convert.decimal,
    "telephone": convert.telephone,
}
_NUMBERS: Final = {
    "pgn": convert.split_pgn,
    "bsn": convert.split_bsn,
    "onderwijsnummer": convert.split_onderwijsnummer,
}


class Plan:
    """The steps of a mapping, the commonest apart so that a row is quick.

    `texts` go over as they are, `cells` are converted; `steps` are those that read or fill several things, each with the
    column that its faults are about. `lists` fill lists.
    """

    def __init__(self, sheet: Sheet, model: type[PersonRecord]) -> None:
        self.texts: list[tuple[str, str]] = []
        self.cells: list[tuple[str, str, convert.Convert]] = []
        self.steps: list[tuple[str, Step]] = []
        self.lists: list[Many] = []
        for name, column in sheet.columns.items():
            match column:
                case Pgn():
                    self.steps.append((name, _number(name, _NUMBERS[column.kind])))
                case Brin():
                    site = column.vestiging and alias(model, column.vestiging)
                    self.steps.append((name, _two(name, convert.split_brin, alias(model, column.field), site)))
                case HouseNumber():
                    rest = column.rest and alias(model, column.rest)
                    self.steps.append((name, _two(name, convert.split_house, alias(model, column.field), rest)))
                case Surname() if column.voorvoegsels:
                    split = convert.split_surname({name_key(word): ours for word, ours in codes(sheet, PREFIXES).items()})
                    fields = (alias(model, column.field), alias(model, "voorvoegsel"))
                    self.steps.append((name, _two(name, split, *fields)))
                case Surname():
                    self.texts.append((name, alias(model, column.field)))
                case YesNoColumn() if column.filled:
                    self.steps.append((name, _filled(name, alias(model, column.field))))
                case _:
                    self._one(name, column, sheet, model)
        for field, gathered in sheet.fields.items():
            if isinstance(gathered, Lines | Listed):
                self.lists.append(_many(gathered, sheet, model, field))
                continue
            how, between = how_of(gathered, sheet), gathered.between if gathered.join else None
            self.steps.append((gathered.sources[0], _gathered(gathered.sources, between, how, alias(model, field))))

    def _one(self, name: str, column: OneFieldColumn, sheet: Sheet, model: type[PersonRecord]) -> None:
        how = how_of(column, sheet)
        if how is None:
            self.texts.append((name, alias(model, column.field)))
        else:
            self.cells.append((name, alias(model, column.field), how))

    def take(self, cells: Mapping[str, str], body: Body) -> None:
        """Reads a row whose cells are as agreed. Raises `convert.Wrong` at the first that is not."""
        get = cells.get
        for name, field in self.texts:
            if (cell := get(name)) and (cell := cell.strip()):
                body[field] = cell if cell.isascii() else convert.text(cell)
        for name, field, how in self.cells:
            if (cell := get(name)) and (cell := cell.strip()):
                body[field] = how(cell)
        for _, step in self.steps:
            step(cells, body)
        for many in self.lists:
            entries, wrong = many.read(cells)
            if wrong:
                raise convert.Wrong(wrong[0][1])
            if entries:
                body[many.field] = entries

    def take_what_can(self, cells: Mapping[str, str], body: Body) -> list[tuple[str, str]]:
        """Reads what can be read of a row, and gives each column that cannot with its reason code."""
        wrong: list[tuple[str, str]] = []
        texts = ((name, field, convert.text) for name, field in self.texts)
        for name, field, how in (*texts, *self.cells):
            if cell := cells.get(name, "").strip():
                try:
                    body[field] = how(cell)
                except convert.Wrong as fault:
                    wrong.append((name, fault.code))
        for name, step in self.steps:
            try:
                step(cells, body)
            except convert.Wrong as fault:
                wrong.append((name, fault.code))
        for many in self.lists:
            entries, faults = many.read(cells)
            wrong += faults
            if entries:
                body[many.field] = entries
        return wrong


def how_of(how: How, sheet: Sheet) -> convert.Convert | None:
    """How one cell is converted; None where it goes over as it is."""
    match how:
        case Date():
            return convert.date_in(how.forms)
        case YesNo():
            return convert.yes_no(how.yes, how.no)
        case Code():
            return convert.code_in(dict(codes(sheet, how.codes)))
        case Gemeente() if how.names is not None:
            return convert.gemeente_in({name_key(name): code for name, code in codes(sheet, how.names).items()})
        case Gemeente():
            return convert.gemeentecode
        case _:
            return _PLAIN[how.kind]


def codes(sheet: Sheet, name: str) -> Mapping[str, str]:
    """The code list of that name: the mapping's own, else the shared one; empty where there is none."""
    return sheet.codes.get(name) or shared(name) or {}


def entry_of(model: type[Record], field: str) -> type[Record] | None:
    """What the entries of a field are, where it holds a list of objects."""
    left: list[Any] = [model.model_fields[field].annotation]
    while left:
        at = left.pop()
        if isinstance(at, type) and issubclass(at, Record):
            return at
        left += get_args(at)
    return None


def alias(model: type[Record], field: str) -> str:
    """What a field is called on the wire."""
    found = model.model_fields[field].alias
    assert found is not None, "every field of a record has a wire name"
    return found


def _many(how: Lines | Listed, sheet: Sheet, model: type[PersonRecord], field: str) -> Many:
    wire = alias(model, field)
    if isinstance(how, Lines):
        return Many(wire, [Part(how.sources[0], "", None, how.split)], "")
    inner = entry_of(model, field)
    assert inner is not None, "it was checked that the field holds objects"
    parts = [
        Part(how.source(part), alias(inner, name), how_of(part, sheet), part.split if isinstance(part, NumbersInner) else None)
        for name, part in how.of.items()
    ]
    return Many(wire, parts, how.path or "")


def _number(name: str, split: Callable[[str], tuple[str, str]]) -> Step:
    def step(cells: Mapping[str, str], body: Body) -> None:
        if cell := cells.get(name, "").strip():
            field, digits = split(cell)
            body[field] = digits

    return step


def _two(name: str, split: Callable[[str], tuple[Any, str]], field: str, second: str | None) -> Step:
    def step(cells: Mapping[str, str], body: Body) -> None:
        if cell := cells.get(name, "").strip():
            body[field], rest = split(cell)
            if rest:
                if second is None:
                    raise convert.Wrong("WAARDE_ONGELDIG")
                body[second] = rest

    return step


def _filled(name: str, field: str) -> Step:
    def step(cells: Mapping[str, str], body: Body) -> None:
        body[field] = bool(cells.get(name, "").strip())

    return step


def _gathered(names: Sequence[str], between: str | None, how: convert.Convert | None, field: str) -> Step:
    def step(cells: Mapping[str, str], body: Body) -> None:
        found = [cell for name in names if (cell := cells.get(name, "").strip())]
        if found:
            cell = found[0] if between is None else between.join(found)
            body[field] = (how or convert.text)(cell)

    return step
