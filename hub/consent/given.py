"""The tests beside an agreement, as types: what is given, along which way, and what is expected. Pure."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from hub.domain.facts import StatementKind, StatementState, Voice
from hub.domain.rulebook import Rule
from hub.domain.terms import ElementName, FactName, Form, PartyId, PurposeId, ReasonCode, RecordKind
from hub.domain.territory import Sentence

Onderwijssoort = Literal["po", "vo", "pro", "vso", "entree", "mbo"]


class GivenStatement(Rule):
    """A statement of a test; what is not named is as `standing` with a word alone has it."""

    statement: StatementKind
    state: StatementState = StatementState.given
    voice: Voice = Voice.jongere
    purposes: tuple[PurposeId, ...] | None = None
    parties: tuple[PartyId, ...] | None = None


class Given(Rule):
    """Facts of a test; what is not named reads as in the ordinary case, and null means unknown."""

    age: int | None = 19
    overleden: bool | None = False
    startkwalificatie: bool | None = False
    ingeschreven: bool | None = False
    indicatie_geheim: bool | None = False
    onderwijssoort: Onderwijssoort | None = "mbo"
    datum_diploma: date | None = None
    gemeente: str | None
    has_bsn: bool | None = True
    standing: tuple[StatementKind | GivenStatement, ...] | None = None
    standing_unknown: bool = False
    facts: Annotated[dict[FactName, bool | date | None], Field(default_factory=dict)]


class Example(Rule):
    """A test beside the agreement: along `path` on `day`, what the last step answers.

    `record` may be left out where the agreement is about one record kind; a statement that is a word alone is for all the
    parties of the path and all purposes.
    """

    name: Sentence
    day: date
    path: Annotated[tuple[PartyId, ...], Field(min_length=2)]
    record: RecordKind | None = None
    purpose: PurposeId | None = None
    given: Given
    expect: Literal["permit", "deny"]
    reasons: tuple[ReasonCode, ...] = ()
    passes: tuple[ElementName, ...] = ()
    forms: Annotated[dict[ElementName, Form], Field(default_factory=dict)]
    withheld: Annotated[dict[ElementName, ReasonCode], Field(default_factory=dict)]
