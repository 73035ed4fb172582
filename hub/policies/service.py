"""Proposals, advice, signatures, activation, suspension: every act is checked, and in the log before its effect.

Each act is written on condition that nobody wrote one since it was checked; whoever is second is checked again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeVar
from uuid import UUID

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.clock import legal_date
from hub.consent import mandate
from hub.consent.compile import compile_policy
from hub.consent.diff import Diff, diff
from hub.consent.life import Act, ActKind, Advice, EndReason, History, SuspendReason, agreement_hash
from hub.consent.model import PolicySet
from hub.consent.policy import canonical_policy, policy_of
from hub.consent.store import keep_policy, policy_in_use
from hub.domain.ids import new_ids
from hub.domain.terms import AgreementId, PartyId, PolicyHash
from hub.errors import Conflict, Refused, Retry
from hub.notices.model import Cause, CauseKind
from hub.notices.store import cause_row
from hub.policies import signature, store
from hub.policies.hands import Hand
from hub.policies.proof import OPERATIONS, details_of, signed_over
from hub.policies.use import Acts
from hub.ports import Claim, RowSet

_TRIES: Final = 5
_MOST_KEPT: Final = 8
T = TypeVar("T")


Compare = Callable[[PolicySet, PolicySet], Diff]


@dataclass(frozen=True, slots=True)
class Look:
    """Everything for someone who looks: what happened, the set in use, and the sets that are proposed, by hash."""

    history: History
    policy: PolicySet
    proposed: Mapping[PolicyHash, PolicySet]
    today: date

    def set_of(self, policy: str) -> PolicySet:
        """The set of that hash, in use or proposed. Raises Refused for any other."""
        if policy == self.policy.hash:
            return self.policy
        for known, found in self.proposed.items():
            if known == policy:
                return found
        raise Refused("There is no such set of agreements.", "It is neither in use nor proposed.", "See the list.")


class Policies:
    """The agreements of one log. Every method raises Retry where the database is away or the log cannot be written, and
    Refused where someone may not do what they ask.
    """

    def __init__(self, acts: Acts, notes: Notes, compare: Compare = diff) -> None:
        self._acts, self._notes, self._compare = acts, notes, compare
        self._engine = acts.engine
        self._log_id, self._operator, self._clock = notes.log_id, notes.operator, notes.clock
        self._read: dict[PolicyHash, PolicySet] = {}
        self._compared: dict[tuple[PolicyHash, PolicyHash, bool], Diff] = {}

    # -- what is

    async def history(self) -> History:
        """All that happened."""
        return await self._acts.history()

    async def look(self) -> Look | None:
        """Everything that the pages show; None where no set was ever in use."""
        history = await self.history()
        if history.in_use is None:
            return None
        proposed = {each.policy: await self.set_of(each.policy) for each in history.open}
        return Look(history, await self.set_of(history.in_use), proposed, self.today())

    def today(self) -> date:
        """The legal date."""
        return legal_date(self._clock.now_us())

    async def set_of(self, policy: PolicyHash) -> PolicySet:
        """The set of that hash, in use once or proposed. Raises Refused where none is kept."""
        if policy not in self._read:
            body = await store.kept_set(self._engine, self._log_id, policy)
            if body is None:
                raise Refused("There is no such set of agreements.", "None is kept under that hash.", "See the list.")
            if len(self._read) >= _MOST_KEPT:
                self._read.pop(next(iter(self._read)))
            self._read[policy] = policy_of(body)
        return self._read[policy]

    async def difference(self, history: History, before: PolicySet, after: PolicySet) -> Diff:
        """What `after` would let pass that `before` does not, and the other way round; of what was only laid nothing passes."""
        key = before.hash, after.hash, history.laid
        if key not in self._compared:
            if len(self._compared) >= _MOST_KEPT:
                self._compared.pop(next(iter(self._compared)))
            first = _without_agreements(before) if history.laid else before
            # It may take a second: others are served meanwhile.
            self._compared[key] = await asyncio.to_thread(self._compare, first, after)
        return self._compared[key]

    async def signatories(self) -> Mapping[str, str]:
        """The names of those who sign with a key, by who they are in the log."""
        return {str(each.staff_id): each.name for each in await store.signatories(self._engine, self._log_id)}

    async def texts(self, digests: Sequence[str]) -> Mapping[str, str]:
        """What was written with advices and decisions, by digest."""
        return await store.texts(self._engine, self._log_id, digests)

    # -- what people do

    async def propose(self, policy: PolicySet, by: Hand) -> PolicyHash:
        """Keeps a set as a proposal to follow the one in use; gives its hash."""
        compile_policy(policy)

        async def act(history: History) -> PolicyHash:
            follows = mandate.check_proposal(history, policy, by.staff)
            change = await self.difference(history, await self.set_of(follows), policy)
            kept = await store.kept_set(self._engine, self._log_id, policy.hash)
            body, us = canonical_policy(policy), self._clock.now_us()
            claims = [] if kept else [store.claim_set(self._log_id, self._operator, policy.hash, body, us)]
            doing = _Doing(ActKind.proposed, follows=follows, policy=policy.hash)
            await self._write(history, by, doing, _counts(change), claims)
            return policy.hash

        return await self._settled(act)

    async def advise(self, follows: str, policy: str, outcome: Advice, text: str, by: Hand) -> None:
        """The FG's advice on what leads from the one set to the other. Raises Malformed for a text that says nothing."""
        plain = signature.check_text(text)

        async def act(history: History) -> None:
            proposal = mandate.check_advice(history, follows, policy, by.staff)
            digest, claims = await self._text(plain)
            doing = _Doing(
                ActKind.advised,
                follows=proposal.follows,
                policy=proposal.policy,
                word=outcome.value,
                text=digest,
            )
            await self._write(history, by, doing, {}, claims)

        await self._settled(act)

    async def sign(self, policy: PolicyHash, agreement: AgreementId, party: PartyId, by: Hand) -> None:
        """Signs an agreement, as it stands in that set, for a party: with that the party has acceded."""

        async def act(history: History) -> None:
            candidate = await self._known(history, policy)
            found = mandate.check_signature(history, await self._in_use(history), candidate, agreement, party, by.staff)
            doing = _Doing(ActKind.signed, party=party, agreement=agreement, digest=agreement_hash(found))
            await self._write(history, by, doing, {})

        await self._settled(act)

    async def activate(self, follows: str, policy: str, by: Hand, *, why: str = "") -> None:
        """Puts a proposal into use, everywhere at once; `why` says why against the FG's advice, where that is negative."""

        async def act(history: History) -> None:
            found = history.proposal(follows, policy)
            before, after = await self.set_of(found.follows), await self.set_of(found.policy)
            change = await self.difference(history, before, after)
            proposal = mandate.check_activation(history, before, after, by.staff, widens=bool(change.wider))
            advice, digest, claims = proposal.advice, None, list[Claim]()
            if advice is not None and advice.word == Advice.negative:
                digest, claims = await self._text(signature.check_text(why))
            chain, _ = await policy_in_use(self._engine, self._log_id)
            doing = _Doing(
                ActKind.activated,
                follows=proposal.follows,
                policy=proposal.policy,
                party=by.staff.party,
                text=digest,
            )
            details = _counts(change)
            if advice is not None:
                details |= {"advice": str(advice.ref), "outcome": str(advice.word)}

            def keep(ref: UUID) -> Sequence[Claim]:
                body, us = canonical_policy(after), self._clock.now_us()
                return *claims, keep_policy(self._log_id, self._operator, ref, chain, after.hash, body, us)

            await self._write(history, by, doing, details, keep)

        await self._settled(act)

    async def suspend(self, agreement: AgreementId, reason: SuspendReason, by: Hand) -> None:
        """Nothing goes under the agreement from now on, not what waits either."""

        async def act(history: History) -> None:
            used = await self._in_use(history)
            party = mandate.check_suspension(history, used, agreement, by.staff)
            await self._write(history, by, _turn(ActKind.suspended, used, agreement, party, reason.value), {})

        await self._settled(act)

    async def resume(self, agreement: AgreementId, by: Hand) -> None:
        """What was suspended is in force again."""

        async def act(history: History) -> None:
            used = await self._in_use(history)
            party = mandate.check_resumption(history, used, agreement, by.staff)
            await self._write(history, by, _turn(ActKind.resumed, used, agreement, party, None), {})

        await self._settled(act)

    async def end(self, agreement: AgreementId, reason: EndReason, by: Hand) -> None:
        """The agreement ends before its day, for good; who received along it is told to stop using what came."""

        async def act(history: History) -> None:
            used = await self._in_use(history)
            party = mandate.check_ending(history, used, agreement, by.staff)

            def keep(ref: UUID) -> Sequence[RowSet]:
                cause = Cause(ref, ref, CauseKind.agreement_ended, self._clock.now_us(), agreement=agreement)
                return (cause_row(self._log_id, party, cause, tag=None),)

            await self._write(history, by, _turn(ActKind.ended, used, agreement, party, reason.value), {}, rows=keep)

        await self._settled(act)

    # -- how it is written

    async def _settled(self, act: Callable[[History], Awaitable[T]]) -> T:
        for _ in range(_TRIES):
            try:
                return await act(await self.history())
            except Conflict:  # someone acted since: what they did may change whether this may be done
                continue
        raise _crowded()

    async def _write(
        self,
        history: History,
        by: Hand,
        doing: _Doing,
        details: Mapping[str, str | int],
        claims: Sequence[Claim] | Callable[[UUID], Sequence[Claim]] = (),
        rows: Callable[[UUID], Sequence[RowSet]] = lambda _ref: (),
    ) -> None:
        us, ref, staff = self._clock.now_us(), self._new_ref(), by.staff
        new = Act(
            history.last + 1,
            doing.kind,
            us,
            ref,
            by.method,
            staff.staff_id,
            doing.party,
            doing.agreement,
            doing.digest,
            doing.follows,
            doing.policy,
            doing.word,
            doing.text,
        )
        if by.key is not None:
            proof = signature.sign(by.key, signed_over(new))
            signature.check(proof, by.signatory.jwk if by.signatory else "", signed_over(new))
            new = replace(new, proof=proof)
        more = claims(ref) if callable(claims) else claims
        await self._notes.write(
            EntryKind.configuration,
            OPERATIONS[doing.kind],
            "policy" if doing.agreement is None else "agreement",
            {**details, **details_of(new)},
            by=staff.staff_id,
            claims=(store.claim_acts(self._log_id, self._operator, [new]), *more),
            rows=rows(ref),
            ref=ref,
        )

    async def _text(self, plain: str) -> tuple[str, list[Claim]]:
        digest = hashlib.sha256(plain.encode()).hexdigest()
        if digest in await self.texts([digest]):
            return digest, []
        return digest, [store.claim_text(self._log_id, self._operator, digest, plain, self._clock.now_us())]

    async def _known(self, history: History, policy: PolicyHash) -> PolicySet:
        if policy != history.in_use and all(each.policy != policy for each in history.open):
            raise Refused("This set is neither in use nor proposed.", "It was, or never was.", "See the list.")
        return await self.set_of(policy)

    async def _in_use(self, history: History) -> PolicySet:
        if history.in_use is None:
            raise Refused("No set of agreements is in use.", "None ever was here.", "Propose one.")
        return await self.set_of(history.in_use)

    def _new_ref(self) -> UUID:
        return new_ids(1, self._clock.now_us(), self._notes.entropy(8))[0]


@dataclass(frozen=True, slots=True)
class _Doing:
    """An act that is about to be written."""

    kind: ActKind
    party: PartyId | None = None
    agreement: AgreementId | None = None
    digest: str | None = None
    follows: PolicyHash | None = None
    policy: PolicyHash | None = None
    word: str | None = None
    text: str | None = None


def _turn(kind: ActKind, policy: PolicySet, agreement: AgreementId, party: PartyId, word: str | None) -> _Doing:
    digest = agreement_hash(mandate.agreement_in(policy, agreement))
    return _Doing(kind, party=party, agreement=agreement, digest=digest, word=word)


def _counts(change: Diff) -> dict[str, str | int]:
    return {"wider": len(change.wider), "narrower": len(change.narrower), "special": len(change.special)}


def _without_agreements(policy: PolicySet) -> PolicySet:
    return PolicySet(
        policy.hash,
        policy.laws,
        policy.prohibitions,
        policy.retentions,
        policy.purposes,
        policy.elements,
        policy.records,
        policy.facts,
        policy.reasons,
        policy.obligations,
        policy.parties,
        policy.regions,
        (),
        policy.log_terms,
    )


def _crowded() -> Retry:
    return Retry("This was not done.", "Others kept changing the agreements meanwhile.", "Look again, and repeat it.")
