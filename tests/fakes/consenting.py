"""A policy set with deliveries that rest on consent: the shipped one, and a region whose recipients are no authorities.

There DUO gives to a foundation on consent alone, and the foundation passes on to a work agency on consent, or on the task of
the law for whoever falls under it; so a delivery can rest on a consent alone, or beside another basis.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from hub.consent.model import PolicySet
from hub.consent.policy import read_policy
from hub.domain.facts import StatementKind
from hub.domain.terms import ElementName, PartyId, PurposeId
from tests.fakes.house import POLICY, body

FOUNDATION, AGENCY, COLLEGE = PartyId("stichting-dal"), PartyId("bemiddeling-dal"), PartyId("college-dal")
GUIDANCE, TO_WORK = PurposeId("begeleiding-doorstroompunt"), PurposeId("ondersteuning-arbeidsinschakeling")
GEMEENTE = "9101"
NAME, BORN, CALL = ElementName("geslachtsnaam"), ElementName("geboortedatum"), ElementName("telefoonnummer")

_PARTIES = """
  - {id: stichting-dal, name: Stichting Het Dal, kind: doorstroompunt, oin: "00000099000000000901",
     is_authority: false, controller: stichting-dal, privacy_contact: privacy@dal.example}
  - {id: bemiddeling-dal, name: Bemiddeling Het Dal, kind: werk-en-inkomen, oin: "00000099000000000902",
     is_authority: false, controller: bemiddeling-dal}
  - {id: college-dal, name: College van Het Dal, kind: college, oin: "00000099000000000903",
     is_authority: true, controller: college-dal}
"""
_REGION = """
regions:
  - id: dal
    name: Het Dal
    valid_from: 2020-01-01
    contactgemeente: "9101"
    doorstroompunt: stichting-dal
    gemeenten:
      - {code: "9101", name: Dal, valid_from: 2020-01-01, college: college-dal, werk_en_inkomen: bemiddeling-dal}
"""
_AGES = "{min: 16, max: 26, below: NOG_LEERPLICHTIG, above: BUITEN_DOELGROEP}"
_AGREEMENT = f"""
id: dal/1
title: Begeleiding in Het Dal met toestemming
effective: {{from: 2026-01-01, until: 2029-01-01}}
parties:
  - {{id: duo, acceded: 2026-01-01}}
  - {{id: stichting-dal, acceded: 2026-01-01}}
  - {{id: bemiddeling-dal, acceded: 2026-01-01}}
controllership: Ieder is verantwoordelijk voor wat hij zelf ontvangt.
processor_contract: {{ref: VWO-2025-900, date: 2025-12-01}}
dpia: {{ref: DPIA-2025-90, date: 2025-11-10, review_due: 2027-11-10}}
fg_advice: {{ref: FG-2025-90, date: 2025-12-08, outcome: positive}}
brings:
  laws:
    - &basis
      id: dal-toestemming
      law: {{name: Algemene verordening gegevensbescherming, bwb: BWBR0040940}}
      article: artikel 6, eerste lid, onder a
      valid_from: 2026-01-01
      gdpr: 6.1.a
      kind: consent
      provider_kinds: [duo, doorstroompunt]
      recipient_kinds: [doorstroompunt, werk-en-inkomen]
      age: {_AGES}
      bsn: forbidden
      onderwijsnummer: forbidden
      art9_ground: null
      objection_possible: false
      same_college: false
      requires: {{statement: toestemming, reason: DAL_TOESTEMMING_ONTBREEKT}}
      voice: {{self_from: 16, article: "UAVG, artikel 5"}}
      text_nl: De jongere heeft er toestemming voor gegeven, aan deze ontvanger en voor dit doel.
      review: needed
      source: AVG
    - id: dal-taak
      law: {{name: Wet van Het Dal, bwb: BWBR0040941}}
      article: artikel 1
      valid_from: 2026-01-01
      gdpr: 6.1.e
      kind: task
      provider_kinds: [doorstroompunt]
      recipient_kinds: [werk-en-inkomen]
      age: {{min: 20, max: 26, below: NOG_LEERPLICHTIG, above: BUITEN_DOELGROEP}}
      bsn: forbidden
      onderwijsnummer: forbidden
      art9_ground: null
      objection_possible: true
      same_college: false
      text_nl: De bemiddeling helpt jongeren vanaf twintig jaar aan werk, als taak van de wet.
      review: needed
      source: verzonnen
  reasons:
    - code: DAL_TOESTEMMING_ONTBREEKT
      gate: consent
      text_nl: De jongere heeft hier geen toestemming voor gegeven.
      remedy_nl: Vraag de jongere om toestemming, zonder druk.
      who: begeleider
      personal: true
clauses:
  - id: dal/1/stichting
    article: artikel 2
    effect: permit
    record: uitvalmelding
    from: {{party: duo}}
    to: {{party: stichting-dal, home: true}}
    purposes: [begeleiding-doorstroompunt]
    bases: [dal-toestemming]
    subject: &subject
      age: {_AGES}
    fields: &fields
      geslachtsnaam: {{form: raw, need: Zonder naam kan niemand worden aangesproken.}}
      geboortedatum: {{form: raw, need: Met naam en geboortedatum is de jongere te vinden.}}
    secret_address: withheld
    on_withdrawal: ACTION
    retention: &retention
      term: tot-27e-verjaardag
      until_age: 27
      reason: BEWAARTERMIJN_VERSTREKEN
      text_nl: Uiterlijk tot de jongere 27 wordt.
    obligations: [geen-doorgifte]
    duty_to_inform: &inform
      who: doorstroompunt
      when: Bij het eerste gesprek.
      text: Wij kregen uw naam en geboortedatum omdat u dat goed vond.
    why_nl: De jongere wil zelf geholpen worden.
  - id: dal/1/werk
    article: artikel 3
    effect: permit
    record: uitvalmelding
    from: {{party: stichting-dal}}
    to: {{party: bemiddeling-dal, home: true}}
    purposes: [ondersteuning-arbeidsinschakeling]
    bases: [dal-toestemming, dal-taak]
    reuse_of: [dal-toestemming]
    subject: *subject
    fields: *fields
    secret_address: withheld
    retention: *retention
    obligations: [geen-doorgifte]
    duty_to_inform: *inform
    why_nl: De jongere wil aan het werk geholpen worden.
tests:
  - name: met toestemming gaat het naar de stichting
    day: 2026-11-02
    path: [duo, stichting-dal]
    given: {{gemeente: "9101", standing: [toestemming]}}
    expect: permit
  - name: zonder toestemming gaat er niets
    day: 2026-11-02
    path: [duo, stichting-dal]
    given: {{gemeente: "9101"}}
    expect: deny
    reasons: [DAL_TOESTEMMING_ONTBREEKT]
"""


@cache
def consenting(on_withdrawal: str = "erase") -> PolicySet:
    """The set; `on_withdrawal` is what its first clause asks when the consent is taken back."""
    files = {file.relative_to(POLICY).as_posix(): file.read_text("utf-8") for file in sorted(Path(POLICY).rglob("*.yaml"))}
    files["parties.yaml"] += _PARTIES
    files["regions/dal.yaml"] = _REGION
    files["agreements/dal.v1.yaml"] = _plain(_AGREEMENT.replace("ACTION", on_withdrawal))
    return read_policy(files)


def _plain(text: str) -> str:
    """The same without anchors, which such files may not have."""
    import yaml

    class Written(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    return yaml.dump(yaml.safe_load(text), Dumper=Written, sort_keys=False, allow_unicode=True)


def young(number: int = 0, **other: Any) -> bytes:
    """The `number`th invented young person, nineteen years old, who lives there."""
    return body(number, gemeente=GEMEENTE, **other)


YES = {"kind": StatementKind.toestemming, "parties": {str(FOUNDATION), str(AGENCY)}, "purposes": {str(GUIDANCE), str(TO_WORK)}}
"""A consent to both, for both purposes."""
