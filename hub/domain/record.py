"""The base of canonical records: strict, frozen, and with errors that name fields without repeating what stood in them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError

from hub.domain.element import Element
from hub.domain.personal import Bsn, Onderwijsnummer, Personal, Pgn
from hub.domain.terms import RecordKind


class Record(BaseModel):
    """A record about a person. Wire names are camelCase; the type checker and the reader see the Dutch snake_case ones.

    Validation raises pydantic's ValidationError without the input, which that error carries otherwise. Where another
    validator reads a record as a part of something larger, pass its error through `without_input` before it goes anywhere.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
        alias_generator=to_camel,
        populate_by_name=True,
        arbitrary_types_allowed=False,
    )

    if not TYPE_CHECKING:  # the plugin of the type checker writes a better signature

        def __init__(self, /, **data: Any) -> None:
            try:
                super().__init__(**data)
                return
            except ValidationError as wrong:
                clean = without_input(wrong)
            del data  # no frame of the traceback holds what was refused
            raise clean

        __init__.__pydantic_base_init__ = True  # adds nothing to a record, so validators need not come through here

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """A record from Python values."""
        try:
            return super().model_validate(obj, **options)
        except ValidationError as wrong:
            clean = without_input(wrong)
        del obj
        raise clean

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """A record from JSON."""
        try:
            return super().model_validate_json(json_data, **options)
        except ValidationError as wrong:
            clean = without_input(wrong)
        del json_data
        raise clean

    @classmethod
    def model_validate_strings(cls, obj: Any, **options: Any) -> Self:
        """A record from text for every field."""
        try:
            return super().model_validate_strings(obj, **options)
        except ValidationError as wrong:
            clean = without_input(wrong)
        del obj
        raise clean

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<personal>)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)


class PersonRecord(Record):
    """What every record about one young person has: its kind and version, one of the two numbers, and the date of birth.

    A kind is one file in `hub.domain.records`; its `geboortedatum` stands where the law puts it among the other fields.
    """

    KIND: ClassVar[RecordKind]
    RESOURCE: ClassVar[str]
    """What the REST interface calls many of them."""
    VERSION: ClassVar[str] = "1"
    LARGEST: ClassVar[int] = 64 * 1024
    """Bytes that a message with one of them may have at most; more where it carries a document."""

    bsn: Annotated[Bsn | None, Element("bsn"), Field(description="Burgerservicenummer; voldoet aan de elfproef.")] = None
    onderwijsnummer: Annotated[
        Onderwijsnummer | None,
        Element("onderwijsnummer"),
        Field(description="Onderwijsnummer van een jongere zonder burgerservicenummer (elfproef met rest 5)."),
    ] = None

    if TYPE_CHECKING:

        @property
        def geboortedatum(self) -> Personal[date]: ...

    @model_validator(mode="after")
    def _one_number(self) -> Self:
        if (self.bsn is None) == (self.onderwijsnummer is None):
            raise PydanticCustomError("pgn_one_of_two", "give a bsn or an onderwijsnummer, and not both")
        return self

    @property
    def pgn(self) -> Pgn:
        """The number that identifies the young person, whichever of the two it is."""
        pgn = self.bsn or self.onderwijsnummer
        assert pgn is not None, "validated: one of the two is there"
        return pgn

    def held(self, field: str) -> Any:
        """What a field holds; None where it is empty, or this kind of record has no such field."""
        value = self.__dict__.get(field)
        return None if value is None else value.reveal()


def without_input(wrong: ValidationError) -> ValidationError:
    """The same errors with the same types and places, but no input: neither values nor keys that the sender invented."""
    lines: list[InitErrorDetails] = []
    for error in wrong.errors(include_input=False, include_url=False, include_context=False):
        place = error["loc"]
        if error["type"] in ("extra_forbidden", "invalid_key"):
            place = (*place[:-1], "?")
        lines.append({"type": PydanticCustomError(error["type"], error["msg"]), "loc": place, "input": None})
    return ValidationError.from_exception_data(wrong.title, lines, hide_input=True)
