"""A question to a register and its answer, on the way that every record takes.

1. The question itself discloses a number: it is in the log, about the person, before it leaves.
2. The connector reduces the answer at once to what its mapping reads; nothing else of it is held.
3. The answer is a record for the party that asked, and goes the way of a record: decided, protected, logged, then handed over.

A register is asked in the connection of one college (SUWI 62; Suwinet is no source for others): whoever asks works for that
college, and the answer is addressed to them alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.connector import Hat, Query
from hub.domain.ids import new_ids
from hub.domain.personal import Personal, Pgn
from hub.domain.stages import Received, Row
from hub.domain.terms import ConnectorId, Interface, LogId, PartyId, ReasonCode
from hub.domain.territory import Party
from hub.errors import Fault, Malformed, Refused, Retry
from hub.inquiry.pace import USUAL, Pace
from hub.ports import Admitted, Claim, Clock, Entropy, Handed, KeyedDigest, RecordMapping, RowSet, SealedRow, Tally, Way
from hub.protect.people import People

ASKER: Final = "VRAAGSTELLER"
"""The column in which a mapping finds for whom the answer is; `PGN` holds the number that was asked about."""
NUMBER: Final = "PGN"
_NOBODY: Final = Handed((), "", 0)


@dataclass(frozen=True, slots=True)
class Register:
    """A register that may be asked: who keeps it, in whose connection, for which tasks, and how its answers are read."""

    instance: ConnectorId
    party: PartyId
    college: PartyId
    tasks: frozenset[str]
    query: Query
    mapping: RecordMapping


class Registers(Protocol):
    """The registers that are set up and active."""

    async def find(self, instance: ConnectorId, /) -> Register | None:
        """The register of that name; None where there is none, or it is paused."""
        ...

    async def close(self) -> None:
        """Lets go of all connections."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """Whom a register is asked about, by which user of the asking party, for which task."""

    register: ConnectorId
    pgn: Pgn = field(repr=False)
    user: str = field(repr=False)
    task: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a question: `admitted` is None where the register knows nobody of this number; `handed` is empty where the
    answer may not go to whoever asked, who is told no more then than if nobody were known."""

    admitted: Admitted | None
    handed: Handed


class OneAnswer:
    """The bookkeeping of an answer: there is none, and one that cannot be read is an error; satisfies `hub.ports.Intake`."""

    def tally(self, tally: Tally, /) -> Tally:
        """An answer counts once."""
        return tally

    def claims(self, _received: Received, _tally: Tally, /) -> Sequence[Claim]:
        """Every answer is new."""
        return ()

    def keep(self, _received: Received, rejected: Sequence[SealedRow], /) -> Sequence[RowSet]:
        """Raises errors.Malformed: nothing of an answer that cannot be read stays here."""
        if rejected:
            raise Malformed(
                "The register's answer cannot be used.",
                "It does not have the form that was agreed with its keeper.",
                "Have the administrator compare the mapping of this register with its answers.",
                faults=tuple(Fault(where, code) for row in rejected for where, code in row.faults),
            )
        return ()


@dataclass(frozen=True, slots=True)
class Inquiries:
    """Asks registers. `parties` are those of the policy set in use, `pace` is how often a party may ask."""

    registers: Registers
    way: Way
    notes: Notes
    people: People
    parties: Callable[[], Mapping[PartyId, Party]]
    digest: KeyedDigest
    clock: Clock
    entropy: Entropy
    log_id: LogId
    pace: Pace = field(default_factory=lambda: Pace(USUAL))

    async def close(self) -> None:
        """Lets go of the connections to registers."""
        await self.registers.close()

    async def ask(self, asker: PartyId, question: Question) -> Answered:
        """The register's answer for `asker`, once the log says that it is handed over.

        Raises errors.Refused where the asker may not ask there, hub.inquiry.pace.TooMany where it asks too much, errors.Retry
        where log or register are away, errors.Malformed for an answer that cannot be read, errors.Misconfigured where the
        connection must be mended.
        """
        self.pace.take(asker, self.clock.now_us())
        register = await self._allowed(asker, question)
        await self._note(asker, question, register.party)
        row = await register.query.ask(question.pgn, Hat(question.user, question.task))
        if row is None:
            return Answered(None, _NOBODY)
        now = self.clock.now_us()
        (request_id,) = new_ids(1, now, self.entropy(8))
        own = self._addressed(row, asker, question.pgn)
        received = Received(register.party, self.log_id, Interface.bevraging, request_id, now, (own,))
        admitted = await self.way.admit(received, register.mapping, OneAnswer())
        mine = [outcome for outcome in admitted.outcomes if outcome.recipient == asker]
        if len(mine) != 1:
            raise Retry("The answer did not reach whoever asked.", "The rules in use changed meanwhile.", "Ask again.")
        handed = await self.way.release_one(asker, mine[0].ref) if mine[0].permitted else _NOBODY
        return Answered(admitted, handed)

    async def _allowed(self, asker: PartyId, question: Question) -> Register:
        """The register, where the asker works for the college whose connection it is, and the task is one it is for."""
        register, known = await self.registers.find(question.register), self.parties().get(asker)
        if register is not None and known is not None and known.controller == register.college:
            if question.task in register.tasks:
                return register
            code = ReasonCode("TAAK_NIET_TOEGESTAAN")
        else:
            code = ReasonCode("GEEN_EIGEN_AANSLUITING")
        details: dict[str, str | int] = {"code": str(code), "asker": str(asker)}
        await self.notes.write(EntryKind.access, "register-refused", "register", details, actor=asker)
        raise Refused(
            "This register is not asked.",
            "It is asked for the tasks, and in the connection, of one college alone.",
            "Ask the administrator of your college which registers and tasks are set up.",
        )

    async def _note(self, asker: PartyId, question: Question, keeper: PartyId) -> None:
        subject = await self.people.meet(question.pgn, asker, self.clock.now_us())
        user = self.digest("register-user", asker.encode() + b"\x00" + question.user.encode()).hex()
        details = {"connector": str(question.register), "register": str(keeper), "task": question.task, "user": user}
        await self.notes.write(EntryKind.access, "register-ask", "register", details, actor=asker, subject=subject.tag)

    def _addressed(self, row: Row, asker: PartyId, pgn: Pgn) -> Row:
        """The answer as a row about whom was asked and for whoever asked, whatever the register says of it."""
        cells = {**row.content.reveal(), NUMBER: pgn.reveal(), ASKER: str(asker)}
        return Row(1, Personal(cells), row.raw, row.fault)
