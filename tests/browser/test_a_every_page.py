"""Every page of both desks, as everyone must be able to use it: WCAG 2.2 AA as far as a machine can tell, and print."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.browser.desk import LOOK, WIDE, Desk, Opened
from tests.browser.sights import SIGHTS, Sight

pytestmark = pytest.mark.timeout(300)

Findings = dict[str, list[str]]
_AT_ONCE = 3
_NARROW = {"width": 360, "height": 800}
_HALF = {"width": WIDE["width"] // 2, "height": WIDE["height"] // 2}
_NARROWEST = {"width": 320, "height": 640}
_PAPER = {"width": 718, "height": 1000}
"""A4 between margins of a centimetre."""


@pytest.fixture(scope="module")
async def looks(request: pytest.FixtureRequest, desk: Desk) -> AsyncIterator[dict[str, asyncio.Task[Findings]]]:
    """Every page that is asked for, a few at a time: most of a look is waiting for the browser."""
    names = {item.callspec.params["sight"].name for item in request.session.items if item.path == request.path}
    for account in {sight.account for sight in SIGHTS if sight.name in names} - {""}:
        await desk.state(account)
    room = asyncio.Semaphore(_AT_ONCE)

    async def look(sight: Sight) -> Findings:
        async with room:
            return await _look(desk, sight)

    tasks = {sight.name: asyncio.ensure_future(look(sight)) for sight in SIGHTS if sight.name in names}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.parametrize("sight", SIGHTS, ids=lambda sight: sight.name)
async def test_page(looks: dict[str, asyncio.Task[Findings]], sight: Sight) -> None:
    found = await looks[sight.name]
    assert {what: said for what, said in found.items() if said} == {}


async def _look(desk: Desk, sight: Sight) -> Findings:
    opened = Opened(desk)
    page = await opened.page(sight.account)
    await sight.way(page, desk.demo)
    await page.evaluate(AXE_SCRIPT)
    await page.evaluate(LOOK)
    found: Findings = {}

    async def ask(what: str, question: str) -> None:
        found[what] = await page.evaluate(f"look.{question}")

    if await page.get_by_text("Vraagt u hulp? Noem dan dit kenmerk").count() != sight.trouble:
        found["trouble"] = [await page.get_by_role("heading", level=1).inner_text()]
    await ask("built", "built()")
    await ask("axe, wide", "axe()")
    await page.emulate_media(color_scheme="dark", forced_colors="active", reduced_motion="reduce")
    await ask("edges in one's own colours", "edges()")
    await ask("motion, reduced", "moves()")
    await page.emulate_media(forced_colors="none")
    await page.set_viewport_size(_HALF)
    await ask("sideways at 200%", "sideways()")
    await page.set_viewport_size(_NARROW)
    await ask("axe, narrow and dark", "axe()")
    await page.set_viewport_size(_NARROWEST)
    await ask("sideways at 320", "sideways()")
    await page.evaluate("look.space(true)")
    await ask("sideways, spaced", "sideways()")
    await ask("cut off, spaced", "cut()")
    await page.evaluate("look.space(false)")
    await page.set_viewport_size(_PAPER)
    await page.emulate_media(media="print")
    await ask("printed", "printed()")
    found["complaints"] = await opened.end()
    return found
