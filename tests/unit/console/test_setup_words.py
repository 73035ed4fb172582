"""What administrators read while they set up a connector has words in Dutch, and what could be a secret is not repeated."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from hub.console.setup_form import kept
from hub.console.setup_words import ACTS, ADDRESSES, FAULTS, GLASS, PROTOCOLS, REFUSALS, STATES, TITLES
from hub.registry import load_connectors
from hub.setups import address, checks, hands, rules, secret, service, trying
from hub.setups.standing import Act, GlassReason, State

_ELSEWHERE = {
    "There is no connector of this name.",  # a page that is not there
    "There is no version of this number.",
    "A member of staff is no other's hand.",  # the command line alone ties hands
    "This hand is tied already.",
    "This hand is tied to nobody.",
}


def refusals() -> set[str]:
    found: set[str] = set()
    for module in (rules, service, trying, secret, checks, hands):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Refused", "FourEyes", "Malformed", "Conflict"):
                first = node.args[0] if node.args else None
                found |= {str(first.value)} if isinstance(first, ast.Constant) else set()
    return found - _ELSEWHERE


def test_every_refusal_has_words() -> None:
    assert len(refusals()) > 20
    assert refusals() - REFUSALS.keys() == set()


def test_every_fault_and_address_has_words() -> None:
    sources = "".join(Path(str(module.__file__)).read_text("utf-8") for module in (checks, secret, service))
    codes = set(re.findall(r'Fault\([^)]*"([A-Z_]{4,})"\)', sources)) | set(service._CODES.values())
    assert len(codes) > 10
    assert codes - FAULTS.keys() == set()
    why = set(re.findall(r'return "([A-Z][^"]+\.)"', Path(str(address.__file__)).read_text("utf-8")))
    assert why
    assert why - ADDRESSES.keys() == set()


def test_the_catalogue_has_words() -> None:
    found: set[str] = set()
    for one in load_connectors().values():
        found.add(one.manifest.title)
        for way in one.manifest.transport.protocols:
            found |= {each.title for each in (*one.options(way), *one.credentials(way))}
            assert PROTOCOLS[way]
    assert found - TITLES.keys() == set()
    assert (set(ACTS), set(STATES), set(GLASS)) == (set(Act), set(State), set(GlassReason))


@pytest.mark.parametrize(
    ("typed", "stays"),
    [
        ("sftp://hub:geheim@sftp.voorbeeld.nl:22", "sftp://sftp.voorbeeld.nl:22"),
        ("https://api.voorbeeld.nl/pad?token=geheim", "https://api.voorbeeld.nl/pad"),
        ("-----BEGIN PRIVATE KEY-----", ""),
        ("whsec_geheim", ""),
        ("x" * 70, ""),
        ("/uit", "/uit"),
        ("mon-fri 06:00-22:00", "mon-fri 06:00-22:00"),
    ],
)
def test_what_could_be_a_secret_is_not_repeated(typed: str, stays: str) -> None:
    assert kept(typed) == stays
