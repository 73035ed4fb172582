"""Trying an instance before it counts: the connection, one real file, and new credentials before the old ones go."""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Protocol

from hub.audit.entry import EntryKind
from hub.clock import legal_date
from hub.connector import Endpoint, FileSource, RemoteFile, Setup, Transport, Trouble
from hub.domain.terms import PartyId, RecordKind
from hub.errors import Conflict, Malformed, Refused
from hub.formats.agreed import Drift, FileColumns, columns_of, drift_of
from hub.mend.outlook import Forecast
from hub.mend.preview import LARGEST_SAMPLE, Changes, Preview, Tallied
from hub.normalise.mapping import DeclarativeMapping, load_mapping
from hub.ports import KeyedDigest
from hub.registry import Connector
from hub.rules import Rules
from hub.setups import rules, secret, store
from hub.setups.actor import Actor
from hub.setups.address import BROUGHT
from hub.setups.book import TRIES, Book, Instance, effective
from hub.setups.checks import options_of
from hub.setups.ledger import check_layout, digest_of, layout_text
from hub.setups.standing import Act, Move
from hub.transports.diagnosis import Step, diagnose

SAMPLE: Final = 500
"""Rows that a dry run reads."""
LARGEST: Final = 256 << 20
"""Bytes of a file that a dry run looks at: all of it, twice, and nothing of it is kept."""
_PIECE: Final = 64 * 1024
_UNFINISHED: Final = (".part", ".tmp", ".filepart")
_SAME: Final = Changes((), (), ())
_Pieces = Callable[[], AsyncGenerator[bytes, None]]
"""Gives a file from its beginning, as often as it is asked."""


class Diagnose(Protocol):
    """Tells the steps of a connection apart; `hub.transports.diagnosis.diagnose` does."""

    def __call__(self, transport: Transport, endpoint: Endpoint, *, pushes: bool) -> Awaitable[tuple[Step, ...]]: ...


@dataclass(frozen=True, slots=True)
class Trial:
    """A connection that was tried: `trouble` is `Trouble.none` where it works, `steps` say how far it got."""

    version: int
    trouble: Trouble
    steps: tuple[Step, ...]

    @property
    def works(self) -> bool:
        """Whether the partner's machine serves the hub."""
        return self.trouble is Trouble.none


@dataclass(frozen=True, slots=True)
class DryRun:
    """One real file, read and let go: nothing was admitted, moved or kept, and no value is in this.

    `files` lie ready; a sample that was given is one. Of the one that was read, `seen` says what comes of its rows, `whole`
    whether these were all; `header` names its columns in their order (`""` for a name that is not surely one), of which
    `ignored` are not read. `drift` is what they differ in from the layout that files are held to; `agrees` whether an
    activation now agrees on this one.
    """

    version: int
    files: int
    seen: Preview
    header: tuple[str, ...]
    ignored: int
    whole: bool
    drift: Drift | None = None
    agrees: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a file: `columns` where its format has names to tell."""

    preview: Preview
    columns: FileColumns | None
    ignored: int
    whole: bool


async def installed(_instance: str, connector: Connector) -> DeclarativeMapping:
    """The mapping that a connector comes with."""
    return load_mapping(connector.mapping)


class Trials(Book):
    """Tries. `diagnose` tells the steps of a connection apart, `mapping_of` gives the mapping that an instance reads with.

    `rules` say where what is read would go; `keyed` tells names apart as polls do, without which no layout is kept.
    """

    rules: Rules | None = None
    keyed: KeyedDigest | None = None
    diagnose: Diagnose = staticmethod(diagnose)
    mapping_of: Callable[[str, Connector], Awaitable[DeclarativeMapping]] = staticmethod(installed)

    async def test(self, instance: str, version: int, by: Actor) -> Trial:
        """Goes there with that version: the active one as it runs, another with the credentials that wait for activation.

        How it went is in the log. Raises errors.Refused for what is brought to the hub, Malformed where something is missing,
        FourEyes where a credential of somebody else would go where no second person let it go.
        """
        one = await self._open(instance)
        held = self._credentials_for(one, version)
        await self._check_goes(one, version, held, by)
        return await self._try(one, version, held, by)

    def _credentials_for(self, one: Instance, version: int) -> Mapping[str, int]:
        runs = version == one.standing.active and version != one.standing.newest
        return one.standing.held if runs else one.standing.next_held

    async def _check_goes(self, one: Instance, version: int, held: Mapping[str, int], by: Actor) -> None:
        """What others gave goes nowhere but where they gave it for, or where two people let it go: or else who drafts another
        address, and tries it, is shown there what the hub shows nobody."""
        standing = one.standing
        if version == standing.newest and rules.is_second(standing, by.word, await self.hands()):
            return
        setup = await self._setup(one, version)
        declared, given = self._connector(setup).credentials(setup.protocol), {move.seq: move for move in one.moves}
        runs, used = effective(declared, standing.held), effective(declared, held)
        anchors = [each.name for each in declared if secret.is_anchor(each, declared)]
        same = all(runs.get(name) == used.get(name) for name in anchors)
        for seq in used.values():
            if given[seq].who == by.word:
                continue
            known = {where(await self._setup(one, standing.active))} if standing.active is not None else set()
            if seq in runs.values():
                rules.check_known(same and where(setup) in known)
            else:
                rules.check_known(where(setup) in {*known, where(await self._setup(one, given[seq].version))})

    async def _try(self, one: Instance, version: int, held: Mapping[str, int], by: Actor) -> Trial:
        setup, endpoint = await self._reach(one, version, held)
        connector = self._connector(setup)
        steps = await self.diagnose(
            connector.transport(setup.protocol), endpoint, pushes=connector.manifest.direction == "outbound"
        )
        trouble = next((step.trouble for step in steps if step.trouble is not Trouble.none), Trouble.none)
        await self._insist(one.id, Act.test, version, by, trouble.value)
        return Trial(version, trouble, steps)

    async def _reach(self, one: Instance, version: int, held: Mapping[str, int]) -> tuple[Setup, Endpoint]:
        setup = await self._setup(one, version)
        if setup.protocol in BROUGHT:
            raise Refused(
                "There is nobody to call for this connector.",
                "What it takes is brought to the hub.",
                "Have the sender bring a first file, and look whether it came in.",
            )
        secrets = await self._secrets(one, setup, held)
        secret.check_whole(self._connector(setup).credentials(setup.protocol), secrets)
        return setup, self._endpoint(setup, secrets)

    async def rotate(self, instance: str, by: Actor) -> tuple[Trial, Move | None]:
        """Tries the active version with the credentials that wait. Where that works they take the place of the old ones, which
        are destroyed; where it does not, nothing changes and no move is given. Both are in the log.

        What says whom the hub trusts goes with a version, through two people's hands: errors.Refused. Raises errors.Refused
        also where nothing waits or nothing runs.
        """
        one = await self._open(instance)
        standing = one.standing
        if standing.active is None or not standing.staged:
            raise Refused(
                "There is nothing to rotate.",
                "It was never activated, or no new credential waits.",
                "Give the new credential first; the old one goes on until the new one works.",
            )
        setup = await self._setup(one, standing.active)
        declared = self._connector(setup).credentials(setup.protocol)
        if any(secret.is_anchor(each, declared) for each in declared if each.name in standing.staged):
            raise Refused(
                "This cannot be rotated by one person.",
                "A credential that waits says whom the hub trusts, and not who the hub is.",
                "Propose it; a second person activates it.",
            )
        trial = await self._try(one, standing.active, standing.next_held, by)
        if not trial.works:
            return trial, None
        again = await self._open(instance)
        if (again.standing.staged, again.standing.active) != (standing.staged, standing.active):
            raise rules.someone_was_first()
        claims = await self._emptied(again, effective(declared, again.standing.next_held))
        return trial, await self._write(again.standing, Act.rotate, standing.active, by, claims=claims)

    async def dry_run(self, instance: str, version: int, by: Actor) -> DryRun:
        """Reads up to `SAMPLE` rows of one real file, once that is logged; admits none, moves and keeps nothing.

        Raises errors.Refused where nothing is fetched or nothing lies ready, `SourceAway` and `SourceBarred` as fetching does.
        """
        one = await self._open(instance)
        connector = self._connector(await self._setup(one, version))
        if connector.manifest.direction != "inbound":
            raise Refused(
                "Nothing is fetched by this connector.",
                f"It is {connector.manifest.direction}.",
                "Test its connection; what it sends is decided per record.",
            )
        held = self._credentials_for(one, version)
        await self._check_goes(one, version, held, by)
        setup, endpoint = await self._reach(one, version, held)
        mapping = await self.mapping_of(instance, connector)
        await self._write(one.standing, Act.dry_run, version, by, word=mapping.version, kind=EntryKind.access)
        source = await connector.connect(setup.protocol)(endpoint)
        try:
            files = [file for file in await source.list() if wanted(file.name, setup, connector)]
            if not files:
                raise Refused(
                    "There is nothing to read.",
                    "No file lies ready that this connector would take.",
                    "Ask the sender to put one there, or look at the pattern.",
                )
            if files[0].size > LARGEST:
                raise _too_large()
            seen = await self._look(one, connector, mapping, lambda: _pieces(source, files[0]))
        finally:
            await source.close()
        return await self._told(one, version, by, len(files), seen)

    async def sample(self, instance: str, version: int, data: bytes, by: Actor) -> DryRun:
        """The same of a file that somebody gives, of `LARGEST_SAMPLE` bytes at most: for what is brought to the hub, and where
        the partner's machine is not there yet. That it was done is in the log; of the file nothing is kept but its layout.

        Raises errors.Refused where nothing is taken in, or the file is too large.
        """
        one = await self._open(instance)
        connector = self._connector(await self._setup(one, version))
        if connector.manifest.direction != "inbound":
            raise Refused(
                "Nothing is taken in by this connector.",
                f"It is {connector.manifest.direction}.",
                "There is no file to try.",
            )
        if len(data) > LARGEST_SAMPLE:
            most = LARGEST_SAMPLE >> 20
            raise Refused("The sample is too large.", f"It is more than {most} MiB.", "Give the first part of the file.")
        mapping = await self.mapping_of(instance, connector)
        await self._write(one.standing, Act.sample, version, by, word=mapping.version, kind=EntryKind.access)
        seen = await self._look(one, connector, mapping, lambda: _cut(data))
        return await self._told(one, version, by, 1, seen)

    async def _look(self, one: Instance, connector: Connector, mapping: DeclarativeMapping, pieces: _Pieces) -> _Seen:
        """Reads it twice: what it is, and what comes of its rows."""
        form, party = connector.format(mapping.reads), one.standing.party
        tallied = Tallied(mapping, self._forecast(party, mapping.record_kind))
        inspector = form.inspect(mapping.columns, mapping.required)
        was = await store.agreed(self._engine, self._log_id, one.id)
        keyed = self.keyed or _keyed(self._entropy(32))
        try:
            async with aclosing(pieces()) as reading:
                async for piece in reading:
                    inspector.feed(piece)
                    await asyncio.sleep(0)
            layout = await asyncio.to_thread(inspector.finish)
        except Malformed as wrong:
            columns = columns_of(inspector, mapping, keyed, readable=False, was=was)
            return _Seen(tallied.refused(wrong, _SAME), columns, 0, True)
        columns = columns_of(inspector, mapping, keyed, readable=True, was=was)
        reader = form.read(layout, mapping.columns)
        async with aclosing(pieces()) as reading:
            async for piece in reading:
                tallied.read(reader.feed(piece)[: SAMPLE - tallied.sampled])
                if tallied.sampled >= SAMPLE:
                    return _Seen(tallied.told(0, _SAME, rows=True), columns, layout.ignored, False)
                await asyncio.sleep(0)
        tallied.read((await asyncio.to_thread(reader.finish))[: SAMPLE - tallied.sampled])
        return _Seen(tallied.told(0, _SAME, rows=True), columns, layout.ignored, True)

    def _forecast(self, party: PartyId, kind: RecordKind) -> Forecast | None:
        return None if self.rules is None else Forecast(self.rules, party, kind, legal_date(self._clock.now_us()))

    async def _told(self, one: Instance, version: int, by: Actor, files: int, seen: _Seen) -> DryRun:
        """What was seen; the layout of a file that can be read is kept, for an activation to agree on."""
        names = () if seen.columns is None else seen.columns.names
        was = await store.agreed(self._engine, self._log_id, one.id)
        drift = None if was is None or seen.columns is None else drift_of(was, seen.columns)
        agrees = self.keyed is not None and seen.columns is not None and seen.columns.readable
        if agrees and seen.columns is not None and (was is None or drift is not None or was.mapping != seen.columns.mapping):
            agrees = await self._found(one.id, version, by, seen.columns)
        return DryRun(version, files, seen.preview, names, seen.ignored, seen.whole, drift, agrees)

    async def _found(self, instance: str, version: int, by: Actor, columns: FileColumns) -> bool:
        """Keeps the layout beside the newest version, whatever others do meanwhile; False where that is another by now."""
        text = layout_text(columns)
        digest = digest_of(text)
        for _ in range(TRIES):
            one = await self._open(instance)
            standing = one.standing
            if standing.newest != version:
                return False
            if standing.found is not None and standing.found.digest == digest:
                return True
            row = store.layout_row(self._log_id, standing.party, instance, standing.seq + 1, text)
            with suppress(Conflict):
                await self._write(standing, Act.layout, version, by, word=columns.mapping, digest=digest, rows=(row,))
                return True
        raise rules.someone_was_first()

    async def layout(self, one: Instance) -> FileColumns | None:
        """The layout that an activation agrees on; None where no file was tried. Raises errors.Tampered."""
        found = one.standing.found
        if found is None:
            return None
        return check_layout(await store.layout(self._engine, self._log_id, one.id, found.seq), one.id, found.digest)

    async def _open(self, instance: str) -> Instance:
        one = await self.read(instance)
        rules.check_open(one.standing)
        return one


def wanted(name: str, setup: Setup, connector: Connector) -> bool:
    """Whether this is a file that the instance takes, as its polls would."""
    pattern = options_of(setup, connector).get("pattern", "*")
    hidden = name.startswith(".") or name.lower().endswith(_UNFINISHED)
    return not hidden and fnmatch.fnmatchcase(name.lower(), pattern.lower())


def where(setup: Setup) -> frozenset[tuple[str, str]]:
    """Where the hub goes with its credentials: the address, and every option that is one."""
    urls = {(name, said) for name, said in setup.options.items() if said.lower().startswith(("http:", "https:"))}
    return frozenset({("protocol", setup.protocol), ("address", setup.address), *urls})


def _keyed(key: bytes) -> KeyedDigest:
    """Tells names apart during one run, and means nothing after it."""
    return lambda label, data: blake2b(data, digest_size=32, key=key, person=label.encode()[:16]).digest()


def _too_large() -> Refused:
    return Refused("The file is too large to try.", "It is more than 256 MiB.", "Ask the sender for a smaller one.")


async def _pieces(source: FileSource, file: RemoteFile) -> AsyncGenerator[bytes, None]:
    read = 0
    async with aclosing(source.read(file.name)) as reading:
        async for block in reading:
            read += len(block)
            if read > LARGEST:
                raise _too_large()
            for start in range(0, len(block), _PIECE):
                yield block[start : start + _PIECE]


async def _cut(data: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]
