"""What every answer carries, and how every error is shown."""

from __future__ import annotations

import re

import httpx2
import pytest

from hub.console import static_files
from hub.console.app import create_console
from tests.fakes import console

SECRET = "999990019"

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def policy(answer: httpx2.Response) -> dict[str, list[str]]:
    lines = (line.split() for line in answer.headers["content-security-policy"].split(";"))
    return {name: values for name, *values in lines}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 303),
        ("GET", "/inloggen", 200),
        ("HEAD", "/inloggen", 200),
        ("PUT", "/inloggen", 405),
        ("OPTIONS", "/inloggen", 405),
        ("TRACE", "/", 405),
        ("GET", "/uitloggen", 405),
        ("POST", "/inloggen/terug", 405),
        ("GET", "/inloggen/terug", 403),
        ("GET", "/inloggen/", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/bestaat-niet", 404),
        ("GET", "/functionaris", 303),
        ("DELETE", "/functionaris", 405),
        ("GET", "/static/x/hub.css", 404),
        ("GET", f"/static/{static_files.VERSION}/../app.py", 404),
        ("GET", f"/static/{static_files.VERSION}/vendor/DIGESTS", 404),
        ("GET", "/stuk/ValueError", 500),
    ],
)
async def test_every_answer_carries_the_headers(stranger: httpx2.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await stranger.request(method, path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers
    rules = policy(answer)
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == rules["style-src"] == rules["font-src"] == rules["connect-src"] == ["'self'"]
    assert rules["base-uri"] == rules["frame-ancestors"] == ["'none'"]
    assert rules["form-action"] == ["'self'", *([console.PROVIDER] if path == "/inloggen" else [])]
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_head_has_the_headers_of_get_and_a_wrong_method_is_told_of_the_right_ones(officer: httpx2.AsyncClient) -> None:
    assert (await officer.head("/functionaris")).status_code == 200
    wrong = await officer.put("/functionaris")
    assert wrong.status_code == 405
    assert {word.strip() for word in wrong.headers["allow"].split(",")} == {"GET", "HEAD", "POST"}


async def test_over_tls_the_browser_is_held_to_it() -> None:
    async with console.client(create_console(console.desk(secure=True)), secure=True) as client:
        answer = await client.get("/inloggen")
    assert answer.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("Refused", 403),
        ("Retry", 503),
        ("Conflict", 503),
        ("Malformed", 400),
        ("Misconfigured", 500),
        ("Tampered", 500),
        ("ValueError", 500),
        ("teapot", 400),
        ("bad", 500),
    ],
)
async def test_an_error_is_a_page_in_plain_words(
    stranger: httpx2.AsyncClient, capfd: pytest.CaptureFixture[str], kind: str, status: int
) -> None:
    answer = await stranger.get(f"/stuk/{kind}?gedaan=uitgelogd")
    assert answer.status_code == status
    assert "Wat kunt u nu doen?" in answer.text
    assert SECRET not in answer.text
    assert "U bent uitgelogd" not in answer.text
    assert re.search(r"Kenmerk van deze pagina: <code>[0-9a-f]{32}</code>", answer.text)
    if status == 503:
        assert int(answer.headers["retry-after"]) >= 1
    if kind not in ("teapot", "bad"):
        assert capfd.readouterr().err.count("\n") == 1


async def test_an_error_in_the_page_about_an_error_is_still_told(
    stranger: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr("hub.console.edge.of_error", fail)
    monkeypatch.setattr("hub.console.app.of_error", fail)
    answer = await stranger.get("/stuk/Refused")
    assert (answer.status_code, answer.headers["cache-control"]) == (500, "no-store")
    assert SECRET not in answer.text + capfd.readouterr().err


async def test_static_files_are_kept_for_ever_under_their_version(stranger: httpx2.AsyncClient) -> None:
    for name, media in (
        ("hub.css", "text/css; charset=utf-8"),
        ("vendor/source-sans-3/source-sans-3-latin-400-normal.woff2", "font/woff2"),
        ("hub.svg", "image/svg+xml"),
    ):
        answer = await stranger.get(static_files.href(name))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
    with pytest.raises(KeyError):
        static_files.href("weg.css")


async def test_a_static_file_is_the_same_packed_or_not(stranger: httpx2.AsyncClient) -> None:
    href = static_files.href("parts.css")
    packed = await stranger.get(href, headers={"accept-encoding": "gzip"})
    plain = await stranger.get(href, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content


async def test_what_a_page_loads_is_ours_and_there(stranger: httpx2.AsyncClient) -> None:
    page = (await stranger.get("/inloggen")).text
    loaded = re.findall(r'<(?:link|img|script)[^>]+(?:href|src)="([^"]+)"', page)
    assert len(loaded) >= 5
    for href in loaded:
        assert (await stranger.get(href)).status_code == 200
