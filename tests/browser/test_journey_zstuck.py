"""What is stuck, and whom does it hurt? Found, mended and seen to go on.

These tests change what the others look at, and come last.
"""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.browser.desk import Opened, heading, until
from tests.browser.sights import (
    ADMINISTRATOR,
    CONNECTOR,
    FAILED,
    OFFICER,
    change_mapping,
    preview_mapping,
    reveal,
    stuck_file,
    unchecked,
)

_NUMBER = re.compile(r"\b999(?!999999)\d{6}\b")
"""An invented number, and not the shape of one."""
_TAKES = "/beheer/bezorgingen/werk-en-inkomen-aldermeer"
_OTHER = "/beheer/bezorgingen/werk-en-inkomen-rietvoorde"


async def _waiting(page: Page) -> int:
    """How many young people wait, as the page of a recipient says."""
    row = page.locator(".hub-facts__row", has_text="Jongeren die wachten")
    return int((await row.locator("dd").inner_text()).replace(".", ""))


async def _given(opened: Opened) -> int:
    """How many disclosures are in the log, as the officer sees it."""
    page = await opened.page(OFFICER, "/functionaris/logboek?soort=disclosure")
    return int((await page.locator("main p", has_text="bij uw keuze").locator("strong").inner_text()).replace(".", ""))


async def _used_by_two(opened: Opened, page: Page) -> None:
    """What was tried is proposed, and another administrator puts it into use."""
    await page.get_by_role("button", name="Stel voor").click()
    await expect(page.get_by_text("Het voorstel is vastgelegd.")).to_be_visible()
    other = await opened.page("beide", f"{CONNECTOR}/mapping")
    await other.get_by_role("button", name="Zet het voorstel in gebruik").click()
    await expect(other.get_by_text("De nieuwe mapping is in gebruik.")).to_be_visible()


async def test_the_first_page_says_what_is_stuck_and_whom_it_hurts(opened: Opened) -> None:
    page = await opened.page(ADMINISTRATOR, "/beheer")
    table = page.locator("section.hub-table").first
    await expect(table).to_contain_text("Zilverdam")
    await expect(table).to_contain_text("quarantaine")
    assert int(await page.locator(".hub-figure__value").first.inner_text()) > 0
    for link in {str(await one.get_attribute("href")) for one in await table.locator("a[href^='/']").all()}:
        answer = await page.request.get(opened.demo.base + link)
        assert answer.status == 200, link


async def test_one_row_is_looked_at_and_the_officer_finds_who_did_and_why(opened: Opened) -> None:
    page = await opened.page(ADMINISTRATOR)
    await stuck_file(page, opened.demo)
    file = page.url
    shapes = await page.locator("main").inner_text()
    assert not _NUMBER.search(shapes)
    await reveal(page, opened.demo)
    shown = await page.locator("main").inner_text()
    assert "U ziet gegevens van één jongere" in shown
    number = _NUMBER.search(shown)
    assert number is not None
    assert number[0] not in opened.demo.server_log()
    assert number[0] not in page.url

    officer = await opened.page(OFFICER, "/functionaris/logboek?soort=access")
    await officer.locator("section#logboek tbody a").first.click()
    told = await officer.locator("main").inner_text()
    assert "Medewerker" in told
    assert "mapping" in told
    assert number[0] not in told
    await page.goto(file)
    assert number[0] not in await page.content()


async def test_a_recipient_is_held_and_freed(opened: Opened) -> None:
    page = await opened.page(ADMINISTRATOR, _OTHER)
    await page.get_by_label(re.compile("^Waarom houdt u dit op")).select_option(label="Er is onderhoud bij de ontvanger.")
    await page.get_by_role("button", name="Houd op").click()
    await expect(page.get_by_text("De bezorgingen aan deze ontvanger zijn opgehouden.")).to_be_visible()
    await expect(page.locator("main")).to_contain_text("Er is onderhoud bij de ontvanger.")
    await page.goto(f"{opened.demo.base}/beheer")
    await expect(page.locator("section.hub-table").first).to_contain_text("opgehouden")
    await page.goto(opened.demo.base + _OTHER)
    await page.get_by_role("button", name="Geef vrij").click()
    await expect(page.get_by_text("De bezorgingen aan deze ontvanger lopen weer.")).to_be_visible()


async def test_a_list_in_quarantine_is_mended_tried_and_goes_on(opened: Opened) -> None:
    before = await _given(opened)
    page = await opened.page(ADMINISTRATOR, "/beheer")
    await page.locator("main a[href^='/beheer/quarantaine']").first.click()
    await preview_mapping(page, opened.demo)
    await expect(page.locator(".hub-alert", has_text="rijen zijn nu te lezen").first).to_be_visible()
    await _used_by_two(opened, page)

    await stuck_file(page, opened.demo)
    await page.get_by_role("button", name="Kijk welke rijen nu te lezen zijn").click()
    await page.get_by_role("button", name="Geef de goede rijen vrij").click()
    await heading(page, "Wat er van de rijen werd")
    released = page.locator(".hub-figure", has_text="Vrijgegeven").locator(".hub-figure__value")
    assert int(await released.inner_text()) > 0
    assert await _given(opened) > before


async def test_a_list_with_another_column_goes_on_under_a_mended_mapping(opened: Opened) -> None:
    page = await opened.page(ADMINISTRATOR, CONNECTOR)
    differs = page.get_by_role("heading", name="De bestanden zien er anders uit")
    await expect(differs).to_be_visible()
    await expect(page.locator("main")).to_contain_text("GEBOORTEDATUM heet nu GEBDATUM")
    await change_mapping(page, opened.demo, "GEBOORTEDATUM:", "GEBDATUM:")
    await page.get_by_role("button", name="Bekijk wat het doet").click()
    await _used_by_two(opened, page)
    await page.goto(opened.demo.base + CONNECTOR)

    async def read() -> bool:
        return not await differs.count()

    await until(page, read)
    # Back to what the next lists look like.
    await change_mapping(page, opened.demo, "GEBDATUM:", "GEBOORTEDATUM:")
    await page.get_by_role("button", name="Bekijk wat het doet").click()
    await _used_by_two(opened, page)


async def test_one_dead_letter_is_given_up_for_a_reason_and_when_sure(opened: Opened) -> None:
    page = await opened.page(ADMINISTRATOR, "/beheer/mislukt")
    await page.locator(f"main a[href^='{FAILED}/']").first.click()
    letters = page.locator("section#bezorgingen tbody tr")
    one = await letters.first.locator("a").inner_text()
    cause = page.url
    await letters.first.locator("a").click()
    await page.get_by_role("link", name="Geef deze op").click()
    await unchecked(page)
    await page.get_by_role("button", name="Geef op").click()
    await expect(page.get_by_role("alert")).to_contain_text("Kies waarom de bezorgingen niet meer hoeven.")
    await page.get_by_label(re.compile("^Waarom hoeft het niet meer")).select_option(index=1)
    await page.get_by_label("Ja, ik geef deze bezorgingen op").check()
    await page.get_by_role("button", name="Geef op").click()
    await expect(page.get_by_text("De bezorgingen zijn opgegeven en hun inhoud is gewist.")).to_be_visible()
    await page.goto(cause)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await page.get_by_text(one).count() == 0


async def test_a_dead_letter_goes_again_once_the_recipient_takes_it(opened: Opened) -> None:
    taken = opened.demo.taken
    try:
        before = taken.counts()["effects"]
        taken.dial("ok")
        page = await opened.page(ADMINISTRATOR, "/beheer/mislukt")
        await page.locator(f"main a[href^='{FAILED}/']").first.click()
        await page.get_by_role("button", name="Laat alles opnieuw gaan").click()
        await expect(page.get_by_text("De bezorgingen staan weer klaar.")).to_be_visible()
        await page.goto(opened.demo.base + _TAKES)

        async def gone() -> bool:
            return await _waiting(page) == 0

        await until(page, gone)
        assert taken.counts()["effects"] > before
    finally:
        taken.close()
