"""/beheer/koppelingen/{connector}/mapping: the mapping in use, mended, tried on rows in quarantine, and put into use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.admin_parts import Admin, connector_of, crumbs, spoilt
from hub.console.page import go, render
from hub.console.table import Column, Table, table_of
from hub.domain.terms import ConnectorId
from hub.errors import Conflict, Misconfigured, Refused, Tampered
from hub.mend.mappings import Preview
from hub.observe import report

_NUMBERED: Final = re.compile(r"^(mapping:\s*[a-z0-9-]+/)([0-9]{1,9})\b", re.ASCII | re.MULTILINE)
_LINE: Final = re.compile(r"\bline ([0-9]{1,6})\b", re.ASCII)
_WHY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "It is not YAML.": "Dit is geen YAML: let op inspringen, aanhalingstekens en haakjes.",
        "It is too long for a mapping.": "De tekst is te lang voor een mapping.",
        "It refers to another part of itself; write that part out.": "De tekst verwijst naar een ander deel; schrijf dat uit.",
        "A key is no word.": "Wat voor de dubbele punt staat, is geen woord.",
        "Its columns are not known to be those of the real delivery.": (
            "De mapping is niet gecontroleerd. Vergelijk haar met de beschrijving van de gever en zet dan 'verified: true'."
        ),
    }
)
# The check speaks English; these are the mistakes that people make in a mapping that was right before.
_WHAT: Final = tuple(
    (re.compile(pattern), dutch)
    for pattern, dutch in (
        (r"The key (?P<of>.{1,80}) is there twice\.", "Het woord {of} staat er twee keer."),
        (r"The field (?P<of>\S{1,80}) is filled twice\.", "Twee kolommen vullen het veld {of}. Haal er een weg."),
        (r"The record has no field (?P<of>\S{1,80})\.", "De melding heeft geen veld {of}."),
        (r"No column fills (?P<of>\S{1,80})\.", "Geen kolom vult het veld {of}, en dat is verplicht."),
        (r"Column (?P<of>\S{1,80}): there is no code list \S+\.", "Kolom {of}: die codelijst staat niet onder 'codes'."),
        (r"Column (?P<of>\S{1,80}): a word means yes and no at once\.", "Kolom {of}: een woord betekent ja én nee."),
        (
            r"columns\.(?P<of>[^\s.:]{1,80}): Input tag .+ expected tags: (?P<known>.+)\.",
            "Kolom {of}: achter 'as' hoort een van {known}.",
        ),
        (r"columns\.(?P<of>[^\s.:]{1,80})\.\S*\.(?P<known>\w+): Field required\.", "Kolom {of}: '{known}' ontbreekt."),
        (
            r"columns\.(?P<of>[^\s.:]{1,80})\.\S*\.(?P<known>\w+): Extra inputs are not permitted\.",
            "Kolom {of}: '{known}' hoort hier niet.",
        ),
        (r"(?P<of>\S{1,80}): Field required\.", "Het deel '{of}' ontbreekt."),
        (r"(?P<of>\S{1,80}): Extra inputs are not permitted\.", "Het deel '{of}' hoort hier niet."),
        (
            r"columns\.(?P<of>[^\s.:]{1,80})\..+: Input should be a valid string\.",
            "Kolom {of}: zet dit woord tussen aanhalingstekens; anders leest YAML het als ja, nee of een getal.",
        ),
    )
)
_FAILING: Final = (
    Column("veld", "Veld"),
    Column("fout", "Wat blijft er mis"),
    Column("rijen", "Rijen", number=True),
)
_SHAPES: Final = (Column("veld", "Veld"), Column("vormen", "Wat eruit komt"))


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a mapping is not taken: in Dutch where we have the words, else as the check says it; `line` 0 where none is known."""

    dutch: str
    english: str = ""
    line: int = 0
    quoted: str = ""

    @property
    def short(self) -> str:
        """Beside the field."""
        return f"Regel {self.line} klopt niet." if self.line else self.dutch or "De mapping klopt niet."


class MappingPages:
    """Mending a mapping."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def page(self, request: Request) -> Response:
        """The text in use, with the next number in it."""
        await self._admin.admit(request)
        name = self._name(request)
        try:
            text, wrong = _next(await self._admin.mending.mappings.text(name)), None
        except Misconfigured as error:
            text, wrong = "", _wrong(error, "")
        return await self._show(request, name, text, wrong=wrong)

    async def try_or_use(self, request: Request) -> Response:
        """What it would do with the rows in quarantine; or it is put into use. Whatever was typed is kept."""
        session, form = await self._admin.take(request)
        name, text = self._name(request), form.text("mapping")
        mappings = self._admin.mending.mappings
        try:
            if form.one("doe") != "gebruik":
                preview = await mappings.preview(name, text, session.staff)
                return await self._show(request, name, text, preview=preview)
            await mappings.activate(name, text, session.staff)
        except Misconfigured as error:
            return await self._show(request, name, text, 400, wrong=_wrong(error, text))
        except Conflict:
            wrong = Wrong(
                "Een collega heeft net een mapping met dit nummer in gebruik genomen. Bekijk eerst die van hem of haar."
            )
            return await self._show(request, name, text, 400, wrong=wrong)
        except Refused:
            number = _NUMBERED.search(text)
            line = text[: number.start()].count("\n") + 1 if number else 0
            wrong = Wrong(
                "Het nummer achter de schuine streep moet hoger zijn dan dat van de mapping in gebruik.",
                line=line,
                quoted=_quoted(text, line),
            )
            return await self._show(request, name, text, 400, wrong=wrong)
        except Tampered as error:
            report(error)
            raise spoilt() from None
        return go(f"/beheer/koppelingen/{name}", "mapping-in-gebruik")

    def _name(self, request: Request) -> ConnectorId:
        name = connector_of(request)
        if name not in self._admin.mending.sources:
            raise HTTPException(404)
        return name

    async def _show(
        self,
        request: Request,
        name: ConnectorId,
        text: str,
        status: int = 200,
        *,
        wrong: Wrong | None = None,
        preview: Preview | None = None,
    ) -> Response:
        try:
            in_use = (await self._admin.mending.mappings.in_use(name)).version
        except Misconfigured:
            in_use = ""
        return render(
            request,
            "admin/mapping.html",
            status,
            connector=str(name),
            in_use=in_use,
            text=text,
            rows=min(max(text.count("\n") + 2, 12), 60),
            wrong=wrong,
            preview=preview,
            tables=self._tables(request, preview) if preview else (),
            crumbs=crumbs(("Koppelingen", "/beheer/koppelingen"), (str(name), f"/beheer/koppelingen/{name}")),
        )

    def _tables(self, request: Request, preview: Preview) -> tuple[Table, ...]:
        # The answer to a form cannot be asked for again as a file, nor in another order.
        plain = [Column(one.key, one.label, one.number, sort=False) for one in _FAILING]
        return (
            table_of(
                request,
                "fouten",
                "Wat er mis blijft",
                plain,
                [(one.where, self._admin.reason(one.code), one.rows) for one in preview.failing],
                empty="Niets: alle bekeken rijen zijn met deze mapping te lezen.",
                sort="rijen",
                descending=True,
                export=False,
            ),
            table_of(
                request,
                "vormen",
                "Hoe de velden eruitzien (9 is een cijfer, a een letter)",
                [Column(one.key, one.label, sort=False) for one in _SHAPES],
                [(one.field, ", ".join(one.shapes)) for one in preview.fields],
                empty="Er is geen enkele rij te lezen, dus er komt niets uit.",
                sort="veld",
                export=False,
            ),
        )


def _next(text: str) -> str:
    """The same with the next number: an old file must stay readable as it was read."""
    return _NUMBERED.sub(lambda found: f"{found[1]}{int(found[2]) + 1}", text, count=1)


def _wrong(error: Misconfigured, text: str) -> Wrong:
    found = _LINE.search(error.what)
    line = int(found[1]) if found else 0
    dutch = _WHY.get(error.why, "")
    for pattern, words in _WHAT:
        if not dutch and (said := pattern.fullmatch(error.why)) is not None:
            dutch = words.format(**said.groupdict())
    return Wrong(dutch, "" if dutch else error.why, line, _quoted(text, line))


def _quoted(text: str, line: int) -> str:
    lines = text.split("\n")
    return lines[line - 1].strip()[:120] if 0 < line <= len(lines) else ""
