"""The pictures in the guides, taken from a demo at work: `make screenshots`.

    python -m tests.browser.screenshots [--directory DIR] [NAME...]

Nobody in them exists. Each is 1280 wide and as high as its page, at most a screen and a half.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from tests.browser.demo import ROOT, Demo, running
from tests.browser.desk import CHROMIUM, WIDE, Desk, Opened, launch
from tests.browser.png import small
from tests.browser.sights import BY_NAME, SIGHTS

PICTURES = ROOT / "docs" / "gidsen" / "beelden"
_HIGHEST = 1350


async def _take(demo: Demo, chromium: str, names: list[str], directory: Path) -> None:
    async with async_playwright() as playwright, launch(playwright, chromium) as browser:
        desk = Desk(browser, demo)
        for name in names:
            sight, opened = BY_NAME[name], Opened(desk)
            page = await opened.page(sight.account, color_scheme="light", reduced_motion="reduce")
            await sight.way(page, demo)
            await page.mouse.move(0, 0)
            height = await page.evaluate("document.documentElement.scrollHeight")
            top = 0
            if sight.shown:
                top = max(0, round((await page.locator(sight.shown).first.bounding_box() or {"y": 0})["y"]) - 24)
                top += await page.evaluate("Math.round(scrollY)")
            clip = {"x": 0, "y": top, "width": WIDE["width"], "height": min(height - top, _HIGHEST)}
            picture = await page.screenshot(full_page=True, clip=clip, animations="disabled")  # type: ignore[arg-type]
            picture = small(picture)
            (directory / f"{name}.png").write_bytes(picture)
            sys.stdout.write(f"{name}.png  {len(picture) / 1024:.0f} KB\n")
            await opened.end()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Takes the pictures in the guides again.")
    parser.add_argument("names", nargs="*", choices=[[], *BY_NAME], metavar="NAME")
    parser.add_argument("--directory", type=Path, default=PICTURES)
    given = parser.parse_args()
    chromium = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if chromium is None:
        sys.stderr.write("No Chromium was found: install the package 'chromium', or Google Chrome.\n")
        return 1
    given.directory.mkdir(parents=True, exist_ok=True)
    names = given.names or [sight.name for sight in SIGHTS if sight.picture]
    with tempfile.TemporaryDirectory(prefix="hub-pictures-") as folder:
        Path(folder).chmod(0o711)  # as root the database is another user
        with running(Path(folder) / "demo") as demo:
            asyncio.run(_take(demo, chromium, names, given.directory))
    return 0


if __name__ == "__main__":
    sys.exit(main())
