"""The controls of a simulator that runs: `ops.demo.simulator` in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 20


class Controls:
    """Turns the dial of a simulator and reads its counts. Raises httpx2.HTTPError where it does not answer."""

    def __init__(self, control: str) -> None:
        # The machine's proxies are not for what stays on it.
        self._http = httpx2.Client(base_url=control, timeout=10, trust_env=False)

    def dial(self, mode: str, **more: Any) -> None:
        """Sets how the system behaves from the next page on."""
        self._http.post("/dial", json={"mode": mode, **more}).raise_for_status()

    def counts(self) -> dict[str, Any]:
        """What it did until now."""
        return dict(self._http.get("/counts").raise_for_status().json())

    def times(self) -> dict[str, int]:
        """How often each delivery came, by its id."""
        return dict(self._http.get("/times").raise_for_status().json())

    def close(self) -> None:
        """Lets go of the connection."""
        self._http.close()


class Running(Controls):
    """A simulator started here, and ended with the block: `with Running(home) as simulator`."""

    def __init__(self, home: Path, *options: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        where = home / "where.json"
        where.unlink(missing_ok=True)
        command = [sys.executable, "-m", "ops.demo.simulator", str(home), "--port-file", str(where), *options]
        self.process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            told = self._wait(where)
        except BaseException:
            self.kill()
            raise
        self.url: str = told["url"]
        super().__init__(told["control"])

    def kill(self) -> None:
        """Ends it at once, as a power cut does to a process."""
        self.process.kill()
        self.process.wait()

    def _wait(self, where: Path) -> dict[str, str]:
        deadline = time.monotonic() + _PATIENCE_S
        while not where.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the simulator has not started")
            time.sleep(0.02)
        return dict(json.loads(where.read_text()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None) -> None:
        self.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
