"""Whether the rules load and will hold tomorrow, and whether what was set up for connecting is fit for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from hub.clock import legal_date
from hub.consent.model import PolicySet
from hub.domain.terms import Micros
from hub.errors import HubError
from hub.health.findings import Finding, attention, ok, wrong

_SOON: Final = timedelta(days=60)


def policy(load: Callable[[], PolicySet], now: Micros) -> list[Finding]:
    """The policy set loads; its agreements are in force and stay so; its laws do not lapse unnoticed."""
    try:
        found = load()
    except HubError:
        return [wrong("policy")]
    day = legal_date(now)
    agreements = [one for one in found.agreements if day < one.effective.until]
    ended = [one.id for one in found.agreements if day >= one.effective.until]
    incomplete = [one.id for one in agreements if one.controllership is None or one.processor_contract is None]
    overdue = [one.id for one in agreements if one.dpia.review_due <= day]
    return [
        ok("policy", hash=found.hash),
        attention("agreement-ended", names=_names(ended)) if ended else ok("agreement-ended"),
        attention("agreement-incomplete", names=_names(incomplete)) if incomplete else ok("agreement-incomplete"),
        wrong("agreement-review-overdue", names=_names(overdue)) if overdue else ok("agreement-review-overdue"),
        _soon("agreement-ends", ((one.id, one.effective.until) for one in agreements), day),
        _soon("agreement-review", ((one.id, one.dpia.review_due) for one in agreements), day),
        _soon("law-ends", ((law.id, law.valid_until) for law in found.laws.values() if law.valid_until), day),
    ]


def _soon(code: str, ends: Iterable[tuple[str, date]], day: date) -> Finding:
    """The first day of what ends within two months, and the names of all that do."""
    near = sorted((end, name) for name, end in ends if day < end <= day + _SOON)
    if not near:
        return ok(code)
    return attention(code, names=_names(name for _, name in near), date=near[0][0].isoformat(), days=(near[0][0] - day).days)


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
