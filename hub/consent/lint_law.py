"""The rules about ground, age, region, retention and onward use: L02 to L04, L10, L11, L13 to L16, L19, L20. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from hub.consent.check import NUMBERS, stands_on
from hub.consent.finding import Finding, Severity, of_clause, permits
from hub.consent.model import Agreement, Permit, PolicySet
from hub.consent.reach import required, steps, ways
from hub.domain.facts import YES, StatementKind
from hub.domain.terms import ElementName, Form
from hub.domain.territory import Party, PartyKind

_FORMS: Final = tuple(Form)
_WITHDRAWS: Final = re.compile(
    r"\b(intrek|trek|in te trekken|terugnem|neem\w* .* terug|stopp|stop\b|nee zeggen|van gedachten)", re.I
)
_GUARDIAN: Final = re.compile(r"\b(ouder|voogd|verzorger|mentor|curator|vertegenwoordig)", re.I)
_CLOSED: Final = re.compile(r"^(geen-doorgifte|doorgifte-)")
_PERSONAL: Final = YES - {StatementKind.raadpleging_school}
_CHILD: Final = 16
"""Under this age someone else consents (UAVG 5)."""


def consent_to_a_public_body(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L02: the loader refuses consent as the only ground; asking it on top of a task misleads."""
    for agreement, clause in permits(policy):
        asked = {need.statement for need in clause.requires}
        if StatementKind.toestemming in asked and any(party.is_authority for party in _recipients(policy, agreement, clause)):
            yield of_clause(
                "L02",
                Severity.warning,
                agreement,
                clause.id,
                "Voor een overheidstaak wordt toestemming gevraagd, terwijl de wet de taak al geeft.",
                "Tegenover een overheid is toestemming zelden vrij (AVG overweging 43): nee zeggen verandert de taak niet.",
                "Vraag instemming waar de wet die noemt, of laat de eis weg en wijs op het recht van bezwaar.",
            )


def special_data(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L03: the loader refuses special data without a ground; a ground that a lawyer has not confirmed is told here."""
    for agreement, clause in permits(policy):
        elements = [policy.elements[name] for name in clause.fields]
        names = [
            element.name
            for element in elements
            if element.kind in ("special", "document") or element.inferable_health or element.category is not None
        ]
        doubtful = [basis for basis in clause.bases if policy.laws[basis].review == "needed"]
        if names and doubtful:
            yield of_clause(
                "L03",
                Severity.note,
                agreement,
                clause.id,
                f"{', '.join(names)}: kan iets bijzonders vertellen, en {', '.join(doubtful)} moet nog bevestigd worden.",
                "Bijzondere gegevens mogen alleen met een grond die vaststaat (AVG 9).",
                "Laat een jurist de regel lezen en zet daarna review: done.",
            )


def unprotected(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L03 and L04: elements that the prohibitions of the law pass by, because no category says what they tell."""
    passing = {name for _, clause in permits(policy) for name in clause.fields}
    for element in policy.elements.values():
        if element.category is not None or element.name not in passing:
            continue
        if element.kind == "special":
            yield Finding(
                "L03",
                Severity.warning,
                f"{element.name} is bijzonder, en er staat niet bij wat het vertelt.",
                "De verboden in de wet gelden per soort (gezondheid, afkomst, geloof, straf); dit gegeven gaat er langs.",
                "Zet category bij het gegeven.",
                row=element.name,
            )
        elif element.kind == "identifier" and element.name not in NUMBERS:
            yield Finding(
                "L04",
                Severity.warning,
                f"{element.name} is een nummer van een mens, en geen rij zegt waar de wet het toelaat.",
                "Alleen bij bsn en onderwijsnummer kijkt de hub of de wet het nummer toelaat (UAVG 46).",
                "Laat het nummer weg, of zet category: ketennummer als het voor leermiddelen is gemaakt.",
                row=element.name,
            )


def numbers(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L04: the loader refuses a number that the law forbids; one that is only allowed passes in clear by choice."""
    for agreement, clause in permits(policy):
        for name in NUMBERS:
            need = clause.fields.get(ElementName(name))
            uses = {getattr(policy.laws[basis], name) for basis in clause.bases}
            if need is not None and need.form is Form.raw and "required" not in uses:
                yield of_clause(
                    "L04",
                    Severity.note,
                    agreement,
                    clause.id,
                    f"{name} gaat als zodanig mee, terwijl de wet dat toelaat maar niet voorschrijft.",
                    "Met een nummer is overal aan te koppelen; als pseudoniem alleen bij deze ontvanger.",
                    "Ga na of form: pseudonym genoeg is.",
                )


def ages_and_region(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L10: a clause that speaks of ages that no ground carries, or of everybody everywhere."""
    regional = _regional(policy)
    for agreement, clause in permits(policy):
        ages = clause.subject.age
        carried = {age for basis in clause.bases for age in _span(policy, basis)}
        loose = [age for age in range(ages.min, ages.max + 1) if age not in carried]
        if loose:
            yield of_clause(
                "L10",
                Severity.warning,
                agreement,
                clause.id,
                f"Van {ages.min} tot en met {ages.max} jaar draagt geen grondslag {loose[0]} tot en met {loose[-1]}.",
                "Wie de afspraak leest, denkt dat meer mag dan de wet toelaat; de hub weigert het.",
                "Neem de leeftijden van de wet over, of noem de grondslag die ook voor de anderen geldt.",
            )
        bounded = clause.recipient.home or all(policy.laws[basis].same_college for basis in clause.bases)
        if bounded:
            continue
        kinds = {party.kind for party in _recipients(policy, agreement, clause)} & regional
        if not kinds and {party.kind for party in _givers(policy, agreement, clause)} & regional:
            yield of_clause(
                "L10",
                Severity.note,
                agreement,
                clause.id,
                "De gever werkt voor een gebied, en niets vraagt of de jongere daar woont.",
                "Dan kan een gemeente iets geven over wie elders woont, en voor wie zij geen taak heeft.",
                "Kies een grondslag met same_college, of laat de gever dit nagaan en zeg dat in het waarom.",
            )
        if kinds:
            yield of_clause(
                "L10",
                Severity.warning,
                agreement,
                clause.id,
                "De ontvanger werkt voor een gebied, en de bepaling vraagt niet waar de jongere woont.",
                "Dan kan een regio gegevens krijgen over wie daar niet woont.",
                "Zet home: true bij to, of leg in het waarom uit waarom de woonplaats er niet toe doet.",
            )


def retention(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L11: the loader refuses a term above the law's; here: no row although there is one, and ages that are never given."""
    for agreement, clause in permits(policy):
        kept = clause.retention
        kinds = {party.kind for party in _recipients(policy, agreement, clause)}
        rows = [row for row in policy.retentions.values() if {row.kind} == kinds and row.holds(agreement.effective.start)]
        if kept.row is None and rows:
            yield of_clause(
                "L11",
                Severity.warning,
                agreement,
                clause.id,
                "De bewaartermijn noemt geen wet, terwijl de ontvanger er een heeft.",
                "Zonder die regel controleert niemand of de afspraak langer bewaart dan mag (AVG 5, eerste lid, e).",
                f"Zet row bij retention: {' of '.join(row.id for row in rows)}.",
            )
        if kept.row is not None and not policy.retentions[kept.row].holds(agreement.effective.start):
            yield of_clause(
                "L11",
                Severity.warning,
                agreement,
                clause.id,
                f"{kept.row} geldt niet als de afspraak begint.",
                "De termijn rust dan op een regel die er niet is.",
                "Noem de regel die op die dag geldt.",
            )
        if kept.until_age <= clause.subject.age.max:
            yield of_clause(
                "L11",
                Severity.note,
                agreement,
                clause.id,
                f"Bewaren mag tot {kept.until_age} jaar, en de bepaling noemt tot en met {clause.subject.age.max} jaar.",
                "Voor die leeftijden wordt nooit iets gegeven.",
                "Verlaag de oudste leeftijd, of verhoog until_age als de wet dat toelaat.",
            )


def scope_and_withdrawal(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L13: who says yes must know to whom, and how to take it back."""
    for agreement, clause in permits(policy):
        if not _asks_a_person(policy, clause):
            continue
        if not _WITHDRAWS.search(clause.duty_to_inform.text):
            yield of_clause(
                "L13",
                Severity.warning,
                agreement,
                clause.id,
                "De tekst aan de jongere zegt niet hoe een ja wordt ingetrokken.",
                "Intrekken moet zo makkelijk zijn als geven, en dat moet vooraf gezegd zijn (AVG 7, derde lid).",
                "Schrijf in de tekst dat de jongere de verklaring kan intrekken, en waar.",
            )
        if "on_withdrawal" not in clause.model_fields_set:
            yield of_clause(
                "L13",
                Severity.note,
                agreement,
                clause.id,
                "De bepaling zegt niet wat de ontvanger doet als de verklaring wordt ingetrokken.",
                "Zonder keuze geldt wissen; de partijen horen dat te hebben besproken.",
                "Schrijf on_withdrawal: erase, restrict of stop.",
            )


def under_sixteen(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L14: on every day someone must be named who speaks for those who are too young."""
    for agreement, clause in permits(policy):
        for asked, self_from in required(policy, clause):
            if asked.statement not in _PERSONAL:
                continue
            bare = [basis for basis in clause.bases if policy.laws[basis].voice is None]
            if self_from is None or (asked in clause.requires and bare):
                yield of_clause(
                    "L14",
                    Severity.error if clause.subject.age.min < _CHILD else Severity.warning,
                    agreement,
                    clause.id,
                    f"Langs {', '.join(bare) or 'deze grondslag'} is niet gezegd vanaf welke leeftijd de jongere zelf spreekt.",
                    "Dan telt ook het ja van wie daar te jong voor is.",
                    "Zet voice bij elke grondslag van de bepaling.",
                )
            elif asked.statement is StatementKind.toestemming and self_from < _CHILD:
                yield of_clause(
                    "L14",
                    Severity.error,
                    agreement,
                    clause.id,
                    f"De jongere geeft hier vanaf {self_from} jaar zelf toestemming.",
                    "Onder de 16 geeft een ouder of voogd die (UAVG 5).",
                    "Zet self_from op 16 of hoger.",
                )
            elif clause.subject.age.min < self_from and not _GUARDIAN.search(clause.duty_to_inform.text):
                yield of_clause(
                    "L14",
                    Severity.warning,
                    agreement,
                    clause.id,
                    f"Onder de {self_from} spreekt een ander, en de tekst aan de jongere noemt geen ouder, voogd of mentor.",
                    "Wie moet beslissen, weet dan niet dat het gevraagd wordt.",
                    "Schrijf in de tekst wie beslist zolang de jongere dat zelf nog niet mag.",
                )


def onward(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L15: what a recipient may not do is said to it."""
    for agreement, clause in permits(policy):
        if not any(_CLOSED.match(duty) for duty in clause.obligations):
            yield of_clause(
                "L15",
                Severity.warning,
                agreement,
                clause.id,
                "De bepaling zegt niet dat de ontvanger de gegevens niet mag doorgeven.",
                "De hub houdt doorgifte langs de hub tegen; daarbuiten weet de ontvanger het alleen als het er staat.",
                "Zet geen-doorgifte bij obligations.",
            )


def further_purpose(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L16: what is passed on must be able to have come for a purpose that this one may follow."""
    every = list(steps(policy))
    for agreement, clause in permits(policy):
        own = [step for step in every if step.clause is clause]
        if clause.reuse_of and own and not any(True for step in own for _ in ways(policy, step, every)):
            purpose = clause.purposes[0]
            yield of_clause(
                "L16",
                Severity.error,
                agreement,
                clause.id,
                f"De gever ontvangt niets op {', '.join(clause.reuse_of)} voor een doel waar {purpose} op mag volgen.",
                "Verder gebruik mag alleen voor een doel dat past bij dat waarvoor de gegevens kwamen (AVG 5, eerste lid, b).",
                "Noem de juiste grondslag bij reuse_of, of het doel van de bron bij further_from als dat verenigbaar is.",
            )


def coarser(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L19: another clause for the same purpose can do with less."""
    for agreement, clause in permits(policy):
        for name, need in clause.fields.items():
            others = [
                other
                for _, other in permits(policy)
                if other is not clause
                and other.purposes == clause.purposes
                and name in other.fields
                and _FORMS.index(other.fields[name].form) > _FORMS.index(need.form)
            ]
            if others and policy.elements[name].kind != "identifier":
                yield of_clause(
                    "L19",
                    Severity.note,
                    agreement,
                    clause.id,
                    f"{name} gaat hier als {need.form.value}; voor hetzelfde doel geeft {others[0].id} minder prijs.",
                    "Wat elders genoeg is, is het hier misschien ook (AVG 5, eerste lid, c).",
                    "Kies de grovere vorm, of zeg in need waarom die hier niet volstaat.",
                )


def uncovered(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L20: what a record carries and nobody may have need not be sent to the hub at all."""
    for record in policy.records.values():
        covered = {name for _, clause in permits(policy) if clause.record == record.id for name in clause.fields}
        loose = [name for name in record.elements if name not in covered]
        if loose:
            yield Finding(
                "L20",
                Severity.note,
                f"Geen bepaling geeft dit uit {record.id} door: {', '.join(loose)}.",
                "Wat niemand mag krijgen, hoeft ook niet naar de hub te komen.",
                "Vraag de aanleverende partij het weg te laten, of neem het op in een bepaling als het nodig is.",
                row=record.id,
            )


def _recipients(policy: PolicySet, agreement: Agreement, clause: Permit) -> list[Party]:
    return [party for one in agreement.parties if stands_on(party := policy.parties[one.id], clause.recipient)]


def _givers(policy: PolicySet, agreement: Agreement, clause: Permit) -> list[Party]:
    return [party for one in agreement.parties if stands_on(party := policy.parties[one.id], clause.giver)]


def _regional(policy: PolicySet) -> frozenset[PartyKind]:
    parties = {region.doorstroompunt for region in policy.regions}
    parties |= {
        party for region in policy.regions for home in region.gemeenten for party in (home.college, home.werk_en_inkomen)
    }
    return frozenset(policy.parties[party].kind for party in parties)


def _span(policy: PolicySet, basis: str) -> range:
    ages = next(row for row in policy.laws.values() if row.id == basis).age
    return range(ages.min, ages.max + 1)


def _asks_a_person(policy: PolicySet, clause: Permit) -> bool:
    return any(asked.statement in _PERSONAL for asked, _ in required(policy, clause))


LAW = (
    consent_to_a_public_body,
    special_data,
    unprotected,
    numbers,
    ages_and_region,
    retention,
    scope_and_withdrawal,
    under_sixteen,
    onward,
    further_purpose,
    coarser,
    uncovered,
)
