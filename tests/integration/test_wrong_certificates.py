"""Simulators over TLS: one that suddenly shows a stranger's certificate is not spoken with; one that lists backwards is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from hub.connector import Endpoint, SourceBarred, Trouble
from hub.transports.rest import probe
from hub.transports.zgw import Zgw
from ops.demo.certificates import papers
from ops.demo.gemeente import SECRET

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("papers")
    papers(made)
    return made


@contextmanager
def running(name: str, *options: str) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", f"ops.demo.{name}", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def dial(control: str, mode: str) -> int:
    with httpx2.Client(trust_env=False) as http:
        return http.put(f"{control}/dials", json={"mode": mode}).status_code


@pytest.mark.parametrize(("name", "at"), [("lvs", "url"), ("gemeente", "stuf")])
async def test_a_stranger_of_the_same_name_is_not_spoken_with(home: Path, name: str, at: str) -> None:
    with running(name, "--tls", str(home)) as there:
        address = there[at].replace("/stuf", "/brp/x") + ("/meldingen" if name == "lvs" else "")
        endpoint = Endpoint(address, {}, {"ca": (home / "ca.pem").read_bytes()}, 5.0)
        for mode, trouble in (("ok", None), ("wrong_certificate", Trouble.certificate), ("ok", None)):
            assert dial(there["control"], mode) < 300
            try:
                await probe(endpoint)
                found = None
            except SourceBarred as barred:
                found = barred.trouble if barred.trouble is Trouble.certificate else None
            assert found is trouble, mode


def test_without_tls_there_is_no_certificate_to_be_wrong() -> None:
    with running("lvs") as there:
        assert dial(there["control"], "wrong_certificate") == 400


async def test_a_case_system_lists_backwards() -> None:
    with running("gemeente") as there:
        zgw = Zgw(Endpoint(there["zaken"], {"client_id": "hub"}, {"secret": SECRET.encode()}, 5.0))
        kinds = there["catalogi"]
        for number in range(3):
            body = {"bronorganisatie": "1", "verantwoordelijkeOrganisatie": "1", "identificatie": f"Z-{number}"}
            await zgw.post("zaken", {**body, "zaaktype": f"{kinds}/zaaktypen/1", "startdatum": "2026-11-02"})
        orders = []
        for mode in ("ok", "out_of_order"):
            dial(there["control"], mode)
            orders.append([one["identificatie"] for one in await zgw.results("zaken", {})])
        await zgw.close()
    assert orders == [["Z-0", "Z-1", "Z-2"], ["Z-2", "Z-1", "Z-0"]]
