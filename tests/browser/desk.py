"""Opening pages as someone, and what a page may never do: complain, or reach for another house."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, expect

from tests.browser.demo import Demo

CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDE: Final = {"width": 1280, "height": 900}
LOOK: Final = Path(__file__).with_name("look.js").read_text("utf-8")
"""What a page is asked; see there."""
_QUIET: Final = ("--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run")
_PATIENCE_S: Final = 30


@asynccontextmanager
async def launch(playwright: Playwright, path: str) -> AsyncIterator[Browser]:
    """A browser that says nothing to anyone but this machine."""
    browser = await playwright.chromium.launch(executable_path=path, args=list(_QUIET), chromium_sandbox=False)
    try:
        yield browser
    finally:
        await browser.close()


class Watch:
    """What went on in one context: every address asked for, and every complaint."""

    def __init__(self, context: BrowserContext, *origins: str) -> None:
        self._origins = origins
        self.addresses: list[str] = []
        self.complaints: list[str] = []
        context.on("request", self._asked)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _asked(self, request: Request) -> None:
        self.addresses.append(request.url)
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" not in self._origins and parts.scheme not in ("data", "blob"):
            self.complaints.append(f"another origin was asked: {parts.netloc}")

    def _said(self, message: ConsoleMessage) -> None:
        # The browser tells of every answer that is an error; which answers those are is for the tests to say.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource:"):
            self.complaints.append(message.text)


class Desk:
    """Signs in once per account, through the provider, and lends what the browser then holds to every context."""

    def __init__(self, browser: Browser, demo: Demo) -> None:
        self.browser, self.demo = browser, demo
        self._states: dict[str, Any] = {}

    async def context(self, account: str = "", **options: Any) -> tuple[BrowserContext, Watch]:
        """A browser of its own, signed in as `account`; as nobody without one."""
        state = await self.state(account) if account else None
        context = await self.browser.new_context(**{"viewport": WIDE, "locale": "nl-NL", "storage_state": state, **options})
        context.set_default_timeout(_PATIENCE_S * 1000)
        return context, Watch(context, self.demo.base, self.demo.provider)

    async def state(self, account: str) -> Any:
        """What a browser holds in which `account` is signed in."""
        if account not in self._states:
            context = await self.browser.new_context(viewport=WIDE)
            page = await context.new_page()
            await page.goto(f"{self.demo.base}/")
            await sign_in(page, self.demo, account)
            self._states[account] = await context.storage_state()
            await context.close()
        return self._states[account]


async def sign_in(page: Page, demo: Demo, account: str) -> None:
    """From the page that asks to sign in to the page that was asked for."""
    await page.get_by_role("button", name="Inloggen met uw organisatie").click()
    await page.get_by_label("Gebruikersnaam").fill(account)
    await page.get_by_label("Wachtwoord").fill(demo.passwords[account])
    await page.get_by_role("button").first.click()
    await page.wait_for_url(f"{demo.base}/**")


class Opened:
    """The pages of one test."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self.demo = desk, desk.demo
        self._contexts: list[tuple[BrowserContext, Watch]] = []

    async def page(self, account: str = "", path: str = "", **options: Any) -> Page:
        """A page in a browser of its own, signed in as `account`, at `path`."""
        context, watch = await self._desk.context(account, **options)
        self._contexts.append((context, watch))
        page = await context.new_page()
        if path:
            await page.goto(self.demo.base + path)
        return page

    @property
    def watch(self) -> Watch:
        """Of the page opened last."""
        return self._contexts[-1][1]

    async def end(self) -> list[str]:
        """Closes all; gives what they complained of."""
        for context, _ in self._contexts:
            await context.close()
        return [complaint for _, watch in self._contexts for complaint in watch.complaints]


async def until(page: Page, so: Callable[[], Awaitable[bool]]) -> None:
    """Loads the page again until it is `so`: what a person does who waits for the hub."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE_S
    while not await so():
        assert loop.time() < deadline, await page.locator("main").inner_text()
        await asyncio.sleep(0.3)
        await page.reload()


async def heading(page: Page, text: str) -> None:
    """The page is the one with this heading."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(text)
