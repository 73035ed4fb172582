"""What recipients say to notices: taken once, with their own words sealed, and followed to whom they passed things on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hub.consent.model import PolicySet
from hub.domain.staff import Staff
from hub.domain.terms import PartyId
from hub.errors import Conflict, Fault, Malformed, Refused
from hub.notices import store
from hub.notices.issue import Issue, unknown
from hub.notices.model import Answer, Cause, Event, Happened, Notice, Planned, State
from hub.notices.plan import after, is_late, onward_of
from hub.notices.service import busy, check_may
from hub.protect.seal import AEAD_NONCE_BYTES, seal, unseal
from hub.protect.vault import Vault
from hub.together import settled

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Answers:
    """Takes answers. `policy` gives the set in use: parties beyond it cannot be told."""

    issue: Issue
    vault: Vault
    policy: Callable[[], PolicySet]

    async def answer(
        self, notice_id: UUID, answer: Answer, *, recipient: PartyId | None = None, by: Staff | None = None
    ) -> Notice:
        """Takes what a recipient says, by itself (`recipient`) or by a letter that a member of staff enters (`by`).

        The same answer twice is once. Raises Refused for a notice that is not the caller's or was answered otherwise, Malformed
        with every fault, Retry when the log cannot be written.
        """
        if recipient is None:
            check_may(by)
        return await settled(lambda: self._answer(notice_id, answer, recipient, by))

    async def _answer(self, notice_id: UUID, answer: Answer, recipient: PartyId | None, by: Staff | None) -> Notice:
        engine, log_id = self.issue.log
        for _ in range(_TRIES):
            notice = await store.find(engine, log_id, notice_id)
            if notice is None or recipient not in (None, notice.recipient):
                raise unknown()
            became = after(notice, answer)
            told = await store.of_cause(engine, log_id, notice.cause_id)
            onward = onward_of(notice, told, self._known(answer.onward))
            if became is None and not onward:
                return notice
            try:
                await self._take(notice, became or notice.state, answer, onward, recipient, by)
            except Conflict:  # something else happened to it meanwhile: look again
                continue
            return await self.issue.show(notice_id)
        raise busy()

    async def _take(
        self,
        notice: Notice,
        became: State,
        answer: Answer,
        onward: tuple[PartyId, ...],
        recipient: PartyId | None,
        by: Staff | None,
    ) -> None:
        now, (_, log_id) = self.issue.now(), self.issue.log
        refs = self.issue.new_ids(1 + len(onward))
        event = Event(
            event_id=refs[0],
            notice_id=notice.notice_id,
            kind=answer.kind,
            us=now,
            staff="" if by is None else str(by.staff_id),
            channel=answer.channel,
            method=answer.method,
            ground=answer.ground,
            digest=answer.digest,
            explained=bool(answer.text),
        )
        sealed = await self._seal(notice, refs[0], answer.text) if answer.text else None
        happened = [(notice, event, _said(notice, answer, onward, by))]
        cause = Cause(notice.cause_id, notice.notice_id, notice.cause, now)
        made: list[Notice] = []
        for ref, party in zip(refs[1:], onward, strict=True):
            made += self.issue.opened(
                cause, notice.subject_tag, [Planned(party, notice.action, notice.items)], notice.notice_id
            )
            passed = Event(ref, notice.notice_id, Happened.onward, now, onward=party)
            happened.append((notice, passed, {"recipient": notice.recipient, "to": party}))
        for one in made:
            happened.append((one, Event(one.notice_id, one.notice_id, Happened.opened, now), self.issue.opening(one)))
        claim = store.claim_turn(notice, became, notice.level, late=is_late(notice, became, now))
        rows = (store.notice_rows(log_id, made),) if made else ()
        await self.issue.record(recipient or self.issue.notes.operator, happened, (claim,), rows, sealed)

    def _known(self, onward: tuple[PartyId, ...]) -> tuple[PartyId, ...]:
        parties = self.policy().parties
        if faults := [Fault(f"doorgegevenAan[{n}]", "PARTIJ_ONBEKEND") for n, each in enumerate(onward) if each not in parties]:
            raise Malformed(
                "The answer to the notice was refused.",
                "It names a party that the hub does not know.",
                "Name parties as the hub does; tell the privacy officer of any other.",
                faults=tuple(faults),
            )
        return onward

    async def _seal(self, notice: Notice, event_id: UUID, text: str) -> bytes | None:
        """An explanation hangs on the key of whom it may be about: who is erased, of that person none is kept."""
        plain = text.encode()
        if notice.subject_tag is None:
            return self.vault.seal_row(plain, event_id.bytes)
        key = (await self.vault.existing([notice.subject_tag])).get(notice.subject_tag)
        return None if key is None else seal(key, self.issue.notes.entropy(AEAD_NONCE_BYTES), plain, event_id.bytes)

    async def explanation(self, notice: Notice, event_id: UUID) -> str:
        """The recipient's own words with an answer; empty where there are none or the person was erased."""
        sealed = await store.explanation(*self.issue.log, event_id)
        if sealed is None:
            return ""
        if notice.subject_tag is None:
            return self.vault.open_row(sealed, event_id.bytes).decode()
        key = (await self.vault.existing([notice.subject_tag])).get(notice.subject_tag)
        return "" if key is None else unseal(key, sealed, event_id.bytes).decode()

    async def close(self, notice_id: UUID, by: Staff | None) -> Notice:
        """A privacy officer has judged a refusal. Raises Refused for a notice that was not refused, or someone who may not."""
        check_may(by)
        notice = await self.issue.show(notice_id)
        if notice.state is not State.refused:
            raise Refused(
                "This notice cannot be closed.",
                "Only a refusal waits for somebody's judgement; the others end by themselves.",
                "Enter the recipient's answer first.",
            )
        await close(self.issue, notice, by)
        return await self.issue.show(notice_id)


async def close(issue: Issue, notice: Notice, by: Staff | None) -> None:
    """Ends a notice. Raises Conflict where something else happened to it meanwhile."""
    staff = "" if by is None else str(by.staff_id)
    event = Event(issue.new_ids(1)[0], notice.notice_id, Happened.closed, issue.now(), staff=staff)
    await issue.turn(notice, event, {"staff": staff} if staff else {}, State.closed, notice.level, late=False)


def _said(notice: Notice, answer: Answer, onward: tuple[PartyId, ...], by: Staff | None) -> dict[str, str | int]:
    said: dict[str, str | int] = {"recipient": notice.recipient, "channel": answer.channel.value}
    if answer.method is not None:
        said["done"] = answer.method.value
    if answer.ground is not None:
        said["ground"] = answer.ground.value
    if answer.digest is not None:
        said["digest"] = answer.digest.hex()
    if onward:
        said["onward"] = len(onward)
    return said if by is None else {**said, "staff": str(by.staff_id)}
