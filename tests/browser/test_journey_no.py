"""A young person takes a yes back at the desk; the recipient is told, and the officer can say how it ended."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.desk import Opened, heading, until
from tests.browser.sights import OFFICER, statements


async def test_a_yes_is_taken_back_and_the_notice_is_followed(opened: Opened) -> None:
    demo = opened.demo
    page = await opened.page(OFFICER, "/functionaris/intrekkingen?alles=ja")
    before = await page.locator("main tbody tr").count()
    await statements(page, demo, demo.still_yes)
    await expect(page.locator("main")).to_contain_text("Een jongerencoach, als de jongere dat wil")
    await page.get_by_text("Trek deze verklaring in").click()
    await page.get_by_role("button", name="Trek in", exact=True).click()
    await expect(page.locator("main")).to_contain_text("Ingetrokken")
    assert demo.still_yes not in await page.content()
    assert all(demo.still_yes not in address for address in opened.watch.addresses)

    await page.goto(f"{demo.base}/functionaris/intrekkingen?alles=ja")

    async def told() -> bool:
        return await page.locator("main tbody tr").count() > before

    await until(page, told)
    await page.locator("main tbody tr", has_text="Ontvangen, nog niet gedaan").first.get_by_role("link").click()
    await heading(page, "Bericht aan Zorgaanbieder Rietzorg")
    await page.get_by_label("Wat meldt de ontvanger?").select_option(index=2)
    await page.get_by_label("Wat deed de ontvanger?").select_option(index=1)
    await page.get_by_label("Tekst van de brief").fill("Wij hebben de gegevens gewist. Getekend, Rietzorg.")
    await page.get_by_role("button", name="Leg het antwoord vast").click()
    await expect(page.get_by_role("link", name=re.compile("^Wat de jongere hierover te horen krijgt"))).to_be_visible()
    await page.get_by_role("link", name=re.compile("^Wat de jongere hierover te horen krijgt")).click()
    await heading(page, "Wat er met uw gegevens is gebeurd")
    await expect(page.locator("main")).to_contain_text("Alle ontvangers hebben geantwoord.")
