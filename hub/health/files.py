"""What lies on this machine: key files, certificates, disks; and the machine itself."""

from __future__ import annotations

import ipaddress
import os
import resource
import shutil
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509 import DNSName, ExtensionNotFound, IPAddress, SubjectAlternativeName, load_pem_x509_certificates

from hub.domain.terms import Micros
from hub.errors import HubError
from hub.health.findings import Finding, attention, ok, wrong

_SOON_DAYS: Final = 60
_NOW_DAYS: Final = 7
_LITTLE: Final = 2 << 30
_NONE_LEFT: Final = 256 << 20
_FEW_FILES: Final = 1024
_LITTLE_MEMORY: Final = 256 << 20
_BUILT: Final = 2026
_OLDEST_PYTHON: Final = (3, 11)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file with a secret of the hub; `load` raises the hub's errors where it cannot be used. `name` is what it is."""

    name: str
    path: Path
    load: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its chain, or a file of authorities; `host` is the name that others call it by, where they do."""

    name: str
    path: Path
    key: Path | None = None
    host: str | None = None
    authorities: bool = False


def key(file: KeyFile, state: Path) -> list[Finding]:
    """The file is there, its owner's alone, owned by who owns the state directory, and holds what it should."""
    try:
        found = file.path.lstat()
    except OSError:
        return [wrong("key-file", file.name, reason="missing")]
    if not stat.S_ISREG(found.st_mode):
        return [wrong("key-file", file.name, reason="link")]
    if stat.S_IMODE(found.st_mode) & 0o077:
        return [wrong("key-file", file.name, reason="mode")]
    try:
        file.load()
    except HubError:
        return [wrong("key-file", file.name, reason="content")]
    if found.st_uid != state.stat().st_uid:
        return [attention("key-file", file.name, reason="owner")]
    return [ok("key-file", file.name)]


def certificate(one: Certificate, now: Micros) -> list[Finding]:
    """It reads, is valid for a while, belongs to its key, has its chain in order, and bears the name it is called by."""
    try:
        chain = load_pem_x509_certificates(one.path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        return [wrong("certificate", one.name, reason="unreadable")]
    found = _expiry(one.name, min(each.not_valid_after_utc for each in chain), datetime.fromtimestamp(now / 1_000_000, UTC))
    if one.authorities:
        return [ok("certificate", one.name), found]
    if chain[0].not_valid_before_utc > datetime.fromtimestamp(now / 1_000_000, UTC):
        return [wrong("certificate", one.name, reason="not-yet"), found]
    if one.key is not None and not _belongs(chain[0], one.key):
        return [wrong("certificate", one.name, reason="key"), found]
    if not _in_order(chain):
        return [wrong("certificate", one.name, reason="chain"), found]
    if one.host is not None and not _bears(chain[0], one.host):
        return [wrong("certificate", one.name, reason="name"), found]
    return [ok("certificate", one.name), found]


def _expiry(name: str, ends: datetime, now: datetime) -> Finding:
    days = (ends - now) // timedelta(days=1)
    parameters: dict[str, str | int] = {"days": max(days, 0), "date": ends.date().isoformat()}
    if days <= _NOW_DAYS:
        return wrong("certificate-end", name, **parameters)
    return attention("certificate-end", name, **parameters) if days <= _SOON_DAYS else ok("certificate-end", name, **parameters)


def _belongs(certificate: x509.Certificate, path: Path) -> bool:
    try:
        private = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return private.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)


def _in_order(chain: Sequence[x509.Certificate]) -> bool:
    for below, above in pairwise(chain):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
    return True


def _bears(certificate: x509.Certificate, host: str) -> bool:
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return False
    try:
        return ipaddress.ip_address(host) in names.get_values_for_type(IPAddress)
    except ValueError:
        pass
    host = host.lower()
    known = {name.lower() for name in names.get_values_for_type(DNSName)}
    return host in known or f"*.{host.partition('.')[2]}" in known


def disks(places: Mapping[str, Path]) -> list[Finding]:
    """There is room where the hub, its mark and its databases write."""
    found: list[Finding] = []
    for name, path in places.items():
        existing = next((each for each in (path, *path.absolute().parents) if each.exists()), None)
        free = shutil.disk_usage(existing or "/").free
        parameters = {"megabytes": free >> 20}
        if free < _NONE_LEFT:
            found.append(wrong("disk", name, **parameters))
        else:
            found.append(attention("disk", name, **parameters) if free < _LITTLE else ok("disk", name, **parameters))
    return found


def machine(now: Micros) -> list[Finding]:
    """Clock, randomness, Python, open files, memory."""
    year = datetime.fromtimestamp(now / 1_000_000, UTC).year
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    enough = files in (resource.RLIM_INFINITY, -1) or files >= _FEW_FILES
    memory = _available_memory()
    version = sys.version_info[:2]
    return [
        ok("machine-clock") if _BUILT <= year < 2100 else wrong("machine-clock", year=year),
        ok("machine-random") if _has_randomness() else wrong("machine-random"),
        ok("machine-python") if version >= _OLDEST_PYTHON else wrong("machine-python", version=".".join(map(str, version))),
        ok("machine-files") if enough else attention("machine-files", limit=files, least=_FEW_FILES),
        ok("machine-memory")
        if memory is None or memory >= _LITTLE_MEMORY
        else attention("machine-memory", megabytes=memory >> 20),
    ]


def _has_randomness() -> bool:
    try:
        return len(os.getrandom(32, os.GRND_NONBLOCK)) == 32
    except BlockingIOError:
        return False
    except AttributeError:  # another system than Linux
        return len(os.urandom(32)) == 32


def _available_memory() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), None)
