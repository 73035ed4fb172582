"""People who act on agreements, changed sets, and acts in a row, for tests of the life of agreements."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from hub.consent.life import Act, ActKind, History, Method, agreement_hash, history_of
from hub.consent.model import Agreement, PolicySet
from hub.consent.policy import load_policy, read_policy
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import AgreementId, Micros, PartyId
from hub.policies.files import files_of, text_of, with_agreement

POLICY = Path(__file__).parents[2] / "schemas" / "policy"
DUO_DESK = AgreementId("duo-doorstroompunt/1")
DUO, LINDEMARK = PartyId("duo"), PartyId("doorstroompunt-lindemark")


def person(number: int, *roles: Role, party: str | None = None) -> Staff:
    """Someone with these roles."""
    named = StaffId(f"m-{number:016x}")
    return Staff(named, f"Persoon {number}", frozenset(roles), None if party is None else PartyId(party))


OFFICER, SECOND_OFFICER = person(1, Role.privacy_officer), person(2, Role.privacy_officer)
FG = person(3, Role.fg)
AT_DUO = person(4, Role.decision_maker, party="duo")
AT_LINDEMARK = person(5, Role.decision_maker, party="doorstroompunt-lindemark")
AUDITOR = person(6, Role.auditor)


_KEPT = ("duo-doorstroompunt/1", "doorstroompunt-werk-en-inkomen/1", "mbo-doorstroompunt/1")


@cache
def shipped() -> PolicySet:
    """The policy set of the repository, with a few of its agreements."""
    whole = load_policy(POLICY)
    files = {name: text for name, text in files_of(whole).items() if not name.startswith("agreements/")}
    kept = {f"agreements/{number}.yaml": text_of(agreement_of(whole, name)) for number, name in enumerate(_KEPT)}
    return read_policy(files | kept)


def changed(policy: PolicySet, agreement: AgreementId = DUO_DESK, *, version: str | None = None, **other: Any) -> PolicySet:
    """The set with that agreement changed: `oldest` is the highest age of its first clause, `adds` a field that it gains,
    `without` one that goes, anything else a key of the agreement. With `version` it is a new version in place of the old one.
    """
    found = next(each for each in policy.agreements if each.id == agreement)
    text = text_of(found)
    if version is not None:
        text = text.replace(agreement, f"{agreement.rpartition('/')[0]}/{version}")
    plain = yaml.safe_load(text)
    if "oldest" in other:
        plain["clauses"][0]["subject"]["age"]["max"] = other.pop("oldest")
        plain["tests"] = plain["tests"][:2]
    if "adds" in other:
        plain["clauses"][0]["fields"][other.pop("adds")] = {"form": "raw", "need": "Zonder dit gegeven kan het werk niet."}
        plain["tests"] = plain["tests"][:2]
    if "without" in other:
        del plain["clauses"][0]["fields"][other.pop("without")]
        plain["tests"] = plain["tests"][:2]
    for name, value in other.items():
        plain.pop(name, None) if value is None else plain.update({name: value})
    return with_agreement(policy, yaml.safe_dump(plain, allow_unicode=True, sort_keys=False))


def agreement_of(policy: PolicySet, agreement: str = DUO_DESK) -> Agreement:
    """The agreement of that id."""
    return next(each for each in policy.agreements if each.id == agreement)


class Acts:
    """Acts one after the other."""

    def __init__(self, kind: ActKind | None = None, policy: PolicySet | None = None) -> None:
        self.all: list[Act] = []
        if kind is not None and policy is not None:
            self.add(kind, None, policy=policy.hash)
            if kind is ActKind.founded:
                for each in policy.agreements:
                    self.add(kind, None, agreement=each.id, digest=agreement_hash(each))

    def add(self, kind: ActKind, by: Staff | None, **of: Any) -> Acts:
        """One more."""
        number = len(self.all) + 1
        method = Method.hub if by is None else Method.desk
        ref, who = UUID(int=number), None if by is None else by.staff_id
        self.all.append(Act(number, kind, Micros(number), ref, method, who, **of))
        return self

    def propose(self, before: PolicySet, after: PolicySet, by: Staff = OFFICER) -> Acts:
        """A proposal."""
        return self.add(ActKind.proposed, by, follows=before.hash, policy=after.hash)

    def advise(self, before: PolicySet, after: PolicySet, word: str = "positive") -> Acts:
        """The FG's advice."""
        return self.add(ActKind.advised, FG, follows=before.hash, policy=after.hash, word=word)

    def activate(self, before: PolicySet, after: PolicySet, by: Staff = AT_DUO) -> Acts:
        """It is in use."""
        return self.add(ActKind.activated, by, follows=before.hash, policy=after.hash, party=by.party)

    def sign(self, policy: PolicySet, by: Staff, agreement: str = DUO_DESK, party: PartyId | None = None) -> Acts:
        """A signature."""
        found = agreement_of(policy, agreement)
        return self.add(ActKind.signed, by, party=party or by.party, agreement=found.id, digest=agreement_hash(found))

    def turn(self, kind: ActKind, policy: PolicySet, by: Staff, agreement: str = DUO_DESK) -> Acts:
        """It is suspended, resumed or ended."""
        found = agreement_of(policy, agreement)
        return self.add(kind, by, party=by.party, agreement=found.id, digest=agreement_hash(found))

    @property
    def history(self) -> History:
        """What they say together."""
        return history_of(self.all)
