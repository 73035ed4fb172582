"""What every connector must do, as tests that one line buys: `TestDuo = suite("duo")`."""

from __future__ import annotations

import ast
import tomllib
from typing import Any

import pytest

from hub.connector import Connector, load_connectors
from hub.domain.element import elements_of
from hub.domain.records.uitvalmelding import KIND, Uitvalmelding
from hub.errors import Malformed
from hub.normalise.mapping import load_mapping

RULES = {
    "bronze": {"manifest", "mapping", "wire_layout", "contract_suite", "hostile_corpus", "no_echo"},
    "silver": {"failures_classified", "timeouts", "pinned_host_key", "crash_safe"},
    "gold": {"property_tests", "memory", "version_replay"},
}
ALLOWED = ("hub.connector", "hub.http", "hub.domain", "hub.errors")


def suite(connector_id: str) -> type:
    """The tests of one connector."""
    connector = load_connectors()[connector_id]

    class Suite(_Suite):
        pass

    Suite.connector = connector
    return Suite


class _Suite:
    connector: Connector

    def test_it_declares_just_what_its_mapping_may_fill(self) -> None:
        manifest = self.connector.manifest
        filled = set(load_mapping(self.connector.mapping).fields)
        names = elements_of(Uitvalmelding)
        assert manifest.record.kind == KIND
        assert {names[field] for field in filled} == set(manifest.record.elements)

    def test_its_ledger_answers_every_rule(self) -> None:
        ledger = tomllib.loads((self.connector.folder / "quality.toml").read_text(encoding="utf-8"))
        assert {tier: set(rules) for tier, rules in ledger.items()} == RULES
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
        names = set(_imported((self.connector.folder / "inbound.py").read_text(encoding="utf-8")))
        assert not {name.partition(".")[0] for name in names} & {
            "asyncio",
            "asyncssh",
            "os",
            "pathlib",
            "socket",
            "time",
            "random",
        }

    def test_a_file_of_noise_is_refused_without_repeating_it(self) -> None:
        mapping = load_mapping(self.connector.mapping)
        inspector = self.connector.format.inspect(mapping.columns, mapping.required)
        inspector.feed(b"geheim123;" * 1000)
        with pytest.raises(Malformed) as refused:
            inspector.finish()
        assert "geheim123" not in f"{refused.value} {refused.value.faults}".lower()

    def test_a_header_of_its_own_columns_is_a_file_without_rows(self) -> None:
        mapping = load_mapping(self.connector.mapping)
        header = ";".join(sorted(mapping.columns)).encode()
        inspector = self.connector.format.inspect(mapping.columns, mapping.required)
        inspector.feed(header)
        layout = inspector.finish()
        reader: Any = self.connector.format.read(layout, mapping.columns)
        assert [*reader.feed(header), *reader.finish()] == []
        assert (layout.lines, layout.ignored) == (1, 0)


def _imported(source: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return names
