"""What anyone can hold against the hub's log: a partner that checks its receipts and is a witness, an export verified offline.

All of it is done with `ops/verify/`, on files that a partner has, and with nothing of the hub.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import httpx2

from ops.demo.processes import Failed, Processes
from ops.demo.region import WITNESS

NAME: Final = f"{WITNESS}.example"
"""The name in the witness's key."""
_KEEP: Final = "ops/verify/keep.py"


class Watching:
    """The witness of one demo, in a directory of its own: its key, what it remembers, and whom an auditor trusts."""

    def __init__(self, directory: Path, processes: Processes) -> None:
        self._place, self._run = directory / "witness", processes.run
        self.export = directory / "log.zip"
        self.policy = self._place / "policy"
        """Whom the hub takes cosignatures of: the file of HUB_WITNESSES."""
        self.trust = self._place / "trust"
        """Whom an auditor trusts: the log's key with an earlier checkpoint, and that the witness must have cosigned."""

    async def begin(self) -> None:
        """The witness makes its key, and hands over the public half."""
        self._place.mkdir()
        key = (await self._run("witness-key", [_KEEP, "key", NAME, str(self._place / "witness.key")])).strip()
        self.policy.write_text(f"witness {WITNESS} {key}\nquorum {WITNESS}\n")

    async def hold(self, hub: str, trust: Path, kept: Path) -> int:
        """Checks the receipts in the file `kept`, and that the log only grew since; then cosigns it. Gives how many hold."""
        known = ["--trust", str(trust), "--state", str(self._place / "state"), "--log", f"{hub}/log"]
        said = await self._run("receipts", [_KEEP, "check", str(kept), *known])
        signs = ["--key", str(self._place / "witness.key"), "--name", NAME, "--post", f"{hub}/log/cosignature"]
        await self._run("cosign", [_KEEP, "cosign", *known, *signs])
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
            served = (await client.get(f"{hub}/log/checkpoint/cosigned")).text
        if f"\n\u2014 {NAME} " not in served:
            raise Failed("The hub does not serve what its witness cosigned.")
        self._write_trust(trust)
        return said.count("VERIFIED: ") - 1  # and once for the log as a whole

    def _write_trust(self, trust: Path) -> None:
        key, _, earlier = trust.read_text().partition("quorum none\n")
        self.trust.write_text(f"{key}{self.policy.read_text()}{earlier}")

    async def verify(self) -> dict[str, Any]:
        """What the verifier says of the export, when it trusts no log that the witness has not cosigned."""
        asked = ["ops/verify/verify.py", str(self.export), "--trust", str(self.trust), "--json"]
        verdict: dict[str, Any] = json.loads(await self._run("verify", asked))
        return verdict
