"""The policy set in Cedar: policies, schema and entities, one permit or forbid per clause and per prohibition of law. Pure.

With the schema every fact that may be unknown is optional, and a policy that reads one without asking whether it is there does
not validate: what Cedar skips on error could otherwise let something pass. The same set always gives the same text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any, Final

from hub.consent.cedar_request import day_number, term_name, terms_of
from hub.consent.check import stands_on
from hub.consent.model import Agreement, Forbid, LegalBasis, Permit, PolicySet, Prohibition, Requirement, Side
from hub.domain.facts import StatementKind, Voice
from hub.domain.terms import ElementName, Form, RecordKind

_FORMS: Final = tuple(Form)
_BSN: Final = ElementName("bsn")
_ONDERWIJSNUMMER: Final = ElementName("onderwijsnummer")
_REPRESENTATIVES: Final = (Voice.curator, Voice.bewindvoerder, Voice.mentor)
_PARENTS: Final = (Voice.ouder, Voice.voogd)
_NEVER: Final = "false"

NOT_CARRIED_OVER: Final = """\
// What this export does not carry over, so that nobody takes it for the whole:
// - Reasons, the nearest clause, the smallest change that would permit, and until when an answer holds: Cedar says yes or no.
// - The form of an element (raw, banded, yes_no, pseudonym) and what the recipient owes stand in annotations and bind nothing.
// - Whether an agreement was signed, suspended or ended, and which recipients left a notice unanswered: it changes daily.
// - Calendars, working areas and the scope of statements are facts of the request (see schema); who asks works them out.
// - One request is one element, one purpose, one step; what the giver itself received is a fact of the request.
"""


def cedar_policies(policy: PolicySet) -> str:
    """The policies as Cedar text, with the hash of the set in its head."""
    head = f"// Policy set {policy.hash}\n{NOT_CARRIED_OVER}"
    clauses = [(agreement, clause) for agreement in policy.agreements for clause in agreement.clauses]
    texts = [
        _permit(policy, agreement, clause) if isinstance(clause, Permit) else _forbid(policy, agreement, clause)
        for agreement, clause in sorted(clauses, key=lambda pair: pair[1].id)
    ]
    bars = [_bar(policy, row) for row in policy.prohibitions.values() if not row.except_bases]
    return "\n".join([head, *texts, *(bar for bar in bars if bar)])


def cedar_schema(policy: PolicySet) -> str:
    """The schema as Cedar text: what may be asked, and which facts may be unknown."""
    facts = [
        *("age?: Long", "overleden?: Bool", "startkwalificatie?: Bool", "ingeschreven?: Bool", "indicatie_geheim?: Bool"),
        *("onderwijssoort?: String", "has_bsn?: Bool", "works_here?: Set<Party>", "said?: Set<String>"),
        "received?: {granted: Bool, purpose: String, bases: Set<String>, form?: Long}",
        *(f'"{name}"?: Bool' for name, spec in policy.facts.items() if spec.kind == "yes_no"),
        *(f'"{term_name(fact, length)}"?: Bool' for fact, length in terms_of(policy)),
    ]
    actions = ", ".join(f'"{purpose}"' for purpose in policy.purposes)
    context = "".join(f"  {fact},\n" for fact in ("giver: Party", "day: Long", *facts))
    return (
        f"// Policy set {policy.hash}\n"
        "// day is a number such as 20260131. works_here are the parties that work for where the young person lives that day.\n"
        "// said are the statements that meet purpose and parties: a no by its kind, a yes as kind:given:voice, and as\n"
        "// kind:names:voice where it names the element. received is what the giver was given.\n"
        "entity Kind;\nentity Party in [Kind];\nentity Record;\nentity Field in [Record];\n"
        f"type Facts = {{\n{context}}};\n"
        f"action {actions} appliesTo {{ principal: [Party], resource: [Field], context: Facts }};\n"
    )


def cedar_entities(policy: PolicySet) -> list[dict[str, Any]]:
    """Parties in their kind, and elements in their record, as Cedar JSON."""
    kinds = sorted({party.kind.value for party in policy.parties.values()})
    return [
        *(_entity("Kind", kind) for kind in kinds),
        *(_entity("Party", party.id, ("Kind", party.kind.value)) for party in policy.parties.values()),
        *(_entity("Record", record) for record in policy.records),
        *(
            _entity("Field", f"{record}/{element}", ("Record", record))
            for record, spec in policy.records.items()
            for element in spec.elements
        ),
    ]


def _entity(kind: str, name: str, parent: tuple[str, str] | None = None) -> dict[str, Any]:
    parents = [] if parent is None else [{"type": parent[0], "id": str(parent[1])}]
    return {"uid": {"type": kind, "id": str(name)}, "attrs": {}, "parents": parents}


# -- clauses


def _permit(policy: PolicySet, agreement: Agreement, clause: Permit) -> str:
    shown = {
        "id": clause.id,
        "agreement": agreement.id,
        "article": clause.article,
        "bases": " ".join(clause.bases),
        "forms": " ".join(f"{name}={need.form.value}" for name, need in clause.fields.items()),
        "obligations": " ".join(clause.obligations),
        "retention": clause.retention.term,
    }
    record = policy.records[clause.record].elements
    fields = [name for name in record if name in clause.fields and policy.elements[name].kind != "free_text"]
    named = f"resource in {_these(clause.record, fields)}" if fields else _NEVER
    when = [named, *_in_force(policy, agreement, clause), *_subject(policy, clause), *_fields(policy, clause, fields)]
    unless = [
        _held(policy, clause.record, row, _any(_carries(policy, policy.laws[basis]) for basis in _others(clause, row)))
        for row in policy.prohibitions.values()
        if row.except_bases
    ]
    scope = f'principal, action == Action::"{clause.purposes[0]}", resource in Record::"{clause.record}"'
    return _policy("permit", shown, scope, when, [one for one in unless if one != _NEVER])


def _forbid(policy: PolicySet, agreement: Agreement, clause: Forbid) -> str:
    shown = {"id": clause.id, "agreement": agreement.id, "article": clause.article, "reason": clause.reason}
    when = [
        _stands("principal", clause.recipient),
        _stands("context.giver", clause.giver),
        _between(agreement.effective.start, agreement.effective.until),
    ]
    if clause.age is not None:
        when.append(f"(if context has age then context.age >= {clause.age.min} && context.age <= {clause.age.max} else true)")
    if clause.onderwijssoort:
        kinds = f"{_strings(clause.onderwijssoort)}.contains(context.onderwijssoort)"
        when.append(f"(if context has onderwijssoort then {kinds} else true)")
    known = [name for name in policy.records[clause.record].elements if name in clause.elements]
    if clause.elements:
        when.append(f"resource in {_these(clause.record, known)}" if known else _NEVER)
    return _policy("forbid", shown, f'principal, action, resource in Record::"{clause.record}"', when, [])


def _bar(policy: PolicySet, row: Prohibition) -> str:
    """A prohibition of law without exceptions along a basis, for all kinds of record."""
    held = [one for record in policy.records if (one := _held(policy, record, row, "true")) != _NEVER]
    shown = {"id": row.id, "law": row.law.name, "article": row.article, "reason": row.reason}
    return _policy("forbid", shown, "principal, action, resource", [_any(held)], []) if held else ""


def _held(policy: PolicySet, record: RecordKind, row: Prohibition, carried: str) -> str:
    """That a prohibition holds back the element that is asked for, where something it does not except carries it."""
    elements = [
        name
        for name in policy.records[record].elements
        if name in row.elements or policy.elements[name].category in row.categories
    ]
    if not elements or carried == _NEVER:
        return _NEVER
    lifted = [f'(context has "{fact}" && context["{fact}"] == {_bool(value)})' for fact, value in sorted(row.unless.items())]
    return _all(
        [
            f"resource in {_these(record, elements)}",
            _any(f'principal in Kind::"{kind.value}"' for kind in row.to_kinds) if row.to_kinds else "true",
            _any(f'context.giver in Kind::"{kind.value}"' for kind in row.from_kinds) if row.from_kinds else "true",
            _between(row.valid_from, row.valid_until),
            f"!{_all(lifted)}" if lifted else "true",
            carried,
        ]
    )


def _others(clause: Permit, row: Prohibition) -> list[Any]:
    return [basis for basis in sorted(set(clause.bases)) if basis not in row.except_bases]


# -- what a permit asks


def _in_force(policy: PolicySet, agreement: Agreement, clause: Permit) -> Iterator[str]:
    if agreement.controllership is None or agreement.processor_contract is None:
        yield _NEVER
    yield _between(agreement.effective.start, agreement.effective.until)
    yield f"context.day < {day_number(agreement.dpia.review_due)}"
    if agreement.fg_advice.review_due is not None:
        yield f"context.day < {day_number(agreement.fg_advice.review_due)}"
    yield _present(policy, agreement, "principal", clause.recipient)
    yield _present(policy, agreement, "context.giver", clause.giver)
    purpose = policy.purposes[clause.purposes[0]]
    yield _between(purpose.valid_from, purpose.valid_until)
    if clause.reuse_of:
        follows = _strings((purpose.id, *purpose.further_from))
        yield "context has received"
        yield "context.received.granted"
        yield f"{follows}.contains(context.received.purpose)"
        yield f"context.received.bases.containsAny({_strings(clause.reuse_of)})"
    else:
        yield "!(context has received)"


def _present(policy: PolicySet, agreement: Agreement, who: str, side: Side) -> str:
    """That whoever stands on this side has joined the agreement and not left it."""
    return _any(
        f'({who} == Party::"{row.id}" && {_between(row.acceded, row.left)})'
        for row in agreement.parties
        if stands_on(policy.parties[row.id], side)
    )


def _subject(policy: PolicySet, clause: Permit) -> Iterator[str]:
    subject = clause.subject
    yield "context has overleden && !context.overleden"
    oldest = min(subject.age.max, clause.retention.until_age - 1)
    yield f"context has age && context.age >= {subject.age.min} && context.age <= {oldest}"
    yield "context has said"
    if clause.recipient.home:
        yield "context has works_here && context.works_here.contains(principal)"
    for name, asked in (("startkwalificatie", subject.startkwalificatie), ("ingeschreven", subject.ingeschreven)):
        if asked is not None:
            yield f"context has {name} && context.{name} == {_bool(asked.value)}"
    if subject.onderwijssoort is not None:
        kinds = _strings(subject.onderwijssoort.one_of)
        yield f"context has onderwijssoort && {kinds}.contains(context.onderwijssoort)"
    for fact, condition in sorted(subject.facts.items()):
        yield f'context has "{fact}" && context["{fact}"] == {_bool(condition.value)}'
    for fact, within in sorted(subject.within.items()):
        term = term_name(fact, within.months)
        yield f'context has "{term}" && context["{term}"]'
    yield from _restrictions(policy, clause)
    voice = _eldest(policy, clause)
    for required in clause.requires:
        yield _heard(required, voice, "given")
        yield _heard(required, voice, "names")


def _restrictions(policy: PolicySet, clause: Permit) -> Iterator[str]:
    free = f'!context.said.contains("{StatementKind.beperking.value}")'
    if clause.despite_restriction is None:
        yield free
    elif clause.despite_restriction == "toestemming":
        voice = _eldest(policy, clause)
        asked = [_heard(one, voice, "given") for one in clause.requires if one.statement is StatementKind.toestemming]
        for basis in (policy.laws[name] for name in sorted(set(clause.bases))):
            if basis.requires is not None and basis.requires.statement is StatementKind.toestemming:
                asked.append(_all([_between(basis.valid_from, basis.valid_until), _heard(basis.requires, _of(basis), "given")]))
        yield f"({free} || {_any(asked)})"
    if policy.purposes[clause.purposes[0]].outreach:
        yield f'!context.said.contains("{StatementKind.contactvoorkeur.value}")'


def _fields(policy: PolicySet, clause: Permit, fields: Collection[ElementName]) -> Iterator[str]:
    addresses = [name for name in fields if policy.elements[name].kind == "address"]
    if any(policy.elements[name].kind == "address" for name in clause.fields):
        yield "context has indicatie_geheim"
        if clause.geheim_adres == "withheld" and addresses:
            yield f"(!(resource in {_these(clause.record, addresses)}) || !context.indicatie_geheim)"
    if not clause.fields.keys().isdisjoint((_BSN, _ONDERWIJSNUMMER)):
        yield "context has has_bsn"
        yield f'(resource != Field::"{clause.record}/{_BSN}" || context.has_bsn)'
        yield f'(resource != Field::"{clause.record}/{_ONDERWIJSNUMMER}" || !context.has_bsn)'
    # Two things must hold of some basis: it carries the whole, and where that rests on a statement, this element too.
    yield _any(
        _all([_carries(policy, basis), *([] if basis.requires is None else [_heard(basis.requires, _of(basis), "names")])])
        for basis in (policy.laws[name] for name in sorted(set(clause.bases)))
    )
    if clause.reuse_of:
        yield "context.received has form"
        for place, form in enumerate(_FORMS):
            named = [name for name in fields if clause.fields[name].form is form]
            if named:
                yield f"(!(resource in {_these(clause.record, named)}) || context.received.form <= {place})"


def _carries(policy: PolicySet, basis: LegalBasis) -> str:
    asked = [
        _between(basis.valid_from, basis.valid_until),
        f"context has age && context.age >= {basis.age.min} && context.age <= {basis.age.max}",
    ]
    if basis.objection_possible:
        asked.append(f'context has said && !context.said.contains("{StatementKind.bezwaar.value}")')
    if basis.same_college:
        asked.append("context has works_here && context.works_here.contains(context.giver)")
        asked.append("context.works_here.contains(principal)")
    if basis.requires is not None:
        asked.append(_heard(basis.requires, _of(basis), "given"))
    return _all(asked)


def _of(basis: LegalBasis) -> int | None:
    return None if basis.voice is None else basis.voice.self_from


def _eldest(policy: PolicySet, clause: Permit) -> list[tuple[int, LegalBasis]] | None:
    """From which age each basis of the clause hears the young person; the strictest of those in force counts."""
    found = [
        (basis.voice.self_from, basis) for basis in (policy.laws[name] for name in clause.bases) if basis.voice is not None
    ]
    return sorted(found, key=lambda pair: pair[0], reverse=True) or None


def _heard(required: Requirement, voice: int | list[tuple[int, LegalBasis]] | None, said: str) -> str:
    """That a yes is there from who may say it, unless it is not asked for in this case."""
    kind = required.statement.value
    yes = _all(["context has said", f'!context.said.contains("{kind}:refused")', _speaks(kind, voice, said)])
    if not required.when:
        return yes
    running = _any(
        f"({_strings(term.onderwijssoort)}.contains(context.onderwijssoort)"
        f' && (if context has "{(name := term_name(None, term.years_after_diploma))}" then context["{name}"] else true))'
        for term in required.when
    )
    return f"(context has onderwijssoort && (!{running} || {yes}))"


def _speaks(kind: str, voice: int | list[tuple[int, LegalBasis]] | None, said: str) -> str:
    def by(voices: Iterable[Voice]) -> str:
        return f"context.said.containsAny({_strings(f'{kind}:{said}:{one.value}' for one in voices)})"

    def from_age(age: int) -> str:
        own, parents = by([Voice.jongere]), by(_PARENTS)
        told = f"(context has age && ((context.age >= {age} && {own}) || (context.age < {age} && {parents})))"
        return f"({by(_REPRESENTATIVES)} || {told})"

    if voice is None:
        return by(Voice)
    if isinstance(voice, int):
        return from_age(voice)
    text = by(Voice)  # none of the bases that ask for a voice is in force
    for age, basis in reversed(voice):
        text = f"(if {_between(basis.valid_from, basis.valid_until)} then {from_age(age)} else {text})"
    return text


# -- the plain parts


def _policy(effect: str, shown: dict[str, str], scope: str, when: Iterable[str], unless: Iterable[str]) -> str:
    notes = "".join(f'@{name}("{_quoted(value)}")\n' for name, value in shown.items() if value)
    conditions = "".join(f"\nwhen {{ {one} }}" for one in dict.fromkeys(when) if one != "true")
    return f"{notes}{effect} ({scope}){conditions}{''.join(f'{chr(10)}unless {{ {one} }}' for one in unless)};\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def _stands(who: str, side: Side) -> str:
    return f'{who} == Party::"{side.party}"' if side.kind is None else f'{who} in Kind::"{side.kind.value}"'


def _between(start: date, until: date | None) -> str:
    begun = f"context.day >= {day_number(start)}"
    return f"({begun})" if until is None else f"({begun} && context.day < {day_number(until)})"


def _these(record: RecordKind, elements: Iterable[ElementName]) -> str:
    return "[" + ", ".join(f'Field::"{record}/{name}"' for name in elements) + "]"


def _strings(words: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _all(parts: Iterable[str]) -> str:
    kept = [part for part in parts if part != "true"]
    return _NEVER if _NEVER in kept else f"({' && '.join(kept)})" if kept else "true"


def _any(parts: Iterable[str]) -> str:
    kept = [part for part in parts if part != _NEVER]
    return "true" if "true" in kept else f"({' || '.join(kept)})" if kept else _NEVER
