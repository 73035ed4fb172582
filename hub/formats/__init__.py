"""How files are written: CSV, XML, JSON, XLSX, and packed. Pure: bytes in, rows out, or refused whole.

Every format satisfies `hub.connector.FileFormat`; `format_of` gives the one that a connector's manifest or a mapping asks for.
"""

from __future__ import annotations

from hub.connector import FileFormat, Reads
from hub.errors import Misconfigured
from hub.formats.csv import FORMAT as CSV


def format_of(reads: Reads) -> FileFormat:
    """The format that reads such files. Raises errors.Misconfigured where there is none."""
    if reads.format == "csv":
        return CSV
    raise Misconfigured(f"There is no format {reads.format}.", "A manifest or mapping asks for it.", "Choose another.")
