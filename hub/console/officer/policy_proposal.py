"""`/functionaris/afspraken/voorstel...`: a changed agreement proposed, what it would change, advice, putting it to use."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.consent import mandate
from hub.consent.life import Advice, Proposal, agreement_hash
from hub.consent.model import PolicySet
from hub.console.desk import OfficerDesk
from hub.console.gate import Gate
from hub.console.officer import policy_words as said
from hub.console.officer.policy_parts import CRUMBS, HERE, NOT_DONE, Agreeing, Scene, may
from hub.console.page import go, render
from hub.console.table import Cell, Link, Moment
from hub.domain.terms import AgreementId
from hub.errors import Malformed, Misconfigured, Refused
from hub.policies.files import MOST, text_of, with_agreement
from hub.policies.telling import change_texts

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ProposalPages:
    """What was proposed, and proposing."""

    def __init__(self, officer: OfficerDesk, gate: Gate) -> None:
        self._desk = Agreeing(officer, gate)

    # -- proposing

    async def ask(self, request: Request) -> Response:
        """The form, with the text of the agreement that `?van=` names."""
        scene = await self._desk.see(request)
        if isinstance(scene, Response):
            return scene
        if not may(lambda: mandate.check_role(scene.staff)):
            raise HTTPException(403)
        return self._form(request, scene, _text_from(scene.look.policy, request.query_params.get("van", "")))

    async def propose(self, request: Request) -> Response:
        """Keeps the set in use with that agreement in it, as a proposal; whatever was typed stays where it does not load."""
        session, form = await self._desk.take(request)
        scene = await self._desk.scene(request, session)
        if isinstance(scene, Response):
            return scene
        text = form.text("afspraak")
        if not text.strip() or len(text) > MOST:
            return self._form(request, scene, text[:MOST], 400, ["Vul de tekst van de afspraak in."])
        try:
            after = await asyncio.to_thread(with_agreement, scene.look.policy, text)  # it reads the whole set anew
            await self._desk.policies.propose(after, self._desk.hand(session))
        except Misconfigured as error:
            return self._form(request, scene, text, 400, english=[error.what, error.why, error.now])
        except Refused as error:
            return self._form(request, scene, text, 409, [NOT_DONE], [error.what, error.why, error.now])
        return go(f"{HERE}/voorstel/{after.hash}", "voorgesteld")

    def _form(
        self,
        request: Request,
        scene: Scene,
        text: str,
        status: int = 200,
        dutch: Sequence[str] = (),
        english: Sequence[str] = (),
    ) -> Response:
        known = [(each.id, f"{each.title} ({each.id})") for each in scene.look.policy.agreements]
        return render(
            request,
            "officer/policy_propose.html",
            status,
            crumbs=CRUMBS,
            text=text,
            known=[("", "Een nieuwe afspraak"), *known],
            chosen=request.query_params.get("van", ""),
            dutch=dutch,
            english=[line for line in english if line],
            here=f"{HERE}/voorstellen",
        )

    # -- one proposal

    async def one(self, request: Request) -> Response:
        """What it would change, and what was said about it."""
        scene = await self._desk.see(request)
        return scene if isinstance(scene, Response) else await self._one(request, scene)

    async def _one(self, request: Request, scene: Scene, status: int = 200, wrong: str = "") -> Response:
        look, history = scene.look, scene.look.history
        proposal = _find(request, scene)
        before, after = look.policy, look.proposed[proposal.policy]
        change = await self._desk.policies.difference(history, before, after)
        widens, advice = bool(change.wider), proposal.advice
        texts = await self._desk.policies.texts([advice.text]) if advice is not None and advice.text else {}
        by = scene.staff
        return render(
            request,
            "officer/policy_proposal.html",
            status,
            crumbs=CRUMBS,
            facts=_facts(scene, proposal),
            changes=change_texts(change, before, after),
            widens=widens,
            special=[after.elements[name].label_nl for name in change.special],
            agreements=_touched(before, after),
            advice=None if advice is None else said.ADVICES[advice.word or ""],
            advice_text=texts.get(advice.text or "", "") if advice is not None else "",
            negative=advice is not None and advice.word == Advice.negative,
            may_advise=may(lambda: mandate.check_advice(history, proposal.follows, proposal.policy, by)),
            may_activate=may(lambda: mandate.check_activation(history, before, after, by, widens=widens)),
            outcomes=[("", "Kies uw advies"), *((str(key), text) for key, text in said.ADVICES.items())],
            policy=proposal.policy,
            here=f"{HERE}/voorstel/{proposal.policy}",
            wrong=wrong,
        )

    async def act(self, request: Request) -> Response:
        """Advises on it, or puts it into use."""
        session, form = await self._desk.take(request)
        scene = await self._desk.scene(request, session)
        if isinstance(scene, Response):
            return scene
        proposal, hand = _find(request, scene), self._desk.hand(session)
        pair, policies = (proposal.follows, proposal.policy), self._desk.policies
        try:
            match form.one("doe"):
                case "adviseer" if form.one("uitkomst") in said.ADVICES:
                    await policies.advise(*pair, Advice(form.one("uitkomst")), form.text("advies"), hand)
                    return go(f"{HERE}/voorstel/{proposal.policy}", "geadviseerd")
                case "neem-in-gebruik" if form.one("zeker") == "ja":
                    await policies.activate(*pair, hand, why=form.text("waarom"))
                    return go(HERE, "in-gebruik")
                case "adviseer":
                    return await self._one(request, scene, 400, "Kies wat u adviseert.")
                case "neem-in-gebruik":
                    return await self._one(request, scene, 400, "Vink aan dat u het voorstel hebt gelezen.")
                case _:
                    raise HTTPException(400)
        except Malformed:
            return await self._one(request, scene, 400, "Schrijf uw tekst voluit: minstens 12 en hoogstens 20.000 tekens.")
        except Refused:
            again = await self._desk.scene(request, session)
            return again if isinstance(again, Response) else await self._one(request, again, 409, NOT_DONE)


def _find(request: Request, scene: Scene) -> Proposal:
    """The open proposal that the address names; 404 for any other."""
    wanted = request.path_params["policy"]
    found = [each for each in scene.look.history.open if _HASH.fullmatch(wanted) and each.policy == wanted]
    if not found:
        raise HTTPException(404)
    return found[-1]


def _text_from(policy: PolicySet, name: str) -> str:
    return next((text_of(each) for each in policy.agreements if each.id == name), "")


def _facts(scene: Scene, proposal: Proposal) -> list[tuple[str, Cell]]:
    return [
        ("Voorgesteld door", scene.name(proposal.act.by)),
        ("Voorgesteld op", Moment(proposal.act.us)),
        ("Bewijs", scene.proof(proposal.act.ref)),
        ("Komt in plaats van set", proposal.follows),
        ("Hash van dit voorstel", proposal.policy),
    ]


def _touched(before: PolicySet, after: PolicySet) -> list[tuple[str, Link | str]]:
    """The agreements that come, change or go."""
    had: dict[AgreementId, str] = {each.id: agreement_hash(each) for each in before.agreements}
    has = {each.id for each in after.agreements}
    found: list[tuple[str, Link | str]] = [
        ("Nieuw" if each.id not in had else "Gewijzigd", Link(f"{each.title} ({each.id})", _page(each.id, after)))
        for each in after.agreements
        if had.get(each.id) != agreement_hash(each)
    ]
    gone = [
        ("Vervalt", Link(f"{each.title} ({each.id})", f"{HERE}/afspraak/{each.id}"))
        for each in before.agreements
        if each.id not in has
    ]
    return [*found, *gone]


def _page(agreement: AgreementId, policy: PolicySet) -> str:
    return f"{HERE}/afspraak/{agreement}?set={policy.hash}"
