"""What the person at the keyboard sees: a line per step, and on a terminal one line that moves."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

_WIDTH = 24


class Display:
    """Lines go to `out`; the moving line appears on a terminal alone."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._live = out, out.isatty()
        self._began = self._step = time.monotonic()
        self._moving = False

    def say(self, text: str = "") -> None:
        """A line that stays."""
        print(f"{self._clear()}{text}", file=self._out, flush=True)

    def done(self, text: str) -> None:
        """A step is done; says how long it took."""
        now = time.monotonic()
        self.say(f"  {text:<64} {now - self._step:5.1f} s")
        self._step = now

    def move(self, text: str, share: float | None = None) -> None:
        """The line that moves, with a bar for `share` of 1."""
        if not self._live:
            return
        full = round(_WIDTH * min(share or 0.0, 1.0))
        bar = "" if share is None else f"[{'#' * full}{'.' * (_WIDTH - full)}] "
        line = f"  {bar}{text}"[: shutil.get_terminal_size().columns - 1]
        self._out.write(f"{self._clear()}{line}")
        self._out.flush()
        self._moving = True

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    def _clear(self) -> str:
        moving, self._moving = self._moving, False
        return "\r\x1b[2K" if moving else ""
