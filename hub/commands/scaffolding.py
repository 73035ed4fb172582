"""`hub connector new`: the files of a connector, whole from the first moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from hub.commands.setups import say_catalogue
from hub.connector.manifest import Family, FormatName, Protocol
from hub.errors import Misconfigured
from hub.setups.scaffold import FORMATS, Wish, files_of, test_line

_ROOT = Path(__file__).resolve().parents[2]


def scaffolding_commands(connector: typer.Typer, guarded: Callable[[Callable[[], Any]], None]) -> None:
    """Adds `catalogue` and `new` to `hub connector`."""

    @connector.command("catalogue")
    def catalogue(
        name: Annotated[str | None, typer.Argument(help="One connector, with all about it; without it a line of each.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    ) -> None:
        """Lists what can be connected; of one, what it must be told and given."""
        guarded(lambda: say_catalogue(name, as_json))

    @connector.command("new")
    def new(
        name: Annotated[str, typer.Argument(metavar="ID", help="Its id and folder: duo_uitval.")],
        family: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Family))}.")],
        record: Annotated[str, typer.Option(help="The kind of record that it brings.")],
        form: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "csv",
        protocol: Annotated[str, typer.Option(help="How it travels: sftp, rest, webhook, mail, upload.")] = "sftp",
        party_kind: Annotated[list[str] | None, typer.Option(help="Who gives it: a kind of party; repeat for more.")] = None,
        into: Annotated[Path, typer.Option(help="The repository; without it the one that this runs from.")] = _ROOT,
    ) -> None:
        """Lays down a connector that passes its tests at once; then say in its mapping how the partner writes."""

        def work() -> None:
            for given, known, what in ((family, Family, "family"), (protocol, Protocol, "protocol")):
                if given not in get_args(known):
                    raise Misconfigured(f"There is no such {what}.", f"Known: {', '.join(get_args(known))}.", "Name one.")
            wish = Wish(name, _family(family), record, _format(form), _protocol(protocol), tuple(party_kind or ()))
            for path in lay_down(into, files_of(wish)):
                typer.echo(f"made {path}")
            typer.echo(f"add to tests/contract/test_connectors.py:\n{test_line(wish)}")

        guarded(work)


def lay_down(root: Path, files: dict[str, bytes]) -> list[Path]:
    """Writes them where nothing stands yet; gives what it wrote. Raises errors.Misconfigured where something does."""
    paths = [root / name for name in files]
    if any(path.parent.exists() for path in paths):
        raise Misconfigured("The connector was not made.", "Its folder is there already.", "Choose another id.")
    try:
        for path, content in zip(paths, files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError:
        raise Misconfigured("The connector was not made.", "The folder cannot be written.", "Check --into.") from None
    return paths


def _family(text: str) -> Family:
    found: Family = next(one for one in get_args(Family) if one == text)
    return found


def _protocol(text: str) -> Protocol:
    found: Protocol = next(one for one in get_args(Protocol) if one == text)
    return found


def _format(text: str) -> FormatName:
    found: FormatName | None = next((one for one in FORMATS if one == text), None)
    if found is None:
        raise Misconfigured("There is no such format.", f"Known: {', '.join(FORMATS)}.", "Name one.")
    return found
