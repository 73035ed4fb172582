"""`make bench`: list, single message, log, pushing, decision, diff, verifier, each against its baseline (bench/results)."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

import uvloop

from bench import decide as decide_bench
from bench import diff as diff_bench
from bench import list as list_bench
from bench import log as log_bench
from bench import mapping as mapping_bench
from bench import message as message_bench
from bench import push as push_bench
from bench import verify as verify_bench
from bench import withdrawal as withdrawal_bench
from bench.world import Result

RESULTS = Path(__file__).parent / "results" / "latest.json"


def main() -> None:
    """Runs what was asked for and writes the results beside those of the others."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "only",
        nargs="*",
        choices=["list", "message", "log", "push", "decide", "withdrawal", "diff", "verify", "mapping", []],
        help="which; by default all",
    )
    parser.add_argument("--persons", type=int, default=100_000, help="persons in the list")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a window of messages or entries")
    asked = parser.parse_args()
    every: dict[str, Callable[[Path], Awaitable[list[Result]]]] = {
        "list": lambda folder: list_bench.run(folder, asked.persons, asked.rounds),
        "message": lambda folder: message_bench.run(folder, asked.seconds, asked.rounds),
        "log": lambda folder: log_bench.run(folder, asked.seconds, asked.rounds),
        "push": lambda folder: push_bench.run(folder, asked.rounds),
        "decide": lambda folder: decide_bench.run(folder, asked.rounds),
        "withdrawal": lambda folder: withdrawal_bench.run(folder, asked.persons // 2),
        "diff": lambda _folder: diff_bench.run(asked.rounds),
        "verify": lambda folder: verify_bench.run(folder, min(asked.rounds, 3)),
        "mapping": lambda _folder: mapping_bench.run(asked.rounds),
    }
    known = {one["name"]: one for one in json.loads(RESULTS.read_text())} if RESULTS.exists() else {}
    for name in asked.only or every:
        with tempfile.TemporaryDirectory(prefix="hub-bench-", dir="/var/tmp") as folder:
            Path(folder).chmod(0o755)
            for result in uvloop.run(_awaited(every[name](Path(folder)))):
                print(result, flush=True)
                known[result.name] = {
                    key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(result).items()
                }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(list(known.values()), indent=2) + "\n")


async def _awaited(work: Awaitable[list[Result]]) -> list[Result]:
    return await work


if __name__ == "__main__":
    main()
