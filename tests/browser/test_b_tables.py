"""Every table sorts both ways by every head, and is saved as a file that holds what the page shows."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from playwright.async_api import Locator, Page

from tests.browser.desk import Opened
from tests.browser.sights import ADMINISTRATOR, CONNECTOR, OFFICER

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
PAGES = (
    (OFFICER, "/functionaris"),
    (OFFICER, "/functionaris/weigeringen"),
    (OFFICER, "/functionaris/bewaren"),
    (OFFICER, "/functionaris/vergeten"),
    (ADMINISTRATOR, "/beheer"),
    (ADMINISTRATOR, "/beheer/koppelingen"),
    (ADMINISTRATOR, CONNECTOR),
    (ADMINISTRATOR, "/beheer/quarantaine"),
    (ADMINISTRATOR, "/beheer/bezorgingen"),
    (ADMINISTRATOR, "/beheer/mislukt"),
    (ADMINISTRATOR, "/beheer/gezondheid"),
)


def _rank(text: str) -> tuple[int, int | str]:
    if text.isascii() and text.isdecimal():
        return (0, int(text))
    return (1, "".join(mark for mark in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(mark)))


async def _saved(page: Page, table: Locator) -> list[list[str]]:
    """The table as a file, by its own link."""
    address = await table.locator("a[download]").get_attribute("href")
    answer = await page.request.get(page.url.split("?")[0].split("#")[0] + str(address))
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    text = (await answer.body()).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert all(not cell.startswith(_FORMULAS) for row in rows for cell in row)
    return rows


async def _shown(table: Locator) -> list[list[str]]:
    rows: list[list[str]] = await table.evaluate(
        "one => [...one.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
    )
    return rows


@pytest.mark.parametrize(("account", "path"), PAGES, ids=lambda value: value)
async def test_tables_sort_and_are_saved(opened: Opened, account: str, path: str) -> None:
    page = await opened.page(account, path)
    names = [str(await table.get_attribute("id")) for table in await page.locator("section.hub-table:has(tbody)").all()]
    assert names
    for name in names:
        table = page.locator(f"section#{name}")
        heads = await table.locator("thead th").count()
        for place in range(heads):
            for way in ("ascending", "descending"):
                head = table.locator("thead th").nth(place)
                if not await head.locator("a").count():
                    continue
                while await head.get_attribute("aria-sort") != way:
                    await head.locator("a").click()
                saved, shown = await _saved(page, table), await _shown(table)
                for _ in range(3):  # what a page shows may change between its two answers
                    if len(saved) == len(shown) + 1:
                        break
                    await page.reload()
                    saved, shown = await _saved(page, table), await _shown(table)
                assert len(saved) == len(shown) + 1
                column = [row[place] for row in saved[1:] if row[place]]
                ranks = [_rank(value) for value in column]
                assert ranks == sorted(ranks, reverse=way == "descending"), (name, place, way)
                for told, row in zip(saved[1:], shown, strict=True):
                    same = [a == b.replace(".", "") for a, b in zip(told, row, strict=True) if a.isascii() and a.isdecimal()]
                    assert all(same), (name, place, way)


async def test_the_log_sorts_turns_its_pages_and_is_saved(opened: Opened) -> None:
    page = await opened.page(OFFICER, "/functionaris/logboek")
    table = page.locator("section#logboek")
    for place in range(await table.locator("thead th").count()):
        head = table.locator("thead th").nth(place)
        if await head.locator("a").count():
            await head.locator("a").click()
            first = await head.get_attribute("aria-sort")
            await head.locator("a").click()
            assert {first, await head.get_attribute("aria-sort")} == {"ascending", "descending"}
    await page.goto(f"{opened.demo.base}/functionaris/logboek?soort=refusal")
    before = await _shown(table)
    await page.get_by_role("link", name="Volgende regels").click()
    after = await _shown(table)
    assert after
    assert before != after

    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Bewaar als CSV").click()
    path = await (await waiting.value).path()
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), delimiter=";"))
    assert len(rows) > len(before)
    assert {len(row) for row in rows} == {len(rows[0])}
    assert all(not cell.startswith(_FORMULAS) for row in rows for cell in row)
    # That it was handed out is in the log.
    await page.goto(f"{opened.demo.base}/functionaris/logboek?soort=export")
    assert await table.locator("tbody tr").count() >= 1
