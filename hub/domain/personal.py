"""Values about persons, in types that do not give them away.

A `Personal` value can be compared and revealed on purpose; it cannot be printed, formatted, pickled, dumped to JSON or logged
by accident. `Bsn`, `Onderwijsnummer` and `Pseudonym` are three types that cannot be mixed up: the type checker refuses it, and
no text is a valid BSN and a valid onderwijsnummer at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, Generic, NoReturn, Self, TypeVar, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidatorFunctionWrapHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

T_co = TypeVar("T_co", covariant=True)

_HIDDEN: Final = "<personal>"


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError("a personal value cannot be copied into bytes, text or JSON; reveal() it where it is needed")


class Personal(Generic[T_co]):
    """A value about a person. `reveal()` is the only way to it, so that every use can be found by name."""

    __slots__ = ("_value",)
    _value: T_co

    def __init__(self, value: T_co) -> None:
        _fill(self, value)

    def reveal(self) -> T_co:
        """The value itself, for the step that needs it."""
        return self._value

    def __setattr__(self, _name: str, _value: object) -> NoReturn:
        raise AttributeError("a personal value does not change")

    def __delattr__(self, _name: str) -> NoReturn:
        raise AttributeError("a personal value does not change")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._value == other._value

    def __hash__(self) -> int:
        return hash((type(self), self._value))

    def __repr__(self) -> str:
        return _HIDDEN

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return _HIDDEN

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, object]) -> Self:
        return self

    __reduce__ = _refuse
    __reduce_ex__ = _refuse
    __getstate__ = _refuse
    __iter__: None
    __bytes__ = _refuse

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(get_args(source)[0])
        return _wrapped(cls, inner, cls)


_fill: Final = Personal.__dict__["_value"].__set__
"""Fills the slot that refuses every other change; in half the time of `object.__setattr__`, for every field of every record."""


def _wrapped(cls: type[Personal[Any]], inner: CoreSchema, make: Callable[[Any], Personal[Any]]) -> CoreSchema:
    def wrap(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        return value if type(value) is cls else make(validate(value))

    # Two schemas: a wrap function hands its inner schema Python values, for which strict mode refuses the text of a JSON date.
    return core_schema.json_or_python_schema(
        json_schema=core_schema.no_info_after_validator_function(make, inner),
        python_schema=core_schema.no_info_wrap_validator_function(wrap, inner),
        serialization=core_schema.plain_serializer_function_ser_schema(_refuse),
    )


_WEIGHTS: Final = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def _remainder(digits: str) -> int:
    a, b, c, d, e, f, g, h, i = digits.encode("ascii")
    return (9 * a + 8 * b + 7 * c + 6 * d + 5 * e + 4 * f + 3 * g + 2 * h - i - 43 * 48) % 11


class _Number(Personal[str]):
    """A nine-digit number with a weighted remainder modulo 11; subclasses fix which."""

    __slots__ = ()
    kind: ClassVar[str]
    remainder: ClassVar[int]

    def __init__(self, digits: str) -> None:
        if not self.accepts(digits):
            del digits  # a traceback that shows variables shows none of ours
            raise ValueError(f"not a valid {self.kind}")
        super().__init__(digits)

    @classmethod
    def accepts(cls, digits: str) -> bool:
        """Whether `digits` is such a number: for sorting a column out; to use one, construct it."""
        return (
            type(digits) is str
            and len(digits) == 9
            and digits.isascii()
            and digits.isdigit()
            and digits != "000000000"
            and _remainder(digits) == cls.remainder
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        def make(digits: str) -> _Number:
            try:
                return cls(digits)
            except ValueError:
                del digits
            raise PydanticCustomError(f"{cls.kind}_invalid", f"not a valid {cls.kind}")

        return _wrapped(cls, core_schema.str_schema(strict=True), make)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9]{9}$"}


class Bsn(_Number):
    """Burgerservicenummer: nine digits that pass the elfproef (Wabb). Raises ValueError on anything else."""

    __slots__ = ()
    kind = "bsn"
    remainder = 0


class Onderwijsnummer(_Number):
    """The number of a pupil who has no BSN (WRO 1): the elfproef's weights with remainder 5, so never a BSN."""

    __slots__ = ()
    kind = "onderwijsnummer"
    remainder = 5


Pgn = Bsn | Onderwijsnummer
"""Persoonsgebonden nummer (WRO 1): what a school knows a pupil by."""


class Pseudonym(Personal[str]):
    """What one recipient knows a person by, for one purpose under one agreement; means nothing anywhere else."""

    __slots__ = ()
