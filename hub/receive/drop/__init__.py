"""Files that partners put somewhere for the hub to fetch."""

from __future__ import annotations

from hub.receive.drop.poll import Drops, FileReport, Instance, Outcome, RunReport

__all__ = ["Drops", "FileReport", "Instance", "Outcome", "RunReport"]
