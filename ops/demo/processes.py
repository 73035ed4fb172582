"""The processes of the demo: each ends with the demo, however that ends, and none fails unseen."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1
_LAST_LINES = 12
_PATIENCE_S = 25  # the hub finishes the requests under way first
_libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """A process of the demo ended as it should not; the text is for the person at the keyboard."""


def _tie_to(parent: int) -> Callable[[], None]:
    """Runs in the child before its program: the kernel kills it when the thread that started it ends."""

    def tie() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked
            os.kill(os.getpid(), signal.SIGKILL)

    return tie


def end_with_make() -> None:
    """Started by make, this process is asked to end when make does; a shell may end before what it started."""
    if "MAKELEVEL" in os.environ:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Processes:
    """Started from the main thread alone: what the kernel watches is the thread."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._with_end: set[str] = set()
        logs.mkdir(parents=True, exist_ok=True)

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None, *, ends: bool = False
    ) -> None:
        """Starts `python command...` in the repository, with its output in the log of that name; `ends`: it may end well."""
        self._running[name] = self._popen(name, command, environment)
        if ends:
            self._with_end.add(name)

    async def run(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        """Runs `python command...` to its end and gives what it printed. Raises Failed where it or another process fails."""
        process = self._popen(name, command, environment)
        try:
            while process.poll() is None:
                self.check()
                await asyncio.sleep(0.05)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            raise self._failed(name, process.returncode)
        return self._log(name).read_text(errors="replace")

    def ended(self, name: str) -> bool:
        """Whether a process that has an end of its own has come to it."""
        return self._running[name].poll() == 0

    def check(self) -> None:
        """Raises Failed where a process has ended that should not have, or badly."""
        for name, process in self._running.items():
            if process.poll() is not None and (process.returncode or name not in self._with_end):
                raise self._failed(name, process.returncode)

    def stop(self) -> None:
        """Ends all processes, the last started first, each in its own time; kills what does not end."""
        while self._running:
            _, process = self._running.popitem()
            process.terminate()
            deadline = time.monotonic() + _PATIENCE_S
            while process.poll() is None and time.monotonic() < deadline:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
            if process.poll() is None:
                process.kill()
                process.wait()

    def _popen(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
        with self._log(name).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=_ROOT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,  # Ctrl-C is for the demo, which ends the others in order
                preexec_fn=_tie_to(os.getpid()),
            )

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _failed(self, name: str, status: int) -> Failed:
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        lines = self._log(name).read_text(errors="replace").splitlines()[-_LAST_LINES:]
        said = "".join(f"\n    {line}" for line in lines) or "\n    nothing"
        return Failed(f"The process '{name}' ended {how}. It said last ({self._log(name)}):{said}")
