"""Where the hub may be sent. A partner's address is typed by somebody, and the hub stands where others cannot go.

Refused are addresses that name no partner's machine: those of the link itself (RFC 3927, RFC 4291 2.5.6), where clouds give out
the keys of the machine that asks; those that are nobody's or everybody's; numbers that are written in any way but the usual
one; and names under which clouds offer the same. Loopback and private networks are let through: gateways (FSC, Diginetwerk)
stand there. Plain http goes no further than this machine.

A name is looked up when it is used, so that a name may still lead to such an address; that this is the partner's machine is
proven by its pinned host key or its certificate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from hub.connector.manifest import Protocol

_SCHEMES: Final[Mapping[Protocol, tuple[str, ...]]] = MappingProxyType(
    {"sftp": ("sftp",), "rest": ("https", "http"), "soap": ("https", "http")}
)
BROUGHT: Final[frozenset[Protocol]] = frozenset({"webhook", "mail", "upload"})
"""What is brought to the hub, which goes nowhere for it."""
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*", re.ASCII
)
_A_NUMBER: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.ASCII)
_NAMED: Final = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})
_SERVICES: Final = tuple(
    ip_network(each) for each in ("100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32", "fd00:ec2::254/128")
)
"""Addresses outside the link's own at which clouds speak to their machines."""


def wrong_with(address: str, protocol: Protocol) -> str:
    """Why the hub does not go there, as a sentence; empty where it may."""
    if protocol in BROUGHT:
        return "What is brought to the hub has no address." if address else ""
    if not address:
        return "It has no address."
    if not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
        return "It holds a sign that no address has."
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "It cannot be read as an address."
    schemes = _SCHEMES[protocol]
    if parts.scheme not in schemes or not host or port == 0:
        return f"It is not of the form {schemes[0]}://host{':port' if protocol == 'sftp' else '/path'}."
    if parts.username is not None or parts.password is not None or "?" in address or "#" in address:
        return "It holds a user name, a query or a fragment; secrets are credentials, and the rest are options."
    if protocol == "sftp" and parts.path.strip("/"):
        return "It holds a folder, which is an option of its own."
    return _wrong_host(host, plain=parts.scheme == "http")


def _wrong_host(host: str, *, plain: bool) -> str:
    try:
        found: IPv4Address | IPv6Address | None = ip_address(host)
    except ValueError:
        found = None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found is not None:
        if found.is_link_local or found.is_unspecified or found.is_multicast or any(found in each for each in _SERVICES):
            return "It is no partner's machine: an address of the network itself, or of the cloud that the hub may run in."
        if found.is_reserved or str(found) == "255.255.255.255":
            return "Nobody has this address."
        return "Plain http goes no further than this machine; use https." if plain and not found.is_loopback else ""
    name = host.rstrip(".")
    if not _HOST.fullmatch(name) or _A_NUMBER.fullmatch(name.rpartition(".")[2]):
        return "Its host is no name, and no address written in the usual way."
    if name in _NAMED:
        return "It is no partner's machine: an address of the network itself, or of the cloud that the hub may run in."
    return "Plain http goes no further than this machine; use https." if plain and name != "localhost" else ""
