"""`/functionaris/afspraken`: every agreement with where it stands; one agreement with its clauses, signatures and life."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.consent import mandate
from hub.consent.explain import dutch_date
from hub.consent.force import expiring, obstacles, state_of
from hub.consent.life import Act, EndReason, SuspendReason, agreement_hash
from hub.consent.model import Agreement, PolicySet
from hub.console.desk import OfficerDesk
from hub.console.gate import Gate
from hub.console.officer import policy_words as said
from hub.console.officer import words
from hub.console.officer.policy_parts import CRUMBS, HERE, NOT_DONE, Agreeing, Scene, may
from hub.console.page import go, render
from hub.console.table import Badge, Column, Link, Moment, Row, Table, asks_csv, csv_of, table_of
from hub.console.words import Tone
from hub.domain.terms import AgreementId, PartyId
from hub.errors import Refused
from hub.policies.service import Look
from hub.policies.telling import clause_text

_AGREEMENTS = (
    Column("afspraak", "Afspraak"),
    Column("stand", "Stand"),
    Column("partijen", "Ondertekend"),
    Column("van", "Geldt vanaf", sort=False),
    Column("tot", "Geldt tot", sort=False),
    Column("let-op", "Let op", sort=False),
)
_PROPOSALS = (
    Column("voorstel", "Voorstel", sort=False),
    Column("moment", "Voorgesteld op"),
    Column("wie", "Door", sort=False),
    Column("advies", "Advies van de FG", sort=False),
)
_PARTIES = (
    Column("partij", "Partij"),
    Column("van", "Partij vanaf", sort=False),
    Column("tot", "Tot", sort=False),
    Column("stand", "Ondertekend"),
    Column("wie", "Door", sort=False),
)
_LIFE = (
    Column("moment", "Moment"),
    Column("wat", "Wat er gebeurde", sort=False),
    Column("wie", "Door", sort=False),
    Column("partij", "Namens", sort=False),
    Column("regel", "Bewijs", sort=False),
)


class PolicyPages:
    """The agreements."""

    def __init__(self, officer: OfficerDesk, gate: Gate) -> None:
        self._desk = Agreeing(officer, gate)

    async def every(self, request: Request) -> Response:
        """All agreements of the set in use, and what was proposed."""
        scene = await self._desk.see(request)
        if isinstance(scene, Response):
            return scene
        look = scene.look
        agreements = table_of(
            request,
            "afspraken",
            "Afspraken in gebruik",
            _AGREEMENTS,
            [_row(look, each) for each in look.policy.agreements],
            empty="De set in gebruik heeft geen afspraken. Er gaat niets door de hub.",
            sort="afspraak",
        )
        proposals = table_of(
            request,
            "voorstellen",
            "Voorstellen",
            _PROPOSALS,
            [
                (
                    Link(each.policy[:12], f"{HERE}/voorstel/{each.policy}"),
                    Moment(each.act.us),
                    scene.name(each.act.by),
                    "Nog geen advies" if each.advice is None else said.ADVICES[each.advice.word or ""],
                )
                for each in look.history.open
            ],
            empty="Er is niets voorgesteld.",
            sort="moment",
            descending=True,
        )
        for table in (agreements, proposals):
            if asks_csv(request, table.name):
                return csv_of(table, f"{table.name}.csv")
        use = look.history.use
        return render(
            request,
            "officer/policy.html",
            crumbs=CRUMBS[:1],
            agreements=agreements,
            proposals=proposals,
            unread_since=self._desk.unread_since,
            doubted=[
                (each.number, said.ACTS[each.kind], "de set in gebruik" if each.agreement is None else str(each.agreement))
                for each in look.history.doubted
            ],
            founded=use is not None and use.by is None and not look.history.laid,
            laid=look.history.laid,
            ends=[
                (_title(look.policy, each.agreement), said.ends(look.policy, each))
                for each in expiring(look.policy, look.today)
            ],
            hash=look.policy.hash,
            use=scene.proof(use.ref) if use else None,
            may_propose=may(lambda: mandate.check_role(scene.staff)),
            here=HERE,
        )

    async def one(self, request: Request) -> Response:
        """One agreement, in use or proposed."""
        scene = await self._desk.see(request)
        return scene if isinstance(scene, Response) else self._one(request, scene, request.query_params.get("set", ""))

    def _one(self, request: Request, scene: Scene, chosen: str, status: int = 200, wrong: str = "") -> Response:
        policy, agreement = _find(scene.look, request.path_params["agreement"], chosen)
        look, in_use = scene.look, policy.hash == scene.look.policy.hash
        history, version = look.history, look.history.version(agreement)
        parties, life = _parties(request, scene, policy, agreement), _life(request, scene, policy, version.acts)
        for table in (parties, life):
            if asks_csv(request, table.name):
                return csv_of(table, f"{table.name}.csv")
        by, name = scene.staff, agreement.id
        return render(
            request,
            "officer/policy_agreement.html",
            status,
            crumbs=CRUMBS,
            agreement=agreement,
            state=said.STATES[state_of(agreement, history, look.today, in_use=in_use)],
            obstacles=[said.OBSTACLES[each] for each in obstacles(agreement, look.today)],
            founded=version.founded,
            doubted=version.doubted is not None,
            in_use=in_use,
            ends=[said.ends(policy, each) for each in expiring(policy, look.today) if each.agreement == name],
            facts=_facts(agreement),
            parties=parties,
            clauses=[clause_text(policy, clause) for clause in agreement.clauses],
            life=life,
            hash=agreement_hash(agreement),
            set=policy.hash,
            here=f"{HERE}/afspraak/{name}",
            wrong=wrong,
            signs=[
                (each.id, words.party(policy, each.id))
                for each in agreement.parties
                if may(partial(mandate.check_signature, history, look.policy, policy, name, each.id, by))
            ],
            may_suspend=in_use and may(lambda: mandate.check_suspension(history, policy, name, by)),
            may_resume=in_use and may(lambda: mandate.check_resumption(history, policy, name, by)),
            may_end=in_use and may(lambda: mandate.check_ending(history, policy, name, by)),
            suspending=[("", "Kies een reden"), *((str(key), text) for key, text in said.SUSPENDING.items())],
            ending=[("", "Kies een reden"), *((str(key), text) for key, text in said.ENDING.items())],
        )

    async def act(self, request: Request) -> Response:
        """Signs, suspends, resumes or ends it."""
        session, form = await self._desk.take(request)
        scene = await self._desk.scene(request, session)
        if isinstance(scene, Response):
            return scene
        policy, agreement = _find(scene.look, request.path_params["agreement"], form.one("set"))
        hand, name, doing = self._desk.hand(session), agreement.id, form.one("doe")
        policies = self._desk.policies
        try:
            match doing:
                case "teken" if form.one("gelezen") == "ja":
                    await policies.sign(policy.hash, name, _party(form.one("partij")), hand)
                    done = "ondertekend"
                case "schors" if form.one("schorsreden") in said.SUSPENDING:
                    await policies.suspend(name, SuspendReason(form.one("schorsreden")), hand)
                    done = "geschorst"
                case "hervat":
                    await policies.resume(name, hand)
                    done = "hervat"
                case "beeindig" if form.one("eindreden") in said.ENDING and form.one("zeker") == "ja":
                    await policies.end(name, EndReason(form.one("eindreden")), hand)
                    done = "beeindigd"
                case "teken" | "schors" | "beeindig":
                    return self._one(request, scene, policy.hash, 400, "Kies een reden en vink aan wat wordt gevraagd.")
                case _:
                    raise HTTPException(400)
        except Refused:
            again = await self._desk.scene(request, session)
            return again if isinstance(again, Response) else self._one(request, again, policy.hash, 409, NOT_DONE)
        in_use = policy.hash == scene.look.policy.hash
        return go(f"{HERE}/afspraak/{name}" + ("" if in_use else f"?set={policy.hash}"), done)


def _find(look: Look, name: str, chosen: str) -> tuple[PolicySet, Agreement]:
    """The agreement in the set that was chosen; without a choice, in use. 404 where there is none."""
    try:
        policy = look.set_of(chosen) if chosen else look.policy
        return policy, mandate.agreement_in(policy, AgreementId(name))
    except (Refused, ValueError):
        raise HTTPException(404) from None


def _party(text: str) -> PartyId:
    try:
        return PartyId(text)
    except ValueError:
        raise HTTPException(400) from None


def _title(policy: PolicySet, agreement: AgreementId) -> Link:
    return Link(mandate.agreement_in(policy, agreement).title, f"{HERE}/afspraak/{agreement}")


def _row(look: Look, agreement: Agreement) -> Row:
    version = look.history.version(agreement)
    signed = sum(version.has_signed(party.id) for party in agreement.parties)
    ends = [said.ends(look.policy, each) for each in expiring(look.policy, look.today) if each.agreement == agreement.id]
    ends += [said.OBSTACLES[each] for each in obstacles(agreement, look.today)]
    count = f"{signed} van {len(agreement.parties)} partijen"
    return (
        _title(look.policy, agreement.id),
        said.STATES[state_of(agreement, look.history, look.today, in_use=True)],
        f"{count}, bij het begin" if version.founded else count,
        dutch_date(agreement.effective.start),
        dutch_date(agreement.effective.until),
        ends[0] if ends else None,
    )


def _facts(agreement: Agreement) -> Iterator[tuple[str, str]]:
    advice = agreement.fg_advice
    yield "Geldt", f"vanaf {dutch_date(agreement.effective.start)} tot {dutch_date(agreement.effective.until)}"
    yield "Wie is verantwoordelijk?", agreement.controllership or "Dat zegt de afspraak niet."
    contract = agreement.processor_contract
    yield "Verwerkersovereenkomst", "Ontbreekt" if contract is None else f"{contract.ref}, {dutch_date(contract.date)}"
    yield (
        "DPIA",
        f"{agreement.dpia.ref}, {dutch_date(agreement.dpia.date)}; te herzien voor {dutch_date(agreement.dpia.review_due)}",
    )
    due = "" if advice.review_due is None else f"; opnieuw te vragen voor {dutch_date(advice.review_due)}"
    yield "Advies van de FG", f"{said.ADVICES[advice.outcome]}: {advice.ref}, {dutch_date(advice.date)}{due}"
    if agreement.exchanges:
        yield "Uitwisselingen", ", ".join(agreement.exchanges)


def _parties(request: Request, scene: Scene, policy: PolicySet, agreement: Agreement) -> Table:
    version, rows = scene.look.history.version(agreement), list[Row]()
    for party in agreement.parties:
        act = next((each for each in version.signatures if each.party == party.id), None)
        if act is not None:
            state, who = Badge("Ondertekend", Tone.ok), f"{scene.name(act.by)}, {said.METHODS[act.method]}"
        else:
            state = Badge("Telt als ondertekend", Tone.note) if version.founded else Badge("Nog niet", Tone.warning)
            who = ""
        left = "" if party.left is None else dutch_date(party.left)
        rows.append((words.party(policy, party.id), dutch_date(party.acceded), left, state, who))
    return table_of(request, "partijen", "Partijen", _PARTIES, rows, empty="De afspraak noemt geen partijen.", sort="partij")


def _life(request: Request, scene: Scene, policy: PolicySet, acts: Sequence[Act]) -> Table:
    rows: list[Row] = [
        (
            Moment(act.us),
            said.ACTS[act.kind] + (f": {said.REASONS[act.word].lower()}" if act.word and act.word in said.REASONS else ""),
            f"{scene.name(act.by)}, {said.METHODS[act.method]}" if act.by else scene.name(None),
            words.party(policy, act.party or ""),
            scene.proof(act.ref),
        )
        for act in acts
    ]
    empty = "Er is met deze versie nog niets gebeurd."
    return table_of(request, "verloop", "Wat er met deze versie gebeurde", _LIFE, rows, empty=empty, sort="moment")
