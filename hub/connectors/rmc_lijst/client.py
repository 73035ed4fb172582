"""The recipient's folder: one file a page, over the house's SFTP."""

from __future__ import annotations

from hub.connector import Endpoint, Sink
from hub.connectors.rmc_lijst.outbound import ListWriter
from hub.transports import sftp


def open_sink(endpoint: Endpoint) -> Sink:
    """Connects to nobody yet. Raises errors.Misconfigured or hub.http.Barred where options cannot be used."""
    return sftp.open_sink(endpoint, ListWriter(endpoint.option("form", "csv")))
