"""The addresses of the officer's desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from starlette.requests import Request
from starlette.responses import Response

from hub.console.desk import OfficerDesk
from hub.console.gate import Gate
from hub.console.officer import elements, overview, refusals
from hub.console.officer.complete import COMPLETE, CompletePages
from hub.console.officer.connectors import CONNECTORS, ConnectorPages
from hub.console.officer.entry import EntryPages
from hub.console.officer.exports import EXPORTS, ExportPages
from hub.console.officer.forgetting import FORGETTING, ForgettingPages
from hub.console.officer.informing import INFORMING, InformingPages
from hub.console.officer.log import LogPages
from hub.console.officer.notices import NOTICES, NoticePages
from hub.console.officer.objections import OBJECTIONS, ObjectionPages
from hub.console.officer.person import PersonPages
from hub.console.officer.policy import PolicyPages
from hub.console.officer.policy_proposal import ProposalPages
from hub.console.officer.retention import KEEPING, RetentionPages
from hub.console.officer.review import REVIEW, ReviewPages
from hub.console.officer.statements import HERE, StatementPages
from hub.console.officer.telling import Teller
from hub.console.officer.whole import WholePages
from hub.console.routes import Handler, Route
from hub.ports import Clock
from hub.statements.rulings import Rulings

HOME = "/functionaris"


def routes(officer: OfficerDesk, gate: Gate, clock: Clock) -> Iterator[Route]:
    """Every page of the desk, each behind its roles."""

    def page(show: Callable[[Request, OfficerDesk, Gate, Clock], Awaitable[Response]]) -> Handler:
        async def answer(request: Request) -> Response:
            return await show(request, officer, gate, clock)

        return answer

    teller = Teller(officer)
    log, entry = LogPages(officer, gate), EntryPages(officer, gate, teller)
    agreements, proposals = PolicyPages(officer, gate), ProposalPages(officer, gate)
    person, whole = PersonPages(officer, gate, teller), WholePages(officer, gate)
    yield Route("GET", HOME, page(overview.show))
    yield Route("GET", f"{HOME}/logboek", log.show)
    yield Route("GET", elements.ELEMENTS, page(elements.show))
    yield Route("POST", f"{HOME}/logboek/uitgifte", log.hand_out)
    yield Route("GET", f"{HOME}/logboek/tegels/{{path:path}}", whole.file)
    yield Route("GET", f"{HOME}/logboek/{{ref:uuid}}", entry.show)
    yield Route("GET", f"{HOME}/logboek/{{ref:uuid}}/regel", entry.verbatim)
    yield Route("GET", f"{HOME}/logboek/{{ref:uuid}}/ontvangstbewijs", entry.receipt)
    yield Route("GET", f"{HOME}/persoon", person.ask)
    yield Route("POST", f"{HOME}/persoon", person.answer)
    yield Route("POST", f"{HOME}/persoon/bewijs", person.evidence)
    if officer.person_keys is not None:
        complete = CompletePages(officer.person_keys, gate)
        yield Route("GET", COMPLETE, complete.ask)
        yield Route("POST", COMPLETE, complete.answer)
    if officer.statements is not None and officer.receipts is not None:
        yield from _statements(StatementPages(officer, officer.statements, officer.receipts, gate))
    if officer.statements is not None:
        objections = ObjectionPages(officer, Rulings(officer.statements), gate)
        yield Route("GET", OBJECTIONS, objections.every)
        yield Route("GET", f"{OBJECTIONS}/{{id:uuid}}", objections.one)
        yield Route("POST", f"{OBJECTIONS}/{{id:uuid}}", objections.rule)
    yield Route("GET", f"{HOME}/weigeringen", page(refusals.show))
    if officer.notices is not None:
        yield from _notices(NoticePages(officer, officer.notices, gate))
    if officer.reviews is not None:
        yield from _reviews(ReviewPages(officer, officer.reviews, gate))
    if officer.informing is not None:
        yield Route("GET", INFORMING, InformingPages(officer, officer.informing, gate).every)
    if officer.lives is not None:
        connectors = ConnectorPages(officer, officer.lives, gate)
        yield Route("GET", CONNECTORS, connectors.every)
        yield Route("GET", f"{CONNECTORS}/{{koppeling}}", connectors.one)
    if officer.retention is not None:
        keeping = RetentionPages(officer, officer.retention, gate)
        yield Route("GET", KEEPING, keeping.every)
        yield Route("POST", KEEPING, keeping.act)
    if officer.forgetting is not None:
        forgetting = ForgettingPages(officer, officer.forgetting, gate)
        yield Route("GET", FORGETTING, forgetting.every)
        yield Route("POST", FORGETTING, forgetting.ask)
        yield Route("GET", f"{FORGETTING}/{{id:uuid}}", forgetting.one)
        yield Route("POST", f"{FORGETTING}/{{id:uuid}}", forgetting.decide)
    yield Route("GET", f"{HOME}/afspraken", agreements.every)
    yield Route("GET", f"{HOME}/afspraken/afspraak/{{agreement:path}}", agreements.one)
    yield Route("POST", f"{HOME}/afspraken/afspraak/{{agreement:path}}", agreements.act)
    yield Route("GET", f"{HOME}/afspraken/voorstellen", proposals.ask)
    yield Route("POST", f"{HOME}/afspraken/voorstellen", proposals.propose)
    yield Route("GET", f"{HOME}/afspraken/voorstel/{{policy}}", proposals.one)
    yield Route("POST", f"{HOME}/afspraken/voorstel/{{policy}}", proposals.act)
    if officer.exports is not None:
        exports = ExportPages(officer, officer.exports, gate, teller)
        yield Route("GET", EXPORTS, exports.show)
        yield Route("POST", EXPORTS, exports.write)
        yield Route("POST", f"{EXPORTS}/persoon", exports.letter)
    yield Route("GET", f"{HOME}/controle", whole.show)
    yield Route("GET", f"{HOME}/controle/groei", whole.growth)


def _notices(pages: NoticePages) -> Iterator[Route]:
    yield Route("GET", NOTICES, pages.every)
    yield Route("GET", f"{NOTICES}/{{id:uuid}}", pages.one)
    yield Route("POST", f"{NOTICES}/{{id:uuid}}/antwoord", pages.answer)
    yield Route("POST", f"{NOTICES}/{{id:uuid}}/afsluiten", pages.close)
    yield Route("GET", f"{NOTICES}/{{id:uuid}}/gevolg", pages.outcome)
    yield Route("GET", f"{NOTICES}/{{id:uuid}}/gevolg/ondertekend", pages.signed)


def _reviews(pages: ReviewPages) -> Iterator[Route]:
    yield Route("GET", REVIEW, pages.every)
    yield Route("POST", f"{REVIEW}/trekken", pages.draw)
    yield Route("GET", f"{REVIEW}/{{month}}", pages.one)
    yield Route("POST", f"{REVIEW}/{{month}}", pages.mark)
    yield Route("POST", f"{REVIEW}/{{month}}/tekenen", pages.sign)


def _statements(pages: StatementPages) -> Iterator[Route]:
    yield Route("GET", HERE, pages.ask)
    yield Route("POST", HERE, pages.answer)
    yield Route("GET", f"{HERE}/nieuw", pages.form)
    yield Route("POST", f"{HERE}/nieuw", pages.record)
    yield Route("GET", f"{HERE}/{{id:uuid}}", pages.show)
    yield Route("POST", f"{HERE}/{{id:uuid}}/intrekken", pages.withdraw)
    yield Route("GET", f"{HERE}/{{id:uuid}}/bewijs", pages.slip)
    yield Route("GET", f"{HERE}/{{id:uuid}}/bewijs/ondertekend", pages.signed)
