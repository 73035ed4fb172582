"""Who got data about this person, and why? From the first page to the sentence and its proof, and the number nowhere."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Error, Page, Route, expect

from tests.browser.desk import Opened, heading
from tests.browser.sights import OFFICER

_BODY = re.compile(r"/functionaris/logboek/[0-9a-f-]{36}/regel$")
_RECEIPT = re.compile(r"/functionaris/logboek/[0-9a-f-]{36}/ontvangstbewijs$")


async def _answer_about(opened: Opened) -> Page:
    """From the first page of the desk to the answer about a person."""
    page = await opened.page(OFFICER, "/functionaris")
    await page.get_by_role("link", name="Wie kreeg gegevens over deze persoon, en waarom?").click()
    await page.get_by_label("BSN of onderwijsnummer").fill(opened.demo.bsn)
    await page.get_by_label("Waarom zoekt u deze persoon op?").select_option("inzageverzoek")
    await page.get_by_role("button", name="Zoek en leg vast").click()
    await heading(page, "Wat er over deze persoon is gegeven")
    await expect(page.locator(".hub-summary")).to_contain_text("kreeg 1 keer gegevens over deze persoon")
    await expect(page.locator(".hub-given").first).to_contain_text("Doel")
    await expect(page.locator(".hub-given").first).to_contain_text("Grondslag")
    return page


async def _entry_about(opened: Opened) -> Page:
    """On to one disclosure about that person."""
    page = await _answer_about(opened)
    await page.locator(".hub-given h3 a").first.click()
    await expect(page.get_by_role("heading", name="Op welke wet is dit gebaseerd?")).to_be_visible()
    return page


async def _check(page: Page) -> str:
    await page.get_by_role("button", name="Controleer in deze browser").click()
    result = page.locator(".hub-proof__result .hub-alert")
    await expect(result).to_be_visible()
    return await result.inner_text()


async def test_the_answer_its_proof_and_the_number_nowhere(opened: Opened) -> None:
    demo = opened.demo
    page = await _entry_about(opened)
    assert "Deze regel is echt" in await _check(page)
    assert await page.locator(".hub-steps__item--failed").count() == 0

    assert all(demo.bsn not in address for address in opened.watch.addresses)
    stored = await page.evaluate(
        "JSON.stringify([localStorage, sessionStorage, history.state, document.cookie, location.href])"
    )
    assert demo.bsn not in stored
    assert all(demo.bsn not in str(cookie) for cookie in await page.context.cookies())
    assert demo.bsn not in demo.server_log()
    with pytest.raises(Error):  # the browser has not kept it and asks whether to send the form again
        await page.go_back()
    other = await page.context.new_page()
    await other.goto(f"{demo.base}/functionaris/persoon")
    assert await other.get_by_label("BSN of onderwijsnummer").input_value() == ""
    assert demo.bsn not in await other.content()


async def test_that_one_searched_is_in_the_log(opened: Opened) -> None:
    await _entry_about(opened)
    page = await opened.page(OFFICER, "/functionaris/logboek?soort=access")
    await page.locator("section#logboek tbody a").first.click()
    await expect(page.locator("main")).to_contain_text("Inzageverzoek")
    assert opened.demo.bsn not in await page.content()


async def test_the_evidence_is_saved(opened: Opened) -> None:
    page = await _answer_about(opened)
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Bewaar het bewijsbestand").click()
    body = (await (await waiting.value).path()).read_bytes()
    assert body.startswith(b"{")
    assert opened.demo.bsn.encode() not in body


async def test_an_entry_that_was_changed_is_not_proved(opened: Opened) -> None:
    page = await _entry_about(opened)

    async def change(route: Route) -> None:
        answer = await route.fetch()
        body = bytearray(await answer.body())
        body[len(body) // 2] ^= 1
        await route.fulfill(response=answer, body=bytes(body))

    await page.route(_BODY, change)
    said = await _check(page)
    assert "Deze regel is niet bewezen" in said
    assert "Verander niets, bewaar dit scherm" in said


async def test_a_page_that_tells_another_entry_is_not_proved(opened: Opened) -> None:
    page = await _entry_about(opened)
    await page.evaluate("for (const one of document.querySelectorAll('[data-field]')) one.textContent = 'iemand-anders'")
    assert "Deze regel is niet bewezen" in await _check(page)


async def test_a_proof_that_was_changed_proves_nothing(opened: Opened) -> None:
    page = await _entry_about(opened)

    async def change(route: Route) -> None:
        answer = await route.fetch()
        lines = (await answer.text()).split("\n")
        place = next(number for number, line in enumerate(lines) if re.fullmatch(r"[A-Za-z0-9+/]{43}=", line))
        lines[place] = ("A" if lines[place][0] != "A" else "B") + lines[place][1:]
        await route.fulfill(response=answer, body="\n".join(lines))

    await page.route(_RECEIPT, change)
    assert "Deze regel is niet bewezen" in await _check(page)
