"""How long the log keeps what it says, as a type: a row per kind of entry, by which law. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from hub.domain.rulebook import Rule
from hub.domain.terms import BasisId, PurposeId
from hub.domain.territory import Period, Sentence

Word = Annotated[str, StringConstraints(min_length=2)]


class Law(Rule):
    """A law by its name and its number in the national collection (BWB)."""

    name: Word
    bwb: Annotated[str, StringConstraints(pattern=r"^BWBR[0-9]{7}$")]


class LogTerm(Period):
    """How many years the hub keeps what its log says of one kind of thing, for one purpose or (without `purpose`) for all.

    Counted from the recipient's deletion date for a disclosure and its outcomes, else from the entry itself. Kinds without a
    row are kept for ever; what the log says of its own keys and of what was removed always is.
    """

    id: BasisId
    kind: Literal["disclosure", "refusal", "access", "statement", "erasure", "configuration", "re_identification", "export"]
    purpose: PurposeId | None = None
    years: Annotated[int, Field(ge=1, le=50)]
    law: Law
    article: Word
    text_nl: Sentence
    review: Literal["needed", "done"]
    source: Word
