"""What every connector must do, as tests that one line buys: `TestDuoUitval = suite("duo_uitval")`.

A connector comes with its wire form in `schemas/wire/<id>/<version>/`: `SOURCE.md`, whose first line says `Origin: found` or
`Origin: invented`, and for what is taken in a `sample` file of invented persons, of which every row is read.
"""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hub.connector import Endpoint, Hat, Said
from hub.domain.element import addressee_of, elements_of, facts_of
from hub.domain.kinds import RECORDS
from hub.domain.personal import Bsn, Personal
from hub.domain.stages import Delivered, Row
from hub.domain.terms import PartyId
from hub.errors import Malformed, Misconfigured, Retry
from hub.normalise import normalise
from hub.normalise.mapping import load_mapping
from hub.registry import Connector, load_connectors

ROOT = Path(__file__).parents[2]
ALLOWED = ("hub.connector", "hub.formats", "hub.transports", "hub.http", "hub.domain", "hub.errors")
IO = {"asyncio", "asyncssh", "os", "pathlib", "socket", "time", "random"}
_TEST = re.compile(r"\b((?:tests|ops|schemas)/[A-Za-z0-9_./-]+)")

_shipped = cache(load_connectors)


def suite(
    connector_id: str,
    endpoint: Callable[[str], Endpoint] | None = None,
    *,
    found: Mapping[str, Connector] | None = None,
    wire: Path = ROOT / "schemas" / "wire",
    payload: bytes = b'{"bsn":"geheim123"}',
) -> type:
    """The tests of one connector.

    `endpoint` gives what it needs to go to an address, where that is more than the address. `found` and `wire` are for a
    connector that lies elsewhere, `payload` for one that sends nothing but what is whole: with geheim123 somewhere in it.
    """
    connector = (found or _shipped())[connector_id]
    kinds: dict[str, type] = {"inbound": _Inbound, "outbound": _Outbound, "query": _Query}

    class Suite(kinds[connector.manifest.direction]):  # type: ignore[misc]
        pass

    Suite.connector, Suite.wire = connector, wire / connector_id
    Suite.endpoint = staticmethod(endpoint or Endpoint)
    Suite.payload = payload
    return Suite


class _Suite:
    connector: Connector
    wire: Path
    endpoint: Callable[[str], Endpoint]
    payload: bytes

    def test_its_ledger_is_whole_and_what_it_names_is_there(self) -> None:
        for answers in self.connector.ledger.answers.values():
            for rule, answer in answers.items():
                for named in _TEST.findall(answer.reason):
                    assert (ROOT / named.rstrip(".")).exists(), f"{rule} names {named}"

    def test_the_form_at_the_other_side_has_its_source(self) -> None:
        for form in self.connector.manifest.records:
            source = (self.wire / form.wire / "SOURCE.md").read_text(encoding="utf-8")
            assert source.startswith(("Origin: found", "Origin: invented"))

    def test_it_tells_people_how_to_connect_it(self) -> None:
        assert "## Connecting it" in (self.connector.folder / "README.md").read_text(encoding="utf-8")

    def test_it_declares_elements_of_its_records_alone(self) -> None:
        for form in self.connector.manifest.records:
            assert set(form.elements) <= set(elements_of(RECORDS[form.kind]).values())

    def test_it_sees_no_more_of_the_hub_than_it_may(self) -> None:
        own = f"hub.connectors.{self.connector.manifest.id}"
        for module in self.connector.folder.rglob("*.py"):
            for name in _imported(module.read_text(encoding="utf-8")):
                if name.partition(".")[0] in ("hub", "tests", "ops", "bench"):
                    assert name.startswith((*ALLOWED, own)), f"{module.name} imports {name}"

    def test_its_pure_side_does_no_io(self) -> None:
        pure = [self.connector.folder / name for name in ("inbound.py", "outbound.py")]
        names = {name for each in pure if each.exists() for name in _imported(each.read_text(encoding="utf-8"))}
        assert not {name.partition(".")[0] for name in names} & IO

    def samples(self) -> list[Path]:
        """The files of invented persons that show its form."""
        return sorted(self.wire.glob("*/sample*"))


class _Inbound(_Suite):
    def test_it_declares_just_what_its_mapping_may_fill(self) -> None:
        _declares_what_is_filled(self.connector)

    def test_every_row_of_its_sample_is_read_and_reads_again(self) -> None:
        mapping = load_mapping(self.connector.mapping)
        samples = self.samples()
        assert samples, "it has a sample of its form"
        for sample in samples:
            rows = self.rows(sample.read_bytes())
            records, rejected = normalise(rows, mapping)
            assert not rejected, [one.faults for one in rejected]
            assert records
            for row in rows:
                (again,) = self.rows(row.raw.reveal())
                assert again.content == row.content

    def test_a_file_that_ends_anywhere_is_refused_or_says_so_of_its_rows(self) -> None:
        (sample, *_) = self.samples()
        whole = sample.read_bytes()
        for end in range(0, len(whole), max(1, len(whole) // 40)):
            try:
                self.rows(whole[:end])
            except Malformed as refused:
                _names_nobody(refused)

    def test_a_file_of_noise_is_refused_without_repeating_it(self) -> None:
        with pytest.raises(Malformed) as refused:
            self.rows(b"geheim123;" * 1000)
        assert "geheim123" not in f"{refused.value} {refused.value.faults}".lower()

    def rows(self, content: bytes) -> list[Row]:
        """The rows of a file, as the reader of files would have them. Raises Malformed where it is refused whole."""
        mapping = load_mapping(self.connector.mapping)
        form = self.connector.format(mapping.reads)
        inspector = form.inspect(mapping.columns, mapping.required)
        inspector.feed(content)
        reader: Any = form.read(inspector.finish(), mapping.columns)
        return [*reader.feed(content), *reader.finish()]


class _Outbound(_Suite):
    def test_it_pushes_and_does_not_fetch(self) -> None:
        assert callable(self.connector.open_sink)
        with pytest.raises(Misconfigured, match="does not fetch"):
            _ = self.connector.connect(self.connector.manifest.transport.protocols[0])

    async def test_a_page_of_nothing_calls_nobody(self) -> None:
        sink = self.connector.open_sink(self.endpoint(self._at(1)))
        assert await sink.send([], "") == Said()
        await sink.close()

    async def test_nobody_there_is_tried_again_and_a_server_that_talks_nonsense_confirms_nothing(self) -> None:
        kind = self.connector.manifest.records[0].kind
        page = [Delivered(UUID(int=7), PartyId("x"), PartyId("duo"), kind, Personal(self.payload), "{}", "geheim123")]
        async with _Nonsense() as port:
            for each in (1, port):
                sink = self.connector.open_sink(self.endpoint(self._at(each)))
                with pytest.raises((Retry, Misconfigured)) as away:
                    await sink.send(page, "geheim123")
                await sink.close()
                assert "geheim123" not in str(away.value)

    def _at(self, port: int) -> str:
        scheme = "sftp" if self.connector.manifest.transport.protocols[0] == "sftp" else "http"
        return f"{scheme}://127.0.0.1:{port}"


class _Query(_Suite):
    def test_it_declares_just_what_its_mapping_may_fill(self) -> None:
        _declares_what_is_filled(self.connector)

    async def test_nobody_there_is_tried_again_and_nonsense_is_no_answer(self) -> None:
        async with _Nonsense() as port:
            for each in (1, port):
                query = self.connector.open_query(self.endpoint(f"http://127.0.0.1:{each}"))
                with pytest.raises((Retry, Misconfigured)) as away:
                    await query.ask(Bsn("999909848"), Hat("geheim123", "pw"))
                await query.close()
                assert "geheim123" not in str(away.value)
                assert "999909848" not in str(away.value)


class _Nonsense:
    """A server that answers whatever it hears with a line that is no answer."""

    async def __aenter__(self) -> int:
        async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1024)
            writer.write(b"geheim123\r\n\r\n")
            writer.close()

        self._server = await asyncio.start_server(noise, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aexit__(self, *_: object) -> None:
        self._server.close()


def _declares_what_is_filled(connector: Connector) -> None:
    filled = set(load_mapping(connector.mapping).fields)
    (form,) = connector.manifest.records
    model = RECORDS[form.kind]
    elements = elements_of(model)
    assert {elements[field] for field in filled - facts_of(model).keys() - {addressee_of(model)}} == set(form.elements)


def _names_nobody(refused: Malformed) -> None:
    assert not re.search(r"[0-9]{4}", f"{refused} {refused.faults}")


def _imported(source: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return names
