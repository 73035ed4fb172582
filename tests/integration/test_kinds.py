"""Every kind of record on its way over real databases, under the shipped policy: to whom it goes, and what of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.domain.facts import StatementKind
from hub.domain.kinds import RECORDS
from hub.domain.terms import PartyId, RecordKind
from hub.normalise import JsonMapping
from hub.ports import Tally, WorkItem
from hub.receive.messages import MessageIntake
from tests import canary
from tests.fakes import kinds
from tests.fakes.house import DESK, LOG, SCHOOL, WORK, House, open_house
from tests.fakes.statements import said, scope

NEXT_SCHOOL, LEERPLICHT = PartyId("mbo-heidelaar"), PartyId("leerplicht-aldermeer")
SECRETS = frozenset({"overlijdensdatum", "ontvangerBrin", "vraagsteller", "onderCuratele", "onderZorgUwv", "verzuimVierWeken"})
"""What decides, or says for whom: nobody is told."""

Expected = Mapping[PartyId, Mapping[str, Any] | None]
WAYS: Mapping[str, Expected] = {
    # by recipient: some of what it gets (None in there: that it does not get it), or None where it is refused
    "uitvalmelding": {DESK: {"brin": "98ZZ", "redenUitval": None}, WORK: {"brin": None}},
    "verzuimmelding": {
        DESK: {
            "verzuimreden": "Verzonnen reden",
            "verzuimdagen": [
                {"datum": "2026-10-01", "heleDag": True, "lesuren": []},
                {"datum": "2026-10-02", "heleDag": False, "lesuren": [1, 2]},
            ],
            "alleLessenGemist": False,
            "telefoonOuder": None,
            "opmerkingAfsluiting": None,
        },
        LEERPLICHT: None,
    },
    "inschrijving": {DESK: {"vrijstelling": False, "voortijdigSchoolverlater": True, "geslacht": None, "onderwijssoort": None}},
    "uwvsignaal": {
        DESK: {"heeftUitkering": True, "wajongAfgewezen": None, "inDoelgroepregister": None},
        WORK: {"weekMelding": "2026-W42", "melddeZichOp": None, "heeftWwAanvraagOp": True, "wajongAfgewezen": True},
    },
    "overdracht": {DESK: {"afgesprokenVervolg": "Verzonnen afspraak", "onderwijssoort": None}},
    "terugmelding": {DESK: {"uitkomstOverdracht": "aangekomen", "gemeente": None}},
    "vroegsignaal": {WORK: {"hulpBijOvergang": True, "maandEindeSchool": "2027-07", "bsn": None, "onderwijssoort": None}},
    "portfolio": {
        WORK: {"vaardigheden": ["Koken"], "steunVolgendeStap": None, "bsn": None},
        SCHOOL: {"stages": ["Verzonnen keuken"], "steunVolgendeStap": "Rustige plek", "bsn": None},
    },
    "overstapdossier": {
        NEXT_SCHOOL: {"leerresultaten": [{"vak": "Rekenen", "cijfer": 5.4}], "begeleidingOpSchool": None, "brin": None}
    },
    "plaatsing": {DESK: {"maandEindePlaatsing": "2027-04", "plaatsingTot": None, "loonkostensubsidie": None}},
    "suwinetantwoord": {WORK: {"heeftInkomen": False, "heeftUitkering": True, "volgtOnderwijs": None, "gemeente": None}},
    "persoonsgegevens": {DESK: {"straatnaam": "Nergensstraat", "bsn": canary.BSN}},
}


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "high-water") as opened:
        yield opened


async def give(house: House, kind: str, party: str | None = None, **other: Any) -> dict[PartyId, bool]:
    """Admits the record of this kind; to whom it may go and to whom not, as the log has it."""
    message = house.message(kinds.body(kind, **other), kinds.giver(kind) if party is None else PartyId(party))
    before = len(await house.entries())
    admitted = await house.route.admit(message, JsonMapping(RECORDS[RecordKind(kind)]), MessageIntake())
    assert admitted.tally == Tally(accepted=1, quarantined=0, duplicate=0)
    fresh = (await house.entries())[before:]
    assert {entry["record"] for entry in fresh} == {kind}
    return {PartyId(entry["recipient"]): entry["decision"] == "permit" for entry in fresh}


async def agrees(house: House, kind: StatementKind, purpose: str, *parties: PartyId) -> None:
    tag = await house.tag(canary.BSN)
    claim = said(house.digests, LOG, tag, kind, (date(2026, 11, 1), None), scope=scope({purpose}, set(parties)))
    await house.committer.record(WorkItem(uuid4(), SCHOOL, (), claims=(claim,)))


async def received(house: House, recipient: PartyId, kind: str) -> dict[str, Any]:
    (one,) = (await house.route.release(recipient, 5)).deliveries
    assert one.record_kind == kind
    await house.route.acknowledge(recipient, [one.delivery_id])
    found: dict[str, Any] = orjson.loads(one.payload.reveal())
    return found


async def test_each_kind_goes_to_whom_the_policy_says_and_to_nobody_else(house: House, subtests: pytest.Subtests) -> None:
    """Every field that decides stays behind, every form is the clause's, and the log says of which kind it was."""
    assert WAYS.keys() == RECORDS.keys()
    await agrees(house, StatementKind.instemming, "kennismaken-voor-einde-school", WORK)
    await agrees(house, StatementKind.instemming, "volgende-stap-met-portfolio", WORK)
    await agrees(house, StatementKind.toestemming, "volgende-stap-met-portfolio", SCHOOL)
    for kind, expected in WAYS.items():
        with subtests.test(kind=kind):
            assert await give(house, kind) == {party: what is not None for party, what in expected.items()}
            for party, what in expected.items():
                if what is None:
                    continue
                payload = await received(house, party, kind)
                assert SECRETS.isdisjoint(payload)
                assert {name: payload.get(name) for name in what} == what


async def test_why_somebody_was_absent_never_goes_to_work_and_income(house: House) -> None:
    """WRO 11(2): not from the register, nor from the doorstroompunt that has it."""
    assert WORK not in await give(house, "verzuimmelding")
    assert await give(house, "verzuimmelding", DESK, brin="98ZZ") == {WORK: False}
    assert (await house.route.release(WORK, 5)).deliveries == ()


async def test_a_file_goes_to_the_school_that_it_names_alone(house: House) -> None:
    """Also where the pupil said yes to another school."""
    await agrees(house, StatementKind.toestemming, "overstap-naar-andere-school", PartyId("mbo-zilverlinde"), NEXT_SCHOOL)
    assert await give(house, "overstapdossier") == {NEXT_SCHOOL: True}
    given = await give(house, "overstapdossier", "vo-lindelyceum", brin="95ZZ", onderwijssoort="vo", ontvangerBrin="93ZZ")
    assert given == {NEXT_SCHOOL: False}
    assert (await house.route.release(SCHOOL, 5)).deliveries == ()


async def test_an_answer_goes_to_whoever_asked_and_only_about_their_own(house: House) -> None:
    assert await give(house, "suwinetantwoord", vraagsteller="werk-en-inkomen-rietvoorde") == {
        PartyId("werk-en-inkomen-rietvoorde"): False
    }
    assert await give(house, "suwinetantwoord", gemeente=None) == {WORK: False}
    assert await give(house, "suwinetantwoord", overlijdensdatum="2026-10-01") == {WORK: False}


async def test_what_a_gate_asks_for_and_nobody_says_is_a_no(house: House) -> None:
    assert await give(house, "uwvsignaal", onderZorgUwv=None) == {DESK: True, WORK: False}
    assert await give(house, "overstapdossier", inzageGegeven=None) == {NEXT_SCHOOL: False}
    assert await give(house, "overstapdossier", inzageGegeven=False) == {NEXT_SCHOOL: False}
