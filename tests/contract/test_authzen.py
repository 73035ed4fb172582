"""Decision calls as a partner makes them: AuthZEN in the NL GOV profile, over the shipped rules, with a log in memory."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from uuid import uuid4

import orjson
import pytest

from hub.domain.terms import LogId, PartyId
from hub.errors import Retry
from hub.identity.partners import AANLEVEREN, BESLISSINGEN, Partner
from tests.fakes.partner import ISSUER, Desk, FakeNotes, ec_key, evaluations, new_bsn

ONE, MANY = "/v1/access/evaluation", "/v1/access/evaluations"
DUO, DESK = PartyId("duo"), PartyId("doorstroompunt-lindemark")
QUESTION: dict[str, Any] = {
    "subject": {"type": "partij", "id": str(DESK)},
    "action": {"name": "begeleiding-doorstroompunt"},
    "resource": {
        "type": "uitvalmelding",
        "id": "naamloos",
        "properties": {
            "elementen": ["bsn", "geslachtsnaam"],
            "feiten": {
                "leeftijd": 19,
                "overleden": False,
                "startkwalificatie": False,
                "ingeschreven": False,
                "indicatie_geheim": False,
                "heeft_bsn": True,
                "onderwijssoort": "mbo",
                "gemeente": "9001",
                "verklaringen": [],
            },
        },
    },
    "context": {"pad": ["duo", str(DESK)], "time": "2026-11-02T12:00:00+01:00"},
}


class Caller:
    """A partner with the scope, before the interface."""

    def __init__(self, party: PartyId = DUO, scopes: frozenset[str] = frozenset({BESLISSINGEN})) -> None:
        self.notes: Any = FakeNotes()
        self.desk = Desk()
        self.desk = Desk(clock=self.desk.clock, evaluator=evaluations(self.desk.clock, notes=self.notes))
        self._partner: Partner = self.desk.partners.add(party, f"{party}-client", ec_key("asking"), scopes=scopes)

    async def ask(self, body: Any, path: str = ONE, **headers: str) -> Any:
        """The answer to one call."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        sent = {"Authorization": f"Bearer {self.desk.token(self._partner)}", "content-type": "application/json", **headers}
        async with self.desk.client() as client:
            return await client.post(path, content=content, headers=sent)


def but(path: str, value: Any) -> dict[str, Any]:
    """The good question with one part changed."""
    changed = deepcopy(QUESTION)
    *steps, last = path.split("/")
    node = changed
    for step in steps:
        node = node[step]
    node[last] = value
    return changed


async def test_a_yes_tells_all_that_is_needed_to_act_on_it() -> None:
    caller = Caller()
    answer = await caller.ask(QUESTION)
    assert answer.status_code == 200
    body = answer.json()
    assert body["decision"] is True
    context = body["context"]
    assert context["fields"] == {"bsn": "raw", "geslachtsnaam": "raw"}
    assert context["clause"] == "duo-doorstroompunt/1/uitval"
    assert context["bases"] == ["wro-21-1"]
    assert {one["id"] for one in context["obligations"]} >= {"geen-doorgifte"}
    assert context["valid_until"] > "2026-11-02"
    assert len(context["policy"]) == 64


async def test_a_no_is_an_answer_with_reasons_for_two_readers() -> None:
    answer = await Caller().ask(but("resource/properties/feiten/overleden", True))
    body = answer.json()
    assert (answer.status_code, body["decision"]) == (200, False)
    assert body["context"]["reasons"] == ["OVERLEDEN"]  # the caller supplied the fact, so the code is no secret
    assert set(body["context"]["reason_admin"]) == set(body["context"]["reason_user"]) == {"OVERLEDEN"}
    assert body["context"]["fields"] == {}


async def test_less_than_was_asked_is_no_with_what_may_pass() -> None:
    body = (await Caller().ask(but("resource/properties/elementen", ["bsn", "telefoonnummer"]))).json()
    assert body["decision"] is False
    assert body["context"]["fields"] == {"bsn": "raw"}
    assert body["context"]["refused_fields"] == {"telefoonnummer": "NIET_NODIG"}
    body = (await Caller().ask(but("resource/properties/elementen", ["bsn", "onderwijsnummer"]))).json()
    assert body["decision"] is False
    assert body["context"]["fields"] == {"bsn": "raw"}


async def test_a_fact_that_is_not_given_refuses() -> None:
    for fact in ("leeftijd", "overleden", "startkwalificatie", "heeft_bsn", "verklaringen", "gemeente", "indicatie_geheim"):
        body = (await Caller().ask(but(f"resource/properties/feiten/{fact}", None))).json()
        assert body["decision"] is False, fact
        assert any(code.startswith("FEIT_ONTBREEKT") for code in body["context"]["reasons"]), fact


async def test_nobody_can_be_named() -> None:
    number = new_bsn()
    for path, value in (
        ("resource/id", number),
        ("resource/properties/bsn", number),
        ("resource/properties/feiten/bsn", number),
        ("subject/id", number),
        ("subject/properties", {"bsn": number}),
        ("action/name", number),
        ("context/jongere", number),
        (f"context/{number}", "x"),
    ):
        caller = Caller()
        answer = await caller.ask(but(path, value))
        assert answer.status_code == 400, path
        assert number not in answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert not caller.notes.written


async def test_every_fault_is_told_at_once_by_place() -> None:
    wrong = but("resource/properties/feiten", {"leeftijd": "negentien", "gemeente": 9001, "mening": 1})
    wrong["subject"]["id"] = "onbekende-partij"
    answer = await Caller().ask(wrong)
    told = {(fault["veld"], fault["code"]) for fault in answer.json()["fouten"]}
    assert told == {
        ("subject.id", "CODE_ONBEKEND"),
        ("resource.properties.feiten.leeftijd", "WAARDE_ONGELDIG"),
        ("resource.properties.feiten.gemeente", "CODE_ONBEKEND"),
        ("resource.properties.feiten.?", "VELD_ONBEKEND"),
    }


async def test_a_party_asks_about_its_own_alone_and_only_with_the_scope() -> None:
    assert (await Caller(DESK).ask(QUESTION)).status_code == 200
    stranger = Caller(PartyId("doorstroompunt-schelmonde"))
    assert (await stranger.ask(QUESTION)).status_code == 403
    assert (await stranger.ask({**QUESTION, "evaluations": [{}]}, MANY)).status_code == 403
    assert not stranger.notes.written
    assert (await Caller(DUO, frozenset({AANLEVEREN})).ask(QUESTION)).status_code == 403


async def test_many_questions_share_what_stands_above_them_and_are_one_entry() -> None:
    caller = Caller()
    other = but("resource/properties/feiten/overleden", True)["resource"]
    body = {**QUESTION, "evaluations": [{}, {"resource": other}, {}]}
    answer = await caller.ask(body, MANY)
    assert [one["decision"] for one in answer.json()["evaluations"]] == [True, False, True]
    assert len(caller.notes.written) == 1
    for semantic, told in (
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
        ("execute_all", [True, False, True]),
    ):
        answer = await Caller().ask({**body, "options": {"evaluations_semantic": semantic}}, MANY)
        assert [one["decision"] for one in answer.json()["evaluations"]] == told
    assert (await Caller().ask(QUESTION, MANY)).json()["decision"] is True
    assert (await Caller().ask({**QUESTION, "evaluations": [{}] * 1001}, MANY)).json()["fouten"][0]["code"] == "VRAGEN_TE_VEEL"


async def test_the_entry_holds_words_and_digests_and_what_was_asked_is_sealed() -> None:
    caller = Caller()
    await caller.ask(QUESTION)
    ((what, more),) = caller.notes.written
    kind, operation, about, details = what
    assert (kind, operation, about) == ("access", "evaluate", "decision")
    assert more["actor"] == DUO
    assert more["purpose"] == "begeleiding-doorstroompunt"
    assert details["questions"] == details["permitted"] == 1
    assert (details["source"], details["recipient"]) == (DUO, DESK)
    assert "9001" not in repr(details)
    ((row,),) = [rows.rows for rows in more["rows"]]
    assert row[:3] == (LogId("rijnmonde"), DUO, more["ref"])
    assert orjson.loads(row[3][::-1][16:])["request"] == QUESTION


async def test_no_entry_no_answer() -> None:
    class Away:
        async def write(self, *_what: Any, **_more: Any) -> None:
            raise Retry("The log cannot be written.", "The database is away.")

    caller = Caller()
    caller.desk = Desk(clock=caller.desk.clock, evaluator=evaluations(caller.desk.clock, notes=Away()))
    caller._partner = caller.desk.partners.add(DUO, "duo-client", ec_key("asking"), scopes=frozenset({BESLISSINGEN}))
    answer = await caller.ask(QUESTION)
    assert answer.status_code == 503
    assert "decision" not in answer.json()


async def test_the_request_id_comes_back_and_only_a_uuid_may_be_one() -> None:
    mine = str(uuid4())
    assert (await Caller().ask(QUESTION, **{"X-Request-ID": mine})).headers["x-request-id"] == mine
    assert (await Caller().ask(QUESTION, **{"X-Request-ID": new_bsn()})).status_code == 400


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("context/time", "2026-11-02"),
        ("context/time", "1026-11-02T12:00:00Z"),
        ("context/pad", ["duo"]),
        ("context/pad", ["duo", "doorstroompunt-schelmonde"]),
        ("context/traceparent", "mine"),
        ("action/properties", {"processing_activity_id": "https://elders.example.nl/1"}),
        ("resource/properties/elementen", []),
        ("resource/properties/feiten/verklaringen", [{"soort": "bezwaar"}]),
        ("resource/properties/feiten/datum_diploma", "2026-02-31"),
        ("resource", []),
    ],
)
async def test_what_does_not_have_the_agreed_form(path: str, value: Any) -> None:
    answer = await Caller().ask(but(path, value))
    assert answer.status_code == 400
    assert answer.json()["fouten"]


async def test_a_field_twice_is_refused() -> None:
    twice = orjson.dumps(QUESTION).replace(b'"leeftijd":19', b'"leeftijd":15,"leeftijd":19')
    assert (await Caller().ask(twice)).status_code == 400


async def test_where_the_decision_point_is_can_be_read_by_anyone() -> None:
    async with Desk().client() as client:
        told = (await client.get("/.well-known/authzen-configuration")).json()
    assert told == {
        "policy_decision_point": ISSUER,
        "access_evaluation_endpoint": ISSUER + ONE,
        "access_evaluations_endpoint": ISSUER + MANY,
    }
