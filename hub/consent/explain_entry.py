"""Says an entry of the log in plain Dutch, by the policy that it was made under. Pure, and without a value of any record.

What an entry keeps sealed stays so: a personal reason is told only where the caller opened it and hands in the reasons in full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.clock import legal_date
from hub.consent.explain import FORMS, dutch_date, find_clause, name_of
from hub.consent.explanation import (
    AgreementText,
    BasisText,
    Explanation,
    InformText,
    PassText,
    PurposeText,
    ReasonText,
    WithheldText,
)
from hub.consent.model import PolicySet
from hub.domain.terms import AgreementId, BasisId, ClauseId, ElementName, Form, Micros, PartyId, PurposeId, ReasonCode

_STATEMENTS: Final = {
    "instemming": "een instemming",
    "toestemming": "een toestemming",
    "bezwaar": "een bezwaar",
    "beperking": "een beperking van de verwerking",
    "contactvoorkeur": "een contactvoorkeur",
    "raadpleging-school": "een raadpleging van de school",
}
_OUTCOMES: Final = {
    "handed-over": "Op {day} zijn gegevens over één jongere afgegeven aan {recipient} ({attempt}e keer).",
    "acknowledged": "{recipient} bevestigde op {day} dat gegevens over één jongere zijn ontvangen.",
    "failed": "Gegevens over één jongere konden op {day} niet worden afgegeven aan {recipient}.",
    "stopped": "Op {day} is opnieuw beslist: gegevens over één jongere gaan niet meer naar {recipient}.",
    "resumed": "Gegevens over één jongere wachten sinds {day} opnieuw op {recipient}.",
    "dropped": "Op {day} is besloten dat gegevens over één jongere niet meer naar {recipient} gaan.",
}
# What an entry of any other kind says happened, by operation; {who} is a member of staff, or whose hub it is.
_OPERATIONS: Final = {
    "register-ask": "Op {day} vroeg {who} een register naar gegevens over deze jongere.",
    "register-refused": "Op {day} mocht {who} een register niet bevragen.",
    "policy-use": "Op {day} is een set afspraken en regels in gebruik genomen.",
    "policy-found": "Op {day} begon de hub met de set afspraken en regels uit zijn map; de afspraken tellen als ondertekend.",
    "policy-lay": "Op {day} begon de hub met een set afspraken en regels waarvan nog niets van kracht is.",
    "policy-propose": "Op {day} stelde {who} een andere set afspraken en regels voor.",
    "policy-advise": "Op {day} gaf {who} als functionaris gegevensbescherming advies over een voorstel.",
    "policy-activate": "Op {day} nam {who} een voorgestelde set afspraken en regels in gebruik.",
    "policy-people": "Op {day} liet {who} tellen over hoeveel jongeren een andere set afspraken en regels anders beslist.",
    "policy-replay": "Op {day} liet {who} eerdere beslissingen opnieuw nemen met een andere set afspraken en regels.",
    "policy-usage": "Op {day} liet {who} in het logboek tellen welke bepalingen van de afspraken zijn gebruikt.",
    "policy-retro": "Op {day} gaf {who} een lijst uit van leveringen die nu zouden worden geweigerd.",
    "agreement-sign": "Op {day} ondertekende {who} een afspraak voor {party}.",
    "agreement-suspend": "Op {day} schorste {who} een afspraak, namens {party}.",
    "agreement-resume": "Op {day} hief {who} de schorsing van een afspraak op, namens {party}.",
    "agreement-end": "Op {day} beëindigde {who} een afspraak, namens {party}.",
    "signatory-add": "Op {day} is vastgelegd met welke sleutel iemand ondertekent.",
    "signatory-close": "Op {day} is een sleutel gesloten waarmee iemand ondertekende.",
    "partner-add": "Op {day} kreeg een systeem van {party} toegang tot de hub.",
    "partner-close": "Op {day} is de toegang van een partnersysteem gesloten.",
    "new-origin": "Op {day} liet {who} het logboek verdergaan onder een andere naam of sleutel.",
    "export": "Op {day} gaf {who} een deel van het logboek uit als bestand.",
    "export-archive": "Op {day} gaf {who} het hele logboek uit als archief.",
    "export-csv": "Op {day} gaf {who} een periode van het logboek uit als CSV.",
    "export-xlsx": "Op {day} gaf {who} een periode van het logboek uit als Excelbestand.",
    "export-ldv": "Op {day} gaf {who} een periode uit in de vorm van het Logboek Dataverwerkingen.",
    "export-fsc": "Op {day} gaf {who} een periode uit als transacties volgens FSC.",
    "export-report": "Op {day} gaf {who} een verslag uit van een periode van het logboek.",
    "export-letter": "Op {day} gaf {who} een overzicht uit voor één persoon.",
    "send-ldv": "Op {day} begon {who} regels te sturen naar een Logboek Dataverwerkingen.",
    "confirm-ldv": "Op {day} bevestigde een Logboek Dataverwerkingen dat het regels heeft.",
    "read-ldv": "Op {day} vroeg {actor} regels van het logboek op die over die partij gaan.",
    "read-bundle": "Op {day} haalde {actor} op wat in het logboek over deze partij zelf gaat.",
    "witness-allow": "Op {day} werd de hub getuige van het logboek van een ander.",
    "witness-stop": "Op {day} hield de hub op getuige te zijn van het logboek van een ander.",
    "witness-forked": "Op {day} bleek het logboek van een ander twee geschiedenissen te hebben.",
    "witness-refused": "Op {day} zei een getuige dat hij een andere geschiedenis van dit logboek heeft gezien.",
    "statement-record": "Op {day} is {statement} van of over één jongere vastgelegd, door {actor}.",
    "statement-withdraw": "Op {day} is {statement} van of over één jongere ingetrokken, door {actor}.",
    "statement-decide": "Op {day} besliste {actor} over {statement} van of over één jongere.",
    "statement-end": "Op {day} is vastgelegd dat {statement} van of over één jongere niet meer geldt.",
    "statement-read": "Op {day} bekeek {who} de verklaringen van of over één jongere.",
    "search-person": "Op {day} zocht {who} één persoon op in het logboek.",
    "reveal-row": "Op {day} maakte {who} één rij in quarantaine zichtbaar.",
    "search": "Op {day} doorzocht {who} het logboek.",
    "read": "Op {day} bekeek {who} een deel van het logboek.",
    "connector-create": "Op {day} zette {who} een nieuwe koppeling klaar.",
    "connector-change": "Op {day} wijzigde {who} een koppeling; de wijziging werkt nog niet.",
    "connector-rollback": "Op {day} zette {who} een koppeling terug op een eerdere versie; die werkt nog niet.",
    "connector-credential": "Op {day} gaf {who} een nieuwe sleutel, een certificaat of een wachtwoord voor een koppeling.",
    "connector-remove": "Op {day} nam {who} een sleutel, een certificaat of een wachtwoord van een koppeling weg.",
    "connector-propose": "Op {day} stelde {who} voor om een koppeling te laten werken.",
    "connector-activate": "Op {day} liet {who} als tweede persoon een koppeling werken.",
    "connector-break-glass": "Op {day} liet {who} een koppeling werken zonder tweede persoon. Dat moet nog worden bevestigd.",
    "connector-confirm": "Op {day} bevestigde {who} een koppeling die iemand alleen had laten werken.",
    "connector-pause": "Op {day} zette {who} een koppeling stil.",
    "connector-resume": "Op {day} liet {who} een koppeling weer doorgaan.",
    "connector-end": "Op {day} beëindigde {who} een koppeling.",
    "connector-test": "Op {day} testte {who} de verbinding van een koppeling.",
    "connector-dry-run": "Op {day} liet {who} één bestand van een koppeling op proef lezen; er is niets van bewaard.",
    "connector-sample": "Op {day} las {who} een voorbeeldbestand van een koppeling op proef; er is niets van bewaard.",
    "connector-layout": "Op {day} legde {who} na een proef vast welke kolommen de bestanden van een koppeling hebben.",
    "hand-tie": "Op {day} legde {who} vast dat een medewerker ook met een ander account of systeem werkt.",
    "hand-untie": "Op {day} maakte {who} een account of systeem los van een medewerker.",
    "connector-rotate": "Op {day} verving {who} de sleutels van een koppeling door nieuwe, die waren getest.",
    "mapping-change": "Op {day} wijzigde {who} hoe de bestanden van een koppeling worden gelezen.",
    "mapping-propose": "Op {day} stelde {who} voor om de bestanden van een koppeling anders te lezen.",
    "mapping-confirm": "Op {day} bekeek {who} een wijziging van de leeswijze die een ander zonder tweede persoon deed.",
    "mapping-break-glass": "Op {day} wijzigde {who} zonder tweede persoon hoe de bestanden van een koppeling worden gelezen.",
    "mapping-sample": "Op {day} las {who} een voorbeeldbestand op proef; er is niets van bewaard.",
    "layout-accept": "Op {day} aanvaardde {who} dat de bestanden van een koppeling er anders uitzien dan afgesproken.",
    "bounce": "Op {day} gaf {who} een terugmelding uit: welke rijen een gever opnieuw moet aanleveren, zonder gegevens.",
    "mapping-preview": "Op {day} bekeek {who} wat een andere manier van lezen met rijen in quarantaine zou doen.",
    "replay": "Op {day} liet {who} gegevens die waren blijven liggen opnieuw beoordelen.",
    "upload": "Op {day} leverde {who} een bestand in bij een koppeling.",
    "connector-run": "Op {day} liet {who} een koppeling meteen ophalen.",
    "connector-cancel": "Op {day} stopte {who} het ophalen van een koppeling; wat al binnen was, bleef.",
    "file-again": "Op {day} liet {who} een bestand opnieuw inlezen.",
    "hold-recipient": "Op {day} zette {who} alle leveringen aan {party} stil.",
    "free-recipient": "Op {day} liet {who} de leveringen aan {party} weer doorgaan.",
    "try-recipient": "Op {day} liet {who} het systeem van {party} meteen opnieuw proberen.",
    "resume-deliveries": "Op {day} zette {who} mislukte leveringen opnieuw klaar.",
    "region-move-order": "Op {day} vroeg {who} om te verplaatsen wat wacht op een partij die is opgegaan in een andere.",
    "region-move-confirm": "Op {day} bevestigde {who} dat leveringen overgaan naar de partij die een andere opvolgt.",
    "region-move-glass": "Op {day} liet {who} alleen, met opgaaf van reden, leveringen overgaan naar een opvolgende partij.",
    "region-move-approve": "Op {day} bekeek {who} een overgang van leveringen die een ander alleen deed, en stond ervoor in.",
    "region-move-withdraw": "Op {day} trok {who} het verzoek in om leveringen te laten overgaan.",
    "region-move-done": "Op {day} was overgegaan wat wachtte op een partij die is opgegaan in een andere.",
    "drop-deliveries": "Op {day} besloot {who} dat mislukte leveringen niet meer worden verstuurd.",
    "evaluate": "Op {day} vroeg {actor} of gegevens over een niet genoemde jongere mogen worden gegeven.",
    "notice-cause": "Op {day} legde {who} vast dat ontvangers iets moeten doen met gegevens over één jongere.",
    "notice-open": "Op {day} stelde de hub een bericht op aan {party}: wat het moet doen met gegevens die het ontving.",
    "notice-hand": "Op {day} gaf de hub een bericht af aan {party} over gegevens die het eerder ontving.",
    "notice-acknowledge": "Op {day} is vastgelegd dat {party} een bericht over eerder ontvangen gegevens heeft.",
    "notice-attest": "Op {day} is vastgelegd dat {party} deed wat een bericht vroeg.",
    "notice-refuse": "Op {day} is vastgelegd dat {party} niet doet wat een bericht vroeg, en op welke grond.",
    "notice-onward": "Op {day} is vastgelegd dat {party} gegevens had doorgegeven; ook die ontvanger krijgt een bericht.",
    "notice-escalate": "Op {day} had {party} een bericht niet op tijd beantwoord en ging de hub een stap verder.",
    "notice-close": "Op {day} is een bericht aan {party} afgesloten.",
    "inform-record": "Op {day} meldde {actor} dat één jongere is verteld dat {party} gegevens kreeg.",
    "hold-open": "Op {day} legde {who} vast dat niets mag worden verwijderd zolang een datalek of een geschil loopt.",
    "hold-lift": "Op {day} hief {who} op dat niets mocht worden verwijderd.",
    "retention-propose": "Op {day} stelde {who} voor om regels te verwijderen waarvan de bewaartermijn voorbij is.",
    "redact-entries": "Op {day} besloot {who} om de inhoud te wissen van regels waarvan de bewaartermijn voorbij was.",
    "prune-prefix": "Op {day} besloot {who} om het begin van het logboek te verwijderen, waarvan de bewaartermijn voorbij was.",
    "erase-ask": "Op {day} vroeg {who} om één jongere te vergeten.",
    "erase-decline": "Op {day} besloot {who} dat één jongere niet wordt vergeten.",
    "erase-person": "Op {day} besloot {who} dat één jongere wordt vergeten; de sleutel van die jongere is vernietigd.",
    "erase-again": "Op {day} vergat de hub opnieuw wie al vergeten was: er was een reservekopie teruggezet.",
    "person-key": "Op {day} kreeg {who} de sleutel van één jongere, om na te gaan dat in het logboek niets ontbreekt.",
    "person-complete": "Op {day} vergeleek {who} het hele logboek met de lijst van regels over één jongere.",
    "sign-in": "Op {day} meldde {who} zich aan.",
    "read-log": "Op {day} bekeek {who} een bladzijde van het logboek.",
    "read-entry": "Op {day} bekeek {who} één regel van het logboek.",
    "read-whole": "Op {day} las {who} het hele logboek, om na te gaan of het klopt.",
    "review-drawn": "Op {day} is een steekproef uit het logboek getrokken om na te lopen.",
    "review-marked": "Op {day} beoordeelde {who} een regel van de steekproef.",
    "review-signed": "Op {day} tekende {who} de steekproef van een maand af.",
    "sign-out": "Op {day} meldde {who} zich af.",
    "admit": "Op {day} nam de hub gegevens in behandeling.",
    "release": "Op {day} gaf de hub gegevens af.",
    "acknowledge": "Op {day} bevestigde {actor} de ontvangst van gegevens.",
    "fail": "Op {day} mislukte een levering.",
    "stop": "Op {day} is een levering gestopt.",
    "resume": "Op {day} is een levering opnieuw klaargezet.",
    "drop": "Op {day} is besloten een levering niet meer te versturen.",
}
_KINDS: Final = {
    "disclosure": "Op {day} is besloten dat gegevens over één jongere mochten worden gegeven.",
    "refusal": "Op {day} is besloten dat gegevens over één jongere niet mochten worden gegeven.",
    "outcome": "Op {day} veranderde hoe het met een levering staat.",
    "access": "Op {day} bekeek {who} gegevens in de hub.",
    "statement": "Op {day} is een verklaring van of over één jongere vastgelegd.",
    "erasure": "Op {day} zijn de gegevens over één jongere onleesbaar gemaakt.",
    "prune": "Op {day} zijn regels van het logboek verwijderd waarvan de bewaartermijn voorbij was.",
    "key_rotation": "Op {day} is een sleutel van de hub vervangen.",
    "configuration": "Op {day} is een instelling van de hub veranderd.",
    "re_identification": "Op {day} zijn pseudoniemen met toestemming van twee mensen teruggebracht tot personen.",
    "export": "Op {day} is een deel van het logboek uitgegeven als bestand.",
}
_LABELS: Final = {
    "staff": "Medewerker",
    "prepared": "Voorgesteld door",
    "proposal": "Voorstel",
    "act": "Voorgesteld",
    "hold": "Bewaarplicht",
    "scope": "Waarover",
    "set": "Lijst van regels (hash)",
    "root": "Wortel van de boom",
    "statement": "Verklaring",
    "event": "Gebeurtenis (hash)",
    "reason": "Reden",
    "party": "Partij",
    "recipient": "Ontvanger",
    "connector": "Koppeling",
    "register": "Register dat is bevraagd",
    "task": "Voor welke taak",
    "user": "Wie het vroeg bij die partij (code)",
    "asker": "Partij die vroeg",
    "code": "Waarom niet",
    "move": "Overgang (kenmerk)",
    "old": "Oude ontvanger",
    "new": "Nieuwe ontvanger",
    "count-moved": "Overgegaan",
    "count-refused": "Mag niet naar de nieuwe ontvanger",
    "count-resupply": "Geeft de bron opnieuw",
    "count-stays": "Bleef waar het was",
    "hand": "Account of systeem",
    "member": "Is van medewerker",
    "questions": "Vragen die zijn gesteld",
    "list": "Lijst (hash)",
    "witness": "Getuige",
    "origin": "Naam van het logboek",
    "seen": "Gezien tot regel",
    "each": "Regels per soort",
    "seq": "Volgnummer bij deze koppeling",
    "credential": "Sleutel, certificaat of wachtwoord",
    "mapping": "Leeswijze",
    "restored": "Teruggezet op versie",
    "client": "Systeem van een beheerder",
    "account": "Account op de machine van de hub (hash)",
    "policy": "Set afspraken (hash)",
    "follows": "Volgt op set (hash)",
    "agreement": "Afspraak",
    "agreements": "Afspraken",
    "hash": "Hash van de afspraak",
    "method": "Manier van ondertekenen",
    "signature": "Handtekening (hash)",
    "signatory": "Ondertekenaar",
    "key": "Sleutel (vingerafdruk)",
    "text": "Tekst (hash)",
    "advice": "Advies (kenmerk van de regel)",
    "wider": "Verruimingen",
    "narrower": "Versmallingen",
    "special": "Nieuwe bijzondere gegevens",
    "version": "Versie",
    "deliveries": "Leveringen",
    "delivery": "Levering",
    "rows": "Rijen",
    "row": "Rij",
    "drop": "Bestand",
    "file": "Bestand",
    "count": "Aantal",
    "form": "Vorm",
    "size": "Grootte van het logboek",
    "search": "Zoekvraag",
    "collector": "Ontvangend logboek (hash van het adres)",
    "first": "Eerste plaats",
    "after": "Tot plaats",
    "kind": "Soort regel",
    "source": "Gever",
    "purpose": "Doel",
    "basis": "Grondslag",
    "outcome": "Uitkomst",
    "operation": "Handeling",
    "selected-staff": "Handelingen van medewerker",
    "from": "Vanaf",
    "until": "Tot",
    "field": "Veld",
    "notice": "Bericht",
    "cause": "Aanleiding",
    "cause-id": "Kenmerk van de aanleiding",
    "action": "Wat is gevraagd",
    "due": "Uiterlijk",
    "via": "Volgt uit bericht",
    "to": "Doorgegeven aan",
    "onward": "Verdere ontvangers",
    "channel": "Hoe",
    "done": "Wat is gedaan",
    "ground": "Grond",
    "level": "Stap",
    "attempt": "Keer",
    "digest": "Verklaring (hash)",
    "day": "Verteld op (jjjjmmdd)",
    "role": "Rol",
    "roles": "Rollen",
    "asked": "Gevraagd door",
    "request": "Verzoek",
    "commitment": "Verbintenis (hash)",
    "nonce": "Toevalsgetal bij de verbintenis",
    "entry": "Regel",
    "element": "Gegeven",
    "actor": "Wie het deed",
    "year": "Jaar",
    "month": "Maand",
    "mark": "Vanaf plaats",
}
_SAID: Final = {
    "legal-hold": "Geschil of onderzoek",
    "breach": "Datalek",
    "all": "Alles",
    "person": "Eén persoon",
    "party": "Eén organisatie",
    "purpose": "Eén doel",
    "erase": "Wissen",
    "erased": "Gewist",
    "withdrawn": "Ingetrokken",
    "niet-meer-nodig": "De gegevens zijn niet meer nodig",
    "toestemming-ingetrokken": "De toestemming is ingetrokken",
    "bezwaar-gegrond": "Het bezwaar is gegrond",
    "onrechtmatig": "De gegevens zijn onrechtmatig verwerkt",
    "wettelijke-plicht": "Een wettelijke plicht vraagt het",
    "bewaartermijn-voorbij": "De bewaartermijn is voorbij",
}
_SAYING: Final = ("cause", "scope", "action", "done", "ground")
_PARTIES: Final = frozenset({"party", "recipient", "source", "actor", "register", "asker", "old", "new"})
_MOST_DETAILS: Final = 50


def explain_entry(
    policy: PolicySet,
    entry: Mapping[str, Any],
    *,
    reasons: Sequence[ReasonCode] | None = None,
    outcome: str | None = None,
) -> Explanation:
    """The entry in sentences. `policy` is the set that a disclosure or refusal names; ValueError when it is another one.

    `reasons` are those of a refusal in full, for who may know them. With `outcome`, the newest of a disclosure, the headline
    says whether anything was given yet.
    """
    kind = entry["kind"]
    if kind in ("disclosure", "refusal"):
        if entry["policy"] != policy.hash:
            raise ValueError("the entry was made under another policy set; explain it by that one")
        return _disclosure(policy, entry, outcome) if kind == "disclosure" else _refusal(policy, entry, reasons)
    if kind == "outcome" and entry["outcome"] in _OUTCOMES:
        return _outcome(policy, entry)
    return _event(policy, entry)


def _day(entry: Mapping[str, Any]) -> str:
    return dutch_date(legal_date(Micros(entry["us"])))


def _name(policy: PolicySet, word: str) -> str:
    return name_of(policy, PartyId(word))


def _controllers(policy: PolicySet, entry: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_name(policy, party) for party in entry["controllers"])


def _disclosure(policy: PolicySet, entry: Mapping[str, Any], outcome: str | None) -> Explanation:
    clause = find_clause(policy, AgreementId(entry["agreement"]), ClauseId(entry["clause"]))
    assert clause is not None, "an entry names a clause of the policy set that it names"
    who, whom, day = _name(policy, entry["source"]), _name(policy, entry["recipient"]), _day(entry)
    headlines = {
        "waiting": f"{who} mocht op {day} gegevens over één jongere aan {whom} geven; zij wachten nog op de ontvanger.",
        "failed": f"{who} mocht op {day} gegevens over één jongere aan {whom} geven; het afgeven is niet gelukt.",
        "stopped": f"{who} mocht op {day} gegevens over één jongere aan {whom} geven; daarna is het toch gestopt.",
        "dropped": f"{who} mocht op {day} gegevens over één jongere aan {whom} geven; zij worden niet meer verstuurd.",
    }
    informs = clause.duty_to_inform
    return Explanation(
        headline=headlines.get(outcome or "", f"{who} gaf op {day} gegevens over één jongere aan {whom}."),
        why=clause.why_nl,
        purpose=_purpose(policy, entry["purpose"]),
        agreement=_agreement(policy, entry["agreement"], clause.article),
        bases=tuple(_basis(policy, word) for word in entry["basis"]),
        passes=tuple(
            PassText(_label(policy, name), FORMS[Form(form or Form.raw)].strip(" ()"), clause.fields[ElementName(name)].need)
            for name, _, form in (word.partition(":") for word in entry["attributes"])
        ),
        withheld=_withheld(policy, entry["withheld"]),
        retention=clause.retention.text_nl,
        obligations=tuple(policy.obligations[duty].text_nl for duty in clause.obligations),
        informs=InformText(informs.who.value, informs.when, informs.text, informs.exception or ""),
        controllers=_controllers(policy, entry),
    )


def _refusal(policy: PolicySet, entry: Mapping[str, Any], reasons: Sequence[ReasonCode] | None) -> Explanation:
    agreement = entry["agreement"]
    return Explanation(
        headline=f"{_name(policy, entry['source'])} gaf op {_day(entry)} geen gegevens over één jongere"
        f" aan {_name(policy, entry['recipient'])}: dat mocht niet.",
        purpose=_purpose(policy, entry["purpose"]),
        agreement=None if agreement is None else _agreement(policy, agreement, ""),
        reasons=tuple(_reason(policy, code) for code in (entry["reasons"] if reasons is None else reasons)),
        controllers=_controllers(policy, entry),
    )


def _outcome(policy: PolicySet, entry: Mapping[str, Any]) -> Explanation:
    said = _OUTCOMES[entry["outcome"]].format(
        day=_day(entry), recipient=_name(policy, entry["recipient"]), attempt=entry["attempt"]
    )
    return Explanation(
        headline=said,
        purpose=_purpose(policy, entry["purpose"]),
        reasons=tuple(_reason(policy, code) for code in entry.get("reasons", ())),
        details=(("Poging", str(entry["attempt"])),),
    )


def _event(policy: PolicySet, entry: Mapping[str, Any]) -> Explanation:
    details: Mapping[str, Any] = entry.get("details") or {}
    about, operation, kind = str(entry.get("about", "")), str(entry["operation"]), str(entry["kind"])
    party = details.get("party", details.get("recipient"))
    staff = details.get("staff")
    words = {
        "day": _day(entry),
        "actor": _name(policy, entry["actor"]),
        "who": f"medewerker {staff}" if staff else _name(policy, entry["actor"]),
        "party": _name(policy, party) if isinstance(party, str) else "een partij",
        "statement": _STATEMENTS.get(about, "een verklaring"),
    }
    said = _OPERATIONS.get(operation) or _KINDS.get(kind) or "Op {day} legde de hub een handeling vast."
    return Explanation(
        headline=said.format(**words),
        purpose=_purpose(policy, entry["purpose"]),
        details=tuple(
            (_LABELS.get(name, name), _word(policy, name, value)) for name, value in sorted(details.items())[:_MOST_DETAILS]
        ),
    )


def _word(policy: PolicySet, name: str, value: Any) -> str:
    if name == "due" and isinstance(value, int):
        return dutch_date(legal_date(Micros(value)))
    if name in _PARTIES and isinstance(value, str):
        return _name(policy, value)
    return _SAID.get(str(value), str(value)) if name in _SAYING else str(value)


def _purpose(policy: PolicySet, word: str) -> PurposeText | None:
    known = policy.purposes.get(PurposeId(word))
    return None if known is None else PurposeText(known.id, known.label_nl, known.plain_nl)


def _agreement(policy: PolicySet, word: str, article: str) -> AgreementText:
    title = next((signed.title for signed in policy.agreements if signed.id == word), word)
    return AgreementText(word, title, article)


def _basis(policy: PolicySet, word: str) -> BasisText:
    basis = policy.laws[BasisId(word)]
    return BasisText(basis.law.name, basis.article, basis.text_nl, basis.review == "needed")


def _label(policy: PolicySet, name: str) -> str:
    return policy.elements[ElementName(name)].label_nl


def _withheld(policy: PolicySet, withheld: Mapping[str, str]) -> tuple[WithheldText, ...]:
    by_reason: dict[str, list[str]] = {}
    for name, code in withheld.items():
        by_reason.setdefault(code, []).append(_label(policy, name))
    return tuple(WithheldText(tuple(labels), _reason(policy, code).text) for code, labels in by_reason.items())


def _reason(policy: PolicySet, code: str) -> ReasonText:
    """A code that this set has no row for (an outcome's, under a later one) is told as it stands."""
    known = policy.reasons.get(ReasonCode(code))
    if known is None:
        return ReasonText(code, f"De reden heeft de code {code}.", "Vraag de beheerder wat deze code betekent.", "beheerder")
    return ReasonText(code, known.text_nl, known.remedy_nl, known.who)
