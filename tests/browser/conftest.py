"""A real Chromium in front of a demo at work; per role a browser that is signed in through the demo's own provider."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.demo import Demo, running
from tests.browser.desk import CHROMIUM, Desk, Opened, launch


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """On CI a machine without Chromium fails, elsewhere it skips."""
    for name in CHROMIUM:
        if found := shutil.which(name):
            return found
    reason = "No Chromium was found: install the package 'chromium' (and 'fonts-liberation2'), or Google Chrome."
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def demo(chromium_path: str, quick_place: str | None) -> Iterator[Demo]:
    """One for the whole run. Tests that mend what is stuck come after those that look at it: by the names of their files."""
    with tempfile.TemporaryDirectory(prefix="hub-browser-", dir=quick_place) as folder:
        Path(folder).chmod(0o711)  # as root the database is another user
        with running(Path(folder) / "demo") as found:
            yield found


@pytest.fixture(scope="session")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright, launch(playwright, chromium_path) as found:
        yield found


@pytest.fixture(scope="session")
async def desk(browser: Browser, demo: Demo) -> Desk:
    """Opens browsers as someone; each account signs in once."""
    return Desk(browser, demo)


@pytest.fixture
async def opened(desk: Desk) -> AsyncIterator[Opened]:
    """Opens pages that end with the test; at its end no page may have complained, or reached for another house."""
    found = Opened(desk)
    yield found
    complaints = await found.end()
    assert complaints == []
