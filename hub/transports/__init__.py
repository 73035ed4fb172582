"""How bytes travel to and from partners' machines: the transports of the house, each with its options and credentials."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hub.connector import Transport
from hub.transports import brought, rest, sftp, soap

TRANSPORTS: Final[Mapping[str, Transport]] = MappingProxyType(
    {
        "sftp": sftp.TRANSPORT,
        "rest": rest.TRANSPORT,
        "soap": soap.TRANSPORT,
        "webhook": brought.WEBHOOK,
        "mail": brought.MAIL,
        "upload": brought.UPLOAD,
    }
)
"""By protocol, as manifests name it."""
