"""An entry of the log in plain Dutch, in parts, for a page or a letter. Pure types, without a value of any record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PurposeText:
    """For what: its name, and what that means."""

    id: str
    label: str
    plain: str


@dataclass(frozen=True, slots=True)
class AgreementText:
    """Under which agreement, and which article of it; `article` is empty for a refusal, which has no clause."""

    id: str
    title: str
    article: str


@dataclass(frozen=True, slots=True)
class BasisText:
    """On which article of which law; `needs_review` where a lawyer must still confirm the reading."""

    law: str
    article: str
    text: str
    needs_review: bool


@dataclass(frozen=True, slots=True)
class PassText:
    """One element that passes: `form` is empty for the value itself, and `need` says why the recipient cannot do without."""

    label: str
    form: str
    need: str


@dataclass(frozen=True, slots=True)
class WithheldText:
    """Elements that stay behind for one reason."""

    labels: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class ReasonText:
    """Why not, what helps, and who can do that."""

    code: str
    text: str
    remedy: str
    who: str


@dataclass(frozen=True, slots=True)
class InformText:
    """Who tells the young person, when, in which text; `exception` is empty unless nobody need in some case."""

    who: str
    when: str
    text: str
    exception: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an entry says. `headline` is always there; what its kind does not have is None or empty.

    `details` are further facts of an entry, as label and word.
    """

    headline: str
    why: str = ""
    purpose: PurposeText | None = None
    agreement: AgreementText | None = None
    bases: tuple[BasisText, ...] = ()
    passes: tuple[PassText, ...] = ()
    withheld: tuple[WithheldText, ...] = ()
    reasons: tuple[ReasonText, ...] = ()
    retention: str = ""
    obligations: tuple[str, ...] = ()
    informs: InformText | None = None
    controllers: tuple[str, ...] = ()
    details: tuple[tuple[str, str], ...] = ()
