"""Who is let in, and which forms are taken."""

from __future__ import annotations

import httpx2
import pytest
from fastapi import FastAPI

from hub.console.desk import Desk
from hub.console.form import BODY_LIMIT, FIELDS_LIMIT
from hub.console.gate import local
from hub.domain.staff import Role
from tests.fakes import console

CSRF = "geheim-van-deze-sessie"
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def test_a_stranger_is_sent_to_sign_in_and_back(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/functionaris?van=2026-01-01&doel=x")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/inloggen?terug=/functionaris%3Fvan%3D2026-01-01%26doel%3Dx"


async def test_an_unknown_or_odd_session_is_no_session(app: FastAPI) -> None:
    for token in ("t99", "x" * 600, "a b"):
        async with console.client(app) as client:
            answer = await client.get("/functionaris", headers={"cookie": f"hub-sessie={token}"})
        assert answer.status_code == 303


@pytest.mark.parametrize(
    ("roles", "path", "status"),
    [
        ((Role.privacy_officer,), "/functionaris", 200),
        ((Role.fg,), "/functionaris", 200),
        ((Role.auditor,), "/functionaris", 403),
        ((Role.administrator,), "/functionaris", 403),
        ((Role.privacy_officer,), "/beheer/quarantaine/1", 403),
        ((Role.administrator,), "/beheer/quarantaine/1", 200),
        ((Role.privacy_officer, Role.administrator), "/beheer/quarantaine/1", 200),
        ((), "/functionaris", 403),
        ((), "/", 403),
    ],
)
async def test_a_page_is_for_its_roles(desk: Desk, app: FastAPI, roles: tuple[Role, ...], path: str, status: int) -> None:
    token = await desk.sessions.begin(console.staff(*roles))
    async with console.client(app, token) as client:
        answer = await client.get(path)
    assert answer.status_code == status
    if not roles:
        assert "U hebt nog geen rol in de hub" in answer.text


async def test_a_form_of_our_own_is_taken(officer: httpx2.AsyncClient) -> None:
    answer = await officer.post(
        "/functionaris", data={"csrf": CSRF, "reden": "  vraag één ", "tekst": "a\r\n b ", "vink": ["x", "y"]}
    )
    assert (answer.status_code, answer.text) == (200, "vraag één|a\n b |x,y")


@pytest.mark.parametrize("csrf", [None, "", "geheim", CSRF + "x", CSRF.upper()])
async def test_a_form_without_our_secret_is_refused(officer: httpx2.AsyncClient, csrf: str | None) -> None:
    answer = await officer.post("/functionaris", data={"reden": "x"} | ({} if csrf is None else {"csrf": csrf}))
    assert answer.status_code == 403
    assert "Dit formulier is verlopen" in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": console.ORIGIN}, 200),
        ({"origin": "https://kwaad.test"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": console.ORIGIN + ".kwaad.test"}, 403),
        ({"origin": "http://x@hub.test"}, 403),
        ({}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "same-site", "origin": console.ORIGIN}, 403),
        ({"sec-fetch-site": "cross-site", "origin": console.ORIGIN}, 403),
        ({"sec-fetch-site": "none"}, 403),
    ],
)
async def test_a_form_from_elsewhere_is_refused(officer: httpx2.AsyncClient, headers: dict[str, str], status: int) -> None:
    del officer.headers["origin"]
    answer = await officer.post("/functionaris", data={"csrf": CSRF}, headers=headers)
    assert answer.status_code == status


async def test_a_stranger_posts_nothing(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.post("/functionaris", data={"csrf": CSRF})
    assert (answer.status_code, answer.headers["location"]) == (303, "/inloggen")


async def test_a_role_is_asked_of_forms_too(desk: Desk, app: FastAPI) -> None:
    token = await desk.sessions.begin(console.staff(Role.fg))
    async with console.client(app, token) as client:
        assert (await client.post("/functionaris", data={"csrf": CSRF})).status_code == 403


async def test_a_handler_that_forgets_to_check_its_form_handles_none(officer: httpx2.AsyncClient) -> None:
    assert (await officer.post("/functionaris/controle", data={"csrf": CSRF})).status_code == 405


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (f"csrf={CSRF}", FORM, 200),
        (f"csrf={CSRF}", {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}, 200),
        (f"csrf={CSRF}", {"content-type": "text/plain"}, 400),
        (f"csrf={CSRF}", {"content-type": "application/x-www-form-urlencoded; charset=latin-1"}, 400),
        (f"csrf={CSRF}", {"content-type": "multipart/form-data; boundary=x"}, 400),
        (f"csrf={CSRF}", FORM | {"content-encoding": "gzip"}, 400),
        (f"csrf={CSRF}", {}, 400),
        (f"csrf={CSRF}&csrf={CSRF}", FORM, 400),
        (f"csrf={CSRF}&reden=a&reden=b", FORM, 400),
        (f"csrf={CSRF}&reden=%ff", FORM, 400),
        (f"csrf={CSRF}&reden=é", FORM, 400),
        (f"csrf={CSRF}&reden=%00", FORM, 400),
        (f"csrf={CSRF}" + "&x=1" * FIELDS_LIMIT, FORM, 400),
        (f"csrf={CSRF}&tekst=" + "x" * (BODY_LIMIT - 100), FORM, 200),
        (f"csrf={CSRF}&tekst=" + "x" * BODY_LIMIT, FORM, 413),
    ],
)
async def test_only_a_plain_form_is_read(officer: httpx2.AsyncClient, body: str, headers: dict[str, str], status: int) -> None:
    answer = await officer.post("/functionaris", content=body.encode(), headers=headers)
    assert answer.status_code == status


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(officer: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless():  # type: ignore[no-untyped-def]
        nonlocal sent
        yield f"csrf={CSRF}&tekst=".encode()
        for _ in range(64):
            sent += 1
            yield b"x" * (BODY_LIMIT // 8)

    answer = await officer.post("/functionaris", content=endless(), headers=FORM)
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/", "/beheer", "/functionaris/logboek?van=2026-01-01&naar=//x", "/a#b"])
def test_a_path_of_ours_is_one_to_go_back_to(path: str) -> None:
    assert local(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "beheer",
        "https://kwaad.test/",
        "//kwaad.test",
        "/\\kwaad.test",
        "\\\\kwaad.test",
        "/a\\b",
        "/\t/kwaad.test",
        "/\r\nSet-Cookie: a=b",
        " /beheer",
        "/beheer ",
        "javascript:alert(1)",
        "/é",
        "/inloggen",
        "/inloggen/terug?code=x",
        "/uitloggen",
        "/" + "a" * 2000,
    ],
)
def test_any_other_leads_to_the_beginning(path: str) -> None:
    assert local(path) == "/"
