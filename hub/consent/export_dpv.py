"""The policy set as linked data: purposes, grounds, recipients and data in the Data Privacy Vocabulary, clauses in ODRL. Pure.

Plain JSON-LD with its context written out, so that no reader needs the network. The same set always gives the same document.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from hub.consent.model import Agreement, Element, Forbid, LegalBasis, Permit, PolicySet, Side

CONTEXT: Final[dict[str, Any]] = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "hub": "urn:hub:policy:",
}
NOT_CARRIED_OVER: Final = (
    "ODRL has no binding rule for how policies are evaluated: this document describes, the hub decides.",
    "Conditions about the young person (age, enrolment, further facts, working area, statements) stand as text constraints; "
    "unknown facts refuse in the hub, and not by themselves in ODRL.",
    "Reasons, tests beside agreements, windows after a diploma, and the life of an agreement (signed, suspended) are left out.",
    "Who may speak for a young person (voice rows) and bases that an element passes along alone are left out.",
)

_GROUNDS: Final = {"6.1.a": "eu-gdpr:A6-1-a", "6.1.c": "eu-gdpr:A6-1-c", "6.1.e": "eu-gdpr:A6-1-e"}
_KINDS: Final = {"special": "dpv:SpecialCategoryPersonalData", "identifier": "dpv:IdentifyingPersonalData"}


def dpv_document(policy: PolicySet) -> dict[str, Any]:
    """The set as one JSON-LD document."""
    return {
        "@context": CONTEXT,
        "@id": f"urn:hub:policy-set:{policy.hash}",
        "@type": "hub:policy-set",
        "dct:identifier": policy.hash,
        "dct:description": list(NOT_CARRIED_OVER),
        "@graph": [
            *(_party(policy, party) for party in policy.parties),
            *(_purpose(policy, purpose) for purpose in policy.purposes),
            *(_basis(basis) for basis in policy.laws.values()),
            *(_element(element) for element in policy.elements.values()),
            *(
                {"@id": _iri("duty", name), "@type": "odrl:Duty", "dct:description": duty.text_nl}
                for name, duty in policy.obligations.items()
            ),
            *(_agreement(policy, agreement) for agreement in policy.agreements),
        ],
    }


def _iri(kind: str, name: str) -> str:
    return f"urn:hub:{kind}:{name}"


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"@id": _iri(kind, name)}


def _day(day: object) -> dict[str, str]:
    return {"@value": str(day), "@type": "xsd:date"}


def _party(policy: PolicySet, name: Any) -> dict[str, Any]:
    party = policy.parties[name]
    return {
        "@id": _iri("party", party.id),
        "@type": ["odrl:Party", "dpv:LegalEntity", *(["dpv:GovernmentalOrganisation"] if party.is_authority else [])],
        "dct:title": party.name,
        "dpv:hasIdentifier": party.oin,
        "dpv:hasDataController": _ref("party", party.controller),
        "hub:kind": party.kind.value,
    }


def _purpose(policy: PolicySet, name: Any) -> dict[str, Any]:
    purpose = policy.purposes[name]
    return {
        "@id": _iri("purpose", purpose.id),
        "@type": "dpv:Purpose",
        "dct:title": purpose.label_nl,
        "dct:description": purpose.plain_nl,
        "dpv:hasProcessing": {"@id": purpose.processing_activity},
        "hub:compatible-with": [_ref("purpose", other) for other in purpose.further_from],
    }


def _basis(basis: LegalBasis) -> dict[str, Any]:
    return {
        "@id": _iri("basis", basis.id),
        "@type": ["dpv:LegalBasis", _GROUNDS[basis.gdpr]],
        "dct:title": f"{basis.law.name}, {basis.article}",
        "dct:source": {"@id": f"https://wetten.overheid.nl/{basis.law.bwb}"},
        "dct:description": basis.text_nl,
        "dct:valid": [_day(basis.valid_from), *([] if basis.valid_until is None else [_day(basis.valid_until)])],
        "hub:review": basis.review,
    }


def _element(element: Element) -> dict[str, Any]:
    special = element.inferable_health or element.category is not None
    kind = "dpv:SpecialCategoryPersonalData" if special else _KINDS.get(element.kind, "dpv:PersonalData")
    return {"@id": _iri("element", element.name), "@type": ["odrl:Asset", kind], "dct:title": element.label_nl}


def _agreement(policy: PolicySet, agreement: Agreement) -> dict[str, Any]:
    clauses = [*agreement.clauses]
    return {
        "@id": _iri("agreement", agreement.id),
        "@type": "odrl:Agreement",
        "odrl:uid": _iri("agreement", agreement.id),
        "odrl:profile": {"@id": "https://w3id.org/dpv/odrl#"},
        # Whoever takes part refuses what is permitted and forbidden at once.
        "odrl:conflict": {"@id": "odrl:prohibit"},
        "dct:title": agreement.title,
        "dct:valid": [_day(agreement.effective.start), _day(agreement.effective.until)],
        "dpv:hasImpactAssessment": {"dct:identifier": agreement.dpia.ref, "dct:date": _day(agreement.dpia.date)},
        "hub:acceded": [
            {
                "odrl:party": _ref("party", row.id),
                "dct:valid": [_day(row.acceded), *([] if row.left is None else [_day(row.left)])],
            }
            for row in agreement.parties
        ],
        "odrl:permission": [_permission(policy, agreement, one) for one in clauses if isinstance(one, Permit)],
        "odrl:prohibition": [_prohibition(policy, agreement, one) for one in clauses if isinstance(one, Forbid)],
    }


def _sides(policy: PolicySet, agreement: Agreement, side: Side) -> list[dict[str, str]]:
    """The parties to the agreement that stand on this side."""
    return [
        _ref("party", row.id)
        for row in agreement.parties
        if row.id == side.party or (side.kind is not None and policy.parties[row.id].kind is side.kind)
    ]


def _permission(policy: PolicySet, agreement: Agreement, clause: Permit) -> dict[str, Any]:
    ages = clause.subject.age
    return {
        "@id": _iri("clause", clause.id),
        "@type": "odrl:Permission",
        "dct:source": clause.article,
        "dct:description": clause.why_nl,
        "odrl:action": {"@id": "dpv:Disclose"},
        "odrl:assigner": _sides(policy, agreement, clause.giver),
        "odrl:assignee": _sides(policy, agreement, clause.recipient),
        "dpv:hasRecipient": _sides(policy, agreement, clause.recipient),
        "dpv:hasPurpose": [_ref("purpose", purpose) for purpose in clause.purposes],
        "dpv:hasLegalBasis": [_ref("basis", basis) for basis in clause.bases],
        "odrl:target": [
            {**_ref("element", name), "hub:form": need.form.value, "dct:description": need.need}
            for name, need in clause.fields.items()
        ],
        "dpv:hasStorageCondition": {
            "@type": "dpv:StorageDuration",
            "dct:identifier": clause.retention.term,
            "dct:description": clause.retention.text_nl,
        },
        "odrl:duty": [_ref("duty", duty) for duty in clause.obligations],
        "odrl:constraint": [
            _constraint("odrl:purpose", "odrl:isAnyOf", [_ref("purpose", purpose) for purpose in clause.purposes]),
            _constraint("hub:age", "odrl:gteq", ages.min),
            _constraint("hub:age", "odrl:lteq", min(ages.max, clause.retention.until_age - 1)),
            *(_constraint("hub:statement", "odrl:eq", asked.statement.value) for asked in clause.requires),
            *(
                _constraint("hub:reuse-of", "odrl:isAnyOf", [_ref("basis", basis) for basis in clause.reuse_of])
                for _ in clause.reuse_of[:1]
            ),
        ],
    }


def _prohibition(policy: PolicySet, agreement: Agreement, clause: Forbid) -> dict[str, Any]:
    names: Iterable[str] = clause.elements or policy.records[clause.record].elements
    ages = () if clause.age is None else (("odrl:gteq", clause.age.min), ("odrl:lteq", clause.age.max))
    return {
        "@id": _iri("clause", clause.id),
        "@type": "odrl:Prohibition",
        "dct:source": clause.article,
        "dct:description": clause.why_nl,
        "odrl:action": {"@id": "dpv:Disclose"},
        "odrl:assigner": _sides(policy, agreement, clause.giver),
        "odrl:assignee": _sides(policy, agreement, clause.recipient),
        "odrl:target": [_ref("element", name) for name in names],
        "odrl:constraint": [
            *(_constraint("hub:age", operator, bound) for operator, bound in ages),
            *(_constraint("hub:onderwijssoort", "odrl:isAnyOf", [*clause.onderwijssoort]) for _ in clause.onderwijssoort[:1]),
        ],
    }


def _constraint(left: str, operator: str, right: Any) -> dict[str, Any]:
    return {
        "@type": "odrl:Constraint",
        "odrl:leftOperand": {"@id": left},
        "odrl:operator": {"@id": operator},
        "odrl:rightOperand": right,
    }
