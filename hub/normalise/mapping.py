"""Declarative mappings: a `mapping.yaml` says per column of a sender's file which field of our record it is, and how written.

A mapping is loaded strictly (an unknown key, field, list or word refuses to load, with file and line) and compiled once into a
flat plan. Cells are turned into the JSON of our record and validated as what a partner sends over REST is: one door, one
validation, and quicker than handing Python objects over field by field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import orjson
from pydantic import ValidationError

from hub.connector import Reads
from hub.domain.kinds import RECORDS
from hub.domain.personal import Bsn, Onderwijsnummer, Pgn
from hub.domain.record import PersonRecord
from hub.domain.stages import Row
from hub.errors import Fault
from hub.normalise import convert, sheet
from hub.normalise.checks import check
from hub.normalise.faults import ROW, faults_of, refusal
from hub.normalise.page import LONGEST, Page, sheet_of
from hub.normalise.plan import Body, Plan, alias, codes
from hub.normalise.sheet import Code, Gemeente, Lines, Listed, Sheet, YesNo, fields_of

__all__ = ["LONGEST", "DeclarativeMapping", "compile_mapping", "load_mapping"]

_ONE_OF_TWO: Final = "PGN_EEN_VAN_TWEE"


class DeclarativeMapping:
    """A compiled mapping; satisfies `hub.ports.RecordMapping`.

    `reads` says how files are written where it differs from the connector's manifest, `tree` whether what is read are paths
    and not columns. `columns` and `required` are what a file's header is held to; `ignored` are known and dropped. `fields` is
    what may come of it in our record, each with how it is written there (`date`, `code`, ..., `pgn` for either number).
    """

    def __init__(self, made: Sheet) -> None:
        self._sheet = made
        self.version: Final = made.mapping
        self.verified: Final = made.verified
        self.record_kind: Final = made.record
        self.reads: Final[Reads | None] = made.reads
        self.tree: Final = made.tree
        self.model: Final = RECORDS[made.record]
        # The record's own way in makes a second error without the input; the first one goes no further than `_record`.
        self._validate: Callable[[bytes], PersonRecord] = self.model.__pydantic_validator__.validate_json
        self.columns: Final = made.names
        self.ignored: Final = frozenset(made.ignored)
        kinds = {field: kind for column in made.columns.values() for field, kind in fields_of(column)}
        kinds |= {field: "text" if isinstance(one, Lines | Listed) else one.kind for field, one in made.fields.items()}
        self.fields: Final[Mapping[str, str]] = kinds | dict.fromkeys(made.constants, "code")
        self._plan = Plan(made, self.model)
        self._constants = {alias(self.model, field): value for field, value in made.constants.items()}
        self._places = {alias(self.model, field): one.sources[0] for field, one in made.fields.items()}
        for name, column in made.columns.items():
            self._places |= {alias(self.model, field): name for field, _ in fields_of(column)}
        self._lists = {many.field: many for many in self._plan.lists}
        self._numbers = [(name, column) for name, column in made.columns.items() if isinstance(column, sheet.Pgn)]
        self.required: Final = frozenset(self._required())

    def _required(self) -> set[str]:
        """Without these no row can be read; of two columns for the two numbers either will do."""
        needed = {name for name, info in self.model.model_fields.items() if info.is_required()}
        found = {self._numbers[0][0]} if len(self._numbers) == 1 else set[str]()
        for name, column in self._sheet.columns.items():
            presence = isinstance(column, YesNo) and column.filled is not None and not self.tree
            if presence or any(field in needed for field, _ in fields_of(column)):
                found.add(name)
        for field, gathered in self._sheet.fields.items():
            if field in needed and not isinstance(gathered, Lines | Listed) and gathered.join is not None:
                found.add(gathered.join[0])
        return found

    @property
    def rules(self) -> Mapping[str, str]:
        """Per column, per field of several columns and per constant as `=field`, what is done with it: two mappings differ
        where these do."""
        made = self._sheet
        found = {name: column.model_dump_json() + self._listed(column) for name, column in made.columns.items()}
        for field, gathered in made.fields.items():
            inner = "".join(map(self._listed, gathered.of.values())) if isinstance(gathered, Listed) else self._listed(gathered)
            found[" + ".join(gathered.sources)] = field + gathered.model_dump_json() + inner
        found |= {f"={field}": repr(value) for field, value in made.constants.items()}
        return found | dict.fromkeys(made.ignored, "ignored")

    def _listed(self, how: object) -> str:
        name = how.codes if isinstance(how, Code) else how.names if isinstance(how, Gemeente) else None
        return repr(sorted(codes(self._sheet, name).items())) if name is not None else ""

    def kind_of(self, column: str) -> tuple[str, str]:
        """How a column is written (`date`, `code`, ...) and the field that it fills (`pgn` for either number)."""
        found = self._sheet.columns.get(column)
        if found is None:
            for field, gathered in self._sheet.fields.items():
                if isinstance(gathered, Lines | Listed) and self._lists[alias(self.model, field)].covers(column):
                    return "text", field  # of a list no more is told than that of a text
            field, gathered = next((field, one) for field, one in self._sheet.fields.items() if column in one.sources)
            return gathered.kind, field
        return found.kind, "pgn" if isinstance(found, sheet.Pgn) else found.field

    def lists(self, column: str, cell: str) -> bool:
        """Whether the column has a list of words, and the cell is in it."""
        found = self._sheet.columns.get(column)
        if isinstance(found, YesNo):
            return cell.upper() in {word.upper() for word in (*found.yes, *found.no)}
        return isinstance(found, Code) and cell in codes(self._sheet, found.codes)

    def column_of(self, where: str) -> str:
        """The column that a fault is about: `where` itself, or the column that fills the field of that name."""
        return self._places.get(where, where)

    def pgn_of(self, row: Row, /) -> Pgn | None:
        """The number of the young person, where that much of the row can be read."""
        cells: Mapping[str, str] = row.content.reveal()
        for column, _ in self._numbers:
            try:
                name, digits = convert.split_pgn(cells.get(column, "").strip())
            except convert.Wrong:
                continue
            return Bsn(digits) if name == "bsn" else Onderwijsnummer(digits)
        return None

    def read(self, row: Row, /) -> PersonRecord:
        """Raises errors.Malformed with every fault, by column name of the sender's file."""
        found = self._record(row)
        if not isinstance(found, list):  # asking a model whether it is one costs as much as reading three cells
            return found
        raise refusal(tuple(found))  # from here, where no variable holds a cell

    def _record(self, row: Row) -> PersonRecord | list[Fault]:
        body: Body = self._constants.copy()
        cells: Mapping[str, str] = row.content.reveal()
        try:
            self._plan.take(cells, body)
            return self._validate(orjson.dumps(body))
        except convert.Wrong:
            return self._faults(cells)
        except orjson.JSONEncodeError:  # half a character, as JSON can write it
            return [Fault(ROW, "TEKEN_ONGELDIG")]
        except ValidationError as wrong:
            return self._by_column(faults_of(wrong))

    def _faults(self, cells: Mapping[str, str]) -> list[Fault]:
        """Everything that is wrong with a row of which a cell cannot be converted."""
        body: Body = self._constants.copy()
        faults = [Fault(name, code) for name, code in self._plan.take_what_can(cells, body)]
        said = {fault.where for fault in faults}  # that its field is missing is no second fault
        try:
            self._validate(orjson.dumps(body))
        except orjson.JSONEncodeError:
            faults.append(Fault(ROW, "TEKEN_ONGELDIG"))
        except ValidationError as wrong:
            faults += [fault for fault in self._by_column(faults_of(wrong)) if fault.where not in said]
        return faults

    def _by_column(self, faults: tuple[Fault, ...]) -> list[Fault]:
        told: dict[Fault, None] = {}
        for fault in faults:
            code, where = fault.code, self._places.get(fault.where, fault.where)
            field, bracket, rest = fault.where.partition("[")
            if (many := self._lists.get(field)) is not None:
                where = many.place(bracket + rest)
            if code == _ONE_OF_TWO and self._numbers:
                where = self._numbers[0][0]
                code = "VERPLICHT_VELD_LEEG" if len(self._numbers) == 1 else code
            told[Fault(where, code)] = None
        return list(told)


def load_mapping(path: Path) -> DeclarativeMapping:
    """Reads and compiles a mapping file. Raises errors.Misconfigured with file and line on anything that is not understood."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise Page(path).unusable(0, "The file cannot be read.") from None
    except UnicodeDecodeError:
        raise Page(path).unusable(0, "It is not UTF-8.") from None
    return compile_mapping(text, path)


def compile_mapping(text: str, path: Path) -> DeclarativeMapping:
    """The mapping that `text` is, whoever wrote it. Raises errors.Misconfigured with `path`, line and what is wrong."""
    made, page = sheet_of(text, path)
    check(made, page)
    return DeclarativeMapping(made)
