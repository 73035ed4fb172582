"""Who may see what, in words; a session that ends; a form that is not ours."""

from __future__ import annotations

import pytest
from playwright.async_api import Error, expect

from tests.browser.desk import Opened, heading, sign_in
from tests.browser.sights import ADMINISTRATOR, AUDITOR, BOTH, CONNECTOR, OFFICER, RECEIVER, search

_OFFICERS = (
    "",
    "/te-doen",
    "/bezwaren",
    "/koppelingen",
    "/logboek",
    "/persoon",
    "/weigeringen",
    "/controle",
    "/bewaren",
    "/vergeten",
    "/steekproef",
    "/uitvoer",
)
_ADMINISTRATORS = ("", "/te-doen", "/koppelingen", "/aansluiten", "/quarantaine", "/bezorgingen", "/mislukt", "/gezondheid")


@pytest.mark.parametrize(
    ("account", "paths"),
    [
        (
            OFFICER,
            [f"/beheer{path}" for path in _ADMINISTRATORS] + [CONNECTOR + "/mapping", "/beheer/aansluiten/lvs_csv/instellen"],
        ),
        (ADMINISTRATOR, [f"/functionaris{path}" for path in _OFFICERS]),
        (
            AUDITOR,
            [f"/functionaris/{page}" for page in ("te-doen", "persoon", "persoon/volledig", "verklaringen", "vergeten")]
            + ["/beheer"],
        ),
        (
            RECEIVER,
            ["/functionaris"]
            + [
                f"/functionaris/{page}"
                for page in (
                    "koppelingen",
                    "logboek",
                    "persoon/volledig",
                    "verklaringen",
                    "intrekkingen",
                    "steekproef",
                    "uitvoer",
                    "controle",
                )
            ],
        ),
    ],
    ids=[OFFICER, ADMINISTRATOR, AUDITOR, RECEIVER],
)
async def test_who_has_no_role_is_told_in_words(opened: Opened, account: str, paths: list[str]) -> None:
    page = await opened.page(account)
    for path in paths:
        answer = await page.goto(opened.demo.base + path)
        assert answer is not None
        assert answer.status == 403
        await heading(page, "U hebt geen toegang tot deze pagina")
        assert await page.get_by_text("Vraag uw functioneel beheerder om de juiste rol.").is_visible()


async def test_no_link_leads_where_one_may_not_go(opened: Opened) -> None:
    for account in (AUDITOR, OFFICER, ADMINISTRATOR, BOTH, RECEIVER):
        page = await opened.page(account, "/")
        links = await page.locator("header a, main a").evaluate_all("all => all.map((one) => one.href)")
        for link in {link for link in links if "#" not in link}:
            assert (await page.request.get(link)).status == 200, (account, link)


async def test_a_session_that_ended_asks_to_sign_in_and_comes_back(opened: Opened) -> None:
    demo = opened.demo
    page = await opened.page("", "/functionaris/logboek?soort=refusal")
    await sign_in(page, demo, OFFICER)
    assert page.url == f"{demo.base}/functionaris/logboek?soort=refusal"
    await page.context.clear_cookies(name="hub-sessie")
    await page.reload()
    await heading(page, "Inloggen")
    await sign_in(page, demo, OFFICER)
    assert page.url == f"{demo.base}/functionaris/logboek?soort=refusal"

    cookies = await page.context.cookies(demo.base)
    await page.get_by_role("button", name="Uitloggen").click()
    await expect(page.get_by_text("U bent uitgelogd.")).to_be_visible()
    await page.go_back()
    await heading(page, "Inloggen")
    # What the browser held is worth nothing any more, whoever kept a copy.
    await page.context.add_cookies(cookies)  # type: ignore[arg-type]
    await page.goto(f"{demo.base}/functionaris")
    await heading(page, "Inloggen")


async def test_a_wrong_password_says_so(opened: Opened) -> None:
    page = await opened.page("", "/beheer")
    await page.get_by_role("button", name="Inloggen met uw organisatie").click()
    await page.get_by_label("Gebruikersnaam").fill(ADMINISTRATOR)
    await page.get_by_label("Wachtwoord").fill("niet-goed")
    await page.get_by_role("button").first.click()
    await expect(page.get_by_role("alert")).to_have_text("De gebruikersnaam of het wachtwoord klopt niet.")


async def test_a_form_without_the_secret_of_the_session_does_nothing(opened: Opened) -> None:
    page = await opened.page(OFFICER, "/functionaris/persoon")
    await page.evaluate("for (const field of document.querySelectorAll('main [name=csrf]')) field.value = 'x'")
    await page.get_by_label("BSN of onderwijsnummer").fill(opened.demo.bsn)
    await page.get_by_label("Waarom zoekt u deze persoon op?").select_option("inzageverzoek")
    await page.get_by_role("button", name="Zoek en leg vast").click()
    await heading(page, "Dit formulier is verlopen")


async def test_a_form_from_another_site_does_nothing(opened: Opened) -> None:
    """Another site knows the secret and the browser sends the cookie along; the browser tells where it came from."""
    page = await opened.page(OFFICER, "/functionaris/persoon")
    secret = await page.locator("main [name=csrf]").first.input_value()
    answer = await page.request.post(
        f"{opened.demo.base}/functionaris/persoon",
        form={"csrf": secret, "nummer": opened.demo.bsn, "reden": "inzageverzoek"},
        headers={"Origin": "https://elders.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status == 403


async def test_what_was_answered_is_gone_after_signing_out(opened: Opened) -> None:
    demo = opened.demo
    page = await opened.page("", "/functionaris/persoon")
    await sign_in(page, demo, OFFICER)
    await search(page, demo)
    await heading(page, "Wat er over deze persoon is gegeven")
    await page.get_by_role("button", name="Uitloggen").click()
    with pytest.raises(Error):  # the browser has not kept it and asks whether to send the form again
        await page.go_back()
