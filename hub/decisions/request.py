"""Reads an AuthZEN request (NL GOV profile, information model) as questions to the policy. Pure; no value is ever repeated.

The young person is nameless by construction: the resource has one fixed id, and of a person only the facts that the policy
knows are taken. Whatever else is sent refuses with its place. Unknown words refuse too: only words of the policy go further.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, get_args

from hub.clock import legal_date
from hub.consent.given import Onderwijssoort
from hub.consent.model import PolicySet
from hub.consent.question import Question
from hub.domain.facts import Stated, StatementKind, StatementState, SubjectFacts, Voice
from hub.domain.terms import ElementName, FactName, Micros, PartyId, PurposeId, RecordKind
from hub.errors import Fault

MOST: Final = 1000
"""Evaluations in one call."""
NAMELESS: Final = "naamloos"
"""The one id of a resource: the record of a young person whom the question does not name."""
PARTY_TYPE: Final = "partij"
SEMANTICS: Final = ("execute_all", "deny_on_first_deny", "permit_on_first_permit")

UNREAD: Final = ("mim", "ld-context")
"""What the profile lets a caller add to describe its request; taken, not read and not kept."""

_PARTS: Final = ("subject", "action", "resource", "context")
_YES_NO: Final = {
    "overleden": "overleden",
    "startkwalificatie": "startkwalificatie",
    "ingeschreven": "ingeschreven",
    "indicatie_geheim": "indicatie_geheim",
    "heeft_bsn": "has_bsn",
}
_FACTS: Final = frozenset({*_YES_NO, "leeftijd", "onderwijssoort", "datum_diploma", "gemeente", "verklaringen"})
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]{5,18}(?:[Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII)
_GEMEENTE: Final = re.compile(r"[0-9]{4}", re.ASCII)
_FAR: Final = timedelta(days=3653)
"""How long ago or ahead one may ask: each day that is asked for opens rows of the decision table."""
TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of one call in their order. `many` where the answer is a list, cut short as `semantic` says."""

    questions: tuple[Question, ...]
    many: bool
    semantic: str
    traceparent: str | None


class Reader:
    """Reads one call and gathers every fault in it."""

    def __init__(self, policy: PolicySet, today: date) -> None:
        self._policy, self._today = policy, today
        self.faults: list[Fault] = []

    def single(self, body: Any) -> Asked | None:
        """The call of the Access Evaluation API; None where there are faults."""
        given = self._object(body, "?", _PARTS[:3], ("context",))
        question = self._question(given, "")
        return self._asked([question], given, many=False)

    def many(self, body: Any) -> Asked | None:
        """The call of the Access Evaluations API; without evaluations it is a single one. None where there are faults."""
        given = self._object(body, "?", (), (*_PARTS, "evaluations", "options"))
        each = given.get("evaluations")
        if each is None or each == []:
            return self.single({name: part for name, part in given.items() if name in _PARTS})
        if not isinstance(each, list):
            self._fault("evaluations", "WAARDE_ONGELDIG")
            return None
        if len(each) > MOST:
            self._fault("evaluations", "VRAGEN_TE_VEEL")
            return None
        options = self._object(given.get("options", {}), "options", (), ("evaluations_semantic",))
        semantic = self._one_of(options.get("evaluations_semantic", SEMANTICS[0]), "options.evaluations_semantic", SEMANTICS)
        usual = {name: given[name] for name in _PARTS if name in given}
        questions = []
        for number, one in enumerate(each):
            where = f"evaluations[{number}]."
            own = self._object(one, where.rstrip("."), (), _PARTS)
            questions.append(self._question(self._object({**usual, **own}, where.rstrip("."), _PARTS[:3], ("context",)), where))
        return self._asked(questions, given, many=True, semantic=semantic or SEMANTICS[0])

    def _asked(
        self, questions: Sequence[Question | None], given: Mapping[str, Any], *, many: bool, semantic: str = SEMANTICS[0]
    ) -> Asked | None:
        whole = tuple(question for question in questions if question is not None)
        if self.faults or len(whole) != len(questions):
            return None
        context = given.get("context")
        return Asked(whole, many, semantic, context.get("traceparent") if isinstance(context, dict) else None)

    def _question(self, given: Mapping[str, Any], where: str) -> Question | None:
        before = len(self.faults)
        subject = self._object(given.get("subject"), f"{where}subject", ("type", "id"))
        self._one_of(subject.get("type"), f"{where}subject.type", (PARTY_TYPE,))
        recipient = self._known(subject.get("id"), f"{where}subject.id", self._policy.parties)
        purpose = self._action(given.get("action"), f"{where}action")
        context = self._object(given.get("context", {}), f"{where}context", ("pad",), ("time", "traceparent", *UNREAD))
        path = self._path(context.get("pad"), recipient, f"{where}context.pad")
        day = self._time(context["time"], f"{where}context.time") if "time" in context else self._today
        if "traceparent" in context and not _matches(TRACEPARENT, context["traceparent"]):
            self._fault(f"{where}context.traceparent", "WAARDE_ONGELDIG")
        record, elements, facts = self._resource(given.get("resource"), f"{where}resource", day or self._today)
        if len(self.faults) > before or facts is None:
            return None
        return Question(RecordKind(record), path, facts, PurposeId(purpose), elements)

    def _action(self, value: Any, where: str) -> str:
        action = self._object(value, where, ("name",), ("properties",))
        purpose = self._known(action.get("name"), f"{where}.name", self._policy.purposes)
        properties = self._object(action.get("properties", {}), f"{where}.properties", (), ("processing_activity_id",))
        named = properties.get("processing_activity_id")
        if purpose and named is not None and named != self._policy.purposes[PurposeId(purpose)].processing_activity:
            self._fault(f"{where}.properties.processing_activity_id", "VERWERKING_ANDERS")
        return purpose

    def _path(self, value: Any, recipient: str, where: str) -> tuple[PartyId, ...]:
        if not isinstance(value, list) or not 2 <= len(value) <= 10:
            self._fault(where, "PAD_ONGELDIG")
            return ()
        path = tuple(self._known(one, f"{where}[{number}]", self._policy.parties) for number, one in enumerate(value))
        if all(path) and recipient and path[-1] != recipient:
            self._fault(where, "PAD_ONGELDIG")
        return tuple(PartyId(one) for one in path if one)

    def _resource(self, value: Any, where: str, day: date) -> tuple[str, frozenset[ElementName] | None, SubjectFacts | None]:
        resource = self._object(value, where, ("type", "id", "properties"))
        record = self._known(resource.get("type"), f"{where}.type", self._policy.records)
        self._one_of(resource.get("id"), f"{where}.id", (NAMELESS,))
        properties = self._object(resource.get("properties"), f"{where}.properties", ("elementen", "feiten"))
        named = self._list(properties.get("elementen"), f"{where}.properties.elementen", 1, 500)
        allowed = self._policy.records[RecordKind(record)].elements if record else ()
        elements = frozenset(
            ElementName(found)
            for number, one in enumerate(named if record else ())
            if (found := self._known(one, f"{where}.properties.elementen[{number}]", allowed))
        )
        return record, elements, self._facts(properties.get("feiten"), f"{where}.properties.feiten", day)

    def _facts(self, value: Any, where: str, day: date) -> SubjectFacts:
        more = {str(name): spec.kind for name, spec in self._policy.facts.items()}
        given = self._object(value, where, (), (*_FACTS, *more))
        known = {name: fact for name, fact in given.items() if fact is not None}
        yes_no = {
            field: known.get(name) if self._is(bool, known.get(name), f"{where}.{name}") else None
            for name, field in _YES_NO.items()
        }
        age = known.get("leeftijd")
        if age is not None and not (type(age) is int and 0 <= age <= 120):
            self._fault(f"{where}.leeftijd", "WAARDE_ONGELDIG")
            age = None
        gemeente = known.get("gemeente")
        if gemeente is not None and not _matches(_GEMEENTE, gemeente):
            self._fault(f"{where}.gemeente", "CODE_ONBEKEND")
            gemeente = None
        school = known.get("onderwijssoort")
        further = {
            FactName(name): self._date(known[name], f"{where}.{name}")
            if kind == "date"
            else known[name]
            if self._is(bool, known[name], f"{where}.{name}")
            else None
            for name, kind in more.items()
            if name in known
        }
        return SubjectFacts(
            as_of=day,
            age=age,
            **yes_no,
            onderwijssoort=None
            if school is None
            else self._one_of(school, f"{where}.onderwijssoort", get_args(Onderwijssoort)),
            datum_diploma=self._date(known.get("datum_diploma"), f"{where}.datum_diploma"),
            gemeente=gemeente,
            standing=self._statements(known.get("verklaringen"), f"{where}.verklaringen"),
            more=frozenset((name, fact) for name, fact in further.items() if fact is not None),
        )

    def _statements(self, value: Any, where: str) -> frozenset[Stated] | None:
        if value is None:
            return None
        return frozenset(
            self._statement(one, f"{where}[{number}]") for number, one in enumerate(self._list(value, where, 0, 50))
        )

    def _statement(self, value: Any, where: str) -> Stated:
        given = self._object(value, where, ("soort", "staat", "stem"), ("doelen", "partijen", "elementen"))
        kind = self._one_of(given.get("soort"), f"{where}.soort", tuple(StatementKind))
        state = self._one_of(given.get("staat"), f"{where}.staat", tuple(StatementState))
        voice = self._one_of(given.get("stem"), f"{where}.stem", tuple(Voice))
        scope = {
            name: None if given.get(name) is None else self._words(given[name], f"{where}.{name}", words)
            for name, words in (
                ("doelen", self._policy.purposes),
                ("partijen", self._policy.parties),
                ("elementen", self._policy.elements),
            )
        }
        return Stated(
            kind=StatementKind(kind) if kind else StatementKind.beperking,
            state=StatementState(state) if state else StatementState.given,
            voice=Voice(voice) if voice else Voice.jongere,
            purposes=None if scope["doelen"] is None else frozenset(map(PurposeId, scope["doelen"])),
            parties=None if scope["partijen"] is None else frozenset(map(PartyId, scope["partijen"])),
            elements=None if scope["elementen"] is None else frozenset(map(ElementName, scope["elementen"])),
        )

    def _words(self, value: Any, where: str, words: Any) -> list[str]:
        given = self._list(value, where, 1, 100)
        return [found for number, one in enumerate(given) if (found := self._known(one, f"{where}[{number}]", words))]

    # -- the plain parts

    def _fault(self, where: str, code: str) -> None:
        self.faults.append(Fault(where, code))

    def _object(self, value: Any, where: str, needed: Sequence[str], may: Sequence[str] = ()) -> dict[str, Any]:
        """`value` with the keys that are known; a key that is not is told as `?`, for its name is the caller's own."""
        if not isinstance(value, dict):
            self._fault(where, "VERPLICHT_VELD_LEEG" if value is None else "WAARDE_ONGELDIG")
            return {}
        if value.keys() - {*needed, *may}:
            self._fault(f"{where}.?", "VELD_ONBEKEND")
        for name in needed:
            if value.get(name) is None:
                self._fault(f"{where}.{name}", "VERPLICHT_VELD_LEEG")
        return {name: part for name, part in value.items() if name in needed or name in may}

    def _list(self, value: Any, where: str, least: int, most: int) -> list[Any]:
        if isinstance(value, list) and least <= len(value) <= most:
            return value
        if value is not None:
            self._fault(where, "WAARDE_ONGELDIG")
        return []

    def _known(self, value: Any, where: str, words: Any) -> str:
        """A word of the policy, or an empty one with a fault."""
        if isinstance(value, str) and value in words:
            return value
        if value is not None:
            self._fault(where, "CODE_ONBEKEND")
        return ""

    def _one_of(self, value: Any, where: str, words: Sequence[str]) -> str:
        return self._known(value, where, [str(word) for word in words])

    def _is(self, kind: type, value: Any, where: str) -> bool:
        if value is not None and type(value) is not kind:
            self._fault(where, "WAARDE_ONGELDIG")
            return False
        return True

    def _date(self, value: Any, where: str) -> date | None:
        try:
            if value is None or _matches(_DATE, value):
                return None if value is None else date.fromisoformat(value)
        except ValueError:
            pass  # 31 February
        self._fault(where, "DATUM_ONGELDIG")
        return None

    def _time(self, value: Any, where: str) -> date | None:
        """The legal date of a moment (RFC 3339)."""
        try:
            if _matches(_TIME, value):
                day = legal_date(Micros(int(datetime.fromisoformat(value.upper()).timestamp() * 1_000_000)))
                if abs(day - self._today) <= _FAR:
                    return day
        except (ValueError, OverflowError):
            pass  # no such moment
        self._fault(where, "TIJD_ONGELDIG")
        return None


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
