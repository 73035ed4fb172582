"""Is the log whole? The browser of whoever asks works it out, and tells when it is not."""

from __future__ import annotations

import re

from playwright.async_api import Page, Route, expect

from tests.browser.desk import Opened
from tests.browser.sights import AUDITOR, OFFICER

_ENTRIES = re.compile(r"/functionaris/logboek/tegels/tile/entries/")
_CHECKPOINT = re.compile(r"/functionaris/logboek/tegels/checkpoint$")


async def _check(page: Page, pasted: str = "") -> str:
    """Presses the button; gives what the result says."""
    if pasted:
        await page.get_by_label(re.compile("^Controlepunt van een partner")).fill(pasted)
    await page.get_by_role("button", name="Controleer alle regels").click()
    result = page.locator(".hub-proof__result .hub-alert")
    await expect(result).to_be_visible()
    return await result.inner_text()


async def _whole(opened: Opened, account: str = OFFICER) -> Page:
    page = await opened.page(account, "/functionaris")
    await page.get_by_role("link", name="Is het logboek heel?").click()
    await page.wait_for_url("**/functionaris/controle")  # what is put between it and the hub holds from there on
    return page


async def test_it_is_whole_and_was_so_the_last_time(opened: Opened) -> None:
    page = await _whole(opened, AUDITOR)
    assert "Het logboek is heel" in await _check(page)
    assert await page.locator(".hub-steps__item--done").count() >= 5
    await page.reload()
    assert "Het logboek is heel" in await _check(page)
    await expect(page.locator(".hub-steps")).to_contain_text("staan er nog precies zo")


async def test_a_byte_of_an_entry_was_changed(opened: Opened) -> None:
    page = await _whole(opened)

    async def change(route: Route) -> None:
        answer = await route.fetch()
        body = bytearray(await answer.body())
        second = 2 + int.from_bytes(body[:2], "big")
        body[second + 12] ^= 1
        await route.fulfill(response=answer, body=bytes(body))

    await page.route(re.compile(f"{_ENTRIES.pattern}000"), change)
    said = await _check(page)
    assert "Het logboek klopt niet" in said
    assert "regel 2 is veranderd" in said
    assert await page.locator(".hub-steps__item--failed").count() == 1


async def test_an_entry_and_its_hash_were_changed(opened: Opened) -> None:
    """Then nobody can say which, but that something was."""
    page = await _whole(opened)

    async def change(route: Route) -> None:
        answer = await route.fetch()
        body = bytearray(await answer.body())
        body[40] ^= 1
        await route.fulfill(response=answer, body=bytes(body))

    await page.route(re.compile(r"/functionaris/logboek/tegels/tile/(entries|0)/000"), change)
    said = await _check(page)
    assert "er is een regel veranderd, weg of bijgezet" in said


async def test_a_hub_that_will_not_say_which_entry_is_not_believed_either(opened: Opened) -> None:
    page = await _whole(opened)

    async def change(route: Route) -> None:
        answer = await route.fetch()
        body = bytearray(await answer.body())
        body[40] ^= 1
        await route.fulfill(response=answer, body=bytes(body))

    await page.route(_ENTRIES, change)
    await page.route(re.compile(r"/functionaris/logboek/tegels/tile/0/"), lambda route: route.abort())
    assert "Het logboek klopt niet" in await _check(page)


async def test_an_entry_was_taken_out(opened: Opened) -> None:
    page = await _whole(opened)

    async def shorten(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.body()
        length = int.from_bytes(body[:2], "big")
        await route.fulfill(response=answer, body=body[2 + length :])

    await page.route(_ENTRIES, shorten)
    assert "Het logboek klopt niet" in await _check(page)


async def test_an_earlier_checkpoint_is_pasted(opened: Opened) -> None:
    page = await _whole(opened)
    assert "Het logboek is heel" in await _check(page, opened.demo.checkpoint)
    await expect(page.locator(".hub-steps")).to_contain_text("Het logboek begint met wat de partner zag")


async def test_a_forged_checkpoint_is_pasted(opened: Opened) -> None:
    page = await _whole(opened)
    name, size, *rest = opened.demo.checkpoint.split("\n")
    said = await _check(page, "\n".join([name, str(int(size) + 1), *rest]))
    assert "De controle is niet afgemaakt" in said
    assert "heel" not in said


async def test_the_hub_shows_a_forged_checkpoint(opened: Opened) -> None:
    page = await _whole(opened)

    async def forge(route: Route) -> None:
        answer = await route.fetch()
        name, size, *rest = (await answer.text()).split("\n")
        await route.fulfill(response=answer, body="\n".join([name, str(int(size) - 1), *rest]))

    await page.route(_CHECKPOINT, forge)
    said = await _check(page)
    assert "Het logboek klopt niet" in said
    assert "De handtekening onder het controlepunt" in said


async def test_the_log_is_shorter_than_this_browser_saw(opened: Opened) -> None:
    page = await _whole(opened)
    await _check(page)
    kept = opened.demo.checkpoint

    async def older(route: Route) -> None:
        await route.fulfill(status=200, content_type="text/plain", body=kept)

    await page.route(_CHECKPOINT, older)
    said = await _check(page)
    assert "het logboek is korter geworden" in said


async def test_the_hub_goes_away_during_the_check(opened: Opened) -> None:
    """What could not be finished is neither good nor bad."""
    page = await _whole(opened)
    await page.route(_ENTRIES, lambda route: route.abort())
    assert "De controle is niet afgemaakt" in await _check(page)
