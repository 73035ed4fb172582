"""What every connector must do, as tests that one line buys: `TestDuo = suite("duo")`."""

from __future__ import annotations

import ast
import asyncio
import tomllib
from typing import Any
from uuid import UUID

import pytest

from hub.connector import Endpoint, Said
from hub.domain.element import elements_of, facts_of
from hub.domain.kinds import RECORDS
from hub.domain.personal import Personal
from hub.domain.records.uitvalmelding import KIND
from hub.domain.stages import Delivered
from hub.domain.terms import PartyId
from hub.errors import Malformed, Misconfigured, Retry
from hub.normalise.mapping import load_mapping
from hub.registry import Connector, load_connectors

INBOUND_RULES = {
    "bronze": {"manifest", "mapping", "wire_layout", "contract_suite", "hostile_corpus", "no_echo"},
    "silver": {"failures_classified", "timeouts", "pinned_host_key", "crash_safe"},
    "gold": {"property_tests", "memory", "version_replay"},
}
OUTBOUND_RULES = {
    "bronze": {"manifest", "wire_layout", "contract_suite", "hostile_answers", "no_echo"},
    "silver": {"failures_classified", "timeouts", "verified_peer", "safe_repetition"},
    "gold": {"property_tests", "memory"},
}
ALLOWED = ("hub.connector", "hub.formats", "hub.transports", "hub.http", "hub.domain", "hub.errors")


def suite(connector_id: str) -> type:
    """The tests of one connector."""
    connector = load_connectors()[connector_id]

    class Suite(_Outbound if connector.manifest.direction == "outbound" else _Inbound):  # type: ignore[misc]
        pass

    Suite.connector = connector
    return Suite


class _Suite:
    connector: Connector
    rules: dict[str, set[str]]

    def test_its_ledger_answers_every_rule(self) -> None:
        ledger = tomllib.loads((self.connector.folder / "quality.toml").read_text(encoding="utf-8"))
        assert {tier: set(rules) for tier, rules in ledger.items()} == self.rules
        for rules in ledger.values():
            for answer in rules.values():
                ((word, reason),) = answer.items()
                assert word in ("done", "exempt")
                assert len(reason) >= 10

    def test_it_tells_people_how_to_connect_it(self) -> None:
        assert "## Connecting it" in (self.connector.folder / "README.md").read_text(encoding="utf-8")

    def test_it_sees_no_more_of_the_hub_than_it_may(self) -> None:
        own = f"hub.connectors.{self.connector.manifest.id}"
        for module in self.connector.folder.rglob("*.py"):
            for name in _imported(module.read_text(encoding="utf-8")):
                if name.partition(".")[0] in ("hub", "tests", "ops", "bench"):
                    assert name.startswith((*ALLOWED, own)), f"{module.name} imports {name}"

    def test_its_pure_side_does_no_io(self) -> None:
        pure = [self.connector.folder / name for name in ("inbound.py", "outbound.py")]
        names = {name for each in pure if each.exists() for name in _imported(each.read_text(encoding="utf-8"))}
        assert not {name.partition(".")[0] for name in names} & {
            "asyncio",
            "asyncssh",
            "os",
            "pathlib",
            "socket",
            "time",
            "random",
        }


class _Inbound(_Suite):
    rules = INBOUND_RULES

    def test_it_declares_just_what_its_mapping_may_fill(self) -> None:
        manifest = self.connector.manifest
        filled = set(load_mapping(self.connector.mapping).fields)
        (form,) = manifest.records
        names, facts = elements_of(RECORDS[form.kind]), facts_of(RECORDS[form.kind])
        assert {names[field] for field in filled - facts.keys()} == set(form.elements)

    def test_a_file_of_noise_is_refused_without_repeating_it(self) -> None:
        mapping = load_mapping(self.connector.mapping)
        inspector = self.connector.format().inspect(mapping.columns, mapping.required)
        inspector.feed(b"geheim123;" * 1000)
        with pytest.raises(Malformed) as refused:
            inspector.finish()
        assert "geheim123" not in f"{refused.value} {refused.value.faults}".lower()

    def test_a_header_of_its_own_columns_is_a_file_without_rows(self) -> None:
        mapping = load_mapping(self.connector.mapping)
        header = ";".join(sorted(mapping.columns)).encode()
        inspector = self.connector.format().inspect(mapping.columns, mapping.required)
        inspector.feed(header)
        layout = inspector.finish()
        reader: Any = self.connector.format().read(layout, mapping.columns)
        assert [*reader.feed(header), *reader.finish()] == []
        assert (layout.lines, layout.ignored) == (1, 0)


class _Outbound(_Suite):
    rules = OUTBOUND_RULES

    def test_it_declares_elements_of_its_record_alone(self) -> None:
        for form in self.connector.manifest.records:
            assert set(form.elements) <= set(elements_of(RECORDS[form.kind]).values())

    def test_it_pushes_and_does_not_fetch(self) -> None:
        assert callable(self.connector.open_sink)
        with pytest.raises(Misconfigured, match="does not fetch"):
            _ = self.connector.connect("sftp")

    def test_no_secret_of_its_target_is_printed(self) -> None:
        assert "sesame" not in repr(Endpoint("https://zaken.voorbeeld.nl/", credentials={"token": b"sesame"}))

    async def test_a_page_of_nothing_calls_nobody(self) -> None:
        sink = self.connector.open_sink(Endpoint("http://127.0.0.1:1/"))
        assert await sink.send([], "") == Said()
        await sink.close()

    async def test_nobody_there_is_tried_again_and_a_server_that_speaks_no_http_confirms_nothing(self) -> None:
        page = [Delivered(UUID(int=7), PartyId("x"), PartyId("duo"), KIND, Personal(b'{"bsn":"geheim123"}'), "{}", "geheim123")]

        async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"geheim123\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(noise, "127.0.0.1", 0)
        for port in (1, server.sockets[0].getsockname()[1]):
            sink = self.connector.open_sink(Endpoint(f"http://127.0.0.1:{port}/geheim123", credentials={"token": b"geheim123"}))
            with pytest.raises(Retry) as away:
                await sink.send(page, "geheim123")
            await sink.close()
            assert "geheim123" not in str(away.value)
        server.close()


def _imported(source: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return names
