"""`/v1/logboek/processing-activities` in the interface description, in the names of the read extension."""

from __future__ import annotations

from typing import Any, Final

from hub.archive.ldv import ACTIVITY, SUBJECT, SUBJECT_TYPE, SUBJECT_TYPE_NAME
from hub.receive.logboek import LARGEST_CURSOR, LARGEST_PAGE, USUAL_PAGE

TAG: Final = {"name": "Logboek", "description": "Lezen wat er over uw eigen gegevensverwerking is vastgelegd"}
LIST: Final[dict[str, Any]] = {
    "operationId": "listProcessingActivitiesPost",
    "tags": [TAG["name"]],
    "summary": "Lees dataverwerkingen die over u als partij gaan",
    "description": "Volgens de extensie lezen van het Logboek Dataverwerkingen. Vraag met een traceId (het kenmerk van een "
    "bezorging of weigering, of een trace volgens W3C Trace Context) of met een verwerkingsactiviteit. De code van een "
    "betrokkene is in elke regel een andere: die maakt een vraag nauwer, en is zelf geen vraag. Een antwoord kan minder regels "
    "hebben dan u vroeg en toch een nextCursor; ga daarmee verder. Dat u vroeg staat in het logboek voordat u antwoord krijgt.",
}

_SPAN: Final = {"type": "string", "pattern": "^[0-9a-fA-F]{16}$"}
_TRACE: Final = {"type": "string", "format": "uuid", "description": "De dataverwerking: een verstrekking met haar verloop"}
_TIME: Final = {"type": "string", "description": "Moment volgens RFC 3339; het logboek kent geen duur"}
_ATTRIBUTES: Final[dict[str, Any]] = {
    ACTIVITY: {"type": "string", "format": "uri", "description": "De verwerkingsactiviteit in het register"},
    SUBJECT: {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$", "description": "Versleutelde code, per regel een andere"},
    SUBJECT_TYPE_NAME: {"const": SUBJECT_TYPE},
}


def schemas() -> dict[str, Any]:
    """What is asked and answered."""
    return {
        "ProcessingActivityRequest": {
            "type": "object",
            "description": "Minstens traceId of de verwerkingsactiviteit",
            "properties": {
                "traceId": _TRACE,
                **_ATTRIBUTES,
                "startTime": _TIME,
                "endTime": _TIME,
                "cursor": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": LARGEST_CURSOR,
                    "description": "nextCursor van hiervoor",
                },
                "limit": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": USUAL_PAGE},
            },
            "anyOf": [{"required": ["traceId"]}, {"required": [ACTIVITY]}],
            "additionalProperties": False,
        },
        "ListProcessingActivities": {
            "type": "object",
            "description": "De dataverwerkingen, oudste eerst",
            "properties": {
                "metadata": {
                    "type": "object",
                    "properties": {"logbookId": {"type": "string"}, "organizationName": {"type": "string"}},
                    "required": ["logbookId", "organizationName"],
                },
                "processingActivities": {"type": "array", "items": {"$ref": "#/components/schemas/ProcessingActivity"}},
                "nextCursor": {"type": "integer", "minimum": 0, "description": "Er kan meer zijn: vraag verder met cursor"},
            },
            "required": ["metadata", "processingActivities"],
        },
        "ProcessingActivity": {
            "type": "object",
            "description": "Een regel van het Logboek Dataverwerkingen",
            "properties": {
                "traceId": _TRACE,
                "spanId": _SPAN,
                "parentSpanId": _SPAN,
                "status": {"enum": ["Unset", "Ok", "Error"]},
                "name": {"type": "string"},
                "startTime": _TIME,
                "endTime": _TIME,
                "resource": {"type": "object", "properties": {"attributes": {"type": "object"}}},
                "attributes": {"type": "object", "properties": _ATTRIBUTES, "required": [ACTIVITY]},
            },
            "required": ["traceId", "spanId", "status", "name", "startTime", "endTime", "attributes"],
        },
    }
