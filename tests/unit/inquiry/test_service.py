"""Who may ask a register, and what must have happened before it is asked."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from hub.connector import Hat
from hub.domain.personal import Bsn, Personal, Pgn
from hub.domain.stages import Received, Row
from hub.domain.terms import ConnectorId, LogId, Micros, PartyId, ReasonCode
from hub.errors import Malformed, Refused, Retry
from hub.inquiry.service import Inquiries, Question, Register
from hub.normalise.mapping import load_mapping
from hub.ports import Admitted, Handed, Intake, Outcome, RecordMapping, SealedRow, Tally
from hub.registry import load_connectors
from tests.fakes.house import shipped
from tests.fakes.partner import FakeNotes, StillClock, digest

ALDERMEER, RIETVOORDE = PartyId("werk-en-inkomen-aldermeer"), PartyId("werk-en-inkomen-rietvoorde")
NAME, UWV = ConnectorId("suwinet-inkomen"), PartyId("uwv")
BSN, OTHER = Bsn("999909848"), Bsn("999919696")
MAPPING = load_mapping(load_connectors()["uwv_suwinet"].mapping)


@dataclass
class FakeQuery:
    """Answers the same to every question; `events` tells in which order things happened."""

    events: list[str]
    cells: dict[str, str] | None
    asked: list[tuple[Pgn, Hat]] = field(default_factory=list)

    async def ask(self, pgn: Pgn, hat: Hat, /) -> Row | None:
        self.events.append("asked")
        self.asked.append((pgn, hat))
        return None if self.cells is None else Row(1, Personal(self.cells), Personal(b""))

    async def close(self) -> None:
        return None


@dataclass
class FakeWay:
    """Reads what comes as the real way does, and permits it to `reached`."""

    events: list[str]
    reached: PartyId = ALDERMEER
    permitted: bool = True
    records: list[Any] = field(default_factory=list)
    sources: list[PartyId] = field(default_factory=list)

    async def admit(self, received: Received, mapping: RecordMapping, intake: Intake, /) -> Admitted:
        self.events.append("admitted")
        self.sources.append(received.party)
        try:
            self.records.append(mapping.read(received.rows[0]))
        except Malformed as wrong:
            intake.keep(
                received,
                [SealedRow(received.request_id, 1, tuple((one.where, ReasonCode(one.code)) for one in wrong.faults), b"", 1)],
            )
        reasons = () if self.permitted else (ReasonCode("ANDERE_REGIO"),)
        outcome = Outcome(UUID(int=1), self.reached, self.permitted, reasons)
        return Admitted(received.request_id, Tally(1, 0, 0), (outcome,), {}, None)

    async def release_one(self, recipient: PartyId, delivery_id: UUID, /) -> Handed:
        self.events.append("handed")
        return Handed((), "note", 0)


class _People:
    async def meet(self, pgn: Pgn, _party: PartyId, _now: Micros) -> Any:
        return type("Subject", (), {"tag": b"tag-of-" + pgn.reveal()[-2:].encode()})()


@dataclass
class Desk:
    """Inquiries with everything around them."""

    cells: dict[str, str] | None = field(default_factory=lambda: {"GEBOORTEDATUM": "20041231", "HEEFT_INKOMEN": "J"})
    trouble: Exception | None = None
    paused: bool = False

    def __post_init__(self) -> None:
        self.events: list[str] = []
        self.query, self.way, self.notes = FakeQuery(self.events, self.cells), FakeWay(self.events), FakeNotes()

    async def find(self, instance: ConnectorId, /) -> Register | None:
        if self.paused or instance != NAME:
            return None
        college = PartyId("college-aldermeer")
        return Register(NAME, UWV, college, frozenset({"participatiewet"}), self.query, MAPPING)

    async def write(self, *what: Any, **more: Any) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.events.append(what[1])
        await self.notes.write(*what, **more)

    async def ask(self, asker: PartyId = ALDERMEER, task: str = "participatiewet", pgn: Pgn = BSN) -> Any:
        inquiries = Inquiries(
            registers=self,
            way=self.way,  # type: ignore[arg-type]  # the rest of a way is not for questions
            notes=self,  # type: ignore[arg-type]
            people=_People(),  # type: ignore[arg-type]
            parties=lambda: shipped().policy.parties,
            digest=digest,
            clock=StillClock(),
            entropy=secrets.token_bytes,
            log_id=LogId("regio-a"),
        )
        return await inquiries.ask(asker, Question(NAME, pgn, "j.de.vries", task))


async def test_the_question_is_in_the_log_before_it_leaves_and_the_answer_goes_to_whoever_asked() -> None:
    desk = Desk()
    answered = await desk.ask()
    assert desk.events == ["register-ask", "asked", "admitted", "handed"]
    ((_, _, _, details), more) = desk.notes.written[0]
    assert (more["actor"], more["subject"]) == (ALDERMEER, b"tag-of-48")
    assert (details["connector"], details["register"], details["task"]) == (NAME, UWV, "participatiewet")
    assert details["user"] == digest("register-user", b"werk-en-inkomen-aldermeer\x00j.de.vries").hex()
    assert desk.query.asked == [(BSN, Hat("j.de.vries", "participatiewet"))]
    (record,) = desk.way.records
    assert (record.held("vraagsteller"), record.held("heeft_inkomen"), record.held("heeft_uitkering")) == (
        ALDERMEER,
        True,
        None,
    )
    assert (desk.way.sources, answered.handed.checkpoint) == ([UWV], "note")


@pytest.mark.parametrize(
    ("asker", "task", "code"),
    [
        (RIETVOORDE, "participatiewet", "GEEN_EIGEN_AANSLUITING"),
        (PartyId("duo"), "participatiewet", "GEEN_EIGEN_AANSLUITING"),
        (PartyId("nobody"), "participatiewet", "GEEN_EIGEN_AANSLUITING"),
        (ALDERMEER, "nieuwsgierigheid", "TAAK_NIET_TOEGESTAAN"),
    ],
)
async def test_who_may_not_ask_is_refused_and_logged_before_anything_leaves(asker: PartyId, task: str, code: str) -> None:
    desk = Desk()
    with pytest.raises(Refused, match="not asked"):
        await desk.ask(asker, task)
    assert desk.events == ["register-refused"]
    ((_, _, _, details), more) = desk.notes.written[0]
    assert (details["code"], details["asker"], more.get("subject")) == (code, asker, None)


async def test_a_register_that_is_paused_looks_like_one_that_is_not_yours() -> None:
    desk = Desk(paused=True)
    with pytest.raises(Refused, match="not asked"):
        await desk.ask()
    assert desk.events == ["register-refused"]


@pytest.mark.parametrize("asker", [ALDERMEER, RIETVOORDE])
async def test_without_a_log_nothing_is_asked(asker: PartyId) -> None:
    desk = Desk(trouble=Retry("The log cannot be written."))
    with pytest.raises(Retry):
        await desk.ask(asker)
    assert desk.events == []


async def test_whomever_an_answer_says_it_is_about_and_for_it_is_about_whom_was_asked_and_for_whoever_asked() -> None:
    desk = Desk(cells={"GEBOORTEDATUM": "20041231", "PGN": OTHER.reveal(), "VRAAGSTELLER": RIETVOORDE})
    await desk.ask()
    (record,) = desk.way.records
    assert (record.pgn, record.held("vraagsteller")) == (BSN, ALDERMEER)


async def test_nobody_is_no_record() -> None:
    desk = Desk(cells=None)
    answered = await desk.ask()
    assert (answered.admitted, answered.handed.deliveries, desk.events) == (None, (), ["register-ask", "asked"])


async def test_an_answer_that_cannot_be_read_is_kept_nowhere() -> None:
    desk = Desk(cells={"GEBOORTEDATUM": "20040000", "HEEFT_INKOMEN": "misschien"})
    with pytest.raises(Malformed, match="cannot be used") as wrong:
        await desk.ask()
    assert {(fault.where, fault.code) for fault in wrong.value.faults} >= {("GEBOORTEDATUM", "DATUM_ONGELDIG")}
    assert "misschien" not in f"{wrong.value} {wrong.value.faults}"
    assert "handed" not in desk.events


async def test_an_answer_that_may_not_go_is_not_handed_over() -> None:
    desk = Desk()
    desk.way.permitted = False
    answered = await desk.ask()
    assert answered.handed.deliveries == ()
    assert "handed" not in desk.events


async def test_an_answer_that_would_reach_somebody_else_reaches_nobody() -> None:
    desk = Desk()
    desk.way.reached = RIETVOORDE
    with pytest.raises(Retry, match="did not reach"):
        await desk.ask()
    assert "handed" not in desk.events
