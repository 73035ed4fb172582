"""`hub connector effectrapportage`: the yearly figures of a doorstroompunt, from an export without persons."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from hub.errors import Misconfigured
from hub.insight.effect import Effect, effect_of

_LARGEST: Final = 64 << 20


def effect_commands(connector: typer.Typer, guarded: Callable[[Callable[[], Any]], None]) -> None:
    """Adds the command to `hub connector`. `guarded` runs work, and ends the command with the sentences of an error."""

    @connector.command("effectrapportage")
    def effect(
        export: Annotated[
            Path, typer.Argument(help="An export of counts as CSV: ONDERWIJSSOORT, LEEFTIJDSGROEP, UITKOMST, AANTAL.")
        ],
        region: Annotated[str, typer.Option(help="The region, by its name or code.")],
        year: Annotated[int, typer.Option(min=2000, max=2100, help="The school year, by the year in which it began.")],
        out: Annotated[Path, typer.Option(help="Where to write the figures, as CSV; as JSON where it ends in .json.")],
    ) -> None:
        """Counts what became of young people by education and age, hides what is small, and writes it down."""

        def work() -> None:
            found = effect_of(_content(export), region, year)
            try:
                out.write_bytes(_json(found) if out.suffix == ".json" else _csv(found))
            except OSError:
                raise Misconfigured(
                    "The figures cannot be written.", "The file cannot be made.", "Choose another --out."
                ) from None
            for row in found.rows():
                typer.echo("  ".join(cell.ljust(10) for cell in row[2:]).rstrip())
            typer.echo(f"written to {out}; {found.hidden} cells are hidden")

        guarded(work)


def _content(export: Path) -> bytes:
    try:
        if export.stat().st_size <= _LARGEST:
            return export.read_bytes()
        why = "It is larger than such an export is."
    except OSError:
        why = "It cannot be read."
    raise Misconfigured("There is no export to count.", why, "Give the file that the registration system exported.")


def _csv(found: Effect) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(found.rows())
    return out.getvalue().encode("utf-8-sig")


def _json(found: Effect) -> bytes:
    header, *rows = found.rows()
    return orjson.dumps([dict(zip(header, row, strict=True)) for row in rows], option=orjson.OPT_INDENT_2)
