"""What the policy files hold, as types: laws, purposes, elements, reasons, agreements with their clauses. Pure.

Nothing here knows a law article: that is data, dated and owned by lawyers. Dates are half-open, as in `hub.domain.territory`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from hub.consent.given import Example, Onderwijssoort
from hub.consent.kept import Law, LogTerm, Word
from hub.domain.facts import StatementKind
from hub.domain.rulebook import Rule
from hub.domain.terms import (
    AgreementId,
    BasisId,
    ClauseId,
    ElementName,
    FactName,
    Form,
    PartyId,
    PolicyHash,
    PurposeId,
    ReasonCode,
    RecordKind,
    Term,
)
from hub.domain.territory import Party, PartyKind, Period, Region, Sentence

Uri = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
NumberUse = Literal["required", "allowed", "forbidden"]
ExchangeName = Annotated[str, StringConstraints(pattern=r"^E[1-9][0-9]?$")]


class Gate(StrEnum):
    """The gates in the order in which they are told; `invoer` and `bezorging` are none of a decision but of the way there
    and back: what cannot be read, and what a recipient's system does not take."""

    invoer = "invoer"
    agreement = "agreement"
    purpose = "purpose"
    basis = "basis"
    recipient = "recipient"
    subject = "subject"
    consent = "consent"
    fields = "fields"
    retention = "retention"
    bezorging = "bezorging"


class Ages(Rule):
    """From `min` up to and including `max` years, with the reason on either side."""

    min: Annotated[int, Field(ge=0, le=120)]
    max: Annotated[int, Field(ge=0, le=120)]
    below: ReasonCode
    above: ReasonCode


class Window(Rule):
    """A statement is asked for leavers of these kinds of school up to and including the n-th anniversary of the diploma."""

    onderwijssoort: Annotated[tuple[Onderwijssoort, ...], Field(min_length=1)]
    years_after_diploma: Annotated[int, Field(ge=1, le=10)]


class Requirement(Rule):
    """A statement without which the gate stays shut; without `when`, always."""

    statement: StatementKind
    reason: ReasonCode
    when: tuple[Window, ...] = ()


class VoiceRule(Rule):
    """From which age a young person speaks for themselves, and the article that says so; below it, a representative does."""

    self_from: Annotated[int, Field(ge=12, le=21)]
    article: Word


class LegalBasis(Period):
    """An article as it reads in a period: who may or must give what sort of thing to whom, about whom.

    `requires` is a statement that the law itself asks for; `voice` says who makes it.
    """

    id: BasisId
    law: Law
    article: Word
    gdpr: Literal["6.1.a", "6.1.c", "6.1.e"]
    kind: Literal["consent", "duty", "task"]
    provider_kinds: Annotated[tuple[PartyKind, ...], Field(min_length=1)]
    recipient_kinds: Annotated[tuple[PartyKind, ...], Field(min_length=1)]
    age: Ages
    bsn: NumberUse
    onderwijsnummer: NumberUse
    art9_ground: Word | None
    names_elements: tuple[ElementName, ...] = ()
    objection_possible: bool
    same_college: bool
    requires: Requirement | None = None
    voice: VoiceRule | None = None
    text_nl: Sentence
    review: Literal["needed", "done"]
    source: Word


class Category(StrEnum):
    """What an element tells that the law protects more than the rest: GDPR 9 and 10, and what sector laws set apart."""

    gezondheid = "gezondheid"
    strafrechtelijk = "strafrechtelijk"
    etniciteit = "etniciteit"
    religie = "religie"
    verzuimreden = "verzuimreden"
    """Why someone was absent, as the register of the Minister holds it (WRO 11)."""
    afsluitreden = "afsluitreden"
    """Why a report of absence was closed."""
    ketennummer = "ketennummer"
    """A number made for learning material alone (ECK iD)."""


class Prohibition(Period):
    """What an article keeps from passing, whatever an agreement permits; without `from_kinds` or `to_kinds`, whoever it is.

    It does not hold along `except_bases`, nor where every fact of `unless` is known to be as it says.
    """

    id: BasisId
    law: Law
    article: Word
    from_kinds: tuple[PartyKind, ...] = ()
    to_kinds: tuple[PartyKind, ...] = ()
    elements: tuple[ElementName, ...] = ()
    categories: tuple[Category, ...] = ()
    except_bases: tuple[BasisId, ...] = ()
    unless: Annotated[dict[FactName, bool], Field(default_factory=dict)]
    reason: ReasonCode
    text_nl: Sentence
    review: Literal["needed", "done"]
    source: Word


class RetentionRow(Period):
    """How long a kind of recipient may keep things at most, by its own law: until an age, or years after it has them."""

    id: BasisId
    law: Law
    article: Word
    kind: PartyKind
    until_age: Annotated[int, Field(ge=1, le=120)] | None = None
    years: Annotated[int, Field(ge=1, le=30)] | None = None
    text_nl: Sentence
    review: Literal["needed", "done"]
    source: Word


class Purpose(Period):
    """Why data are given; `further_from` names the purposes for which they may have been received (GDPR 5(1)(b)).

    `outreach`: somebody calls, writes or comes to the door, which a contact preference puts off.
    """

    id: PurposeId
    label_nl: Word
    plain_nl: Sentence
    processing_activity: Uri
    further_from: tuple[PurposeId, ...] = ()
    outreach: bool = False


class Element(Rule):
    """A data element: what kind it is and in which forms it may ever pass, from most to least that it tells.

    `only_along`: the bases along which alone it passes, where a law says so.
    """

    name: ElementName
    label_nl: Word
    kind: Literal["normal", "identifier", "special", "free_text", "address", "mark", "document"]
    inferable_health: bool
    category: Category | None = None
    only_along: tuple[BasisId, ...] = ()
    forms: tuple[Form, ...] = ()


class RecordSpec(Rule):
    """A record kind: which elements such a record may carry, in their order."""

    id: RecordKind
    label_nl: Word
    plain_nl: Sentence
    elements: Annotated[tuple[ElementName, ...], Field(min_length=1)]


class FactSpec(Rule):
    """A further fact that clauses may ask for. `unknown` is the reason when nobody knows it."""

    id: FactName
    kind: Literal["yes_no", "date"]
    label_nl: Word
    unknown: ReasonCode


class Reason(Rule):
    """A reason code, in words for the person who must act; `personal` when the code itself tells about a young person.

    `burger_nl` is the same for the young person, and tells nothing about anybody else; without it the gate is told.
    """

    code: ReasonCode
    gate: Gate
    text_nl: Sentence
    remedy_nl: Sentence
    who: Word
    personal: bool
    burger_nl: Sentence | None = None


class Obligation(Rule):
    """What the recipient owes for what it receives."""

    id: Term
    text_nl: Sentence


class Side(Rule):
    """One end of a clause: a kind of party, or a single one. `home` asks that the young person lives in its working area."""

    kind: PartyKind | None = None
    party: PartyId | None = None
    home: bool = False


class Condition(Rule):
    """A fact that must be so, and the reason when it is otherwise."""

    value: Annotated[bool, Field(alias="is")]
    otherwise: ReasonCode


class Schools(Rule):
    """The kinds of school that a clause is about, and the reason for any other."""

    one_of: Annotated[tuple[Onderwijssoort, ...], Field(min_length=1)]
    otherwise: ReasonCode


class Within(Rule):
    """A date that is a fact must lie in the past, no more than `months` ago (its day included)."""

    months: Annotated[int, Field(ge=1, le=240)]
    otherwise: ReasonCode


class Subject(Rule):
    """Whom a permit is about. `facts` and `within` ask for further facts: yes or no, and dates."""

    age: Ages
    startkwalificatie: Condition | None = None
    ingeschreven: Condition | None = None
    onderwijssoort: Schools | None = None
    facts: Annotated[dict[FactName, Condition], Field(default_factory=dict)]
    within: Annotated[dict[FactName, Within], Field(default_factory=dict)]


class Need(Rule):
    """A field that passes: in which form, and the sentence that says why the recipient cannot do without.

    A document passes only where `statute` names the basis that speaks of it.
    """

    form: Form
    need: Sentence
    statute: BasisId | None = None


class Retention(Rule):
    """How long the recipient may keep it: `term` is the named end; nothing is given to keep from `until_age` on.

    `row` is the recipient's own row in law, which it does not go beyond.
    """

    row: BasisId | None = None
    term: Word
    until_age: Annotated[int, Field(ge=1, le=120)]
    reason: ReasonCode
    text_nl: Sentence


class Deadline(Rule):
    """Within how many days after it came in the recipient must have it, and where that is laid down."""

    days: Annotated[int, Field(ge=1, le=366)]
    article: Word
    text_nl: Sentence
    review: Literal["needed", "done"]


A_MONTH: Final = 31
"""Days within which a young person is told at the latest (GDPR 14(3)(a)): the longest month."""


class DutyToInform(Rule):
    """Who tells the young person (GDPR 13, 14), when, in which text, or why nobody need.

    `within_days` after the recipient has it, at the latest; without it a month, and never longer. 0 is the same day.
    """

    who: PartyKind
    when: Sentence
    text: Sentence
    exception: Sentence | None = None
    within_days: Annotated[int, Field(ge=0, le=A_MONTH)] | None = None

    @property
    def days(self) -> int:
        """Within how many days it is done at the latest."""
        return A_MONTH if self.within_days is None else self.within_days


class Permit(Rule):
    """A clause that lets something pass; whatever it does not name stays behind."""

    id: ClauseId
    article: Word
    effect: Literal["permit"]
    record: RecordKind
    giver: Annotated[Side, Field(alias="from")]
    recipient: Annotated[Side, Field(alias="to")]
    purposes: Annotated[tuple[PurposeId, ...], Field(min_length=1)]
    bases: Annotated[tuple[BasisId, ...], Field(min_length=1)]
    subject: Subject
    fields: Annotated[dict[ElementName, Need], Field(min_length=1)]
    reuse_of: tuple[BasisId, ...] = ()
    geheim_adres: Annotated[Literal["passes", "withheld"], Field(alias="secret_address")]
    requires: tuple[Requirement, ...] = ()
    despite_restriction: Literal["toestemming", "rechtsvordering", "rechten-van-een-ander", "zwaarwegend-belang"] | None = None
    on_withdrawal: Literal["stop", "restrict", "erase"] = "erase"
    joint_controllers: tuple[PartyId, ...] = ()
    retention: Retention
    deadline: Deadline | None = None
    obligations: tuple[Term, ...]
    duty_to_inform: DutyToInform
    why_nl: Sentence


class AgeSpan(Rule):
    """The ages that a prohibition is about."""

    min: Annotated[int, Field(ge=0, le=120)]
    max: Annotated[int, Field(ge=0, le=120)]


class Forbid(Rule):
    """A clause that holds something back, whatever a permit says: the named elements, or without `elements` everything."""

    id: ClauseId
    article: Word
    effect: Literal["forbid"]
    record: RecordKind
    giver: Annotated[Side, Field(alias="from")]
    recipient: Annotated[Side, Field(alias="to")]
    age: AgeSpan | None = None
    onderwijssoort: tuple[Onderwijssoort, ...] = ()
    elements: tuple[ElementName, ...] = ()
    reason: ReasonCode
    why_nl: Sentence


Clause = Annotated[Permit | Forbid, Field(discriminator="effect")]


class Accession(Rule):
    """A party to the agreement, from the day it signed until the day it left."""

    id: PartyId
    acceded: date
    left: date | None = None


class Reference(Rule):
    """A document outside the hub, by its reference and date."""

    ref: Word
    date: date


class Dpia(Reference):
    """The impact assessment (GDPR 35); from `review_due` on the agreement is not in force until it has been reviewed."""

    review_due: date


class FgAdvice(Reference):
    """What the data protection officer advised; its outcome informs the decision-maker and opens and shuts nothing.

    From `review_due` on it must be asked again, and the agreement is not in force until then.
    """

    outcome: Literal["positive", "conditional", "negative"]
    review_due: date | None = None


class Effective(Rule):
    """From the first day up to, not including, the last."""

    start: Annotated[date, Field(alias="from")]
    until: date


class Brings(Rule):
    """Rows that come with an agreement, so that a new exchange is one file; they count as if they stood in their own."""

    parties: tuple[Party, ...] = ()
    laws: tuple[LegalBasis, ...] = ()
    prohibitions: tuple[Prohibition, ...] = ()
    retentions: tuple[RetentionRow, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    elements: tuple[Element, ...] = ()
    records: tuple[RecordSpec, ...] = ()
    facts: tuple[FactSpec, ...] = ()
    reasons: tuple[Reason, ...] = ()
    obligations: tuple[Obligation, ...] = ()


class Agreement(Rule):
    """A convenant as data. Without controllership or processor contract it loads, and is not in force."""

    id: AgreementId
    title: Word
    exchanges: tuple[ExchangeName, ...] = ()
    brings: Brings | None = None
    effective: Effective
    parties: Annotated[tuple[Accession, ...], Field(min_length=2)]
    controllership: Sentence | None = None
    processor_contract: Reference | None = None
    dpia: Dpia
    fg_advice: FgAdvice
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]
    tests: Annotated[tuple[Example, ...], Field(min_length=2)]


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Everything that decisions are taken by, loaded as one and named by its hash. Rows lie in order of their ids."""

    hash: PolicyHash
    laws: Mapping[BasisId, LegalBasis]
    prohibitions: Mapping[BasisId, Prohibition]
    retentions: Mapping[BasisId, RetentionRow]
    purposes: Mapping[PurposeId, Purpose]
    elements: Mapping[ElementName, Element]
    records: Mapping[RecordKind, RecordSpec]
    facts: Mapping[FactName, FactSpec]
    reasons: Mapping[ReasonCode, Reason]
    obligations: Mapping[Term, Obligation]
    parties: Mapping[PartyId, Party]
    regions: tuple[Region, ...]
    agreements: tuple[Agreement, ...]
    log_terms: Mapping[BasisId, LogTerm] = field(default_factory=dict)

    @property
    def personal(self) -> frozenset[ReasonCode]:
        """The codes that say something about a young person, for whoever writes codes down."""
        return frozenset(code for code, reason in self.reasons.items() if reason.personal)


@dataclass(frozen=True, slots=True)
class Life:
    """What holds of a policy set beside its text, today.

    `shut` are the agreements that are not in force (not signed, suspended, ended), each with why. `silent` are the
    recipients that have not answered a notice in time: nothing that rests on a statement goes to them until they do.
    `unsigned` are the parties of an agreement that have not signed it, whatever date it names: they have not acceded.
    """

    shut: Mapping[AgreementId, ReasonCode]
    silent: frozenset[PartyId]
    unsigned: Mapping[AgreementId, frozenset[PartyId]] = field(default_factory=dict)


AS_WRITTEN = Life({}, frozenset())
"""Every agreement in force as its text says, and nobody silent: for tests beside a policy set, and tools that compare two."""
