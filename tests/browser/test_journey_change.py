"""An agreement changes: proposed, advised on, signed by two people of two parties, put into use, suspended. Nobody does two."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.desk import Opened, heading
from tests.browser.sights import AGREEMENT, FG, GIVER, OFFICER, RECEIVER, STRANGER, draft

pytestmark = pytest.mark.timeout(300)

_NEXT = AGREEMENT.replace("/1", "/3")
_FIELD = "      need: De coach belt om een eerste afspraak te maken.\n"
_MORE = _FIELD + "    woonplaats:\n      form: raw\n      need: De coach spreekt af in de buurt.\n"


async def _sign(opened: Opened, account: str, link: str) -> None:
    page = await opened.page(account, link)
    await page.get_by_role("link", name=_NEXT).click()
    await page.get_by_label("Ik heb de bepalingen hieronder gelezen").check()
    await page.get_by_role("button", name="Onderteken").click()
    await expect(page.get_by_role("heading", name="Ondertekenen")).to_have_count(0)


async def _proposed(opened: Opened) -> tuple[Page, str]:
    page = await opened.page(OFFICER)
    await draft(page, opened.demo, _FIELD, _MORE, version=3)
    await page.get_by_role("button", name="Stel voor").click()
    await heading(page, "Wat verandert dit voorstel?")
    return page, page.url.removeprefix(opened.demo.base).split("?")[0]


async def test_a_change_takes_a_proposal_advice_two_signatures_and_a_decision(opened: Opened) -> None:
    page, here = await _proposed(opened)
    await expect(page.locator("main")).to_contain_text("Dit voorstel verruimt wat er mag")
    await expect(page.locator("main")).to_contain_text("woonplaats")
    # Whoever proposes neither advises nor decides.
    assert await page.get_by_role("button", name="Leg het advies vast").count() == 0
    assert await page.get_by_role("button", name="Neem in gebruik").count() == 0

    decider = await opened.page(GIVER, here)
    assert await decider.get_by_role("button", name="Neem in gebruik").count() == 0

    fg = await opened.page(FG, here)
    await fg.get_by_label("Wat adviseert u?").select_option(label="Positief")
    await fg.get_by_label("Uw advies").fill("Een woonplaats is nodig om in de buurt af te spreken, en zegt weinig.")
    await fg.get_by_role("button", name="Leg het advies vast").click()
    await expect(fg.locator("blockquote")).to_contain_text("zegt weinig")
    assert await fg.get_by_role("button", name="Neem in gebruik").count() == 0

    stranger = await opened.page(STRANGER, here)
    await stranger.get_by_role("link", name=_NEXT).click()
    assert await stranger.get_by_role("button", name="Onderteken").count() == 0

    await _sign(opened, GIVER, here)
    await _sign(opened, RECEIVER, here)

    await decider.reload()
    await decider.get_by_label("Ik heb gelezen wat er verandert").check()
    await decider.get_by_role("button", name="Neem in gebruik").click()
    await heading(decider, "Welke afspraken gelden er?")
    await decider.get_by_role("link", name="Een jongerencoach van Rietzorg voor wie dat wil").click()
    await expect(decider.locator("main code").first).to_have_text(_NEXT)
    await expect(decider.locator("main")).to_contain_text("Van kracht")
    await expect(decider.locator("main")).to_contain_text("De coach spreekt af in de buurt.")

    # Either party can stop it at once, and only who stopped it lets it go on.
    other = await opened.page(RECEIVER, f"/functionaris/afspraken/afspraak/{_NEXT}")
    await other.get_by_label("Waarom schorst u de afspraak?").select_option(index=1)
    await other.get_by_role("button", name="Schors nu").click()
    await expect(other.locator("main .hub-lead").first).to_contain_text("Geschorst")
    await decider.reload()
    await expect(decider.locator("main .hub-lead").first).to_contain_text("Geschorst")
    assert await decider.get_by_role("button", name="Hef de schorsing op").count() == 0
    await other.get_by_role("button", name="Hef de schorsing op").click()
    await expect(other.locator("main .hub-lead").first).to_contain_text("Van kracht")
