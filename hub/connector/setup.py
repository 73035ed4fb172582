"""One connector as it is set up: what an administrator says of it. Secrets are not part of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hub.connector.manifest import Protocol, Strict


class Setup(Strict):
    """One instance of a connector: whose, where, how and when.

    `party` gives the records (inbound), is given the deliveries (outbound) or keeps the register (query). `address` is
    `sftp://host:port` or a https URL, and empty for what is brought to the hub. `schedule` and `window` are in the words of
    `hub.schedule`; `per_minute` bounds the calls to the partner, `concurrency` those at a time, `batch` the deliveries in one.
    `college` is the party in whose own connection a register is asked: its answers go to nobody else's.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
    connector: Annotated[str, Field(max_length=32)]
    party: Annotated[str, Field(max_length=64)]
    protocol: Protocol
    address: Annotated[str, Field(max_length=500)] = ""
    options: dict[str, Annotated[str, Field(max_length=1000)]] = Field(default_factory=dict)
    schedule: Annotated[str, Field(max_length=100)] = ""
    window: Annotated[str, Field(max_length=100)] = ""
    per_minute: Annotated[int, Field(ge=1, le=60_000)] | None = None
    concurrency: Annotated[int, Field(ge=1, le=16)] = 1
    settle_s: Annotated[int, Field(ge=0, le=86_400)] = 30
    batch: Annotated[int, Field(ge=1, le=250)] = 50
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 20.0
    college: Annotated[str, Field(max_length=64)] | None = None
