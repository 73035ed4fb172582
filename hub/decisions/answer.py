"""A decision as an AuthZEN answer: yes or no, and in its context what the caller needs to act on it. Pure.

Yes means all that was asked for, each element in the form that is told; when less may pass it is no, and `fields` says what
may. Codes are told in full: every fact behind them was the caller's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from hub.consent.explain_citizen import to_citizen
from hub.consent.model import PolicySet
from hub.consent.question import Decision, Outcome, Question
from hub.decisions.request import SEMANTICS, Asked
from hub.domain.terms import ReasonCode, Term

_STOPS: Final = {SEMANTICS[1]: False, SEMANTICS[2]: True}


def answer(policy: PolicySet, asked: Asked, decisions: Sequence[Decision]) -> dict[str, Any]:
    """The body of the response to one call."""
    if not asked.many:
        return _one(policy, asked.questions[0], decisions[0])
    return {
        "evaluations": list(
            _until(
                asked.semantic,
                [_one(policy, question, decision) for question, decision in zip(asked.questions, decisions, strict=True)],
            )
        )
    }


def _until(semantic: str, answers: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in answers:
        yield one
        if one["decision"] is _STOPS.get(semantic):
            return


def says_yes(question: Question, decision: Decision) -> bool:
    """Whether all that was asked for passes; a number that is left out for another does not."""
    passing = {name for name, _ in decision.fields}
    return decision.outcome is Outcome.permit and (question.elements or frozenset()) <= passing


def _one(policy: PolicySet, question: Question, decision: Decision) -> dict[str, Any]:
    codes = tuple(dict.fromkeys((*decision.reasons, *(code for _, code in decision.refused))))
    context: dict[str, Any] = {
        "outcome": decision.outcome.value,
        "reasons": [str(code) for code in decision.reasons],
        "reason_admin": {str(code): _for_worker(policy, code) for code in codes},
        "reason_user": {str(code): to_citizen(policy, code, sealed=False) for code in codes if code in policy.reasons},
        "fields": {str(name): form.value for name, form in decision.fields},
        "refused_fields": {str(name): str(code) for name, code in decision.refused},
        "agreement": decision.agreement,
        "clause": decision.clause,
        "purpose": decision.purpose,
        "valid_until": decision.valid_until.isoformat(),
        "policy": decision.policy,
    }
    grant = decision.grant
    if grant is not None:
        context |= {
            "bases": [str(basis) for basis in grant.bases],
            "obligations": [{"id": one, "text": _owed(policy, one)} for one in grant.obligations],
            "retention": grant.retention,
            "processing_activity_id": grant.processing_activity,
        }
    return {"decision": says_yes(question, decision), "context": context}


def _for_worker(policy: PolicySet, code: ReasonCode) -> str:
    """For who must act: why not, what helps, and who can do that."""
    reason = policy.reasons.get(code)
    return str(code) if reason is None else f"{reason.text_nl} {reason.remedy_nl} ({reason.who})"


def _owed(policy: PolicySet, obligation: str) -> str:
    known = policy.obligations.get(Term(obligation))
    return obligation if known is None else known.text_nl
