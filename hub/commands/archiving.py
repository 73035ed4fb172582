"""`hub audit export`, `write` and `send-ldv`: the log handed out in the forms of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import orjson
import typer

from hub.app import Hub
from hub.archive.files import whole_file
from hub.archive.reading import Period
from hub.archive.sending import Sender
from hub.archive.service import Form
from hub.commands.reading import WithHub
from hub.errors import Misconfigured
from hub.http import Http
from hub.operations import export_log, exports_of

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_DAY: Final = ["%Y-%m-%d"]

_File = Annotated[Path, typer.Argument(help="A new file; it is whole or not there.")]
_From = Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="The first day, as 2026-11-01.")]
_Until = Annotated[datetime | None, typer.Option("--until", formats=_DAY, help="The last day, which counts.")]
_Peer = Annotated[
    list[str] | None, typer.Option("--peer", help="PARTY=OIN, for a party without OIN in the policy set; repeat.")
]
_Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_Pem = Annotated[Path | None, typer.Option(help="A PEM file.")]


def archiving_commands(audit: typer.Typer, with_hub: WithHub) -> None:
    """Adds the commands to `hub audit`."""

    @audit.command("export")
    def export(
        folder: Annotated[Path | None, typer.Argument(help="An empty or new directory.")] = None,
        archive: Annotated[Path | None, typer.Option("--zip", help="Into one new .zip instead, with how to check it.")] = None,
        cosigned: Annotated[bool, typer.Option(help="As it was when a witness last cosigned it, with that signature.")] = False,
        as_json: _Json = False,
    ) -> None:
        """Writes the whole log as a tlog-tiles tree, which `python3 ops/verify/verify.py DIR --trust FILE` checks offline."""

        async def work(hub: Hub) -> None:
            if folder is not None and archive is None:
                size = await export_log(hub, folder, cosigned=cosigned)
            elif archive is not None and folder is None:
                with whole_file(archive) as target:
                    size = await exports_of(hub).archive(target, cosigned=cosigned)
            else:
                raise Misconfigured("Nothing was written.", "It is not said where to.", "Name a directory, or --zip FILE.")
            _say(as_json, {"entries": size, "in": str(folder or archive)}, f"{size} entries in {folder or archive}")

        with_hub(work)

    @audit.command("write")
    def write(
        form: Annotated[Form, typer.Argument(help="In which form.")],
        file: _File,
        first: _From = None,
        last: _Until = None,
        peer: _Peer = None,
        as_json: _Json = False,
    ) -> None:
        """Writes a period of the log: a spreadsheet (csv, xlsx), records of the Logboek Dataverwerkingen in OTLP (ldv), FSC
        transaction records (fsc), or a printed report (pdf). Days are those of the Netherlands; without, the whole log.
        """

        async def work(hub: Hub) -> None:
            period, peers = _period(first, last), _peers(peer or [])
            await hub.put_policy_in_use()
            with whole_file(file) as target:
                count = await exports_of(hub).write(form, period, target, peers=peers)
            _say(as_json, {"entries": count, "form": form.value, "file": str(file)}, f"{count} entries in {file}")

        with_hub(work)

    @audit.command("send-ldv")
    def send_ldv(
        url: Annotated[str, typer.Argument(help="Where the collector takes OTLP/HTTP, such as https://HOST/v1/traces.")],
        start: Annotated[
            int | None, typer.Option("--from", min=0, help="From this place; without, from where it last confirmed.")
        ] = None,
        ca: _Pem = None,
        certificate: _Pem = None,
        key: _Pem = None,
        as_json: _Json = False,
    ) -> None:
        """Sends the log's records to a Logboek Dataverwerkingen, each batch confirmed; run it again to send what is new.

        How far it was confirmed stands in the log, per address.
        """

        async def work(hub: Hub) -> None:
            await hub.put_policy_in_use()
            http = Http(timeout_s=30.0, concurrency=1, ca=ca, certificate=certificate, key=key)
            try:
                sent = await Sender(hub.log, hub.search, hub.notes, lambda: hub.policy, http).send(url, start)
            finally:
                await http.close()
            _say(as_json, asdict(sent), f"{sent.records} records confirmed, up to place {sent.after}")

        with_hub(work)


def _say(as_json: bool, said: dict[str, Any], sentence: str) -> None:
    typer.echo(orjson.dumps(said).decode() if as_json else sentence)


def _period(first: datetime | None, last: datetime | None) -> Period:
    if first and last and last < first:
        raise Misconfigured("Nothing was written.", "The last day lies before the first.", "Turn them round.")
    return Period(
        None if first is None else _start(first.date()), None if last is None else _start(last.date() + timedelta(days=1))
    )


def _start(day: date) -> int:
    return int(datetime.combine(day, time(), _AMSTERDAM).timestamp()) * 1_000_000


def _peers(given: Sequence[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    if any(not (party and oin.isascii() and oin.isalnum() and len(oin) <= 20) for party, _, oin in pairs):
        raise Misconfigured("Nothing was written.", "A peer is not written well.", "Write PARTY=OIN, with an OIN of 20 digits.")
    return {party: oin for party, _, oin in pairs}
