"""What waits around connectors: a second person for setups, mappings and moves; mending for layouts, rows and deliveries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from hub.audit.entry import parse
from hub.audit.log import Log
from hub.clock import legal_date
from hub.domain.glass import Broken
from hub.domain.staff import Role, Staff
from hub.domain.terms import Micros
from hub.errors import Refused, Tampered
from hub.health import store as health
from hub.mend import store as mend
from hub.mend.alone import ledger_of as texts_of
from hub.mend.alone import unconfirmed
from hub.setups import store as kept
from hub.setups.rules import check_confirm, is_second
from hub.setups.service import Setups
from hub.setups.standing import Act, Standing
from hub.territory import store as territory
from hub.territory.model import Move, State
from hub.territory.service import ledger_of, proven
from hub.waiting.model import Item, What

_ADMINISTRATORS: Final = frozenset({Role.administrator})
_LOOKED_AT: Final = frozenset({Role.administrator, Role.privacy_officer, Role.fg})
_DECIDE: Final = frozenset({Role.decision_maker})


@dataclass(frozen=True, slots=True)
class Connectors:
    """The connector instances of one log, and what hangs on them."""

    log: Log
    setups: Setups

    async def second_persons(self) -> AsyncIterator[Item]:
        """Setups that are proposed, and those that one person activated alone."""
        hands = await self.setups.hands()
        moves = await kept.moves(self.log.engine, self.log.log_id)
        for one in await self.setups.all():
            if one.proposed_by is not None and not one.ended:
                since = max(move.us for move in moves[one.instance] if move.act is Act.propose)
                may = partial(_seconds, one, hands)
                yield Item(What.setup, one.instance, _ADMINISTRATORS, Micros(since), key=one.instance, may=may)
            if (glass := one.glass) is not None:
                since, until = Micros(glass.us), legal_date(Micros(glass.due_us))
                may = partial(_confirms, one, hands)
                yield Item(What.unconfirmed, one.instance, _LOOKED_AT, since, until, one.instance, may=may)

    async def mappings(self) -> AsyncIterator[Item]:
        """Mappings that are proposed, of instances that have not ended."""
        ended = {one.instance for one in await self.setups.all() if one.ended}
        proposed = await mend.proposals(self.log.engine, self.log.log_id)
        entries = await self.log.found([one.entry_ref for one in proposed])
        for one in proposed:
            entry = entries.get(one.entry_ref)
            if one.connector in ended or entry is None:
                continue
            author = "" if entry.kept is None else str(parse(entry.kept).get("details", {}).get("staff", ""))
            may = partial(_another, author)
            yield Item(What.mapping, one.connector, _ADMINISTRATORS, Micros(one.created_us), key=one.connector, may=may)

    async def mended_alone(self) -> AsyncIterator[Item]:
        """Mappings that one person put into use, and nobody looked at since."""
        found = await unconfirmed(self.log.engine, self.log, texts_of(self.log))
        for name, (_, glass) in found.items():
            yield Item(What.unconfirmed_mapping, name, _LOOKED_AT, *_term(glass), key=name, may=partial(_looks, glass.who))

    async def layouts(self) -> AsyncIterator[Item]:
        """Files that came in another layout than was agreed: nothing of them is read before somebody looked."""
        for connector, since in await mend.changed_layouts(self.log.engine, self.log.log_id):
            yield Item(What.layout, connector, _ADMINISTRATORS, Micros(since), key=connector)

    async def keys(self, now: Micros) -> AsyncIterator[Item]:
        """Certificates and keys that end within sixty days."""
        for one in await self.setups.expiring(now):
            until = legal_date(Micros(one.until_us))
            yield Item(What.credential, f"{one.instance}, {one.name}", _ADMINISTRATORS, until=until, key=one.instance)

    async def moves(self) -> AsyncIterator[Item]:
        """Moves to a party that follows another: ordered, done alone, or confirmed and not finished. Raises Tampered."""
        known = await proven(ledger_of(self.log), await territory.moves(self.log.engine, self.log.log_id))
        for one in known:
            key = str(one.move_id)
            if one.state is State.ordered:
                yield Item(What.move, _named(one), _DECIDE, one.ordered_us, key=key, may=partial(_another, one.ordered_by))
            elif one.state is State.confirmed:
                yield Item(What.move_unfinished, _named(one), _ADMINISTRATORS, one.confirmed_us, key=key)
            if (glass := one.broken) is not None:
                may = partial(_another, glass.who)
                yield Item(What.unconfirmed_move, _named(one), _DECIDE, *_term(glass), key=key, may=may)
        if any(one.state is State.doubted for one in known):
            raise Tampered("A move is not as the log says.", "It was changed past the hub.", "See 'hub region moves'.")

    async def stuck(self) -> AsyncIterator[Item]:
        """Rows in quarantine, and deliveries that were given up until something is mended."""
        engine, log_id = self.log.engine, self.log.log_id
        if (rows := await health.quarantine(engine, log_id)) is not None:
            yield Item(What.quarantine, "", _ADMINISTRATORS, Micros(rows.since_us), count=rows.count)
        for one in await health.failed(engine, log_id):
            yield Item(What.failed, one.who, _ADMINISTRATORS, Micros(one.since_us), key=one.who, count=one.count)


def _seconds(one: Standing, hands: Mapping[str, str], by: Staff) -> bool:
    return is_second(one, str(by.staff_id), hands)


def _confirms(one: Standing, hands: Mapping[str, str], by: Staff) -> bool:
    if Role.administrator not in by.roles:
        return True  # the officer and the FG see to it that somebody does
    try:
        check_confirm(one, str(by.staff_id), hands)
    except Refused:
        return not by.roles.isdisjoint(_LOOKED_AT - _ADMINISTRATORS)
    return True


def _looks(first: str, by: Staff) -> bool:
    """A second administrator confirms; the officer and the FG see to it that somebody does."""
    return not by.roles.isdisjoint(_LOOKED_AT - _ADMINISTRATORS) or _another(first, by)


def _term(glass: Broken) -> tuple[Micros, date]:
    return Micros(glass.us), legal_date(Micros(glass.due_us))


def _another(first: str, by: Staff) -> bool:
    return str(by.staff_id) != first


def _named(one: Move) -> str:
    return f"{one.old} -> {one.new}"
