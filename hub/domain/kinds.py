"""Every canonical record kind with its model: what the hub carries.

The next kind is a file in `hub.domain.records` and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hub.domain.record import PersonRecord
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.records.verzuimmelding import Verzuimmelding
from hub.domain.terms import RecordKind

RECORDS: Final[Mapping[RecordKind, type[PersonRecord]]] = MappingProxyType(
    {model.KIND: model for model in (Uitvalmelding, Verzuimmelding)}
)
