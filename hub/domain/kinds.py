"""Every canonical record kind with its model: what the hub carries.

The next kind is a file in `hub.domain.records` and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hub.domain.record import PersonRecord
from hub.domain.records.inschrijving import Inschrijving
from hub.domain.records.overdracht import Overdracht
from hub.domain.records.overstapdossier import Overstapdossier
from hub.domain.records.persoonsgegevens import Persoonsgegevens
from hub.domain.records.plaatsing import Plaatsing
from hub.domain.records.portfolio import Portfolio
from hub.domain.records.suwinetantwoord import Suwinetantwoord
from hub.domain.records.terugmelding import Terugmelding
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.records.uwvsignaal import Uwvsignaal
from hub.domain.records.verzuimmelding import Verzuimmelding
from hub.domain.records.vroegsignaal import Vroegsignaal
from hub.domain.terms import RecordKind

_MODELS: Final[tuple[type[PersonRecord], ...]] = (
    Uitvalmelding,
    Verzuimmelding,
    Inschrijving,
    Uwvsignaal,
    Overdracht,
    Terugmelding,
    Vroegsignaal,
    Portfolio,
    Overstapdossier,
    Plaatsing,
    Suwinetantwoord,
    Persoonsgegevens,
)
RECORDS: Final[Mapping[RecordKind, type[PersonRecord]]] = MappingProxyType({model.KIND: model for model in _MODELS})
