"""`Setups`: what an administrator does with connector instances in the database, each in the log with its row or not at all.

A setup is drafted, given its credentials, tested, proposed, and activated by a second person. Whoever cannot wait for one
breaks the glass, which is logged as such and confirmed afterwards. Stopping is always one person's to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from hub.clock import legal_date
from hub.connector import Setup
from hub.domain.ids import new_ids
from hub.domain.terms import PartyId
from hub.errors import Conflict, Fault, Malformed, Refused
from hub.formats.agreed import FileColumns
from hub.registry import Connector
from hub.setups import rules, secret, store
from hub.setups.active import Actives
from hub.setups.actor import Actor
from hub.setups.book import Instance, effective, party_of
from hub.setups.checks import UNNAMED, refused
from hub.setups.hands import Hands
from hub.setups.ledger import canonical, digest_of
from hub.setups.standing import MAKES, Act, GlassReason, Move, Standing, standing_of
from hub.setups.store import Held
from hub.setups.trying import Trials


@dataclass(frozen=True, slots=True)
class Shown:
    """A credential as anyone may see it: never what it holds. `waits` until it is activated or rotated in."""

    name: str
    title: str
    kind: str
    fingerprint: str
    since_us: int
    by: str
    until_us: int | None
    waits: bool


@dataclass(frozen=True, slots=True)
class View:
    """An instance: how it stands, its newest setup, the active one where that is another, its credentials.

    `layout` is what an activation agrees on, of a file that was tried; `reach` who is at the other end by the agreements in
    use: whom its records may go to, or from whom they may come to a recipient. None where the rules are not at hand.
    """

    standing: Standing
    newest: Setup
    active: Setup | None
    credentials: tuple[Shown, ...]
    layout: FileColumns | None = None
    reach: tuple[PartyId, ...] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that two versions say otherwise; of credentials both sides are empty."""

    field: str
    before: str
    after: str


class Setups(Trials, Actives, Hands):
    """The connector instances of the database. Every act gives the move that it was."""

    async def create(self, setup: Setup, by: Actor) -> Move:
        """A first version, as a draft. Raises errors.Malformed with every fault, Refused where the name is taken."""
        self._checks.check(setup)
        if (await store.moves(self._engine, self._log_id, setup.id)).get(setup.id):
            raise _taken()
        try:
            return await self._version(Standing(setup.id, party_of(setup)), Act.create, setup, by)
        except Conflict:
            raise _taken() from None

    async def change(self, instance: str, setup: Setup, by: Actor, after: int | None = None) -> Move:
        """A next version, as a draft; what runs goes on as it is. `after` is the version that it was made from.

        Raises errors.Malformed, Refused where nothing changes, Conflict where someone else changed it meanwhile.
        """
        one = await self._open(instance)
        if after is not None:
            rules.check_newest(one.standing, after)
        before = await self._setup(one, one.standing.newest)
        same = ("id", "connector", "party")
        if faults := [Fault(name, "WAARDE_ONGELDIG") for name in same if getattr(setup, name) != getattr(before, name)]:
            raise refused("Its name, connector and party stay what they are; set up another one for these.", *faults)
        self._checks.check(setup)
        if setup == before:
            raise Refused("Nothing changes.", "The newest version says the same.", "There is nothing to do.")
        return await self._version(one.standing, Act.change, setup, by)

    async def rollback(self, instance: str, to_version: int, by: Actor) -> Move:
        """A next version that says what an earlier one said; it goes through activation as any other."""
        one = await self._open(instance)
        setup = await self._setup(one, to_version)
        if setup == await self._setup(one, one.standing.newest):
            raise Refused("Nothing changes.", "The newest version says the same.", "There is nothing to do.")
        self._checks.check(setup)
        return await self._version(one.standing, Act.rollback, setup, by, word=f"v{to_version}")

    async def _version(self, one: Standing, act: Act, setup: Setup, by: Actor, word: str = "") -> Move:
        text, version = canonical(setup), one.newest + 1
        row = store.version_row(self._log_id, one.party, one.instance, version, setup.connector, text)
        return await self._write(one, act, version, by, word=word, digest=digest_of(text), rows=(row,))

    async def credential(self, instance: str, name: str, value: bytes, by: Actor, passphrase: bytes = b"") -> Move:
        """Seals what lets the hub in, to count from the next activation or rotation on. It is never given back.

        A key that is locked is opened with `passphrase`, or the credential of that name; the phrase given with it is not kept.
        Raises errors.Malformed where the connector knows no such credential, or it is not of its kind.
        """
        one = await self._open(instance)
        setup = await self._setup(one, one.standing.newest)
        declared = {each.name: each for each in self._connector(setup).credentials(setup.protocol)}
        if name not in declared:
            raise refused("The connector knows no such credential.", Fault(f"credentials.{UNNAMED}", "VELD_ONBEKEND"))
        now = int(self._clock.now_us())
        if not passphrase and secret.OPENS in declared and secret.is_locked(value):
            passphrase = (await self._secrets(one, setup, one.standing.next_held)).get(secret.OPENS, b"")
        value = await asyncio.to_thread(secret.opened, declared[name], value, passphrase)
        known = secret.read(declared[name], value, now)
        (credential_id,) = new_ids(1, self._clock.now_us(), self._entropy(8))
        sealed = self._seals.seal_row(value, credential_id.bytes)
        kind, seq = declared[name].kind, one.standing.seq + 1
        held = Held(credential_id, instance, seq, name, kind, sealed, known.fingerprint, known.until_us)
        return await self._write(
            one.standing,
            Act.credential,
            one.standing.newest,
            by,
            word=name,
            digest=digest_of(sealed),
            rows=(store.credential_row(self._log_id, one.standing.party, held, self._seals.key_version),),
            claims=await self._superseded(one, name),
        )

    async def remove_credential(self, instance: str, name: str, by: Actor) -> Move:
        """Takes a credential away, from the next activation or rotation on."""
        one = await self._open(instance)
        setup = await self._setup(one, one.standing.newest)
        if name not in effective(self._connector(setup).credentials(setup.protocol), one.standing.next_held):
            raise Refused("There is no credential of this name.", "It was not given, or taken away.", "See 'credentials'.")
        claims = await self._superseded(one, name)
        return await self._write(one.standing, Act.remove, one.standing.newest, by, word=name, claims=claims)

    async def _superseded(self, one: Instance, name: str) -> list[Any]:
        """A credential that never counted and never will is emptied."""
        staged = one.standing.staged.get(name, 0)
        return [] if staged <= 0 else [store.empty(self._log_id, one.id, [staged])]

    async def propose(self, instance: str, by: Actor) -> Move:
        """Asks a second person to activate it. Raises errors.Malformed where something is missing."""
        one = await self._open(instance)
        rules.check_propose(one.standing)
        await self._check_whole(one)
        return await self._write(one.standing, Act.propose, one.standing.newest, by)

    async def activate(
        self, instance: str, version: int, by: Actor, break_glass: GlassReason | None = None, *, seen: int | None = None
    ) -> Move:
        """Puts the newest version and its credentials to work; it was proposed, and `by` is a second person. Files are held
        from then on to the layout of the one that was tried, where that was with the mapping in use.

        With `break_glass` one person does it alone, for a reason; a second one confirms it within three days. `seen` is the
        move that last touched it when they looked. Raises errors.Refused, Conflict where the version is not the newest or was
        touched since, Malformed where something is missing.
        """
        one = await self._open(instance)
        rules.check_newest(one.standing, version)
        if seen is not None and seen != one.standing.touched:
            raise rules.someone_was_first()
        if break_glass is None:
            rules.check_activate(one.standing, by.word, await self.hands())
        else:
            rules.check_break_glass(one.standing)
        setup = await self._check_whole(one)
        keep = effective(self._connector(setup).credentials(setup.protocol), one.standing.next_held)
        act = Act.activate if break_glass is None else Act.break_glass
        word = "" if break_glass is None else break_glass.value
        digest = digest_of(canonical(setup))
        claims, more = await self._emptied(one, keep), dict[str, str | int]()
        columns = await self.layout(one)
        if columns is not None and await self._fits(one, setup, columns):
            assert one.standing.found is not None, "it has a layout"
            claims.append(store.agree(self._log_id, one.id, one.standing.found.seq, int(self._clock.now_us())))
            more["layout"] = one.standing.found.digest.hex()
        return await self._write(one.standing, act, version, by, word=word, digest=digest, claims=claims, more=more)

    async def _fits(self, one: Instance, setup: Setup, columns: FileColumns) -> bool:
        """Whether files would be held to this layout: it was met by the mapping that they are read with."""
        mapping = await self.mapping_of(one.id, self._connector(setup))
        return mapping.version == columns.mapping

    async def _check_whole(self, one: Instance) -> Setup:
        setup = await self._setup(one, one.standing.newest)
        connector = self._checks.check(setup)
        if connector.manifest.direction != "outbound":
            self._checks.check_mapping(one.id, await self.mapping_of(one.id, connector))
        else:
            await self._check_apart(one, connector)
        secret.check_whole(connector.credentials(setup.protocol), await self._secrets(one, setup, one.standing.next_held))
        return setup

    async def _check_apart(self, one: Instance, connector: Connector) -> None:
        """Raises errors.Refused where it would not be clear which of two systems of one recipient a record goes to."""
        for other in await self._sound():
            if other.id == one.id or other.standing.ended or other.standing.active is None:
                continue
            known = self._connector(await self._setup(other, other.standing.active)).manifest
            mine, theirs = connector.manifest.kinds, known.kinds
            if other.standing.party != one.standing.party or known.direction != "outbound" or not mine & theirs:
                continue
            if not (mine < theirs or theirs < mine):
                raise Refused(
                    "This connector cannot send beside another.",
                    f"Instance {other.id} sends this recipient the same kinds of records: {', '.join(sorted(mine & theirs))}.",
                    "End that one, or change it into this.",
                )

    async def confirm(self, instance: str, by: Actor) -> Move:
        """A second person has looked at what was activated alone, also where it ended since, and stands by it."""
        one = await self.read(instance)
        rules.check_confirm(one.standing, by.word, await self.hands())
        assert one.standing.glass is not None, "there is something to confirm"
        return await self._write(one.standing, Act.confirm, one.standing.glass.version, by)

    async def pause(self, instance: str, by: Actor) -> Move:
        """It fetches and sends nothing more, until it is resumed."""
        return await self._turn(instance, Act.pause, by)

    async def resume(self, instance: str, by: Actor) -> Move:
        """The version that was paused goes on."""
        return await self._turn(instance, Act.resume, by)

    async def _turn(self, instance: str, act: Act, by: Actor) -> Move:
        one = await self.read(instance)
        (rules.check_pause if act is Act.pause else rules.check_resume)(one.standing)
        assert one.standing.active is not None, "what runs or is paused was activated"
        return await self._write(one.standing, act, one.standing.active, by)

    async def end(self, instance: str, by: Actor) -> Move:
        """It never runs again, and its credentials are destroyed. What it took in and gave stays as it is."""
        one = await self._open(instance)
        claims = await self._emptied(one, {})
        return await self._write(one.standing, Act.end, one.standing.newest, by, claims=claims)

    async def history(self, instance: str) -> Sequence[Move]:
        """Everything that happened to it, in order."""
        return (await self.read(instance)).moves

    async def all(self) -> list[Standing]:
        """How every instance stands, by name; those that ended too. Raises errors.Tampered."""
        found = await store.moves(self._engine, self._log_id)
        return [(await self._proven(moves)).standing for moves in found.values()]

    async def show(self, instance: str) -> View:
        """One instance."""
        one = await self.read(instance)
        standing = one.standing
        newest = await self._setup(one, standing.newest)
        apart = standing.active is not None and standing.active != standing.newest
        active = await self._setup(one, standing.active) if apart and standing.active is not None else None
        return View(standing, newest, active, await self._shown(one, newest), await self.layout(one), self.reach(newest))

    def reach(self, setup: Setup) -> tuple[PartyId, ...] | None:
        """Who is at the other end by the agreements in use today: with nobody, nothing of this connector goes anywhere."""
        if self.rules is None:
            return None
        manifest, party = self._connector(setup).manifest, PartyId(setup.party)
        look = self.rules.lets_have if manifest.direction == "outbound" else self.rules.lets_go
        day = legal_date(self._clock.now_us())
        found = {one for form in manifest.records for one in look(form.kind, party, day)}
        return tuple(sorted(one for one in found if setup.college in (None, str(one))))

    async def credentials(self, instance: str) -> tuple[Shown, ...]:
        """Its credentials: name, kind, fingerprint, end, since when and by whom; never what they hold."""
        return (await self.show(instance)).credentials

    async def _shown(self, one: Instance, setup: Setup) -> tuple[Shown, ...]:
        declared = self._connector(setup).credentials(setup.protocol)
        kept = await store.credentials(self._engine, self._log_id, one.id)
        titles, given = {each.name: each.title for each in declared}, {move.seq: move for move in one.moves}
        staged = {name: seq for name, seq in one.standing.staged.items() if seq > 0}
        shown: list[Shown] = []
        for waits, held in ((False, effective(declared, one.standing.held)), (True, staged)):
            for name, seq in sorted(held.items()):
                row, move = kept[one.id, seq], given[seq]
                title = titles.get(name, name)
                shown.append(Shown(name, title, row.kind, row.fingerprint, move.us, move.who, row.until_us, waits))
        return tuple(shown)

    async def diff(self, instance: str, a: int, b: int) -> tuple[Difference, ...]:
        """What version `b` says otherwise than `a`, field by field; of credentials only that they changed."""
        one = await self.read(instance)
        before, after = _flat(await self._setup(one, a)), _flat(await self._setup(one, b))
        fields = [
            Difference(name, before.get(name, ""), after.get(name, ""))
            for name in sorted(before.keys() | after.keys())
            if before.get(name, "") != after.get(name, "")
        ]
        setup = await self._setup(one, b)
        declared = self._connector(setup).credentials(setup.protocol)
        old, new = (effective(declared, _held_at(one.moves, version)) for version in (a, b))
        changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        return (*fields, *(Difference(f"credentials.{name}", "", "") for name in changed))


def read_setup(given: Mapping[str, Any]) -> Setup:
    """What somebody typed, as a setup. Raises errors.Malformed with every fault; a name that is not ours is not repeated."""
    faults: tuple[Fault, ...] = ()
    try:
        return Setup.model_validate(given)
    except ValidationError as wrong:
        faults = tuple(_fault(error) for error in wrong.errors(include_input=False, include_url=False, include_context=False))
    raise refused("A field is missing, unknown or not of its form.", *dict.fromkeys(faults))


_CODES = {"missing": "VERPLICHT_VELD_LEEG", "extra_forbidden": "VELD_ONBEKEND", "string_too_long": "TE_LANG"}


def _fault(error: Any) -> Fault:
    name = str(error["loc"][0]) if error["loc"] else UNNAMED
    where = name if name in Setup.model_fields else UNNAMED
    return Fault(where, _CODES.get(error["type"], "WAARDE_ONGELDIG"))


def _flat(setup: Setup) -> dict[str, str]:
    said = setup.model_dump(mode="json")
    options = {f"options.{name}": text for name, text in said.pop("options").items()}
    return {name: str(value) for name, value in said.items() if value not in (None, "")} | options


def _held_at(moves: Sequence[Move], version: int) -> Mapping[str, int]:
    """The credentials that a version had when the next one was begun."""
    ends = next((move.seq for move in moves if move.act in MAKES and move.version == version + 1), len(moves) + 1)
    return standing_of(moves[: ends - 1]).next_held


def _taken() -> Malformed:
    return refused("Another connector has this name.", Fault("id", "NAAM_BEZET"))
