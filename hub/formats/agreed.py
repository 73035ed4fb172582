"""Which columns or paths a sender's files have, as agreed on, and what of it a file has otherwise. Pure.

A file whose columns changed would be misread without anybody noticing: a renamed column reads as an empty one. So the layout of
the first file that a mapping takes is agreed on, and a file with another stops its instance before a row of it is read.

The names of a header are the partner's to choose, and a file without one begins with somebody's data. So what nobody agreed on
is known by a keyed digest, and told by its name only where it surely is one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from hub.connector import Inspector, Reads, SourceBarred, Trouble
from hub.formats.header import Numbered, telling
from hub.ports import KeyedDigest, RecordMapping

REASON: Final = "VORM_GEWIJZIGD"
_MOST: Final = 1_000
"""Names of a file that are told apart; no sender's table is as wide."""


class ColumnMapping(RecordMapping, Protocol):
    """A mapping of columns or paths, which a file is held to; `hub.normalise.mapping` has it."""

    @property
    def columns(self) -> frozenset[str]: ...
    @property
    def required(self) -> frozenset[str]: ...
    @property
    def ignored(self) -> frozenset[str]: ...
    @property
    def tree(self) -> bool: ...
    @property
    def reads(self) -> Reads | None: ...


@dataclass(frozen=True, slots=True)
class FileColumns:
    """The names of a file in their order, each by its digest; `names` has `""` for one that is not told."""

    mapping: str
    digests: tuple[bytes, ...]
    names: tuple[str, ...]
    readable: bool = True
    """Whether the mapping finds what it must have."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What a file has otherwise than agreed: `renamed` are old and new, `untold` counts names that cannot be told."""

    added: tuple[str, ...]
    missing: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    untold: int
    readable: bool


class Drifted(SourceBarred):
    """The instance stops: its files are not written as agreed."""

    def __init__(self) -> None:
        super().__init__(
            Trouble.drift,
            "The columns of the sender's files have changed; nothing of the new file was read.",
            "A column is new, missing or has another name.",
            "See 'hub connector drift', then mend the mapping or accept the layout; the same file is read then.",
        )


def columns_of(
    inspector: Inspector, mapping: ColumnMapping, keyed: KeyedDigest, *, readable: bool, was: FileColumns | None = None
) -> FileColumns | None:
    """The layout of a file that was looked at to its end; None where its format has no names to tell.

    In a tree a path is there or not from record to record: those that were seen before stay, and those that are read count as
    agreed from the start. The number in a name of a table, such as `DATUM1`, is no part of it.
    """
    seen: Sequence[str] = getattr(inspector, "header", ())[:_MOST]
    if not seen:
        return None
    numbered = Numbered(mapping.columns)
    seen = list(dict.fromkeys(numbered.name(name) for name in seen if name and not _dropped(name, mapping)))
    unknown = [name for name in seen if name not in mapping.columns]
    known = sum(name in mapping.columns for name in seen)
    sure = 2 * known >= len(mapping.required) and all(map(telling, unknown))
    found: dict[bytes, str] = {}
    if mapping.tree:
        found |= _digested(sorted(mapping.columns), keyed, lambda _: True)
        if was is not None:
            found |= dict(zip(was.digests, was.names, strict=True))
    found |= _digested(seen, keyed, lambda name: name in mapping.columns or (sure and telling(name)))
    return FileColumns(mapping.version, tuple(found), tuple(found.values()), readable)


def drift_of(agreed: FileColumns, seen: FileColumns) -> Drift | None:
    """What changed; None where nothing did. The order of columns tells what was renamed, and is no change itself."""
    before, after = set(agreed.digests), set(seen.digests)
    if before == after:
        return None
    gone = [place for place, digest in enumerate(agreed.digests) if digest not in after]
    new = [place for place, digest in enumerate(seen.digests) if digest not in before]
    told_gone, told_new = [agreed.names[place] for place in gone], [seen.names[place] for place in new]
    renamed: list[tuple[str, str]] = []
    for place in gone:
        if place in new and agreed.names[place] and seen.names[place]:
            renamed.append((agreed.names[place], seen.names[place]))
            told_gone.remove(agreed.names[place])
            told_new.remove(seen.names[place])
    return Drift(
        tuple(name for name in told_new if name),
        tuple(name for name in told_gone if name),
        tuple(renamed),
        told_new.count("") + told_gone.count(""),
        seen.readable,
    )


def _dropped(name: str, mapping: ColumnMapping) -> bool:
    """Whether the mapping says that it drops this; with a path, all that lies below it."""
    if not mapping.tree:
        return name in mapping.ignored
    return any(name == path or name.startswith(f"{path}.") for path in mapping.ignored)


def _digested(names: Collection[str], keyed: KeyedDigest, tells: Callable[[str], bool]) -> dict[bytes, str]:
    return {keyed("drop-column", name.encode("utf-8", "surrogatepass")): name if tells(name) else "" for name in names}
