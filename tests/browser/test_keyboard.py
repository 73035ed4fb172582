"""Without a mouse, and without a script."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.desk import LOOK, Opened, heading
from tests.browser.sights import OFFICER, entry

_MOST = 60


async def _tab_to(page: Page, words: str) -> None:
    """Presses Tab until the element with these words has the keyboard; on the way every one shows that it has it."""
    await page.evaluate(LOOK)
    for _ in range(_MOST):
        await page.keyboard.press("Tab")
        assert await page.evaluate("look.focus()") == []
        told = await page.evaluate(
            "(one => [one.innerText, one.ariaLabel, ...[...one.labels ?? []].map((label) => label.innerText)].join(' '))"
            "(document.activeElement)"
        )
        if words in told:
            return
    raise AssertionError(f"{words} cannot be reached")


async def _enter(page: Page) -> None:
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def test_from_signing_in_to_the_answer_about_a_person(opened: Opened) -> None:
    demo = opened.demo
    page = await opened.page("", "/functionaris")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.innerText") == "Direct naar de inhoud"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "inhoud"
    await page.evaluate(LOOK)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.innerText") == "Inloggen met uw organisatie"
    await _enter(page)

    for field, value in (("Gebruikersnaam", OFFICER), ("Wachtwoord", demo.passwords[OFFICER])):
        if not await page.get_by_label(field).evaluate("one => one === document.activeElement"):
            await page.keyboard.press("Tab")
        assert await page.get_by_label(field).evaluate("one => one === document.activeElement")
        await page.keyboard.type(value)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{demo.base}/functionaris")

    await _tab_to(page, "Wie kreeg gegevens over deze persoon, en waarom?")
    await _enter(page)
    await _tab_to(page, "BSN of onderwijsnummer")
    await page.keyboard.type(demo.bsn)
    await _tab_to(page, "Waarom zoekt u deze persoon op?")
    await page.keyboard.press("ArrowDown")
    await _tab_to(page, "Zoek en leg vast")
    await _enter(page)
    await heading(page, "Wat er over deze persoon is gegeven")


async def test_tab_goes_the_way_one_reads(opened: Opened) -> None:
    """No page changes the order of the keyboard, and each is left again."""
    page = await opened.page(OFFICER, "/functionaris/logboek")
    await page.evaluate(LOOK)
    assert await page.locator("[tabindex]:not([tabindex='0'], [tabindex='-1'])").count() == 0
    before = -1.0
    for _ in range(12):
        await page.keyboard.press("Tab")
        assert await page.evaluate("look.focus()") == []
        place = await page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)")
        assert place > before
        before = place


async def test_without_scripts_all_works_but_the_check_which_says_so(opened: Opened) -> None:
    page = await opened.page(OFFICER, java_script_enabled=False)
    await entry("disclosure")(page, opened.demo)
    await expect(page.locator(".hub-proof__without")).to_contain_text("Dat staat hier uit.")
    await expect(page.get_by_role("button", name="Controleer in deze browser")).to_be_hidden()
    await page.goto(f"{opened.demo.base}/functionaris/controle")
    await expect(page.locator(".hub-proof__without")).to_contain_text("Onderaan staat hoe u zonder browser controleert.")
    await expect(page.get_by_role("button", name="Controleer alle regels")).to_be_hidden()
    await page.goto(f"{opened.demo.base}/functionaris/persoon")
    await page.get_by_label("BSN of onderwijsnummer").fill(opened.demo.bsn)
    await page.get_by_label("Waarom zoekt u deze persoon op?").select_option("inzageverzoek")
    await page.get_by_role("button", name="Zoek en leg vast").click()
    await heading(page, "Wat er over deze persoon is gegeven")
