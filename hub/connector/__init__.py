"""What a connector is: a folder with a manifest, a mapping, and as little code as its wire form needs.

    hub/connectors/<id>/
      manifest.toml   what it declares: direction, parties, exchanges, elements, transport, format   `Manifest`
      mapping.yaml    inbound, query: how the partner's columns become our record                    `hub.normalise.mapping`
      inbound.py      inbound in a form of its own, pure: bytes of a file to rows; `FORMAT`          `FileFormat`
      outbound.py     outbound, pure: deliveries to bytes, and an answer to what it says             `Said`
      client.py       IO beyond the house's transports: `connect`, `open_sink`, `open_query`, `probe`  `FileSource`, `Sink`, ...
      quality.toml    which rules of the ledger it meets, and which not and why
      README.md       for whoever connects it

A connector that needs no code has none: the next one is a manifest, a mapping and a test line. Connectors do not know each
other, nor the rest of the hub: they see this package, `hub.formats`, `hub.transports`, `hub.http`, `hub.domain` and
`hub.errors`. `hub.registry` finds them.
"""

from __future__ import annotations

from hub.connector.files import BLOCK, FileFormat, FileSource, Inspector, Layout, PageSource, RemoteFile, RowReader
from hub.connector.manifest import Credential, Form, Manifest, Option, Reads, Travel, load_manifest
from hub.connector.reach import Cursor, Endpoint, SourceAway, SourceBarred, Trouble, trouble_of
from hub.connector.setup import Setup
from hub.connector.sink import Hat, Query, Rejected, Said, Sent, Sink
from hub.connector.transport import Connect, OpenQuery, OpenSink, Probe, Transport

__all__ = [
    "BLOCK",
    "Connect",
    "Credential",
    "Cursor",
    "Endpoint",
    "FileFormat",
    "FileSource",
    "Form",
    "Hat",
    "Inspector",
    "Layout",
    "Manifest",
    "OpenQuery",
    "OpenSink",
    "Option",
    "PageSource",
    "Probe",
    "Query",
    "Reads",
    "Rejected",
    "RemoteFile",
    "RowReader",
    "Said",
    "Sent",
    "Setup",
    "Sink",
    "SourceAway",
    "SourceBarred",
    "Transport",
    "Travel",
    "Trouble",
    "load_manifest",
    "trouble_of",
]
