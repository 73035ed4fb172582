"""Registers as they are set up: found, kept open, and opened anew when their setup changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import pytest

from hub.connector import Endpoint, Setup
from hub.domain.terms import ConnectorId
from hub.errors import Misconfigured, Refused
from hub.inquiry.registers import ActiveRegisters
from hub.registry import Connector, load_connectors
from hub.setups.active import Active

NAME = ConnectorId("suwinet-inkomen")


@dataclass
class Query:
    """What was opened."""

    endpoint: Endpoint
    closed: bool = False

    async def close(self) -> None:
        self.closed = True


def setup(**other: Any) -> Setup:
    given: dict[str, Any] = {
        "id": NAME,
        "connector": "uwv_suwinet",
        "party": "uwv",
        "protocol": "soap",
        "address": "https://suwinet.example",
        "options": {"services": "inkomen", "tasks": "participatiewet bijstand-aanvragen"},
        "college": "college-aldermeer",
    }
    return Setup.model_validate({**given, **other})


class World:
    """Registers over active setups that change."""

    def __init__(self) -> None:
        self.opened: list[Query] = []

        def open_query(endpoint: Endpoint) -> Any:
            self.opened.append(Query(endpoint))
            return self.opened[-1]

        self.asks = replace(load_connectors()["uwv_suwinet"], own=MappingProxyType({"open_query": open_query}))
        self.active = [self.runs(setup())]
        self.registers = ActiveRegisters(self._running, self._mapping)

    def runs(self, setup: Setup, connector: Connector | None = None) -> Active:
        return Active(setup, Endpoint("https://suwinet.example"), 1, 1, connector or self.asks)

    async def _running(self, name: str) -> Active:
        if found := [one for one in self.active if one.setup.id == name]:
            return found[0]
        raise Refused("It does not run.")

    async def _mapping(self, connector: Connector, _instance: ConnectorId) -> Any:
        return connector.manifest.id


async def test_a_register_is_what_its_setup_says() -> None:
    found = await World().registers.find(NAME)
    assert found is not None
    assert (found.party, found.college) == ("uwv", "college-aldermeer")
    assert found.tasks == {"participatiewet", "bijstand-aanvragen"}
    assert found.mapping == "uwv_suwinet"  # type: ignore[comparison-overlap]


async def test_it_stays_open_until_it_changes_or_is_paused() -> None:
    world = World()
    for _ in range(2):
        await world.registers.find(NAME)
    assert len(world.opened) == 1
    world.active = [replace(world.active[0], version=2)]
    await world.registers.find(NAME)
    assert [one.closed for one in world.opened] == [True, False]
    world.active = []
    assert await world.registers.find(NAME) is None
    assert [one.closed for one in world.opened] == [True, True]


async def test_what_is_no_register_is_not_asked() -> None:
    world = World()
    world.active = [world.runs(setup(connector="duo_uitval", protocol="sftp"), load_connectors()["duo_uitval"])]
    assert await world.registers.find(NAME) is None
    assert await world.registers.find(ConnectorId("elsewhere")) is None
    assert world.opened == []


async def test_without_a_college_it_is_asked_for_nobody() -> None:
    world = World()
    world.active = [world.runs(setup(college=None))]
    with pytest.raises(Misconfigured, match="cannot be asked"):
        await world.registers.find(NAME)
    assert world.opened == []


async def test_all_are_let_go_together() -> None:
    world = World()
    await world.registers.find(NAME)
    await world.registers.close()
    assert world.opened[0].closed
