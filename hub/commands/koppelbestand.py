"""`hub connector duo-aanvraag`: the file with which a C-levering is asked for in Mijn DUO. It holds nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hub.clock import SystemClock, legal_date
from hub.errors import Misconfigured, Refused

CONTENT: Final = b"111111111\r\n"
"""What duo.nl says that stands in it: nine ones, and Enter."""
_MOST: Final = 9999


def request_name(day: date, region: int | None, gemeente: int | None) -> str:
    """What the file is called: the day, R or G, and the code in four digits. Raises errors.Misconfigured without one code."""
    code = region if gemeente is None else gemeente
    if code is None or (region is not None and gemeente is not None) or not 1 <= code <= _MOST:
        raise Misconfigured(
            "The request cannot be named.",
            "It is for one doorstroompunt or for one gemeente, by a code of 1 to 9999.",
            "Give --region or --gemeente.",
        )
    return f"{day:%Y%m%d}{'R' if gemeente is None else 'G'}{code:04}.txt"


def request_commands(connector: typer.Typer, guarded: Callable[[Callable[[], Any]], None]) -> None:
    """Adds the command to `hub connector`. `guarded` runs work, and ends the command with the sentences of an error."""

    @connector.command("duo-aanvraag")
    def ask(
        region: Annotated[int | None, typer.Option(help="The code of the doorstroompunt, such as 4.")] = None,
        gemeente: Annotated[int | None, typer.Option(help="Or the code of a gemeente, such as 9001.")] = None,
        out: Annotated[Path, typer.Option(help="The folder in which to put the file.")] = Path(),
    ) -> None:
        """Writes the file that asks DUO for a C-levering; bring it to Mijn DUO."""

        def work() -> None:
            path = out / request_name(legal_date(SystemClock().now_us()), region, gemeente)
            _write(path)
            typer.echo(f"{path} is written; bring it to Mijn DUO, a delivery comes within five working days")

        guarded(work)


def _write(path: Path) -> None:
    try:
        with path.open("xb") as file:
            file.write(CONTENT)
    except FileExistsError:
        raise Refused("The request is not written.", f"{path.name} is there already.", "Take it away first.") from None
    except OSError:
        raise Misconfigured("The request cannot be written.", "Its folder cannot be written to.", "Choose another.") from None
