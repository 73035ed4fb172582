"""The words that the hub may say aloud: vocabulary that names parties, rules and amounts, never a person.

These types are the allow-list of `hub.observe`: a value of any other type does not reach a log line.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Term(str):
    """A word from a published vocabulary. Raises ValueError on anything that could be a value instead of a word."""

    __slots__ = ()
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-z][a-z0-9]*(?:[-./:_][a-z0-9]+)*", re.ASCII)
    longest: ClassVar[int] = 64

    def __new__(cls, word: str) -> Self:
        if len(word) > cls.longest or not cls.pattern.fullmatch(word):
            raise ValueError(f"not a {cls.__name__}")
        return super().__new__(cls, word)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema(strict=True))


class PartyId(Term):
    """A party: a body plus a task, such as `doorstroompunt-rijnmonde`."""


class LogId(Term):
    """A log with a head, a tree and a key of its own."""


class ConnectorId(Term):
    """An instance of a connector."""


class AgreementId(Term):
    """An agreement with its version, such as `duo-doorstroompunt/1`."""


class ClauseId(Term):
    """A clause of an agreement, such as `duo-doorstroompunt/1/uitval`."""


class PurposeId(Term):
    """A purpose of `schemas/policy/purposes`."""


class BasisId(Term):
    """A row of `schemas/policy/laws`: an article as it reads in a period."""


class ElementName(Term):
    """A data element of `schemas/policy/elements`, by its name in law and in canonical records."""


class FactName(Term):
    """A further fact about a young person that a clause asks for: a row of `schemas/policy/facts`."""


class RecordKind(Term):
    """A canonical record kind, such as `uitvalmelding`."""


class ReasonCode(Term):
    """Why something was refused, quarantined or withheld: a row of `schemas/policy/reasons`."""

    __slots__ = ()
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*", re.ASCII)


class PolicyHash(Term):
    """The SHA-256 of a policy set, 64 hexadecimal digits."""

    __slots__ = ()
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Count(int):
    """How many; the only whole number that may be logged, so that an identifier typed as int cannot be."""

    __slots__ = ()


class Micros(int):
    """A moment: microseconds since 1970-01-01T00:00:00Z."""

    __slots__ = ()


class Seconds(float):
    """How long something took or will take."""

    __slots__ = ()


class TraceId(Term):
    """The trace that a call belongs to (W3C Trace Context, section 3.2.2.3): 32 hexadecimal digits, not all zero."""

    __slots__ = ()
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"(?!0{32})[0-9a-f]{32}", re.ASCII)


class Form(StrEnum):
    """In which form a field passes, from most to least that it tells."""

    raw = "raw"
    banded = "banded"
    yes_no = "yes_no"
    pseudonym = "pseudonym"


class Interface(StrEnum):
    """Through which door something came in or goes out."""

    rest = "rest"
    file = "file"
    bevraging = "bevraging"
