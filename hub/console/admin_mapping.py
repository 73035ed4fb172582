"""/beheer/koppelingen/{connector}/mapping: the mapping in use, mended, tried on rows in quarantine, and put into use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.admin_parts import Admin, connector_of, crumbs, meanwhile, spoilt
from hub.console.mapping_words import in_dutch
from hub.console.page import go, render
from hub.console.table import Column, Table, table_of
from hub.domain.staff import Staff
from hub.domain.terms import ConnectorId
from hub.errors import Conflict, Misconfigured, Refused, Tampered
from hub.mend.mappings import GLASS_REASONS, GlassReason, Proposal
from hub.mend.preview import LARGEST_SAMPLE, Preview, differences
from hub.observe import report

_NUMBERED: Final = re.compile(r"^(mapping:\s*[a-z0-9-]+/)([0-9]{1,9})\b", re.ASCII | re.MULTILINE)
_LINE: Final = re.compile(r"\bline ([0-9]{1,6})\b", re.ASCII)
_FAILING: Final = (
    Column("veld", "Veld"),
    Column("fout", "Wat blijft er mis"),
    Column("rijen", "Rijen", number=True),
)
_FAILING_ROWS: Final = (Column("rij", "Rij", number=True, sort=False), Column("waarom", "Wat er mis is", sort=False))
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
        """The text in use, with the next number in it; or what waits for a second person."""
        session = await self._admin.admit(request)
        name = self._name(request)
        try:
            text, wrong = _next(await self._admin.mending.mappings.text(name)), None
        except Misconfigured as error:
            text, wrong = "", _wrong(error, "")
        return await self._show(request, name, session.staff, text, wrong=wrong)

    async def try_or_use(self, request: Request) -> Response:
        """What it would do with the rows in quarantine; or it is proposed, or put into use. Whatever was typed is kept."""
        session, form = await self._admin.take(request)
        name, text, staff = self._name(request), form.text("mapping"), session.staff
        mappings, act = self._admin.mending.mappings, form.one("doe")
        try:
            if act == "voorstel":
                await mappings.propose(name, text, staff)
                return go(f"/beheer/koppelingen/{name}/mapping", "mapping-voorgesteld")
            if act == "alleen":
                reason = form.one("reden")
                if reason not in set(GlassReason):
                    wrong = Wrong("Kies waarom er geen tweede beheerder bij kan zijn.")
                    return await self._show(request, name, staff, text, 400, wrong=wrong)
                await mappings.break_glass(name, text, GlassReason(reason), staff)
                return go(f"/beheer/koppelingen/{name}", "mapping-in-gebruik")
            preview = await mappings.preview(name, text, staff)
            return await self._show(request, name, staff, text, preview=preview)
        except Misconfigured as error:
            return await self._show(request, name, staff, text, 400, wrong=_wrong(error, text))
        except Conflict:
            wrong = Wrong(
                "Een collega heeft net een mapping met dit nummer in gebruik genomen. Bekijk eerst die van hem of haar."
            )
            return await self._show(request, name, staff, text, 400, wrong=wrong)
        except Refused:
            number = _NUMBERED.search(text)
            line = text[: number.start()].count("\n") + 1 if number else 0
            wrong = Wrong(
                "Het nummer achter de schuine streep moet hoger zijn dan dat van de mapping in gebruik.",
                line=line,
                quoted=_quoted(text, line),
            )
            return await self._show(request, name, staff, text, 400, wrong=wrong)
        except Tampered as error:
            report(error)
            raise spoilt() from None

    async def activate(self, request: Request) -> Response:
        """The second person puts into use what the first proposed."""
        session, form = await self._admin.take(request)
        name, mappings = self._name(request), self._admin.mending.mappings
        try:
            ref, version = UUID(form.one("voorstel")), int(form.one("versie")[:9])
            await mappings.activate(name, version, session.staff, ref=ref)
        except (ValueError, Refused, Conflict):
            raise meanwhile() from None
        except Misconfigured as error:
            return await self._show(request, name, session.staff, "", 400, wrong=_wrong(error, ""))
        except Tampered as error:
            report(error)
            raise spoilt() from None
        return go(f"/beheer/koppelingen/{name}", "mapping-in-gebruik")

    async def confirm(self, request: Request) -> Response:
        """A second person stands by what one put into use alone."""
        session, form = await self._admin.take(request)
        name = self._name(request)
        try:
            await self._admin.mending.mappings.confirm(name, int(form.one("versie")[:9]), session.staff)
        except (ValueError, Refused, Conflict):
            raise meanwhile() from None
        except Tampered as error:
            report(error)
            raise spoilt() from None
        return go(f"/beheer/koppelingen/{name}/mapping", "mapping-bevestigd")

    async def sample(self, request: Request) -> Response:
        """What the waiting proposal, or else the mapping in use, makes of a file that is not kept."""
        session, parts = await self._admin.take_file(request)
        name, mappings, data = self._name(request), self._admin.mending.mappings, bytearray()
        async for part in parts:
            data += part
            if len(data) > LARGEST_SAMPLE:
                raise HTTPException(413)
        try:
            waiting = await mappings.waiting(name)
            text = waiting.text if waiting else await mappings.text(name)
            seen = await mappings.sample(name, text, bytes(data), session.staff)
        except Misconfigured as error:
            return await self._show(request, name, session.staff, "", 400, wrong=_wrong(error, ""))
        except Tampered as error:
            report(error)
            raise spoilt() from None
        return await self._show(request, name, session.staff, _next(text), preview=seen, sampled=True)

    def _name(self, request: Request) -> ConnectorId:
        name = connector_of(request)
        if name not in self._admin.mending.sources:
            raise HTTPException(404)
        return name

    async def _show(
        self,
        request: Request,
        name: ConnectorId,
        staff: Staff,
        text: str,
        status: int = 200,
        *,
        wrong: Wrong | None = None,
        preview: Preview | None = None,
        sampled: bool = False,
    ) -> Response:
        mappings = self._admin.mending.mappings
        waiting: Proposal | None = None
        alone = await mappings.alone(name)
        try:
            used = await mappings.in_use(name)
            in_use, waiting = used.version, await mappings.waiting(name)
            changes = differences(used, waiting.mapping) if waiting else None
        except Misconfigured:
            in_use, changes = "", None
        except Tampered as error:
            report(error)
            raise spoilt() from None
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
            sampled=sampled,
            refused=self._admin.reason(preview.refused) if preview and preview.refused else "",
            waiting=waiting,
            alone=alone,
            mine=alone is not None and alone[1].who == str(staff.staff_id),
            due=None if alone is None else alone[1].due_us,
            own=waiting is not None and waiting.is_by(staff),
            changes=changes,
            reasons=[(reason.value, words) for reason, words in GLASS_REASONS.items()],
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
            *([self._failing_rows(request, preview)] if preview.rows else []),
        )

    def _failing_rows(self, request: Request, preview: Preview) -> Table:
        return table_of(
            request,
            "rijen",
            "De eerste rijen die niet te lezen zijn",
            _FAILING_ROWS,
            [
                (one.row, "; ".join(f"{where}: {self._admin.reason(code)}" for where, code in one.faults))
                for one in preview.rows
            ],
            empty="Geen.",
            sort="rij",
            export=False,
        )


def _next(text: str) -> str:
    """The same with the next number: an old file must stay readable as it was read."""
    return _NUMBERED.sub(lambda found: f"{found[1]}{int(found[2]) + 1}", text, count=1)


def _wrong(error: Misconfigured, text: str) -> Wrong:
    found = _LINE.search(error.what)
    line = int(found[1]) if found else 0
    dutch = in_dutch(error.why)
    return Wrong(dutch, "" if dutch else error.why, line, _quoted(text, line))


def _quoted(text: str, line: int) -> str:
    lines = text.split("\n")
    return lines[line - 1].strip()[:120] if 0 < line <= len(lines) else ""
