"""The officer's desk over a real log: what each page answers, to whom, and what of it is logged."""

from __future__ import annotations

import csv
import io
import re
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import orjson
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.checkpoint import check_receipt
from hub.audit.entry import PERSONAL
from hub.audit.tree import Frontier, leaf_hash, verify_consistency
from hub.consent.model import Life
from hub.console.app import create_console
from hub.domain.terms import PolicyHash, ReasonCode
from hub.rules import Rules
from tests import canary
from tests.fakes import console
from tests.fakes.house import DESK, House, body, open_house
from tests.fakes.officer import ADMINISTRATOR, AUDITOR, FG, OFFICER, console_over

BASE = "/functionaris"
CSRF = console.Session(console.staff()).csrf
PAGES = ("", "/logboek", "/weigeringen", "/controle")
SOMEBODY, NOBODY = (number for number, _ in zip(canary.numbers(), range(2), strict=False))


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
async def app(house: House) -> FastAPI:
    return await console_over(house)


@pytest.fixture
async def officer(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with console.client(app, OFFICER) as client:
        yield client


async def post(client: httpx2.AsyncClient, path: str, **fields: str) -> httpx2.Response:
    form = urlencode({"csrf": CSRF, **fields})
    return await client.post(BASE + path, content=form, headers={"content-type": "application/x-www-form-urlencoded"})


async def first_of(house: House, kind: str) -> dict[str, object]:
    return next(entry for entry in await house.entries() if entry["kind"] == kind)


@pytest.mark.parametrize(
    ("token", "path", "status"),
    [
        *((token, path, 200) for token in (OFFICER, FG, AUDITOR) for path in PAGES),
        *((ADMINISTRATOR, path, 403) for path in (*PAGES, "/persoon", "/logboek/tegels/checkpoint")),
        (OFFICER, "/persoon", 200),
        (FG, "/persoon", 200),
        (AUDITOR, "/persoon", 403),
    ],
)
async def test_who_sees_which_page(house: House, app: FastAPI, token: str, path: str, status: int) -> None:
    await house.send(body(0))
    async with console.client(app, token) as client:
        assert (await client.get(BASE + path)).status_code == status


async def test_pages_of_an_empty_log_say_so(officer: httpx2.AsyncClient) -> None:
    empty = (("", "Het logboek is nog leeg"), ("", "Niets opvallends"), ("/weigeringen", "niets geweigerd"))
    for path, words in (*empty, ("/logboek", "Geen regel past")):
        answer = await officer.get(BASE + path)
        assert (answer.status_code, words in answer.text) == (200, True)


async def test_the_log_is_filtered_by_words_and_days(house: House, officer: httpx2.AsyncClient) -> None:
    await house.send(body(0))
    await house.send(body(1, geboortedatum="2001-01-01"))
    refused = [entry for entry in await house.entries() if entry["kind"] == "refusal"]
    found = (await officer.get(f"{BASE}/logboek?soort=refusal&reden={refused[0]['reasons'][0]}")).text
    assert refused[0]["ref"] in found
    assert not any(entry["ref"] in found for entry in await house.entries() if entry["kind"] == "disclosure")
    assert "Geen regel past" in (await officer.get(f"{BASE}/logboek?tot=2026-11-01")).text
    assert refused[0]["ref"] in (await officer.get(f"{BASE}/logboek?van=2026-11-02&tot=2026-11-02")).text
    assert "Dit is geen datum" in (await officer.get(f"{BASE}/logboek?van=morgen")).text
    assert (await officer.get(f"{BASE}/logboek?ontvanger=%3Cscript%3E")).status_code == 400
    assert (await officer.get(f"{BASE}/logboek?na=x")).status_code == 400


async def test_the_log_turns_over_and_sorts(house: House, officer: httpx2.AsyncClient) -> None:
    await house.drop([body(number) for number in range(40)])
    entries = await house.entries()
    seen: list[str] = []
    address = f"{BASE}/logboek?sorteer=ontvanger&richting=op"
    while address:
        page = (await officer.get(address)).text
        seen += re.findall(r'href="/functionaris/logboek/([0-9a-f-]{36})"', page)
        following = re.search(r'hub-next" href="([^"#]+)', page)
        address = f"{BASE}/logboek{following[1].replace('&amp;', '&')}" if following else ""
    assert sorted(seen) == sorted(str(entry["ref"]) for entry in entries)
    by_ref = {entry["ref"]: entry.get("recipient", "") for entry in entries}
    assert [by_ref[ref] for ref in seen] == sorted(by_ref.values())


async def test_whoever_looks_at_the_log_is_in_it_once(house: House, officer: httpx2.AsyncClient) -> None:
    await house.send(body(0))
    shown = (await officer.get(f"{BASE}/logboek?soort=disclosure&gegeven=bsn")).text
    await officer.get(f"{BASE}/logboek?soort=disclosure&gegeven=bsn")
    last = (await house.entries())[-1]
    assert (last["kind"], last["operation"]) == ("access", "read-log")
    assert last["details"] == {"kind": "disclosure", "element": "bsn", "staff": str(console.staff().staff_id)}
    before = len(await house.entries())
    ref = (await first_of(house, "disclosure"))["ref"]
    assert str(ref) in shown
    for path in (f"/logboek/{ref}", f"/logboek/{ref}/regel", f"/logboek/{ref}/ontvangstbewijs"):
        await officer.get(BASE + path)
    assert [(one["operation"], one["details"]["entry"]) for one in (await house.entries())[before:]] == [("read-entry", ref)]
    house.clock.us += 11 * 60 * 1_000_000
    await officer.get(f"{BASE}/logboek/{ref}")
    assert len(await house.entries()) == before + 2


async def test_reasons_are_searched_by_words(house: House, officer: httpx2.AsyncClient) -> None:
    await house.send(body(0, geboortedatum="2001-01-01"))
    refusal = await first_of(house, "refusal")
    sentence = house.route.rules.policy.reasons[ReasonCode(refusal["reasons"][0])].text_nl  # type: ignore[index]
    word = max(re.findall(r"[a-z]+", sentence), key=len)
    page = (await officer.get(f"{BASE}/logboek?zoek={word}")).text
    assert "Uw woorden staan in" in page
    assert str(refusal["ref"]) in page
    assert (await house.entries())[-1]["details"]["one-of-1"] == refusal["reasons"][0]  # type: ignore[index]
    assert "bevat deze woorden" not in page
    assert "bevat deze woorden" in (await officer.get(f"{BASE}/logboek?zoek=fietsenstalling")).text
    sealed = (await officer.get(f"{BASE}/logboek?zoek=toestemming")).text
    assert "zijn verzegeld" in sealed
    assert house.route.rules.policy.reasons[ReasonCode("TOESTEMMING_ONTBREEKT")].text_nl in sealed
    assert (
        "komen in het logboek niet voor"
        in (await officer.get(f"{BASE}/logboek?zoek=gegevensbeschermingseffectbeoordeling")).text
    )
    assert "met alleen letters" in (await officer.get(f"{BASE}/logboek?zoek=a;b")).text
    wrong = await officer.get(f"{BASE}/logboek?zoek={NOBODY}")
    assert (wrong.status_code, NOBODY in wrong.text) == (400, False)


async def test_an_entry_is_told_and_proved(house: House, officer: httpx2.AsyncClient) -> None:
    await house.send(body(0))
    handed = await house.route.release(DESK, 1)
    ref = handed.deliveries[0].delivery_id
    page = await officer.get(f"{BASE}/logboek/{ref}")
    for words in ("Waarom mocht dit?", "Wat ging er mee?", "Op welke wet", "Afgegeven", "Controleer in deze browser"):
        assert words in page.text
    entry = await officer.get(f"{BASE}/logboek/{ref}/regel")
    receipt = await officer.get(f"{BASE}/logboek/{ref}/ontvangstbewijs")
    assert check_receipt(receipt.text, entry.content, house.log.vkey).size == len(await house.entries())
    outcome = next(one for one in await house.entries() if one["kind"] == "outcome")
    told = (await officer.get(f"{BASE}/logboek/{outcome['ref']}")).text
    assert f"{BASE}/logboek/{ref}" in told
    assert (await officer.get(f"{BASE}/logboek/{uuid4()}")).status_code == 404
    assert (await officer.get(f"{BASE}/logboek/niets")).status_code == 404


async def test_an_entry_by_a_policy_that_was_not_kept_says_so(house: House, app: FastAPI, officer: httpx2.AsyncClient) -> None:
    await house.send(body(0))
    ref = (await first_of(house, "disclosure"))["ref"]
    other = console_policy_of(app, "0" * 64)
    async with console.client(other, OFFICER) as client:
        page = (await client.get(f"{BASE}/logboek/{ref}")).text
    assert "De afspraken van toen ontbreken" in page
    assert "afspraken van toen" not in (await officer.get(f"{BASE}/logboek/{ref}")).text


def console_policy_of(app: FastAPI, policy_hash: str) -> FastAPI:
    """The same console, which uses another policy set by now."""
    desk = app.state.desk
    policy = replace(desk.officer.policy, hash=PolicyHash(policy_hash))
    return create_console(replace(desk, officer=replace(desk.officer, rules=Rules(policy))))


async def test_a_person_is_searched_with_a_reason_and_the_number_is_nowhere(house: House, officer: httpx2.AsyncClient) -> None:
    await house.send(body(0))
    handed = await house.route.release(DESK, 1)
    answer = await post(officer, "/persoon", nummer=f" {SOMEBODY[:4]} {SOMEBODY[4:]}", reden="inzageverzoek")
    assert answer.status_code == 200
    assert SOMEBODY not in answer.text
    assert "Verzonnen" not in answer.text
    assert "zijn gegevens aangeboden. De ontvangst is niet bevestigd; ze kunnen zijn aangekomen." in answer.text
    assert "kreeg 1 keer" not in answer.text
    assert str(handed.deliveries[0].delivery_id) in answer.text
    assert answer.headers["cache-control"] == "no-store"
    last = (await house.entries())[-1]
    assert (last["kind"], last["operation"], last["details"]["reason"]) == ("access", "search-person", "inzageverzoek")
    await house.route.acknowledge(DESK, [handed.deliveries[0].delivery_id])
    again = await post(officer, "/persoon", nummer=SOMEBODY, reden="controle-fg")
    assert "kreeg 1 keer gegevens over deze persoon" in again.text
    assert last["ref"] in again.text  # who searched before
    who = f"Noor de Wit ({last['details']['staff']})"
    assert f"Medewerker {who}" in again.text
    assert who in (await officer.get(f"{BASE}/logboek")).text
    assert who in (await officer.get(f"{BASE}/logboek/{last['ref']}")).text
    refs = re.search(r'name="regels" value="([^"]+)"', answer.text)
    assert refs
    file = orjson.loads((await post(officer, "/persoon/bewijs", regels=refs[1])).content)
    for one in file["entries"]:
        check_receipt(one["receipt"], one["entry"].encode(), house.log.vkey)
    assert [one["ref"] for one in file["entries"]].count(last["ref"]) == 1
    assert (await house.entries())[-1]["kind"] == "export"
    sheet = await post(officer, "/persoon/bewijs", regels=refs[1], vorm="csv")
    rows = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig")), delimiter=";"))
    assert {row[-1] for row in rows[1:]} == set(refs[1].split(" "))
    assert (await house.entries())[-1]["details"]["form"] == "csv"
    assert (await post(officer, "/persoon/bewijs", regels=refs[1], vorm="pdf")).status_code == 400
    for made_up in ("", "x", str(uuid4()), f"{last['ref']} {uuid4()}"):
        assert (await post(officer, "/persoon/bewijs", regels=made_up)).status_code == 400
    searched = (await officer.get(f"{BASE}/logboek/{last['ref']}")).text
    assert "Inzageverzoek van de jongere" in searched


async def test_a_refusal_is_told_in_full_to_who_searches(house: House, officer: httpx2.AsyncClient) -> None:
    await house.send(body(0, startkwalificatie=True))
    refusal = await first_of(house, "refusal")
    answer = await post(officer, "/persoon", nummer=SOMEBODY, reden="klacht-of-bezwaar")
    assert PERSONAL in str(refusal["reasons"])
    assert f"<code>{PERSONAL}</code>" in (await officer.get(f"{BASE}/logboek/{refusal['ref']}")).text
    assert f"<code>{PERSONAL}</code>" not in answer.text
    assert "niets gegeven" in answer.text


@pytest.mark.parametrize(
    "fields",
    [
        {"nummer": "123456789", "reden": "inzageverzoek"},
        {"nummer": "", "reden": "inzageverzoek"},
        {"nummer": SOMEBODY, "reden": ""},
        {"nummer": SOMEBODY, "reden": "nieuwsgierig"},
    ],
)
async def test_a_wrong_form_is_told_without_what_stood_in_it(
    house: House, officer: httpx2.AsyncClient, fields: dict[str, str]
) -> None:
    answer = await post(officer, "/persoon", **fields)
    assert answer.status_code == 400
    assert "Controleer het formulier" in answer.text
    assert not any(value in answer.text for value in (SOMEBODY, "123456789", "nieuwsgierig"))
    assert await house.entries() == []


async def test_nothing_found_is_said(house: House, officer: httpx2.AsyncClient) -> None:
    await house.send(body(0))
    answer = await post(officer, "/persoon", nummer=NOBODY, reden="inzageverzoek")
    assert "Over deze persoon is niets gegeven of geweigerd" in answer.text


async def test_an_auditor_searches_nobody(house: House, app: FastAPI) -> None:
    async with console.client(app, AUDITOR) as auditor:
        assert (await post(auditor, "/persoon", nummer=SOMEBODY, reden="inzageverzoek")).status_code == 403
        assert (await post(auditor, "/persoon/bewijs", regels=str(uuid4()))).status_code == 403
    assert await house.entries() == []


async def test_a_selection_is_handed_out_and_logged_first(house: House, officer: httpx2.AsyncClient) -> None:
    await house.drop([body(number) for number in range(3)])
    given = [entry for entry in await house.entries() if entry["kind"] == "disclosure"]
    answer = await post(officer, "/logboek/uitgifte", soort="disclosure", vorm="csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [row[-1] for row in rows[1:]] == [entry["ref"] for entry in given]
    answer = await post(officer, "/logboek/uitgifte", soort="disclosure", vorm="bewijs")
    assert [one["ref"] for one in orjson.loads(answer.content)["entries"]] == [entry["ref"] for entry in given]
    exports = [entry for entry in await house.entries() if entry["kind"] == "export"]
    assert [(one["about"], one["details"]["count"], one["details"]["form"]) for one in exports] == [
        ("selection", len(given), "csv"),
        ("selection", len(given), "bewijs"),
    ]
    await post(officer, "/logboek/uitgifte", soort="disclosure", van="2026-11-02", vorm="csv")
    told = (await officer.get(f"{BASE}/logboek/{(await house.entries())[-1]['ref']}")).text
    assert "2 november 2026, 00:00" in told
    assert (await post(officer, "/logboek/uitgifte", soort="erasure", vorm="bewijs")).status_code == 400
    assert (await post(officer, "/logboek/uitgifte", vorm="x")).status_code == 400
    unsigned = await officer.post(f"{BASE}/logboek/uitgifte", headers={"content-type": "application/x-www-form-urlencoded"})
    assert unsigned.status_code == 403


async def test_refusals_are_counted_by_reason_and_recipient(house: House, officer: httpx2.AsyncClient) -> None:
    await house.drop([body(number, geboortedatum="2001-01-01") for number in range(3)])
    refused = [entry for entry in await house.entries() if entry["kind"] == "refusal"]
    page = (await officer.get(f"{BASE}/weigeringen")).text
    assert f"<strong>{len(refused)}</strong>" in page
    rows = (await officer.get(f"{BASE}/weigeringen?tabel=reden&formaat=csv")).content.decode("utf-8-sig")
    counts = [int(row[-1]) for row in list(csv.reader(io.StringIO(rows), delimiter=";"))[1:]]
    assert sum(counts) == sum(len(entry["reasons"]) for entry in refused)


async def test_whether_a_sort_of_data_was_ever_given_is_answered_a_no_included(
    house: House, officer: httpx2.AsyncClient, app: FastAPI
) -> None:
    await house.send(body(0))
    (entry, *_) = [each for each in await house.entries() if each["kind"] == "disclosure"]
    asked = f"{BASE}/logboek/gegevens?ontvanger={entry['recipient']}"
    page = (await officer.get(f"{asked}&zoek=verzuim")).text
    assert "Nee: in dit hele logboek is geen van deze" in page
    assert "begindatum van het verzuim" in page
    async with console.client(app, AUDITOR) as auditor:
        page = (await auditor.get(f"{asked}&zoek=geboortedatum&tabel=gegevens&formaat=csv")).content.decode("utf-8-sig")
    (row,) = list(csv.reader(io.StringIO(page), delimiter=";"))[1:]
    assert (row[:2], row[3]) == (["geboortedatum", "1"], "Ja, onder voorwaarden")
    assert "Ja: 1 van de 1" in (await officer.get(f"{asked}&zoek=geboortedatum")).text
    assert "Nee: in dit hele logboek" in (await officer.get(f"{BASE}/logboek/gegevens?ontvanger=duo&zoek=geboortedatum")).text
    rules, life = house.route.rules, house.route.rules.life
    rules.put(rules.policy, Life({each.id: ReasonCode("AFSPRAAK_GESCHORST") for each in rules.policy.agreements}, frozenset()))
    try:
        assert "Ja, onder voorwaarden" not in (await officer.get(f"{asked}&zoek=geboortedatum")).text
    finally:
        rules.put(rules.policy, life)  # every house has them
    for wrong in ("ontvanger=niemand", "zoek=999990019"):
        assert (await officer.get(f"{BASE}/logboek/gegevens?{wrong}")).status_code == 400
    async with console.client(app, ADMINISTRATOR) as administrator:
        assert (await administrator.get(f"{BASE}/logboek/gegevens")).status_code == 403


async def test_the_files_of_the_log_are_those_of_its_export(house: House, officer: httpx2.AsyncClient) -> None:
    await house.drop([body(number) for number in range(140)])
    await officer.get(f"{BASE}/controle")  # that the whole log is read, is in it first
    for path, content in [file async for file in house.log.export()]:
        answer = await officer.get(f"{BASE}/logboek/tegels/{path}")
        assert (answer.status_code, answer.content == content) == (200, True), path
    for path in ("tile/entries/009", "tile/entries/000.p/256", "tile/entries/000.p/999", "tile/8/000", "tile/0/x000/000", "x"):
        assert (await officer.get(f"{BASE}/logboek/tegels/{path}")).status_code == 404, path


async def test_growth_is_proved_between_any_two_sizes(house: House, officer: httpx2.AsyncClient) -> None:
    await house.drop([body(number) for number in range(140)])
    leaves = [leaf_hash(bytes(row["body"])) for row in await house.rows("SELECT body FROM audit_entry ORDER BY seq")]
    size = len(leaves)
    assert size > 256  # so that tiles are complete by now that were open at the sizes asked for
    for older, newer in ((3, 9), (3, 200), (200, 256), (200, 257), (256, size), (7, size), (size, size)):
        answer = await officer.get(f"{BASE}/controle/groei?van={older}&tot={newer}")
        proof = [b64decode(part) for part in answer.json()["proof"]]
        roots = [Frontier().extend(leaves[:count]).root for count in (older, newer)]
        verify_consistency(older, roots[0], newer, roots[1], proof)
    for query, status in ((f"van=1&tot={size + 1}", 404), ("van=3&tot=2", 404), ("van=0&tot=1", 400), ("van=x&tot=1", 400)):
        assert (await officer.get(f"{BASE}/controle/groei?{query}")).status_code == status
