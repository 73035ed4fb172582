"""Receipts: what was said, or became of it, as a signed JSON document that anyone can check without the hub.

ISO/IEC TS 27560:2023 in its GDPR profile: the fields bear the names of that standard, and `@context` says which term of the
Data Privacy Vocabulary (W3C DPV 2, guide to 27560) each is. Signed as a compact JWS (RFC 7515, 8037, 9864). A receipt has no
number and no value of a record; the person goes by a pseudonym of this receipt alone, so that no two can be joined by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import orjson
from joserfc import jws
from joserfc.jwk import OKPKey

from hub.clock import rfc3339
from hub.domain.terms import Micros
from hub.ports import KeyedDigest

ALGORITHM: Final = "Ed25519"
"""The fully-specified name of RFC 9864, which deprecates `EdDSA`."""
SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"
_DPV: Final = "https://w3id.org/dpv#"
CONTEXT: Final[Mapping[str, Any]] = {
    "dpv": _DPV,
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "schema_version": {"@id": "dct:conformsTo", "@type": "@id"},
    "receipt_id": "dct:identifier",
    "record_id": "dct:isPartOf",
    "issued": {"@id": "dct:created", "@type": "xsd:dateTime"},
    "issuer": {"@id": "dct:publisher", "@type": "@id"},
    "language": "dct:language",
    "pii_principal_id": "dpv:hasDataSubject",
    "privacy_notice": "dpv:hasNotice",
    "purpose": "dpv:hasPurpose",
    "lawful_basis": {"@id": "dpv:hasLegalBasis", "@type": "@vocab"},
    "pii_information": "dpv:hasPersonalData",
    "pii_controllers": "dpv:hasDataController",
    "recipient_third_parties": "dpv:hasRecipient",
    "collection_method": "dpv:hasDataSource",
    "processing_method": {"@id": "dpv:hasProcessing", "@type": "@vocab"},
    "storage_locations": "dpv:hasStorageCondition",
    "retention_period": "dpv:hasDuration",
    "jurisdiction": "dpv:hasJurisdiction",
    "geographic_restrictions": "dpv:hasRule",
    "withdrawal_method": "dpv:hasConsentControl",
    "privacy_rights": {"@id": "dpv:hasRight", "@type": "@vocab"},
    "authority_party": "dpv:hasAuthority",
    "party_id": "dct:identifier",
    "party_name": "dpv:hasName",
    "party_contact": "dpv:hasContact",
    "party_role": {"@id": "dpv:hasRole", "@type": "@vocab"},
    "event": "dpv:hasConsentStatus",
    "event_time": {"@id": "dct:date", "@type": "xsd:dateTime"},
    "event_state": {"@id": "dpv:hasStatus", "@type": "@vocab"},
    "event_type": "dct:type",
    "entity_id": "dpv:isIndicatedBy",
    "validity_duration": "dct:valid",
    "label": "dct:title",
    "explanation": "dct:description",
}


class ReceiptKind(StrEnum):
    """What a receipt is of."""

    statement = "statement"
    """That something was said, refused or asked."""
    withdrawal = "withdrawal"
    """That something was taken back."""
    outcome = "outcome"
    """Who was told of it, and what they did."""


_TYPES: Final = {
    ReceiptKind.statement: "dpv:ConsentReceipt",
    ReceiptKind.withdrawal: "dpv:ConsentReceipt",
    ReceiptKind.outcome: "dpv:Receipt",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt: its `fields`, and `signed`, the same as a compact JWS."""

    fields: Mapping[str, Any] = field(repr=False)
    signed: str = field(repr=False)


class Receipts:
    """Makes receipts in the name of the hub at `issuer`, whose data are in the EU and answered for in the Netherlands.

    `key` is an Ed25519 key of its own (`hub rights receipt-key` shows its public half).
    """

    def __init__(self, key: OKPKey, issuer: str, digest: KeyedDigest) -> None:
        self._key, self._issuer, self._digest = key, issuer, digest

    def receipt(self, kind: ReceiptKind, about: UUID, tag: bytes, moment: Micros, payload: Mapping[str, Any]) -> Receipt:
        """The receipt of what happened at `moment` to the record `about`; the same call gives the same receipt.

        `payload` are the fields of its kind; it holds no value of a record, which is for whoever writes it to see to.
        """
        made = self._digest("receipt", b"\x00".join((kind.encode(), about.bytes, str(int(moment)).encode())))
        fields = {
            "@context": CONTEXT,
            "@type": _TYPES[kind],
            "schema_version": SCHEMA,
            "receipt_id": str(UUID(bytes=made[:16], version=4)),
            "record_id": str(about),
            "issued": rfc3339(moment),
            "issuer": self._issuer,
            "language": "nl",
            "jurisdiction": "NL",
            "pii_principal_id": self._digest("receipt-person", made + tag)[:16].hex(),
            "kind": kind.value,
            **payload,
        }
        return Receipt(fields, self._sign(fields))

    def public_keys(self) -> dict[str, Any]:
        """The public key as a JWK Set (RFC 7517)."""
        return {"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}]}

    def _sign(self, fields: Mapping[str, Any]) -> str:
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": "ontvangstbewijs+jws"}
        return jws.serialize_compact(
            header, orjson.dumps(fields, option=orjson.OPT_SORT_KEYS), self._key, algorithms=[ALGORITHM]
        )
