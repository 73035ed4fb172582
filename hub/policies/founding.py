"""How a hub begins: where no set of agreements was ever in use, the one of the policy directory is laid down, once."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.consent.life import Act, ActKind, Method, agreement_hash
from hub.consent.model import PolicySet
from hub.consent.policy import canonical_policy
from hub.consent.store import keep_policy, policy_in_use
from hub.domain.ids import new_ids
from hub.errors import Conflict, Retry
from hub.policies import store
from hub.policies.use import Acts, InUse

_TRIES: Final = 5


async def found(acts: Acts, notes: Notes, directory: PolicySet, *, production: bool) -> InUse:
    """What is in use; where no set ever was, the directory's is from now on: outside production with its agreements as good
    as signed, in production with nothing of it in force. Afterwards nobody looks at the directory.

    Raises Retry where the log cannot be written.
    """
    log_id, operator = notes.log_id, notes.operator
    for _ in range(_TRIES):
        if (used := await acts.in_use()) is not None:
            return used
        # A hub of before agreements had a life may have put sets into use: this one follows them.
        follows, kept = await policy_in_use(acts.engine, log_id)
        us = notes.clock.now_us()
        ref = new_ids(1, us, notes.entropy(8))[0]
        kind = ActKind.laid if production else ActKind.founded
        first = [Act(1, kind, us, ref, Method.hub, policy=directory.hash)]
        if not production:
            first += [
                Act(number, kind, us, ref, Method.hub, agreement=each.id, digest=agreement_hash(each))
                for number, each in enumerate(directory.agreements, 2)
            ]
        claims = [store.claim_acts(log_id, operator, first)]
        if kept != directory.hash:
            body = canonical_policy(directory)
            claims.append(keep_policy(log_id, operator, ref, follows, directory.hash, body, us))
        details: dict[str, str | int] = {"policy": directory.hash, "agreements": len(directory.agreements)}
        operation = "policy-lay" if production else "policy-found"
        with suppress(Conflict):  # another process that started at the same time was first: look again
            await notes.write(EntryKind.configuration, operation, "policy", details, ref=ref, claims=claims)
    raise Retry("No set of agreements came into use.", "Other processes kept trying the same.", "Start again.")
