"""Signing in and out."""

from __future__ import annotations

from http.cookies import SimpleCookie

import httpx2
import pytest
from fastapi import FastAPI

from hub.console.app import create_console
from hub.console.desk import Desk
from hub.domain.staff import Role
from tests.fakes import console


def cookies(answer: httpx2.Response) -> SimpleCookie:
    jar = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        jar.load(line)
    return jar


async def begin(client: httpx2.AsyncClient, back: str = "/beheer") -> httpx2.Response:
    return await client.post("/inloggen", data={"terug": back})


async def test_the_page_has_one_button_and_keeps_where_someone_was_going(stranger: httpx2.AsyncClient) -> None:
    page = (await stranger.get("/inloggen?terug=/functionaris/logboek")).text
    assert page.count("<button") == 1
    assert '<input type="hidden" name="terug" value="/functionaris/logboek">' in page
    assert '<input type="hidden" name="terug" value="/">' in (await stranger.get("/inloggen?terug=//kwaad.test")).text


async def test_someone_signs_in(desk: Desk, stranger: httpx2.AsyncClient) -> None:
    start = await begin(stranger, "/functionaris/logboek")
    assert (start.status_code, start.headers["location"]) == (303, f"{console.PROVIDER}/authorize?state=s1")
    answer = await stranger.get("/inloggen/terug?code=goed&state=s1&iss=https%3A%2F%2Finloggen.test")
    assert (answer.status_code, answer.headers["location"]) == (303, "/functionaris/logboek")
    assert desk.sign_in.asked == [("goed", "s1", "https://inloggen.test")]  # type: ignore[attr-defined]
    session = cookies(answer)["hub-sessie"]
    assert (session.value, session["httponly"], session["samesite"].lower(), session["path"]) == ("t1", True, "lax", "/")
    assert not session["max-age"]
    assert cookies(answer)["hub-inloggen"]["max-age"] == "0"
    assert (await stranger.get("/")).headers["location"] == "/functionaris"
    assert (await stranger.get("/inloggen?terug=/functionaris/logboek")).headers["location"] == "/functionaris/logboek"


async def test_over_tls_cookies_are_bound_to_this_host() -> None:
    desk = console.desk(secure=True)
    async with console.client(create_console(desk), secure=True) as client:
        start = await begin(client)
        answer = await client.get("/inloggen/terug?code=goed&state=s1")
        for name, jar in (("__Host-hub-inloggen", cookies(start)), ("__Host-hub-sessie", cookies(answer))):
            assert jar[name]["secure"] is True
            assert jar[name]["httponly"] is True
            assert jar[name]["path"] == "/"
            assert not jar[name]["domain"]
        assert (await client.get("/")).headers["location"] == "/functionaris"


@pytest.mark.parametrize("query", ["code=goed&state=s1", "code=goed&state=", "code=goed"])
async def test_a_browser_that_did_not_begin_is_not_signed_in(desk: Desk, stranger: httpx2.AsyncClient, query: str) -> None:
    await desk.sign_in.start("/")
    answer = await stranger.get(f"/inloggen/terug?{query}")
    assert answer.status_code == 403
    assert "Inloggen is niet gelukt" in answer.text
    assert desk.sign_in.asked == []  # type: ignore[attr-defined]
    assert "hub-sessie" not in cookies(answer)


@pytest.mark.parametrize("query", ["code=goed&state=s2", "code=fout&state=s1", "error=access_denied&state=s1"])
async def test_a_sign_in_that_fails_says_so_and_is_over(stranger: httpx2.AsyncClient, query: str) -> None:
    await begin(stranger)
    answer = await stranger.get(f"/inloggen/terug?{query}")
    assert answer.status_code == 403
    assert "Inloggen is niet gelukt" in answer.text
    assert cookies(answer)["hub-inloggen"]["max-age"] == "0"
    assert "hub-sessie" not in cookies(answer)


async def test_a_sign_in_is_not_begun_from_elsewhere(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.post("/inloggen", data={}, headers={"origin": "https://kwaad.test"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_where_a_sign_in_leads_back_to_is_local(desk: Desk, stranger: httpx2.AsyncClient) -> None:
    await begin(stranger, "https://kwaad.test/")
    assert desk.sign_in.back_to == "/"  # type: ignore[attr-defined]
    desk.sign_in.back_to = "//kwaad.test"  # type: ignore[attr-defined]
    assert (await stranger.get("/inloggen/terug?code=goed&state=s1")).headers["location"] == "/"


async def test_a_new_sign_in_ends_the_session_before_it(desk: Desk, stranger: httpx2.AsyncClient) -> None:
    for _ in range(2):
        await begin(stranger)
        await stranger.get("/inloggen/terug?code=goed&state=s1")
    assert list(desk.sessions.kept) == ["t2"]  # type: ignore[attr-defined]


async def test_someone_leaves(desk: Desk, officer: httpx2.AsyncClient) -> None:
    desk.sign_in.end_session = f"{console.PROVIDER}/end"  # type: ignore[attr-defined]
    assert (await officer.post("/uitloggen", data={"csrf": ""})).status_code == 403
    answer = await officer.post("/uitloggen", data={"csrf": "geheim-van-deze-sessie"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/inloggen?gedaan=uitgelogd")
    assert desk.sessions.kept == {}  # type: ignore[attr-defined]
    assert cookies(answer)["hub-sessie"]["max-age"] == "0"
    page = await officer.get(answer.headers["location"], headers={"Host": "elders.example"})
    assert "U bent uitgelogd." in page.text
    assert desk.sign_in.asked == [("", "/inloggen", None)], "no address that a request brought along"  # type: ignore[attr-defined]
    assert f'href="{console.PROVIDER}/end"' in page.text


async def test_whoever_has_no_session_may_leave_too(stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.post("/uitloggen", data={"csrf": ""})).status_code == 303


async def test_both_desks_are_offered_to_whoever_has_both(desk: Desk, app: FastAPI) -> None:
    who = console.staff(Role.privacy_officer, Role.administrator, name="<b>Noor</b>")
    async with console.client(app, await desk.sessions.begin(who)) as client:
        page = (await client.get("/")).text
    assert 'href="/functionaris"' in page
    assert 'href="/beheer"' in page
    assert "&lt;b&gt;Noor&lt;/b&gt;" in page
