"""The decision once more, as slowly and plainly as it can be said: the oracle that the table is compared with.

It reads the policy's own rows, keeps nothing between questions, and shares no code with `hub.consent.compile` or `decide`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hub.consent.model import AS_WRITTEN, Agreement, Forbid, Gate, Life, Permit, PolicySet, Requirement, Side
from hub.domain.facts import Stated, StatementKind, SubjectFacts
from hub.domain.territory import Region, Subregion

FORMS = ["raw", "banded", "yes_no", "pseudonym"]


@dataclass(frozen=True)
class Answer:
    """What is compared: fields and what is withheld when permitted, else the reasons."""

    permitted: bool
    clause: str | None
    purpose: str | None
    bases: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    withheld: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]


def naive(
    policy: PolicySet,
    facts: SubjectFacts,
    path: Sequence[tuple[str, str]],
    record: str = "uitvalmelding",
    purpose: str | None = None,
    life: Life = AS_WRITTEN,
) -> list[Answer]:
    """One answer per step (giver, recipient); `purpose` is asked of the last."""
    answers: list[Answer] = []
    for step, (giver, recipient) in enumerate(path):
        earlier = [answers[n] for n in range(step) if path[n][1] == giver]
        asked = purpose if step == len(path) - 1 else None
        answers.append(_step(Ask(policy, life, facts, record, asked, giver, recipient), earlier[0] if earlier else None))
    return answers


@dataclass(frozen=True)
class Ask:
    """One question about one step."""

    policy: PolicySet
    life: Life
    facts: SubjectFacts
    record: str
    purpose: str | None
    giver: str
    recipient: str


def _step(question: Ask, source: Answer | None) -> Answer:
    policy, facts, giver, recipient = question.policy, question.facts, question.giver, question.recipient
    day = facts.as_of
    unknown = [
        code
        for code, name, table in (
            ("GEVER_ONBEKEND", giver, policy.parties),
            ("ONTVANGER_ONBEKEND", recipient, policy.parties),
            ("RECORD_ONBEKEND", question.record, policy.records),
            ("DOEL_ONBEKEND", question.purpose, policy.purposes),
        )
        if name is not None and name not in table
    ]
    permits: list[tuple[Agreement, Permit]] = []
    stops: list[str] = []
    cuts: dict[str, str] = {}
    for agreement in [] if unknown else policy.agreements:
        for clause in agreement.clauses:
            if clause.record != question.record:
                continue
            if not (_on(policy, giver, clause.giver) and _on(policy, recipient, clause.recipient)):
                continue
            if isinstance(clause, Permit):
                permits.append((agreement, clause))
            elif agreement.effective.start <= day < agreement.effective.until and _forbids(clause, facts):
                if not clause.elements:
                    stops.append(clause.reason)
                for element in clause.elements:
                    cuts[element] = min(clause.reason, cuts.get(element, clause.reason))
    if not permits:
        return _no(policy, [*unknown, "GEEN_AFSPRAAK", *stops], None)
    permits = [(agreement, clause) for agreement, clause in permits if question.purpose in (None, clause.purposes[0])]
    if not permits:
        return _no(policy, ["DOEL_ZONDER_BEPALING", *stops], None)
    tries = [_try(question, agreement, clause, source, stops, cuts) for agreement, clause in permits]
    tries.sort(key=lambda answer: str(answer.clause))
    permitted = [answer for answer in tries if answer.permitted]
    if len({answer.purpose for answer in permitted}) > 1:
        return _no(policy, ["DOEL_NIET_GENOEMD"], None)
    if permitted:
        return permitted[0]
    meant = {clause.id: facts.age is None or facts.age in _span(clause) for _, clause in permits}

    def nearness(one: Answer) -> tuple[bool, bool, int, int]:
        gate = policy.reasons[one.reasons[0]].gate
        return gate is not Gate.agreement, meant[one.clause], list(Gate).index(gate), -len(one.reasons)

    return max(tries, key=nearness)


def _span(clause: Permit) -> range:
    return range(clause.subject.age.min, clause.subject.age.max + 1)


def _on(policy: PolicySet, party: str, side: Side) -> bool:
    return side.party == party or (side.kind is not None and policy.parties[party].kind == side.kind)


def _forbids(clause: Forbid, facts: SubjectFacts) -> bool:
    age_holds = clause.age is None or facts.age is None or facts.age in range(clause.age.min, clause.age.max + 1)
    school_holds = not clause.onderwijssoort or facts.onderwijssoort is None or facts.onderwijssoort in clause.onderwijssoort
    return age_holds and school_holds


def _gate(policy: PolicySet, code: str) -> int:
    return list(Gate).index(policy.reasons[code].gate)


def _no(policy: PolicySet, reasons: Sequence[str], clause: Permit | None) -> Answer:
    told = tuple(sorted(set(reasons), key=lambda code: (_gate(policy, code), code)))
    return Answer(False, clause and clause.id, clause and clause.purposes[0], (), (), (), told)


def _area(policy: PolicySet, party: str, day: date) -> set[str]:
    area = set()
    for region in policy.regions:
        for gemeente in region.gemeenten:
            there = [_desk(region, gemeente.code, day), gemeente.college, gemeente.werk_en_inkomen]
            there += [other for part in region.subregions if _in(part, gemeente.code, day) for other in part.works_here]
            markets = [market for market in region.labour_market_regions if market.id == gemeente.labour_market_region]
            there += [other for market in markets for other in market.works_here]
            works_there = party in [*there, *region.works_here, *gemeente.works_here]
            if works_there and region.holds(day) and gemeente.holds(day):
                area.add(gemeente.code)
    return area


def _in(part: Subregion, code: str, day: date) -> bool:
    return code in part.gemeenten and part.holds(day)


def _desk(region: Region, code: str, day: date) -> str:
    own = [part.doorstroompunt for part in region.subregions if part.doorstroompunt and _in(part, code, day)]
    return own[0] if own else region.doorstroompunt


def _was(policy: PolicySet, party: str, day: date) -> set[str]:
    """Whom a desk, college or Work & Income follows, looked for on every day on which anything ends."""
    rows = [(region, home) for region in policy.regions for home in region.gemeenten]
    parts = [part for region, _ in rows for part in region.subregions]
    days = {end for row in (*(each for row in rows for each in row), *parts) for end in row.borders if end <= day}
    found: set[str] = set()
    for moment in sorted(days, reverse=True):
        yesterday = moment - timedelta(days=1)
        for region, home in rows:
            if not (region.holds(yesterday) and home.holds(yesterday)):
                continue
            now = [row for row in rows if row[0].holds(moment) and row[1].holds(moment)]
            after = [row for row in now if row[1].code == home.code] or [row for row in now if row[1].code in home.followed_by]
            for to, new in after:
                pairs = [(home.college, new.college), (home.werk_en_inkomen, new.werk_en_inkomen)]
                if to.id == region.id:
                    pairs.append((_desk(region, home.code, yesterday), _desk(to, new.code, moment)))
                found |= {old for old, other in pairs if other in {party, *found} and old != other}
    return found - {party}


def _years(day: date, years: int) -> date:
    return (
        date(day.year + years, 3, 1)
        if (day.month, day.day) == (2, 29) and (day.year + years) % 4
        else day.replace(year=day.year + years)
    )


def _voices(policy: PolicySet, clause: Permit, day: date) -> list[int]:
    laws = [policy.laws[name] for name in clause.bases]
    return [law.voice.self_from for law in laws if law.voice and law.holds(day)]


def _plus_months(day: date, months: int) -> date:
    year, month = day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month, day.day) if day.day <= last else following


def _heard(question: Ask, clause: Permit, required: Requirement, self_from: int | None) -> tuple[str | None, set[str] | None]:
    """Why the statement is not there (None: it is), and the elements that it is limited to."""
    facts = question.facts
    if required.when:
        if facts.onderwijssoort is None:
            return "FEIT_ONTBREEKT_ONDERWIJSSOORT", None
        asked = False
        for window in required.when:
            if facts.onderwijssoort in window.onderwijssoort:
                diploma = facts.datum_diploma
                asked = asked or diploma is None or facts.as_of <= _years(diploma, window.years_after_diploma)
        if not asked:
            return None, None
    said = [one for one in facts.standing or () if one.kind == required.statement]
    free = required.statement == "raadpleging_school"
    meant = [
        one
        for one in said
        if (free if one.purposes is None else clause.purposes[0] in one.purposes)
        and (free if one.parties is None else question.recipient in one.parties)
    ]

    def voice_fits(one: Stated) -> bool:
        if self_from is None or facts.age is None or one.voice in ("curator", "bewindvoerder", "mentor"):
            return True
        return one.voice == "jongere" if facts.age >= self_from else one.voice in ("ouder", "voogd")

    given = [one for one in meant if one.state == "given"]
    fitting = [one for one in given if voice_fits(one)]
    if any(one.state == "refused" for one in meant):
        return "VERKLARING_GEWEIGERD", None
    if fitting:
        if any(one.elements is None for one in fitting):
            return None, None
        return None, {name for one in fitting for name in one.elements or ()}
    if given:
        return "VERKLARING_ANDERE_STEM", None
    for states, code in (
        (["withdrawn"], "VERKLARING_INGETROKKEN"),
        (["expired"], "VERKLARING_VERLOPEN"),
        (["invalidated", "proxy_ended"], "VERKLARING_ONGELDIG"),
    ):
        if any(one.state in states for one in meant):
            return code, None
    return ("VERKLARING_ANDERE_REIKWIJDTE" if any(one.state == "given" for one in said) else required.reason), None


def _no_said(question: Ask, clause: Permit, kind: StatementKind) -> bool:
    parties = question.policy.parties
    concerned = {question.giver, question.recipient}
    concerned |= {parties[party].controller for party in concerned}
    concerned |= {old for party in concerned for old in _was(question.policy, party, question.facts.as_of)}
    for one in question.facts.standing or ():
        if one.kind == kind and one.state in ("given", "requested"):
            for_this = one.purposes is None or clause.purposes[0] in one.purposes
            to_these = one.parties is None or concerned & one.parties
            if for_this and to_these:
                return True
    return False


def _try(
    question: Ask, agreement: Agreement, clause: Permit, source: Answer | None, stops: list[str], cuts: dict[str, str]
) -> Answer:
    policy, facts, giver, recipient = question.policy, question.facts, question.giver, question.recipient
    day, age, why = facts.as_of, facts.age, list(stops)
    silent = recipient in question.life.silent
    # agreement
    if agreement.id in question.life.shut:
        why.append(question.life.shut[agreement.id])
    if agreement.fg_advice.review_due and agreement.fg_advice.review_due <= day:
        why.append("FG_ADVIES_VERLOPEN")
    if day < agreement.effective.start or day >= agreement.effective.until:
        why.append("AFSPRAAK_NIET_GELDIG")
    if not agreement.controllership or not agreement.processor_contract:
        why.append("AFSPRAAK_ONVOLLEDIG")
    if agreement.dpia.review_due <= day:
        why.append("DPIA_VERLOPEN")
    for party in (giver, recipient):
        rows = [row for row in agreement.parties if row.id == party]
        if not rows or rows[0].acceded > day or (rows[0].left and rows[0].left <= day):
            why.append("PARTIJ_NIET_TOEGETREDEN")
    # purpose
    purpose = policy.purposes[clause.purposes[0]]
    if not purpose.holds(day):
        why.append("DOEL_NIET_GELDIG")
    if source and source.permitted and source.purpose != purpose.id and source.purpose not in purpose.further_from:
        why.append("DOEL_ONVERENIGBAAR")
    # basis
    if source is None and clause.reuse_of:
        why.append("HERKOMST_ONBEKEND")
    if source and not source.permitted:
        why.append("GEVER_ONTVING_NIET")
    if source and source.permitted and not clause.reuse_of:
        why.append("DOORGIFTE_NIET_GEREGELD")
    if source and source.permitted and clause.reuse_of and not set(clause.reuse_of) & set(source.bases):
        why.append("HERGEBRUIK_NIET_TOEGESTAAN")
    in_force = [policy.laws[name] for name in clause.bases if policy.laws[name].holds(day)]
    if not in_force:
        why.append("GRONDSLAG_NIET_GELDIG")
    carrying, missed = [], []
    limits: list[set[str] | None] = []
    for basis in in_force:
        told, limit = (None, None)
        if basis.requires:
            told, limit = _heard(question, clause, basis.requires, basis.voice and basis.voice.self_from)
        college = basis.same_college
        if age is None:
            missed.append("FEIT_ONTBREEKT_LEEFTIJD")
        elif age < basis.age.min:
            missed.append(basis.age.below)
        elif age > basis.age.max:
            missed.append(basis.age.above)
        elif basis.objection_possible and _no_said(question, clause, StatementKind.bezwaar):
            missed.append("BEZWAAR")
        elif college and facts.gemeente is None:
            missed.append("FEIT_ONTBREEKT_GEMEENTE")
        elif college and facts.gemeente not in _area(policy, giver, day) & _area(policy, recipient, day):
            missed.append("ANDER_COLLEGE")
        elif basis.requires and silent:
            missed.append("ONTVANGER_ZWIJGT")
        elif told:
            missed.append(told)
        else:
            carrying.append(basis.id)
            limits.append(limit)
    if not carrying:
        why += missed
    # recipient
    if clause.recipient.home and facts.gemeente is None:
        why.append("FEIT_ONTBREEKT_GEMEENTE")
    elif clause.recipient.home and facts.gemeente not in _area(policy, recipient, day):
        why.append("ANDERE_REGIO")
    # subject
    if facts.overleden is None:
        why.append("FEIT_ONTBREEKT_OVERLIJDEN")
    if facts.overleden:
        why.append("OVERLEDEN")
    if age is None:
        why.append("FEIT_ONTBREEKT_LEEFTIJD")
    elif age < clause.subject.age.min:
        why.append(clause.subject.age.below)
    elif age > clause.subject.age.max:
        why.append(clause.subject.age.above)
    for condition, fact, name in (
        (clause.subject.startkwalificatie, facts.startkwalificatie, "STARTKWALIFICATIE"),
        (clause.subject.ingeschreven, facts.ingeschreven, "INSCHRIJVING"),
    ):
        if condition and fact is None:
            why.append(f"FEIT_ONTBREEKT_{name}")
        elif condition and fact != condition.value:
            why.append(condition.otherwise)
    schools = clause.subject.onderwijssoort
    if schools and facts.onderwijssoort is None:
        why.append("FEIT_ONTBREEKT_ONDERWIJSSOORT")
    elif schools and facts.onderwijssoort not in schools.one_of:
        why.append(schools.otherwise)
    more = dict(facts.more)
    for fact, asked in clause.subject.facts.items():
        if not isinstance(more.get(fact), bool):
            why.append(policy.facts[fact].unknown)
        elif more[fact] != asked.value:
            why.append(asked.otherwise)
    for fact, within in clause.subject.within.items():
        begins = more.get(fact)
        if not isinstance(begins, date):
            why.append(policy.facts[fact].unknown)
        elif begins > day or day > _plus_months(begins, within.months):
            why.append(within.otherwise)
    wanted = [(required, max(_voices(policy, clause, day), default=None)) for required in clause.requires]
    own = [(basis.requires, basis.voice and basis.voice.self_from) for basis in in_force if basis.requires]
    consented = any(
        required.statement == "toestemming" and _heard(question, clause, required, voice)[0] is None
        for required, voice in [*wanted, *own]
    )
    if facts.standing is None:
        why.append("FEIT_ONTBREEKT_VERKLARINGEN")
    elif _no_said(question, clause, StatementKind.beperking) and (
        clause.despite_restriction is None or (clause.despite_restriction == "toestemming" and not consented)
    ):
        why.append("BEPERKING")
    if purpose.outreach and _no_said(question, clause, StatementKind.contactvoorkeur):
        why.append("CONTACTVOORKEUR")
    if facts.indicatie_geheim is None and any(policy.elements[name].kind == "address" for name in clause.fields):
        why.append("FEIT_ONTBREEKT_GEHEIM")
    if facts.has_bsn is None and ("bsn" in clause.fields or "onderwijsnummer" in clause.fields):
        why.append("FEIT_ONTBREEKT_NUMMER")
    # consent
    stated: set[str] | None = None
    if limits and all(limit is not None for limit in limits):
        stated = {name for limit in limits for name in limit or ()}
    for required, voice in wanted:
        if silent:
            why.append("ONTVANGER_ZWIJGT")
        code, limit = _heard(question, clause, required, voice)
        if code:
            why.append(code)
        if limit is not None:
            stated = limit if stated is None else stated & limit
    # retention
    if age is not None and age >= clause.retention.until_age:
        why.append(clause.retention.reason)
    if why:
        return _no(policy, why, clause)
    # fields
    passes, withheld = [], []
    cuts, for_good = dict(cuts), {}
    for row in policy.prohibitions.values():
        kinds = policy.parties[giver].kind, policy.parties[recipient].kind
        meets = (not row.from_kinds or kinds[0] in row.from_kinds) and (not row.to_kinds or kinds[1] in row.to_kinds)
        lifted = bool(row.unless) and all(more.get(fact) is value for fact, value in row.unless.items())
        if meets and row.holds(day) and not lifted and not set(carrying) <= set(row.except_bases):
            for name in policy.records[clause.record].elements:
                if name in row.elements or policy.elements[name].category in row.categories:
                    found = cuts if row.except_bases else for_good
                    found[name] = min(row.reason, found.get(name, row.reason))
    cuts |= for_good
    for name in policy.records[clause.record].elements:
        if name == ("onderwijsnummer" if facts.has_bsn or facts.has_bsn is None else "bsn"):
            continue
        element, need = policy.elements[name], clause.fields.get(name)
        got = dict(source.fields).get(name) if source else None
        if element.kind == "free_text":
            withheld.append((name, "VRIJE_TEKST"))
        elif name in cuts:
            withheld.append((name, cuts[name]))
        elif need is None:
            withheld.append((name, "GEZONDHEID_AFLEIDBAAR" if element.inferable_health else "NIET_NODIG"))
        elif element.kind == "address" and facts.indicatie_geheim and clause.geheim_adres == "withheld":
            withheld.append((name, "GEHEIM_ADRES"))
        elif stated is not None and name not in stated:
            withheld.append((name, "BUITEN_VERKLARING"))
        elif source and (got is None or FORMS.index(got) > FORMS.index(need.form.value)):
            withheld.append((name, "NIET_ONTVANGEN"))
        else:
            passes.append((name, need.form.value))
    if not passes:
        return _no(policy, ["GEEN_VELD"], clause)
    return Answer(True, clause.id, purpose.id, tuple(sorted(carrying)), tuple(passes), tuple(withheld), ())
