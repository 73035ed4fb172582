"""A mapping file as its author wrote it: which keys it may have, and what may stand behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.connector import Reads
from hub.domain.terms import RecordKind

DateForm = Literal["yyyymmdd", "yyyy-mm-dd", "dd-mm-yyyy", "d-m-yyyy", "dd/mm/yyyy", "ddmmyyyy", "excel", "datetime"]
"""How a date is written. `excel` counts days as a spreadsheet does; of a `datetime` (ISO 8601) the day in Amsterdam counts."""


Split = Annotated[str, Field(min_length=1, max_length=1)]
"""What stands between several values in one text."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, populate_by_name=True)


class Plain(_Strict):
    """A cell that is read as it is written, by what it holds."""

    kind: Literal["text", "postcode", "number", "telephone"] = Field(alias="as")


class Gemeente(_Strict):
    """A gemeente by its code, or also by its name where `names` says in which list names stand."""

    kind: Literal["gemeentecode"] = Field(alias="as")
    names: str | None = None


class Date(_Strict):
    """A date, in one of these forms and no other."""

    kind: Literal["date"] = Field(alias="as")
    forms: Annotated[list[DateForm], Field(min_length=1)]


class YesNo(_Strict):
    """Yes or no by agreed words; or, where it is `filled`, yes when anything stands there and no when nothing does."""

    kind: Literal["yes_no"] = Field(alias="as")
    yes: list[str] = []
    no: list[str] = []
    filled: Literal[True] | None = None


class Code(_Strict):
    """A code of a list: of the mapping's own `codes`, or of `schemas/codes`."""

    kind: Literal["code"] = Field(alias="as")
    codes: str


class _OneField(_Strict):
    field: str


class PlainColumn(Plain, _OneField):
    """One column, for one field."""


class GemeenteColumn(Gemeente, _OneField):
    """One column, for a field that holds a gemeente."""


class DateColumn(Date, _OneField):
    """One column, for a field that holds a date."""


class YesNoColumn(YesNo, _OneField):
    """One column, for a field that is yes or no."""


class CodeColumn(Code, _OneField):
    """One column, for a field that holds a code."""


class Pgn(_Strict):
    """The number of the young person: either of the two (`pgn`), or the one that it says."""

    kind: Literal["pgn", "bsn", "onderwijsnummer"] = Field(alias="as")


class Brin(_OneField):
    """A BRIN; with `vestiging` also the two digits of the site that may stand behind it (`25PL00`)."""

    kind: Literal["brin"] = Field(alias="as")
    vestiging: str | None = None


class HouseNumber(_OneField):
    """A house number; with `rest` also the letter or addition that may stand behind it (`12-a`)."""

    kind: Literal["house_number"] = Field(alias="as")
    rest: str | None = None


class Surname(_OneField):
    """A surname; with `voorvoegsels` what stands behind its comma goes to the field `voorvoegsel` (`Berg, van der`).

    A name without a comma is never taken apart.
    """

    kind: Literal["surname"] = Field(alias="as")
    voorvoegsels: bool = False


Column = Annotated[
    PlainColumn | GemeenteColumn | DateColumn | YesNoColumn | CodeColumn | Pgn | Brin | HouseNumber | Surname,
    Field(discriminator="kind"),
]


class _Gathered(_Strict):
    """Several columns for one field: all that are filled one after the other (`with` between them), or the first of them."""

    join: Annotated[list[str], Field(min_length=2)] | None = None
    first_of: Annotated[list[str], Field(min_length=2)] | None = None
    between: Annotated[str, Field(alias="with", max_length=3)] = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns, in their order."""
        return tuple(self.join or self.first_of or ())


class PlainGathered(Plain, _Gathered):
    """Several columns, for one field."""


class GemeenteGathered(Gemeente, _Gathered):
    """Several columns, for a field that holds a gemeente."""


class DateGathered(Date, _Gathered):
    """Several columns, for a field that holds a date."""


class CodeGathered(Code, _Gathered):
    """Several columns, for a field that holds a code."""


class _Inner(_Strict):
    """A part of an entry: in a tree by its path below the entry, in a table by a column with `#` where a number stands."""

    path: str = Field(alias="from")


class PlainInner(_Inner):
    """A part that is read as it is written; a `decimal` has at most two digits behind its comma or point."""

    kind: Literal["text", "number", "decimal"] = Field(alias="as")


class NumbersInner(_Inner):
    """Several numbers: repeated in a tree, or in one text with the sign `split` between them."""

    kind: Literal["numbers"] = Field(alias="as")
    split: Split | None = None


class DateInner(Date, _Inner):
    """A part that is a date."""


class YesNoInner(YesNo, _Inner):
    """A part that is yes or no."""


class CodeInner(Code, _Inner):
    """A part that is a code."""


Inner = Annotated[PlainInner | NumbersInner | DateInner | YesNoInner | CodeInner, Field(discriminator="kind")]


class Lines(_Strict):
    """A list of texts: a path that is repeated, columns with `#` where a number stands, or one text with `split` in it."""

    kind: Literal["lines"] = Field(alias="as")
    path: str = Field(alias="from")
    split: Split | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns or paths, with `#` where a number stands."""
        return (self.path if self.split or "#" in self.path else f"{self.path}[#]",)


class Listed(_Strict):
    """A list of objects: in a tree what is repeated at the path `from`; in a table it has none. `of` says what they hold."""

    kind: Literal["list"] = Field(alias="as")
    path: str | None = Field(alias="from", default=None)
    of: Annotated[dict[str, Inner], Field(min_length=1)]

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns or paths, with `#` where a number stands."""
        return tuple(self.source(part) for part in self.of.values())

    def source(self, part: Inner) -> str:
        """The column or path of one part."""
        if self.path is None:
            return part.path
        repeated = isinstance(part, NumbersInner) and part.split is None
        return f"{self.path}[#].{part.path}" + ("[#]" if repeated else "")


Gathered = Annotated[
    PlainGathered | GemeenteGathered | DateGathered | CodeGathered | Lines | Listed, Field(discriminator="kind")
]
OneFieldColumn = PlainColumn | GemeenteColumn | DateColumn | YesNoColumn | CodeColumn
How = Plain | PlainInner | NumbersInner | Gemeente | Date | YesNo | Code


class Sheet(_Strict):
    """The whole of it. `reads` where files are written otherwise than the connector's manifest says."""

    mapping: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*/[0-9]{1,9}$")]
    record: RecordKind
    verified: bool
    source: Annotated[str, Field(min_length=10)]
    reads: Reads | None = None
    columns: Annotated[dict[str, Column], Field(min_length=1)]
    fields: dict[str, Gathered] = {}
    ignored: list[str] = []
    constants: dict[str, str | int | bool] = {}
    codes: dict[str, Annotated[dict[str, str], Field(min_length=1)]] = {}

    @property
    def names(self) -> frozenset[str]:
        """Every column or path that is read."""
        return frozenset(self.columns) | {name for one in self.fields.values() for name in one.sources}

    @property
    def tree(self) -> bool:
        """Whether records are read by path, and not by the columns of a table.

        Where the mapping does not say it, names in lower case are paths: a column's are always in capitals.
        """
        if self.reads is not None and self.reads.format != "own":
            return self.reads.format in ("xml", "json")
        return not any(name == name.upper() for name in self.names)


def fields_of(column: Column) -> Iterator[tuple[str, str]]:
    """The fields that a column fills, each with what it then holds."""
    match column:
        case Pgn():
            for field in ("bsn", "onderwijsnummer") if column.kind == "pgn" else (column.kind,):
                yield field, "pgn"
        case Brin():
            yield column.field, "brin"
            if column.vestiging is not None:
                yield column.vestiging, "brin"
        case HouseNumber():
            yield column.field, "number"
            if column.rest is not None:
                yield column.rest, "text"
        case Surname():
            yield column.field, "text"
            if column.voorvoegsels:
                yield "voorvoegsel", "text"
        case _:
            yield column.field, column.kind
