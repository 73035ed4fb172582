"""Every page of both desks, and how one gets there: looked at by the tests, pictured for the guides."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Page, expect

from tests.browser.demo import Demo

FAILED: Final = "/beheer/mislukt/werk-en-inkomen-aldermeer"
OFFICER: Final = "privacyfunctionaris"
ADMINISTRATOR: Final = "beheerder"
AUDITOR: Final = "auditor"
BOTH: Final = "beide"
FG: Final = "fg"
GIVER: Final = "beslisser-zilverlinde"
RECEIVER: Final = "beslisser-rietzorg"
"""Two decision-makers, of the two parties of the agreement below."""
STRANGER: Final = "beslisser-duo"
"""One of a party that is in it for nothing."""
AGREEMENT: Final = "mbo-jongerencoach/1"
CONNECTOR: Final = "/beheer/koppelingen/duo-voorbeeldregio"
DRAFT: Final = "/beheer/koppelingen/zilverlinde-csv/instelling"
"""A connector that the sights set up, of the school in the guide."""
UNKNOWN_PERSON: Final = "999999990"
"""Passes the elfproef and is on no list."""

Way = Callable[[Page, Demo], Awaitable[object]]


@dataclass(frozen=True)
class Sight:
    """A page: its name (of its picture too), who sees it, and the way there."""

    name: str
    account: str
    way: Way
    picture: bool = False
    """Whether a guide shows it."""
    shown: str = ""
    """Where the picture begins, as a selector; at the top without one."""
    trouble: bool = False
    """Whether it is the page about something that went wrong."""


def at(path: str) -> Way:
    """By its address."""

    async def go(page: Page, demo: Demo) -> None:
        await page.goto(demo.base + path)

    return go


def through(path: str, *links: str) -> Way:
    """From an address, by links: each the first whose words or address match."""

    async def go(page: Page, demo: Demo) -> None:
        await page.goto(demo.base + path)
        for link in links:
            await page.locator(f"main a[href*='{link}']").first.click()

    return go


async def search(page: Page, demo: Demo, number: str = "") -> None:
    """The answer about a person."""
    await page.goto(f"{demo.base}/functionaris/persoon")
    await page.get_by_label("BSN of onderwijsnummer").fill(number or demo.bsn)
    await page.get_by_label("Waarom zoekt u deze persoon op?").select_option("inzageverzoek")
    await page.get_by_role("button", name="Zoek en leg vast").click()


async def _unknown(page: Page, demo: Demo) -> None:
    await search(page, demo, UNKNOWN_PERSON)


async def ask_complete(page: Page, demo: Demo, number: str = "") -> None:
    """Whether the answer about a person leaves anything out."""
    await page.goto(f"{demo.base}/functionaris/persoon/volledig")
    await page.get_by_label("BSN of onderwijsnummer").fill(number or demo.bsn)
    await page.get_by_label("Waarom gaat u dit na?").select_option("inzageverzoek")
    await page.get_by_role("button", name="Vergelijk en leg vast").click()


async def _complete_of_nobody(page: Page, demo: Demo) -> None:
    await ask_complete(page, demo, UNKNOWN_PERSON)


async def ask_to_forget(page: Page, demo: Demo) -> None:
    """A request to forget someone, which waits; made once."""
    await page.goto(f"{demo.base}/functionaris/vergeten")
    await page.get_by_label("BSN of onderwijsnummer").first.fill(demo.still_yes)
    await page.get_by_label("Waarom wordt deze persoon vergeten?").select_option("toestemming-ingetrokken")
    await page.get_by_role("button", name="Vraag om te vergeten").click()
    if page.url.endswith("/vergeten"):  # it was made before
        await page.locator("main tbody tr", has_text="Wacht op besluit").get_by_role("link").first.click()
    await expect(page.get_by_role("heading", name="Wat nog in de weg staat")).to_be_visible()


async def _forgotten(page: Page, demo: Demo) -> None:
    await page.goto(f"{demo.base}/functionaris/vergeten")
    await page.locator("main tbody tr", has_not_text="Wacht op besluit").get_by_role("link").first.click()


async def _forget_without_words(page: Page, demo: Demo) -> None:
    await page.goto(f"{demo.base}/functionaris/vergeten")
    await unchecked(page)
    await page.get_by_role("button", name="Vraag om te vergeten").click()


async def drawn(page: Page, demo: Demo) -> None:
    """The list of last month, drawn where it is not yet."""
    await page.goto(f"{demo.base}/functionaris/steekproef")
    draw = page.get_by_role("button", name=re.compile("^Trek"))
    if await draw.count():
        await draw.click()
    else:
        await page.locator("main tbody a").first.click()


async def _period_upside_down(page: Page, demo: Demo) -> None:
    await page.goto(f"{demo.base}/functionaris/uitvoer")
    await page.get_by_label("Van (dag)").fill("2026-11-02")
    await page.get_by_label("Tot en met (dag)").fill("2026-11-01")
    await page.get_by_role("button", name="Maak het bestand").click()


async def _nothing_filled_in(page: Page, demo: Demo) -> None:
    await page.goto(f"{demo.base}/functionaris/persoon")
    await unchecked(page)
    await page.get_by_role("button", name="Zoek en leg vast").click()


async def _no_number(page: Page, demo: Demo) -> None:
    await search(page, demo, "123456789")


async def unchecked(page: Page) -> None:
    """The browser lets forms go as they are, so that the hub's own answer shows."""
    await page.evaluate("for (const form of document.forms) form.noValidate = true")


async def check_entry(page: Page, demo: Demo) -> None:
    """An entry with its proof checked."""
    await entry("disclosure")(page, demo)
    await page.get_by_role("button", name="Controleer in deze browser").click()
    await expect(page.locator(".hub-proof__result .hub-alert")).to_be_visible()


async def check_whole(page: Page, demo: Demo) -> None:
    """The whole log, checked."""
    await page.goto(f"{demo.base}/functionaris/controle")
    await page.get_by_role("button", name="Controleer alle regels").click()
    await expect(page.locator(".hub-proof__result .hub-alert")).to_be_visible()


def entry(kind: str) -> Way:
    """The newest entry of a kind."""

    async def go(page: Page, demo: Demo) -> None:
        await page.goto(f"{demo.base}/functionaris/logboek?soort={kind}")
        await page.locator("main tbody a").first.click()

    return go


async def statements(page: Page, demo: Demo, number: str = "") -> None:
    """What was stated by, or about, a person."""
    await page.goto(f"{demo.base}/functionaris/verklaringen")
    await page.get_by_label("BSN of onderwijsnummer").fill(number or demo.spoke)
    await page.get_by_role("button", name="Toon verklaringen").click()


async def _objection(page: Page, demo: Demo) -> None:
    await statements(page, demo, demo.objects)


async def _nothing_stated(page: Page, demo: Demo) -> None:
    await statements(page, demo, UNKNOWN_PERSON)


async def _slip(page: Page, demo: Demo) -> None:
    await statements(page, demo)
    await page.get_by_role("link", name="Toon het ontvangstbewijs").first.click()


async def _statement_without_words(page: Page, demo: Demo) -> None:
    await page.goto(f"{demo.base}/functionaris/verklaringen/nieuw")
    await unchecked(page)
    await page.get_by_role("button", name="Leg vast").click()


async def _answer_without_words(page: Page, demo: Demo) -> None:
    await through("/functionaris/intrekkingen", "/functionaris/intrekkingen/")(page, demo)
    await unchecked(page)
    await page.get_by_role("button", name="Leg het antwoord vast").click()


async def draft(page: Page, demo: Demo, old: str = "max: 26\n", new: str = "max: 25\n", version: int = 2) -> None:
    """The text of the agreement in the form, as its next version, with a change that is not sent yet."""
    name = AGREEMENT.split("/")[0]
    await page.goto(f"{demo.base}/functionaris/afspraken/voorstellen?van={AGREEMENT}")
    area = page.get_by_label("De afspraak")
    text = await area.input_value()
    assert old in text
    await area.fill(text.replace(old, new).replace(AGREEMENT, f"{name}/{version}"))


async def propose(page: Page, demo: Demo) -> None:
    """What a proposal would change."""
    await draft(page, demo)
    await page.get_by_role("button", name="Stel voor").click()


async def _wrong_draft(page: Page, demo: Demo) -> None:
    await draft(page, demo, "title:", "titel:")
    await page.get_by_role("button", name="Stel voor").click()


async def change_mapping(page: Page, demo: Demo, old: str, new: str) -> None:
    """The mapping in its form, with a change that is not sent yet."""
    await page.goto(f"{demo.base}{CONNECTOR}/mapping")
    area = page.get_by_label("De mapping")
    text = await area.input_value()
    assert old in text
    await area.fill(text.replace(old, new).replace("verified: false", "verified: true"))


YES_NO: Final = 'field: startkwalificatie, "yes": [J, "1"], "no": [N, "0"]'
IN_WORDS: Final = 'field: startkwalificatie, "yes": [J, "1", ja], "no": [N, "0", nee]'


async def preview_mapping(page: Page, demo: Demo) -> None:
    """What a mended mapping would do."""
    await change_mapping(page, demo, YES_NO, IN_WORDS)
    await page.get_by_role("button", name="Bekijk wat het doet").click()
    await expect(page.get_by_role("heading", name="Wat deze mapping doet")).to_be_visible()


async def _wrong_mapping(page: Page, demo: Demo) -> None:
    await change_mapping(page, demo, "columns:", "columns: [")
    await page.get_by_role("button", name="Bekijk wat het doet").click()


async def stuck_file(page: Page, demo: Demo) -> None:
    """The rows of the list with most rows in quarantine."""
    await page.goto(f"{demo.base}/beheer/quarantaine")
    await page.locator("main tbody a").first.click()


async def try_rows(page: Page, demo: Demo) -> None:
    """Which of them can be read now."""
    await stuck_file(page, demo)
    await page.get_by_role("button", name="Kijk welke rijen nu te lezen zijn").click()


async def one_row(page: Page, demo: Demo) -> None:
    """One row by its shape."""
    await stuck_file(page, demo)
    await page.locator("main tbody a").first.click()


async def reveal(page: Page, demo: Demo) -> None:
    """One row as it came."""
    await one_row(page, demo)
    await page.get_by_label(re.compile("^Waarom moet u deze rij zien")).select_option(index=1)
    await page.get_by_role("button", name="Toon één rij").click()


async def _row_without_reason(page: Page, demo: Demo) -> None:
    await one_row(page, demo)
    await unchecked(page)
    await page.get_by_role("button", name="Toon één rij").click()


async def _ruling_without_words(page: Page, demo: Demo) -> None:
    await through("/functionaris/bezwaren", "/functionaris/bezwaren/")(page, demo)
    await unchecked(page)
    await page.get_by_role("button", name="Leg het besluit vast").click()


async def _outcome(page: Page, demo: Demo) -> None:
    await stuck_file(page, demo)
    await page.goto(f"{page.url}/uitkomst?opgepakt=12&wacht=3&dubbel=1")


async def _hold_without_reason(page: Page, demo: Demo) -> None:
    await page.goto(f"{demo.base}/beheer/bezorgingen/werk-en-inkomen-zilverdam")
    await unchecked(page)
    await page.get_by_role("button", name="Houd op").click()


async def _give_up(page: Page, demo: Demo) -> None:
    await through("/beheer/mislukt", "/beheer/mislukt/")(page, demo)
    await page.get_by_role("link", name="Geef alles op").click()


async def _give_up_unsure(page: Page, demo: Demo) -> None:
    await _give_up(page, demo)
    await unchecked(page)
    await page.get_by_role("button", name="Geef op").click()


async def _expired_form(page: Page, demo: Demo) -> None:
    await page.goto(f"{demo.base}/functionaris/persoon")
    await page.evaluate("for (const field of document.querySelectorAll('[name=csrf]')) field.value = 'x'")
    await unchecked(page)
    await page.get_by_role("button", name="Zoek en leg vast").click()


async def _set_up_wrongly(page: Page, demo: Demo) -> None:
    await page.goto(f"{demo.base}/beheer/aansluiten/lvs_csv/instellen?weg=sftp")
    await unchecked(page)
    await page.get_by_label("Adres").fill("sftp://hub@sftp.nl")
    await page.get_by_role("button", name="Maak het ontwerp").click()


async def drafted(page: Page, demo: Demo) -> None:
    """The page of a draft, made where it is not there yet."""
    await page.goto(f"{demo.base}{DRAFT}")
    if await page.get_by_role("heading", name="Instelling van").count():
        return
    await page.goto(f"{demo.base}/beheer/aansluiten/lvs_csv/instellen?weg=sftp")
    await page.get_by_label("Naam van de koppeling").fill("zilverlinde-csv")
    await page.get_by_label("Wie de gegevens geeft").select_option("mbo-zilverlinde")
    await page.get_by_label("Adres").fill("sftp://127.0.0.1:1")
    await page.get_by_label("Gebruikersnaam op de server").fill("hub")
    await page.get_by_role("button", name="Maak het ontwerp").click()
    if not await page.get_by_role("heading", name="Instelling van").count():  # another sight was first
        await page.goto(f"{demo.base}{DRAFT}")


async def sampled(page: Page, demo: Demo) -> None:
    """What comes of a sample, and where it would go."""
    await drafted(page, demo)
    rows = [
        "BSN;Achternaam;Roepnaam;Geboortedatum;Woongemeente;Geheim;Brin",
        "999909848;Verzonnen;Noor;2008-05-04;Aldermeer;Nee;98ZZ",
    ]
    sample = {"name": "voorbeeld.csv", "mimeType": "text/csv", "buffer": "\n".join(rows).encode()}
    await page.get_by_label("voorbeeldbestand").set_input_files([sample])  # type: ignore[list-item]
    await page.get_by_role("button", name="Probeer het voorbeeld").click()


async def _tested_without_keys(page: Page, demo: Demo) -> None:
    await drafted(page, demo)
    await page.get_by_role("button", name="Test de verbinding").click()


async def _key(page: Page, demo: Demo) -> None:
    await drafted(page, demo)
    await page.get_by_role("link", name="Private sleutel van de hub").click()


async def _wrong_key(page: Page, demo: Demo) -> None:
    await _key(page, demo)
    await page.get_by_label("Private sleutel van de hub").fill("geen sleutel")
    await page.get_by_role("button", name="Verzegel", exact=True).click()


async def _end(page: Page, demo: Demo) -> None:
    await drafted(page, demo)
    await page.get_by_role("link", name="Beëindig deze koppeling").click()
    await unchecked(page)
    await page.get_by_role("button", name="Beëindig voorgoed").click()


async def _changed(page: Page, demo: Demo) -> None:
    await drafted(page, demo)
    await page.get_by_role("link", name="Wijzig de instelling").click()


SIGHTS: Final = (
    Sight("inloggen", "", at("/inloggen"), True),
    Sight("begin", BOTH, at("/")),
    Sight("functionaris", OFFICER, at("/functionaris"), True),
    Sight("functionaris-auditor", AUDITOR, at("/functionaris")),
    Sight("te-doen", OFFICER, at("/functionaris/te-doen"), True),
    Sight("te-doen-beslisser", GIVER, at("/functionaris/te-doen")),
    Sight("te-doen-beheer", ADMINISTRATOR, at("/beheer/te-doen")),
    Sight("logboek", OFFICER, at("/functionaris/logboek"), True),
    Sight("logboek-leeg", OFFICER, at("/functionaris/logboek?van=2020-01-01&tot=2020-01-02")),
    Sight("logboek-fout", OFFICER, at("/functionaris/logboek?van=2026-01-10&tot=2026-01-01")),
    Sight("gegevens", OFFICER, at("/functionaris/logboek/gegevens?zoek=verzuim&ontvanger=werk-en-inkomen-zilverdam"), True),
    Sight("regel", OFFICER, entry("disclosure"), True),
    Sight("regel-geweigerd", OFFICER, entry("refusal"), True),
    Sight("regel-inzage", OFFICER, entry("access")),
    Sight("regel-inrichting", OFFICER, entry("configuration")),
    Sight("regel-uitkomst", OFFICER, entry("outcome")),
    Sight("regel-gecontroleerd", OFFICER, check_entry, True, "#bewijs"),
    Sight("persoon", OFFICER, at("/functionaris/persoon"), True),
    Sight("persoon-fout", OFFICER, _nothing_filled_in),
    Sight("persoon-geen-nummer", OFFICER, _no_number),
    Sight("persoon-antwoord", OFFICER, search, True),
    Sight("persoon-onbekend", OFFICER, _unknown),
    Sight("volledig", OFFICER, at("/functionaris/persoon/volledig")),
    Sight("volledig-geen", OFFICER, _complete_of_nobody),
    Sight("volledig-antwoord", OFFICER, ask_complete, True),
    Sight("weigeringen", OFFICER, at("/functionaris/weigeringen"), True),
    Sight("verklaringen", OFFICER, at("/functionaris/verklaringen")),
    Sight("verklaringen-persoon", OFFICER, statements, True),
    Sight("verklaringen-bezwaar", OFFICER, _objection),
    Sight("verklaringen-geen", OFFICER, _nothing_stated),
    Sight("verklaring-nieuw", OFFICER, at("/functionaris/verklaringen/nieuw"), True),
    Sight("verklaring-fout", OFFICER, _statement_without_words),
    Sight("ontvangstbewijs", OFFICER, _slip, True),
    Sight("intrekkingen", OFFICER, at("/functionaris/intrekkingen"), True),
    Sight("intrekkingen-alle", OFFICER, at("/functionaris/intrekkingen?alles=ja")),
    Sight("intrekking", OFFICER, through("/functionaris/intrekkingen", "/functionaris/intrekkingen/"), True),
    Sight("intrekking-fout", OFFICER, _answer_without_words),
    Sight("intrekking-gevolg", OFFICER, through("/functionaris/intrekkingen", "/functionaris/intrekkingen/", "/gevolg"), True),
    Sight("informeren", OFFICER, at("/functionaris/informeren"), True),
    Sight("bezwaren", OFFICER, at("/functionaris/bezwaren")),
    Sight("bezwaar", OFFICER, through("/functionaris/bezwaren", "/functionaris/bezwaren/"), True),
    Sight("bezwaar-beslisser", GIVER, through("/functionaris/bezwaren", "/functionaris/bezwaren/")),
    Sight("bezwaar-fout", OFFICER, _ruling_without_words),
    Sight("functionaris-koppelingen", OFFICER, at("/functionaris/koppelingen"), True),
    Sight("functionaris-koppeling", AUDITOR, at("/functionaris/koppelingen/duo-voorbeeldregio")),
    Sight("afspraken", OFFICER, at("/functionaris/afspraken"), True),
    Sight("afspraak", OFFICER, at(f"/functionaris/afspraken/afspraak/{AGREEMENT}"), True),
    Sight("afspraak-beslisser", RECEIVER, at(f"/functionaris/afspraken/afspraak/{AGREEMENT}")),
    Sight("voorstellen", OFFICER, at(f"/functionaris/afspraken/voorstellen?van={AGREEMENT}")),
    Sight("voorstel-fout", OFFICER, _wrong_draft),
    Sight("voorstel", OFFICER, propose, True),
    Sight("bewaren", OFFICER, at("/functionaris/bewaren"), True),
    Sight("bewaren-beslisser", GIVER, at("/functionaris/bewaren")),
    Sight("vergeten", OFFICER, at("/functionaris/vergeten"), True),
    Sight("vergeten-fout", OFFICER, _forget_without_words),
    Sight("vergeten-verzoek", OFFICER, ask_to_forget, True),
    Sight("vergeten-gedaan", FG, _forgotten),
    Sight("steekproef", AUDITOR, at("/functionaris/steekproef")),
    Sight("steekproef-lijst", OFFICER, drawn),
    Sight("uitvoer", OFFICER, at("/functionaris/uitvoer"), True),
    Sight("uitvoer-fout", OFFICER, _period_upside_down),
    Sight("controle", OFFICER, at("/functionaris/controle"), True, "#getuigen"),
    Sight("controle-gedaan", OFFICER, check_whole, True, ".hub-proof"),
    Sight("geen-toegang", AUDITOR, at("/functionaris/persoon"), trouble=True),
    Sight("bestaat-niet", OFFICER, at("/functionaris/logboek/00000000-0000-7000-8000-000000000000"), trouble=True),
    Sight("verlopen-formulier", OFFICER, _expired_form, trouble=True),
    Sight("beheer", ADMINISTRATOR, at("/beheer"), True),
    Sight("koppelingen", ADMINISTRATOR, at("/beheer/koppelingen"), True),
    Sight("aansluiten", ADMINISTRATOR, at("/beheer/aansluiten")),
    Sight("aansluiten-een", ADMINISTRATOR, at("/beheer/aansluiten/duo_uitval")),
    Sight("instellen", ADMINISTRATOR, at("/beheer/aansluiten/lvs_csv/instellen?weg=sftp")),
    Sight("instellen-fout", ADMINISTRATOR, _set_up_wrongly),
    Sight("instelling", ADMINISTRATOR, drafted),
    Sight("instelling-wijzigen", ADMINISTRATOR, _changed),
    Sight("instelling-proef", ADMINISTRATOR, sampled),
    Sight("instelling-test", ADMINISTRATOR, _tested_without_keys),
    Sight("instelling-einde", ADMINISTRATOR, _end),
    Sight("sleutel", ADMINISTRATOR, _key),
    Sight("sleutel-fout", ADMINISTRATOR, _wrong_key),
    Sight("koppeling", ADMINISTRATOR, at(CONNECTOR), True),
    Sight("mapping", ADMINISTRATOR, at(CONNECTOR + "/mapping")),
    Sight("mapping-bekeken", ADMINISTRATOR, preview_mapping, True),
    Sight("mapping-fout", ADMINISTRATOR, _wrong_mapping),
    Sight("quarantaine", ADMINISTRATOR, at("/beheer/quarantaine"), True),
    Sight("quarantaine-bestand", ADMINISTRATOR, stuck_file, True),
    Sight("quarantaine-proef", ADMINISTRATOR, try_rows),
    Sight("rij", ADMINISTRATOR, one_row, True),
    Sight("rij-zonder-reden", ADMINISTRATOR, _row_without_reason),
    Sight("rij-inhoud", ADMINISTRATOR, reveal),
    Sight("vrijgegeven", ADMINISTRATOR, _outcome),
    Sight("bezorgingen", ADMINISTRATOR, at("/beheer/bezorgingen"), True),
    Sight("ontvanger", ADMINISTRATOR, at("/beheer/bezorgingen/werk-en-inkomen-zilverdam"), True),
    Sight("ontvanger-zonder-reden", ADMINISTRATOR, _hold_without_reason),
    Sight("mislukt", ADMINISTRATOR, at("/beheer/mislukt"), True),
    Sight("mislukt-oorzaak", ADMINISTRATOR, through("/beheer/mislukt", "/beheer/mislukt/"), True),
    Sight(
        "mislukt-een",
        ADMINISTRATOR,
        through("/beheer/mislukt", "/beheer/mislukt/", f"{FAILED}/"),
    ),
    Sight("opgeven", ADMINISTRATOR, _give_up),
    Sight("opgeven-fout", ADMINISTRATOR, _give_up_unsure),
    Sight("gezondheid", ADMINISTRATOR, at("/beheer/gezondheid"), True),
)
BY_NAME: Final = {sight.name: sight for sight in SIGHTS}
