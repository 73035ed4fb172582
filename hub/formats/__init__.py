"""How files are written: CSV, XML, JSON, XLSX, and packed. Pure: bytes in, rows out, or refused whole; records in, bytes out.

Every format satisfies `hub.connector.FileFormat`; `format_of` gives the one that a connector's manifest or a mapping asks for,
`writer_of` (`hub.formats.write`) the one that writes. Files that are parts of one are told by `hub.formats.parts`.
"""

from __future__ import annotations

from hub.connector import FileFormat, Reads
from hub.errors import Misconfigured
from hub.formats.csv import FORMAT as CSV
from hub.formats.json import JsonFormat
from hub.formats.packed import PackedFormat
from hub.formats.xlsx import XlsxFormat
from hub.formats.xml import XmlFormat


def format_of(reads: Reads) -> FileFormat:
    """The format that reads such files, packed or not. Raises errors.Misconfigured where there is none, or no such schema."""
    match reads.format:
        case "csv":
            return PackedFormat(CSV, table=True)
        case "json":
            return PackedFormat(JsonFormat(reads.records))
        case "xml":
            return PackedFormat(XmlFormat(reads.records, reads.namespaces, reads.xsd))
        case "xlsx":
            return PackedFormat(XlsxFormat(reads.sheet), table=True, workbook=True)
        case _:
            raise Misconfigured(f"There is no format {reads.format}.", "A manifest or mapping asks for it.", "Choose another.")
