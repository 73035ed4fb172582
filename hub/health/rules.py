"""Whether the rules load and will hold tomorrow, and whether what was set up for connecting is fit for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.ledger import Ledger
from hub.audit.log import Log
from hub.clock import legal_date
from hub.consent.model import PolicySet
from hub.domain.tenure import ended, successions
from hub.domain.terms import Micros
from hub.errors import HubError, Misconfigured, Tampered
from hub.health.findings import Finding, State, attention, ok, wrong
from hub.identity.partners import PartnerMove
from hub.identity.store import contents, newest_moves
from hub.policies.use import Acts, InUse
from hub.territory.model import due
from hub.territory.store import waiting

_SOON: Final = timedelta(days=90)


def policy(load: Callable[[], PolicySet], now: Micros) -> list[Finding]:
    """The policy set loads; its agreements are in force and stay so; its laws do not lapse unnoticed."""
    try:
        found = load()
    except HubError:
        return [wrong("policy")]
    return [ok("policy", hash=found.hash), *_agreements(found, legal_date(now))]


async def in_use(acts: Acts, load: Callable[[], PolicySet], now: Micros) -> list[Finding]:
    """The set in use is as the log says and the directory's, was put into use by somebody, its agreements are in force."""
    try:
        used = await acts.in_use()
    except (Tampered, Misconfigured):
        return [wrong("policy-unread")]
    if used is None:
        return [attention("policy-unused")]
    doubted = used.history.doubted
    about = _names({each.agreement or used.policy.hash[:12] for each in doubted})
    try:
        differs = (await asyncio.to_thread(load)).hash != used.policy.hash
    except HubError:
        differs = False  # that it does not load is a finding of its own
    shut = _names(used.life.shut)
    founded = sum(version.founded for version in used.history.versions.values())
    return [
        ok("policy-unread"),
        wrong("act-doubted", names=about, count=len(doubted)) if doubted else ok("act-doubted"),
        attention("policy-differs", hash=used.policy.hash[:12]) if differs else ok("policy-differs"),
        ok("policy-founded", founded=founded) if used.history.use is None or used.history.use.by else _begun(used),
        attention("agreement-shut", names=shut) if shut else ok("agreement-shut"),
        *(_agreements(used.policy, legal_date(now), "in use") if differs else ()),
    ]


async def partners(engine: AsyncEngine, log: Log) -> list[Finding]:
    """Every system that may call the hub was let in by an administrator, as the log says."""
    known, moves = await contents(engine, log.log_id), await newest_moves(engine, log.log_id)
    wanted = {client: moves.get(client) for client in known}
    true = await Ledger(log, lambda move: move.ref, PartnerMove.says).proven(move for move in wanted.values() if move)
    doubted = [client for client, move in wanted.items() if move is None or move.digest != known[client] or move not in true]
    return [wrong("partner-doubted", count=len(doubted)) if doubted else ok("partner-doubted")]


async def followed(acts: Acts, now: Micros) -> list[Finding]:
    """Nothing waits for a party that another follows, by the day that the law or the merger sets (WEB 9.2.4)."""
    used, today = await acts.in_use(), legal_date(now)
    if used is None:
        return []
    policy, found = used.policy, list[Finding]()
    gone = ended(policy.regions, today)
    pairs = {(one.old, one.new): one for one in successions(policy.regions, policy.parties)}  # not one per gemeente
    for one in pairs.values():
        if one.old not in gone or today < one.day:
            continue
        waits, _ = await waiting(acts.engine, acts.log_id, one.old)
        count = sum(waits.get(state, 0) for state in ("held", "handed", "failed"))
        told = wrong if today > due(one) else attention
        if count:
            found.append(told("party-followed", f"{one.old} -> {one.new}", count=count, date=due(one).isoformat()))
    return found or [ok("party-followed")]


def _begun(used: InUse) -> Finding:
    """That nobody put the set into use is as it should be on a laptop, and is said all the same."""
    return Finding("policy-founded", State.ok, {"founded": len(used.policy.agreements)}, "founded, not activated")


def _agreements(found: PolicySet, day: date, about: str = "") -> list[Finding]:
    agreements = [one for one in found.agreements if day < one.effective.until]
    # What ended longer ago is history: it stays in a set so that entries of then can be explained.
    ended = [one.id for one in found.agreements if one.effective.until <= day <= one.effective.until + _SOON]
    incomplete = [one.id for one in agreements if one.controllership is None or one.processor_contract is None]
    overdue = [one.id for one in agreements if one.dpia.review_due <= day]
    advice = [(one.id, due) for one in agreements if (due := one.fg_advice.review_due) is not None]
    unadvised = [name for name, due in advice if due <= day]
    return [
        attention("agreement-ended", about, names=_names(ended)) if ended else ok("agreement-ended", about),
        attention("agreement-incomplete", about, names=_names(incomplete)) if incomplete else ok("agreement-incomplete", about),
        wrong("agreement-review-overdue", about, names=_names(overdue)) if overdue else ok("agreement-review-overdue", about),
        wrong("agreement-advice-overdue", about, names=_names(unadvised))
        if unadvised
        else ok("agreement-advice-overdue", about),
        _soon("agreement-ends", ((one.id, one.effective.until) for one in agreements), day, about),
        _soon("agreement-review", ((one.id, one.dpia.review_due) for one in agreements), day, about),
        _soon("agreement-advice", advice, day, about),
        _soon("law-ends", ((law.id, law.valid_until) for law in found.laws.values() if law.valid_until), day, about),
    ]


def _soon(code: str, ends: Iterable[tuple[str, date]], day: date, about: str) -> Finding:
    """The first day of what ends within three months, and the names of all that do."""
    near = sorted((end, name) for name, end in ends if day < end <= day + _SOON)
    if not near:
        return ok(code, about)
    return attention(
        code, about, names=_names(name for _, name in near), date=near[0][0].isoformat(), days=(near[0][0] - day).days
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def connectors(mappings: Callable[[], Mapping[str, bool]], production: bool) -> list[Finding]:
    """The connectors' file and the mappings read, and each mapping was compared with a real delivery."""
    try:
        verified = mappings()
    except HubError:
        return [wrong("connectors")]
    if unverified := _names(name for name, is_so in verified.items() if not is_so):
        found = wrong if production else attention
        return [ok("connectors"), found("mapping-verified", names=unverified)]
    return [ok("connectors"), ok("mapping-verified")]


async def sign_in(provider: Callable[[], Awaitable[object]] | None) -> list[Finding]:
    """The provider with whom staff sign in answers; nothing is said where none is set up."""
    if provider is None:
        return []
    try:
        await provider()
    except HubError:
        return [wrong("sign-in")]
    return [ok("sign-in")]
