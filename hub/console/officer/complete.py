"""`/functionaris/persoon/volledig`: that an answer about a person left nothing out, and the file with which others can see it.

Not by the index, which may hide, but by every entry of the log, tried with the person's own key. The number is posted, used
once, and kept nowhere.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.gate import Gate
from hub.console.navigation import SEARCHERS
from hub.console.officer.choosing import LOG
from hub.console.officer.log import JSON, download
from hub.console.page import render
from hub.console.table import Link
from hub.errors import Malformed, Refused
from hub.rights.answer import SearchReason
from hub.rights.keys import PersonKeys

COMPLETE: Final = "/functionaris/persoon/volledig"
_CRUMBS: Final = (Link("Functionaris", "/functionaris"), Link("Persoon", "/functionaris/persoon"))
_NUMBER: Final = "Dit is geen geldig BSN of onderwijsnummer. Controleer het nummer en typ het opnieuw."
_NOBODY: Final = "De hub heeft geen sleutel van deze persoon: hij kent het nummer niet, of de persoon is vergeten."


class CompletePages:
    """The form, what was found, and the key file."""

    def __init__(self, keys: PersonKeys, gate: Gate) -> None:
        self._keys = keys
        self._gate = gate

    async def ask(self, request: Request) -> Response:
        """The form."""
        await self._gate.admit(request, *SEARCHERS)
        return _form(request)

    async def answer(self, request: Request) -> Response:
        """What every entry says, or the key file; either is in the log first."""
        session, form = await self._gate.take(request, *SEARCHERS)
        wanted, digits = form.one("doe"), re.sub(r"[\s.]", "", form.one("nummer"))
        if wanted not in ("vergelijk", "sleutel"):
            raise HTTPException(400)
        reason = next((each for each in SearchReason if each.value == form.one("reden")), None)
        if reason is None or not digits:
            said = {"nummer": "" if digits else "Vul een BSN of onderwijsnummer in.", "reden": ""}
            said["reden"] = "" if reason else "Kies waarom u dit nagaat."
            return _form(request, 400, reason, [(name, text) for name, text in said.items() if text])
        try:
            if wanted == "sleutel":
                return download(await self._keys.give(digits, reason, session.staff), "persoon-sleutel.json", JSON)
            found = await self._keys.compare(digits, reason, session.staff)
        except Malformed:
            return _form(request, 400, reason, [("nummer", _NUMBER)])
        except Refused:
            return _form(request, 409, reason, [("nummer", _NOBODY)])
        return render(
            request,
            "officer/complete_answer.html",
            crumbs=(*_CRUMBS, Link("Nagaan dat niets ontbreekt", COMPLETE)),
            found=found,
            whole=not found.hidden and not found.foreign,
            facts=[
                ("Regels van het logboek die zijn bekeken", found.size),
                ("Daarvan over deze persoon", len(found.theirs)),
                ("Daarvan niet in de zoeklijst", len(found.hidden)),
                ("In de zoeklijst, maar van iemand anders", len(found.foreign)),
                ("Waarvan de inhoud al was opgeschoond", found.unseen),
            ],
            hidden=[f"{LOG}/{ref}" for ref in found.hidden],
        )


def _form(
    request: Request, status: int = 200, reason: SearchReason | None = None, wrong: list[tuple[str, str]] | None = None
) -> Response:
    return render(
        request,
        "officer/complete.html",
        status,
        crumbs=_CRUMBS,
        reasons=[("", "Kies een reden"), *((each.value, each.label) for each in SearchReason)],
        reason="" if reason is None else reason.value,
        wrong=wrong or [],
        errors=dict(wrong or []),
        here=COMPLETE,
    )
