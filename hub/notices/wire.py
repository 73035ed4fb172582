"""How a notice is written for its recipient: the same whether it is fetched (`GET /v1/berichten`) or sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from hub.clock import legal_date
from hub.notices.model import NO_NOTICE, Action, CauseKind, Method, Notice, State

CAUSES: Final[Mapping[CauseKind, str]] = MappingProxyType(
    {
        CauseKind.withdrawn: "verklaring-ingetrokken",
        CauseKind.refused: "verklaring-geweigerd",
        CauseKind.expired: "verklaring-verlopen",
        CauseKind.invalidated: "verklaring-ongeldig",
        CauseKind.proxy_ended: "vertegenwoordiging-geeindigd",
        CauseKind.objection_upheld: "bezwaar-gegrond",
        CauseKind.restricted: "verwerking-beperkt",
        CauseKind.rectified: "gegevens-verbeterd",
        CauseKind.agreement_ended: "afspraak-geeindigd",
        CauseKind.retention_reached: "bewaartermijn-verstreken",
        CauseKind.unlawful: "onrechtmatig-verstrekt",
    }
)
ACTIONS: Final[Mapping[Action, str]] = MappingProxyType(
    {
        Action.stop: "stoppen",
        Action.restrict: "beperken",
        Action.erase: "wissen",
        Action.correct: "verbeteren",
        Action.none_other_basis: "niets-andere-grondslag",
    }
)
STATES: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.open: "open",
        State.acknowledged: "ontvangen",
        State.attested: "uitgevoerd",
        State.refused: "geweigerd",
        State.closed: "afgesloten",
    }
)
METHODS: Final[Mapping[Method, str]] = MappingProxyType(
    {
        Method.stopped: "gestopt",
        Method.restricted: "beperkt",
        Method.erased: "gewist",
        Method.corrected: "verbeterd",
    }
)


def written(notices: Sequence[Notice]) -> dict[str, Any]:
    """A page for `orjson.dumps`. It holds no value of a record: deliveries by their id, and the names of elements."""
    return {"berichten": [_one(notice) for notice in notices]}


def _one(notice: Notice) -> dict[str, Any]:
    return {
        "berichtId": str(notice.notice_id),
        "aanleiding": CAUSES[notice.cause],
        "gevraagd": ACTIONS[notice.action],
        "grondslag": notice.legal,
        "uiterlijk": legal_date(notice.due_us).isoformat(),
        "afspraak": notice.agreement,
        "bezorgingen": [
            {"bezorgingId": str(delivery), "elementen": list(map(str, names))} for delivery, names in notice.items.items()
        ],
        "volgtUit": None if notice.via == NO_NOTICE else str(notice.via),
    }
