"""The life of an agreement: what was signed, suspended and ended, and which set of agreements is in use. Pure.

Everything that happens is an act with a number of its own; what holds is what the acts together say (`history_of`). Which
agreements are in force by that is for `hub.consent.force`, who may act for `hub.consent.mandate`. A version that was signed
never changes: it is named by its id and by its own hash, and a change is a new version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from hub.consent.model import Agreement
from hub.domain.staff import StaffId
from hub.domain.terms import AgreementId, Micros, PartyId, PolicyHash
from hub.errors import Refused


class ActKind(StrEnum):
    """What can happen to agreements and to sets of them; closed."""

    founded = "founded"
    """The set that a hub began with, outside production: its agreements count as signed by the dates that they name."""
    laid = "laid"
    """The set that a hub in production began with: nothing of it is in force until it is proposed and activated."""
    proposed = "proposed"
    advised = "advised"
    signed = "signed"
    activated = "activated"
    suspended = "suspended"
    resumed = "resumed"
    ended = "ended"


class Method(StrEnum):
    """How it is known whose act it was."""

    hub = "hub"
    """Nobody's: the hub did it as it started."""
    desk = "desk"
    """Someone who was signed in at the desk; the entry in the log under its signed checkpoint is the evidence."""
    key = "key"
    """Someone who signed it with a key of their own; the signature can be checked without the hub."""


class Advice(StrEnum):
    """What the data protection officer makes of a proposal."""

    positive = "positive"
    conditional = "conditional"
    negative = "negative"


class SuspendReason(StrEnum):
    """Why nothing goes under an agreement for now."""

    incident = "incident"
    unlawful = "unlawful"
    party_request = "party-request"
    supervisor = "supervisor"
    review = "review"


class EndReason(StrEnum):
    """Why an agreement ends before its day."""

    purpose_reached = "purpose-reached"
    replaced = "replaced"
    law_changed = "law-changed"
    party_left = "party-left"
    unlawful = "unlawful"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happened. `digest` is the agreement's own hash; `follows` and `policy` are the sets it is bound to.

    `word` is the outcome of an advice or the reason of a suspension or end, `text` the SHA-256 of what was written with it,
    `proof` the signature (JWS) where it was made with a key of one's own.
    """

    number: int
    kind: ActKind
    us: Micros
    ref: UUID
    method: Method
    by: StaffId | None = None
    party: PartyId | None = None
    agreement: AgreementId | None = None
    digest: str | None = None
    follows: PolicyHash | None = None
    policy: PolicyHash | None = None
    word: str | None = None
    text: str | None = None
    proof: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """What has happened to one version of an agreement. `digest` is what its signatures are over.

    `doubted` is what stands in the database as an act and was none by the log: until a party has suspended and resumed the
    agreement since, nobody knows what holds of it.
    """

    id: AgreementId
    digest: str
    founded: bool = False
    signatures: tuple[Act, ...] = ()
    suspended: Act | None = None
    ended: Act | None = None
    acts: tuple[Act, ...] = ()
    doubted: Act | None = None

    def has_signed(self, party: PartyId) -> bool:
        """Whether the party is bound by this version."""
        return self.founded or any(act.party == party for act in self.signatures)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A set that someone wants in use instead of `follows`. `stale` when that is no longer the set in use."""

    act: Act
    policy: PolicyHash
    follows: PolicyHash
    advice: Act | None
    stale: bool
    activated: Act | None


@dataclass(frozen=True, slots=True)
class History:
    """All that happened, up to act `last`. `laid`: the set in use was never activated, so nothing of it is in force.

    `doubted` are the acts that are not as the log says; none of them counts.
    """

    last: int = 0
    in_use: PolicyHash | None = None
    laid: bool = False
    use: Act | None = None
    versions: Mapping[AgreementId, Version] = field(default_factory=lambda: MappingProxyType({}))
    proposals: tuple[Proposal, ...] = ()
    doubted: tuple[Act, ...] = ()

    def version(self, agreement: Agreement) -> Version:
        """What has happened to this version; of one that nobody touched, nothing."""
        return self.versions.get(agreement.id) or Version(agreement.id, agreement_hash(agreement))

    def proposal(self, follows: str, policy: str) -> Proposal:
        """The newest proposal of that pair of sets. Raises Refused where there is none."""
        for each in reversed(self.proposals):
            if (each.follows, each.policy) == (follows, policy):
                return each
        raise Refused(
            "Nobody proposed this.", "There is no proposal that leads from the one set to the other.", "See the list."
        )

    @property
    def open(self) -> tuple[Proposal, ...]:
        """The proposals that can still be activated, oldest first; of the same pair of sets the newest."""
        found = {each.policy: each for each in self.proposals if not each.stale and each.activated is None}
        return tuple(found.values())


def agreement_hash(agreement: Agreement) -> str:
    """The SHA-256 of an agreement in canonical JSON, the rows that it brings included: what a signature is over.

    What is left out of the file is left out here, so that a hash stays what it was when the form of agreements grows.
    """
    plain = agreement.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return hashlib.sha256(canonical(plain)).hexdigest()


def canonical(plain: Mapping[str, object]) -> bytes:
    """RFC 8785 for texts and whole numbers."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def statement_of(
    kind: ActKind,
    by: StaffId,
    us: int,
    *,
    party: PartyId | None = None,
    agreement: AgreementId | None = None,
    digest: str | None = None,
    follows: str | None = None,
    policy: str | None = None,
    word: str | None = None,
    text: str | None = None,
) -> bytes:
    """What someone signs with a key of their own: the act in canonical JSON, `moment` in microseconds since 1970 UTC."""
    said = {
        "act": kind.value,
        "agreement": agreement,
        "hash": digest,
        "party": party,
        "staff": by,
        "moment": int(us),
        "from": follows,
        "to": policy,
        "word": word,
        "text": text,
    }
    return canonical({name: value for name, value in said.items() if value is not None})


# -- what holds


def history_of(acts: Iterable[Act], doubted: Sequence[Act] = ()) -> History:
    """What the acts say together, in the order of their numbers; of those that are `doubted` only that they are there."""
    last, use, laid = 0, None, False
    versions: dict[AgreementId, Version] = {}
    proposed: list[Act] = []
    advice: dict[tuple[PolicyHash, PolicyHash], Act] = {}
    activated: dict[tuple[PolicyHash, PolicyHash, int], Act] = {}
    begun = 0
    for act in sorted(acts, key=lambda each: each.number):
        last = act.number
        if act.agreement is not None:
            versions[act.agreement] = _lived(versions.get(act.agreement), act)
            continue
        match act.kind:
            case ActKind.founded | ActKind.laid | ActKind.activated:
                if act.kind is ActKind.activated and act.follows is not None and act.policy is not None:
                    activated[act.follows, act.policy, begun] = act
                use, laid, begun = act, act.kind is ActKind.laid, act.number
            case ActKind.proposed:
                proposed.append(act)
            case ActKind.advised if act.follows is not None and act.policy is not None:
                advice[act.follows, act.policy] = act
            case _:
                pass
    for act in doubted:
        last = max(last, act.number)
        if act.agreement is not None:
            version = versions.get(act.agreement) or Version(act.agreement, "")
            if all(other.kind is not ActKind.resumed or other.number < act.number for other in version.acts):
                versions[act.agreement] = replace(version, doubted=act)
    in_use = None if use is None else use.policy
    proposals = tuple(_proposals(proposed, advice, activated, in_use, begun))
    kept = MappingProxyType(dict(sorted(versions.items())))
    return History(last, in_use, laid, use, kept, proposals, tuple(doubted))


def _lived(known: Version | None, act: Act) -> Version:
    assert act.agreement is not None
    before = known or Version(act.agreement, "")
    signatures, suspended, ended = before.signatures, before.suspended, before.ended
    # The first signature fixes the text; and whoever signs once more for another party is the same pair of eyes.
    digest = before.digest if before.founded or signatures else act.digest or before.digest
    match act.kind:
        case ActKind.signed if all(other.by != act.by for other in signatures):
            signatures = (*signatures, act)
        case ActKind.suspended:
            suspended = act
        case ActKind.resumed:
            suspended = None
        case ActKind.ended:
            ended = act
        case _:
            pass
    founded = before.founded or act.kind is ActKind.founded
    return Version(act.agreement, digest, founded, signatures, suspended, ended, (*before.acts, act))


def _proposals(
    proposed: Sequence[Act],
    advice: Mapping[tuple[PolicyHash, PolicyHash], Act],
    activated: Mapping[tuple[PolicyHash, PolicyHash, int], Act],
    in_use: PolicyHash | None,
    begun: int,
) -> Iterator[Proposal]:
    for act in proposed:
        assert act.follows is not None
        assert act.policy is not None
        pair = act.follows, act.policy
        given = advice.get(pair)
        # An advice is on what was proposed before it: a set that comes back after others were in use is asked about anew.
        heard = given if given is not None and given.number > act.number else None
        done = next(
            (by for (*of, since), by in activated.items() if tuple(of) == pair and since < act.number < by.number), None
        )
        yield Proposal(act, act.policy, act.follows, heard, act.follows != in_use or act.number < begun, done)
