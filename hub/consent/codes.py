"""The reason codes that decisions give by themselves; clauses and law rows name further ones. Sentences: `reasons.yaml`."""

from __future__ import annotations

from typing import Final

from hub.domain.terms import ReasonCode

GEEN_AFSPRAAK: Final = ReasonCode("GEEN_AFSPRAAK")
GEVER_ONBEKEND: Final = ReasonCode("GEVER_ONBEKEND")
ONTVANGER_ONBEKEND: Final = ReasonCode("ONTVANGER_ONBEKEND")
AFSPRAAK_NIET_GELDIG: Final = ReasonCode("AFSPRAAK_NIET_GELDIG")
AFSPRAAK_ONVOLLEDIG: Final = ReasonCode("AFSPRAAK_ONVOLLEDIG")
DPIA_VERLOPEN: Final = ReasonCode("DPIA_VERLOPEN")
PARTIJ_NIET_TOEGETREDEN: Final = ReasonCode("PARTIJ_NIET_TOEGETREDEN")
DOEL_NIET_GELDIG: Final = ReasonCode("DOEL_NIET_GELDIG")
DOEL_ONVERENIGBAAR: Final = ReasonCode("DOEL_ONVERENIGBAAR")
GRONDSLAG_NIET_GELDIG: Final = ReasonCode("GRONDSLAG_NIET_GELDIG")
GEVER_ONTVING_NIET: Final = ReasonCode("GEVER_ONTVING_NIET")
HERKOMST_ONBEKEND: Final = ReasonCode("HERKOMST_ONBEKEND")
HERGEBRUIK_NIET_TOEGESTAAN: Final = ReasonCode("HERGEBRUIK_NIET_TOEGESTAAN")
DOORGIFTE_NIET_GEREGELD: Final = ReasonCode("DOORGIFTE_NIET_GEREGELD")
ANDER_COLLEGE: Final = ReasonCode("ANDER_COLLEGE")
ANDERE_REGIO: Final = ReasonCode("ANDERE_REGIO")
OVERLEDEN: Final = ReasonCode("OVERLEDEN")
BEPERKING: Final = ReasonCode("BEPERKING")
BEZWAAR: Final = ReasonCode("BEZWAAR")
GEEN_VELD: Final = ReasonCode("GEEN_VELD")
NIET_NODIG: Final = ReasonCode("NIET_NODIG")
NIET_ONTVANGEN: Final = ReasonCode("NIET_ONTVANGEN")
VRIJE_TEKST: Final = ReasonCode("VRIJE_TEKST")
GEHEIM_ADRES: Final = ReasonCode("GEHEIM_ADRES")
GEZONDHEID_AFLEIDBAAR: Final = ReasonCode("GEZONDHEID_AFLEIDBAAR")

# A fact that a gate needs and nobody knows: each names what to find out, and says nothing about the young person.
LEEFTIJD_ONBEKEND: Final = ReasonCode("FEIT_ONTBREEKT_LEEFTIJD")
OVERLIJDEN_ONBEKEND: Final = ReasonCode("FEIT_ONTBREEKT_OVERLIJDEN")
STARTKWALIFICATIE_ONBEKEND: Final = ReasonCode("FEIT_ONTBREEKT_STARTKWALIFICATIE")
INSCHRIJVING_ONBEKEND: Final = ReasonCode("FEIT_ONTBREEKT_INSCHRIJVING")
GEHEIM_ONBEKEND: Final = ReasonCode("FEIT_ONTBREEKT_GEHEIM")
ONDERWIJSSOORT_ONBEKEND: Final = ReasonCode("FEIT_ONTBREEKT_ONDERWIJSSOORT")
NUMMER_ONBEKEND: Final = ReasonCode("FEIT_ONTBREEKT_NUMMER")
GEMEENTE_ONBEKEND: Final = ReasonCode("FEIT_ONTBREEKT_GEMEENTE")
VERKLARINGEN_ONBEKEND: Final = ReasonCode("FEIT_ONTBREEKT_VERKLARINGEN")

ALL: Final = frozenset(code for code in list(globals().values()) if isinstance(code, ReasonCode))
