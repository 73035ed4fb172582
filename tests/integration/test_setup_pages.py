"""Setting up a connector at the desk: two administrators, no secret on any page, and what was typed stays."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.console.app import create_console
from hub.domain.staff import Role, StaffId
from hub.setups.actor import Actor
from hub.setups.standing import State
from tests.fakes import admin, console
from tests.fakes.certificates import private_key
from tests.fakes.house import House, open_house
from tests.hostile.read import file, line
from tests.integration.test_setups import HOST_KEY, SECRET
from tests.integration.test_setups_tried import tried

NEW = "/beheer/aansluiten/duo_uitval/instellen"
HERE = "/beheer/koppelingen/duo-lijst/instelling"
CSRF = {"csrf": console.Session(console.staff()).csrf}
TYPED = {
    "weg": "sftp",
    "koppelingId": "duo-lijst",
    "partij": "duo",
    "adres": "sftp://sftp.duo.example:22",
    "optie-username": "hub",
    "optie-folder": "/uit",
    "schema": "every 15m",
    "rustSeconden": "30",
}
BRAM = "m-fedcba9876543210"
NAMES = {str(admin.WHO.staff_id): "Anna", BRAM: "Bram"}


@dataclass
class Browser:
    house: House
    setups: Any
    client: httpx2.AsyncClient

    async def see(self, path: str = HERE, status: int = 200) -> str:
        answer = await self.client.get(path)
        assert answer.status_code == status, path
        return self._told(answer)

    async def post(self, path: str = HERE, status: int = 303, **fields: str) -> str:
        answer = await self.client.post(path, data={**CSRF, **fields})
        assert answer.status_code == status, (path, fields.keys(), re.findall(r"alert__title.*", answer.text))
        return self._told(answer)

    async def bring(self, path: str, data: bytes, status: int = 200, **fields: str) -> str:
        files = {"bestand": ("999990019-Verzonnen.csv", data, "text/csv")}
        answer = await self.client.post(path, data={**CSRF, **fields}, files=files)
        assert answer.status_code == status, path
        return self._told(answer)

    def _told(self, answer: httpx2.Response) -> str:
        text = answer.text + str(answer.headers)
        assert SECRET.decode() not in text
        assert "PRIVATE KEY-----" not in text.replace("-----BEGIN tot en met -----END", "")
        assert "Verzonnen" not in text
        return text

    async def touched(self) -> str:
        """What the page that they look at says was done last."""
        return re.findall(r'name="gezien" value="([0-9]+)"', await self.see())[-1]


async def open_browser(house: House, setups: Any, who: str = admin.WHO.staff_id, *roles: Role) -> Browser:
    base = console.desk()
    made = admin.administrator(house)

    async def names() -> MappingProxyType[str, str]:
        return MappingProxyType(NAMES)

    desk = replace(made, setups=setups, kinds=setups.connectors, names=names)
    staff = replace(admin.WHO, staff_id=StaffId(who), roles=frozenset(roles or (Role.administrator,)))
    token = await base.sessions.begin(staff)
    return Browser(house, setups, console.client(create_console(replace(base, administrator=desk, clock=house.clock)), token))


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
async def anna(house: House) -> Browser:
    return await open_browser(house, tried(house))


@pytest.fixture
async def bram(house: House, anna: Browser) -> Browser:
    return await open_browser(house, anna.setups, BRAM)


async def test_one_sets_up_and_another_activates(anna: Browser, bram: Browser) -> None:
    assert f'href="{NEW}"' in await anna.see("/beheer/aansluiten/duo_uitval")
    form = await anna.see(NEW)
    assert all(f'name="{name}"' in form for name in TYPED)
    assert "gedaan=koppeling-gemaakt" in await anna.post(NEW, **TYPED)
    assert "nodig" in await anna.see()
    assert "Hostsleutel van de server van de partner: Dit is verplicht" in await anna.post(status=400, doe="voorleggen")
    assert "Private sleutel van de hub of Wachtwoord: " in await anna.post(f"{HERE}/test", 400, versie="1")
    await anna.post(f"{HERE}/sleutels/known_hosts", waarde=HOST_KEY.decode(), wachtwoordzin="")
    await anna.bring(f"{HERE}/sleutels/private_key/bestand", private_key(SECRET), 303, wachtwoordzin=SECRET.decode())
    page = await anna.bring(
        f"{HERE}/voorbeeld", file(line(1, INSTELLINGSCODE="98ZZ"), line(2, GEMEENTECODE="0001")), versie="1"
    )
    for words in ("1 van de 2 rijen", "gemeente", "GEBOORTEDATUM", "legde de kolommen vast"):
        assert words in page, words
    await anna.post(doe="voorleggen")
    assert "Zet versie 1 aan" not in await anna.see()
    await anna.post(status=400, doe="aanzetten", versie="1", gezien="1")
    page = await bram.see()
    assert "Zet versie 1 aan" in page
    assert "Dit deden: Anna, aan het scherm" in page
    seen = await bram.touched()
    assert "gedaan=koppeling-aangezet" in await bram.post(doe="aanzetten", versie="1", gezien=seen)
    (runs,) = await anna.setups.active()
    assert runs.endpoint.credentials["private_key"].startswith(b"-----BEGIN PRIVATE KEY")
    assert runs.setup.settle_s == 30
    assert "Een collega was u voor" in await bram.post(status=400, doe="aanzetten", versie="1", gezien=seen)


async def test_what_is_refused_stays_typed_but_for_what_could_be_a_secret(anna: Browser) -> None:
    page = await anna.post(NEW, 400, **{**TYPED, "adres": f"sftp://hub:{SECRET.decode()}@duo.example:22", "schema": "soms"})
    assert "duo.example:22" in page
    assert 'value="soms"' in page
    assert "Een geheim geeft u straks apart" in page
    page = await anna.post(NEW, 400, **{**TYPED, "optie-folder": "-----BEGIN PRIVATE KEY-----", "perMinuut": "veel"})
    assert 'value="veel"' in page
    await anna.post(NEW, **TYPED)
    assert "heet al zo" in await anna.post(NEW, 400, **TYPED), "a second click makes no second one"
    page = await anna.post(f"{HERE}/sleutels/private_key", 400, waarde=SECRET.decode(), wachtwoordzin="")
    assert "geen sleutel" in page
    page = await anna.post(f"{HERE}/sleutels/private_key", 400, waarde=private_key(SECRET).decode(), wachtwoordzin="")
    assert "ssh-keygen -p" in page
    assert "Dit is te groot" in await anna.bring(f"{HERE}/sleutels/known_hosts/bestand", b"x" * 300_000, 400, wachtwoordzin="")


async def test_of_two_administrators_at_once_the_second_looks_again(anna: Browser, bram: Browser) -> None:
    await anna.post(NEW, **TYPED)
    for name, value in (("known_hosts", HOST_KEY), ("password", SECRET)):
        await anna.post(f"{HERE}/sleutels/{name}", waarde=value.decode(), wachtwoordzin="")
    await anna.post(doe="voorleggen")
    seen = await bram.touched()
    await anna.post(f"{HERE}/sleutels/password", waarde="another-secret", wachtwoordzin="")
    await anna.post(doe="voorleggen")
    assert "Een collega was u voor" in await bram.post(status=400, doe="aanzetten", versie="1", gezien=seen)
    await bram.post(doe="aanzetten", versie="1", gezien=await bram.touched())
    change = {**TYPED, "versie": "1", "schema": "daily 06:30"}
    await anna.post(f"{HERE}/wijzigen", **change)
    page = await bram.post(f"{HERE}/wijzigen", 400, **{**change, "schema": "daily 07:00"})
    assert "Een collega was u voor" in page
    assert 'value="daily 07:00"' in page
    assert "daily 06:30" in await bram.see(f"{HERE}/verschil?van=1&tot=2")
    await bram.post(doe="terugzetten", versie="1")
    await bram.post(doe="stilzetten")
    await bram.post(doe="doorgaan")
    assert "Kies waarom" in await anna.post(status=400, doe="alleen", versie="3", gezien="1", reden="zomaar")
    await anna.post(doe="alleen", versie="3", gezien=await anna.touched(), reden="STORING")
    assert "Bevestig wat er is aangezet" not in await anna.see()
    await bram.post(doe="bevestigen")
    await anna.post(f"{HERE}/beeindigen", 400)
    await anna.post(f"{HERE}/beeindigen", zeker="ja")
    assert (await anna.setups.show("duo-lijst")).standing.state is State.ended


async def test_a_person_with_two_hands_is_told_so(anna: Browser, bram: Browser) -> None:
    await anna.setups.tie(Actor.client("anna-tooling"), admin.WHO.staff_id, Actor.staff(admin.WHO))
    await anna.post(NEW, **TYPED)
    await anna.setups.credential("duo-lijst", "known_hosts", HOST_KEY, Actor.client("anna-tooling"))
    page = await bram.see()
    assert "systeem anna-tooling (van Anna)" in page


async def test_only_an_administrator_with_a_form_of_ours_sets_up(house: House, anna: Browser) -> None:
    await anna.post(NEW, **TYPED)
    before = len(await house.entries())
    assert (await anna.client.post(HERE, data={"csrf": "x", "doe": "voorleggen"})).status_code == 403
    assert (
        await anna.client.post(HERE, data={**CSRF, "doe": "voorleggen"}, headers={"Origin": "https://x.test"})
    ).status_code == 403
    await anna.post(status=400, doe="iets")
    await anna.see("/beheer/koppelingen/bestaat-niet/instelling", 404)
    await anna.see(f"{HERE}/sleutels/bestaat-niet", 404)
    await anna.see(f"{HERE}/verschil?van=1&tot=9", 404)
    await anna.see("/beheer/aansluiten/duo_uitval/instellen?weg=telegram", 400)
    await anna.bring(f"{HERE}/voorbeeld", b"x" * (9 << 20), 413, versie="1")
    officer = await open_browser(house, anna.setups, BRAM, Role.privacy_officer)
    for path in (NEW, HERE, f"{HERE}/wijzigen", f"{HERE}/beeindigen", f"{HERE}/sleutels/password"):
        await officer.see(path, 403)
    await officer.post(status=403, doe="stilzetten")
    await officer.bring(f"{HERE}/sleutels/password/bestand", SECRET, 403, wachtwoordzin="")
    assert len(await house.entries()) == before


async def test_what_the_form_does_not_ask_stays_as_it_is(anna: Browser) -> None:
    await anna.post(NEW, **TYPED)
    by = Actor.staff(admin.WHO)
    await anna.setups.change("duo-lijst", (await anna.setups.show("duo-lijst")).newest.model_copy(update={"batch": 7}), by)
    await anna.post(f"{HERE}/wijzigen", **{**TYPED, "versie": "2", "schema": "daily 06:30"})
    newest = (await anna.setups.show("duo-lijst")).newest
    assert (newest.batch, newest.schedule, newest.options) == (7, "daily 06:30", {"username": "hub", "folder": "/uit"})


async def test_every_kind_has_a_form_over_each_of_its_ways(anna: Browser) -> None:
    for name, kind in anna.setups.connectors.items():
        for way in kind.manifest.transport.protocols:
            page = await anna.see(f"/beheer/aansluiten/{name}/instellen?weg={way}")
            assert all(f'name="optie-{one.name}"' in page for one in kind.options(way))
