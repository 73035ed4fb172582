"""The checks in a real browser: what holds is said to hold, and of what was changed the step that fails is named."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Route
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.checkpoint import VerifierKey
from tests import canary
from tests.fakes.house import DESK, House, body, open_house
from tests.fakes.officer import OFFICER, console_over

Change = Callable[[bytes], bytes]


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        await opened.drop([body(number) for number in range(150)])
        await opened.send(body(150, geboortedatum="2001-01-01"))
        handed = await opened.route.release(DESK, 3)
        await opened.route.acknowledge(DESK, [handed.deliveries[0].delivery_id])
        yield opened


@pytest.fixture
async def base(house: House) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(await console_over(house), host="127.0.0.1", port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn tells it no other way
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.fixture
async def context(base: str, browser: Browser) -> AsyncIterator[BrowserContext]:
    # axe is put into pages by a script of its own, which their policy forbids, as it should.
    made = await browser.new_context(bypass_csp=True)
    await made.add_cookies([{"name": "hub-sessie", "value": OFFICER, "url": base}])
    yield made
    await made.close()


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


async def change(page: Page, where: str, how: Change) -> None:
    async def changed(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=how(await answer.body()))

    await page.route(where, changed)


async def checked(page: Page, address: str) -> str:
    """What the check on this page says in the end."""
    await page.goto(address)
    await page.locator(".hub-proof button").click()
    result = page.locator(".hub-proof__result .hub-alert")
    await result.wait_for()
    return await result.inner_text()


async def entry_of(house: House, base: str) -> str:
    ref = next(entry["ref"] for entry in await house.entries() if entry["kind"] == "disclosure")
    return f"{base}/functionaris/logboek/{ref}"


OTHER = str(VerifierKey.of("hub.example/regio-a", bytes(range(32)))).encode()


def _with_key(html: bytes) -> bytes:
    return re.sub(rb'data-key="[^"]*"', b'data-key="' + OTHER + b'"', html)


async def test_a_true_entry_is_true_and_later_too(house: House, base: str, page: Page) -> None:
    address = await entry_of(house, base)
    assert "Deze regel is echt" in await checked(page, address)
    await house.send(body(200))
    assert "Deze regel is echt" in await checked(page, address)
    assert "zag eerder" in await page.locator(".hub-steps").inner_text()


@pytest.mark.parametrize(
    ("where", "how", "step"),
    [
        ("**/regel", lambda entry: entry.replace(b'"count":1', b'"count":2'), "De regel op deze pagina"),
        ("**/logboek/*", lambda page: page.replace(b"count&#34;:1", b"count&#34;:2"), "De regel op deze pagina"),
        ("**/logboek/*", lambda page: re.sub(rb'(="recipient">)[^<]*', rb"\1duo", page), "De code"),
        ("**/ontvangstbewijs", lambda text: re.sub(rb"\n(\d+)\n", rb"\n9\1\n", text), "De handtekening"),
        (
            "**/ontvangstbewijs",
            lambda text: re.sub(rb"(index \d+\n)[^\n]+", rb"\1" + b"A" * 43 + b"=", text),
            "De regel staat in",
        ),
        ("**/ontvangstbewijs", lambda text: re.sub(rb"index \d+", b"index 77", text), "andere plaats"),
        ("**/logboek/*", _with_key, "niet met de sleutel van dit logboek"),
    ],
)
async def test_of_a_changed_entry_the_step_that_fails_is_named(
    house: House, base: str, page: Page, where: str, how: Change, step: str
) -> None:
    await change(page, where, how)
    told = await checked(page, await entry_of(house, base))
    assert "Deze regel is niet bewezen" in told
    assert step in told


async def test_another_key_than_before_and_a_shorter_log_are_noticed(house: House, base: str, page: Page) -> None:
    address = await entry_of(house, base)
    await checked(page, address)
    await page.evaluate(
        """name => {
            const kept = JSON.parse(localStorage[name]);
            kept.size += 50;
            localStorage[name] = JSON.stringify(kept);
        }""",
        "hub-logboek:hub.example/regio-a",
    )
    assert "korter geworden" in await checked(page, address)
    await change(page, "**/logboek/*", _with_key)
    assert "De sleutel is een andere" in await checked(page, address)


async def test_a_browser_that_cannot_check_signatures_says_so(house: House, base: str, page: Page) -> None:
    await page.add_init_script("crypto.subtle.importKey = () => Promise.reject(new DOMException('', 'NotSupportedError'))")
    told = await checked(page, await entry_of(house, base))
    assert "Niet alles is gecontroleerd" in told


async def test_the_whole_log_is_whole(house: House, base: str, page: Page) -> None:
    told = await checked(page, f"{base}/functionaris/controle")
    entries = await house.entries()
    assert entries[-1]["operation"] == "read-whole"  # who looks is in it before looking, and so among what is checked
    assert f"Alle {len(entries)} regels zijn er" in told
    await house.send(body(200))
    earlier = await house.log.checkpoint()
    await page.goto(f"{base}/functionaris/controle")
    await page.fill("textarea", earlier.replace("\n", "\r\n") + "\n\n")
    await page.locator(".hub-proof button").click()
    await page.get_by_text("Het logboek is heel").wait_for()
    assert "wat de partner zag" in await page.locator(".hub-steps").inner_text()


@pytest.mark.parametrize(
    ("where", "how", "step"),
    [
        ("**/tile/entries/000", lambda bundle: bundle.replace(b'"count":1', b'"count":2', 1), "leiden niet tot"),
        ("**/tile/entries/000", lambda bundle: bundle[:-9], "afgebroken"),
        ("**/tegels/checkpoint", lambda note: re.sub(rb"\n(\d+)\n", rb"\n1\1\n", note), "De handtekening"),
    ],
)
async def test_of_a_changed_log_the_step_that_fails_is_named(base: str, page: Page, where: str, how: Change, step: str) -> None:
    await change(page, where, how)
    told = await checked(page, f"{base}/functionaris/controle")
    assert "Het logboek klopt niet" in told
    assert step in told


async def test_what_cannot_be_used_is_no_fault_of_the_log(base: str, page: Page) -> None:
    await page.goto(f"{base}/functionaris/controle")
    await page.fill("textarea", "onzin")
    await page.locator(".hub-proof button").click()
    await page.get_by_text("De controle is niet afgemaakt").wait_for()


@pytest.mark.parametrize("width", [1280, 360])
async def test_every_page_is_accessible(house: House, base: str, context: BrowserContext, width: int) -> None:
    page = await context.new_page()
    await page.set_viewport_size({"width": width, "height": 900})
    axe = Axe()

    async def look() -> None:
        found = await axe.run(page)
        assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url

    for path in ("", "/logboek", "/logboek?van=morgen&medewerker=m-0", "/weigeringen", "/persoon"):
        await page.goto(f"{base}/functionaris{path}")
        await look()
    for address in (await entry_of(house, base), f"{base}/functionaris/controle"):
        await checked(page, address)
        await look()
    for wrong in ("", next(canary.numbers())):
        await page.goto(f"{base}/functionaris/persoon")
        await page.fill("#nummer", wrong or "123456789")
        await page.select_option("#reden", "inzageverzoek")
        await page.get_by_role("button", name="Zoek").click()
        await page.wait_for_load_state()
        await look()
