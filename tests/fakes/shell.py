"""Runs `hub` commands, each in a process of its own that begins with the hub already imported: a second saved per command."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

_ROOT = Path(__file__).resolve().parents[2]
_STREAMS = ("in", "out", "err")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["hub.cli"])


def _run(arguments: list[str], environment: dict[str, str], folder: str, account: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(_ROOT)
    for descriptor, name in enumerate(_STREAMS):
        os.dup2(os.open(f"{folder}/{name}", os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_APPEND), descriptor)
    sys.stdin = os.fdopen(0)  # a child of a fork server has none
    if account:
        os.getlogin = lambda: account  # type: ignore[assignment]
    from hub.cli import main

    main(args=arguments, prog_name="hub")


def command(
    *arguments: str, environment: Mapping[str, str], stdin: str = "", patience_s: float = 60, account: str = ""
) -> CompletedProcess[str]:
    """Runs `hub` with these arguments and, of HUB_ settings, only these; as whoever signed in under `account`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    with tempfile.TemporaryDirectory() as folder:
        for name in _STREAMS:
            Path(folder, name).write_text(stdin if name == "in" else "")
        process = _context.Process(target=_run, args=(list(arguments), {**clean, **environment}, folder, account))
        process.start()
        process.join(patience_s)
        if process.is_alive():
            process.kill()
            process.join()
        said = {name: Path(folder, name).read_text() for name in _STREAMS}
    return CompletedProcess(["hub", *arguments], process.exitcode or 0, said["out"], said["err"])
