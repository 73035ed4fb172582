"""What the transports over HTTP have in common: the client of an endpoint, and what stands in the way, told apart."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from hub.connector import Credential, Endpoint, SourceAway, SourceBarred, Trouble
from hub.domain.terms import ReasonCode
from hub.http import (
    BROKEN_OFF,
    INVALID,
    REFUSED,
    TOO_LARGE,
    TOO_SLOW,
    UNKNOWN_NAME,
    UNSAFE,
    UNTRUSTED,
    Answer,
    Away,
    Barred,
    Http,
    Unwelcome,
    pause_of,
)

NEXT_TIME: Final = "Nothing was lost; the next run tries again."
CREDENTIALS: Final = (
    Credential(name="ca", title="Authorities to trust instead of the system's (PEM)", kind="certificate"),
    Credential(name="certificate", title="The hub's own certificate (PEM)", kind="certificate"),
    Credential(name="key", title="The private key of that certificate (PEM)", kind="private_key"),
)
"""What mutual TLS needs, whatever goes over it."""

_TROUBLES: Final = MappingProxyType(
    {
        REFUSED: Trouble.no_listener,
        UNKNOWN_NAME: Trouble.not_found,
        TOO_SLOW: Trouble.silent,
        BROKEN_OFF: Trouble.broken,
        TOO_LARGE: Trouble.no_answer,
        INVALID: Trouble.no_answer,
        UNTRUSTED: Trouble.certificate,
        UNSAFE: Trouble.misconfigured,
    }
)

_FOR_PEOPLE: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_CAUSES: Final = MappingProxyType(
    {
        Trouble.no_listener: REFUSED,
        Trouble.not_found: UNKNOWN_NAME,
        Trouble.silent: TOO_SLOW,
        Trouble.own_certificate: UNTRUSTED,
        Trouble.limited: ReasonCode("ONTVANGER_BEZET"),  # what pushing waits for as long as it is asked to
    }
)


def http_of(endpoint: Endpoint, most_bytes: int, concurrency: int = 4) -> Http:
    """A client that shows and trusts what the endpoint says. Raises SourceBarred where a certificate cannot be used."""
    held = endpoint.credentials
    with reaching():
        return Http(
            timeout_s=endpoint.timeout_s,
            most_bytes=most_bytes,
            concurrency=concurrency,
            ca=held.get("ca"),
            certificate=held.get("certificate"),
            key=held.get("key"),
        )


@contextlib.contextmanager
def reaching() -> Iterator[None]:
    """Gives the errors of `hub.http` as SourceAway and SourceBarred, with their trouble and their own sentences."""
    try:
        yield
        return
    except Away as away:
        trouble = _trouble(away.cause, Trouble.unforeseen)
        error: SourceAway | SourceBarred = SourceAway(trouble, away.what, away.why, away.now, after_s=away.after_s)
    except Barred as barred:
        trouble = Trouble.own_certificate if isinstance(barred, Unwelcome) else _trouble(barred.cause, Trouble.misconfigured)
        error = SourceBarred(trouble, barred.what, barred.why, barred.now)
    raise error


@contextlib.contextmanager
def spoken() -> Iterator[None]:
    """The other way round, for sinks and queries: gives SourceAway and SourceBarred as the errors of `hub.http`."""
    try:
        yield
        return
    except SourceAway as away:
        error: Away | Barred = Away(_cause(away.trouble), away.what, away.why, away.now, after_s=away.after_s)
    except SourceBarred as barred:
        error = Barred(_cause(barred.trouble), barred.what, barred.why, barred.now)
    raise error


def _trouble(cause: ReasonCode, otherwise: Trouble) -> Trouble:
    """What stands in the way; a cause may be one that `spoken` made of it."""
    return _TROUBLES.get(cause) or next((one for one in Trouble if one.value == cause), otherwise)


def _cause(trouble: Trouble) -> ReasonCode:
    return _CAUSES.get(trouble) or ReasonCode(trouble.value)


def served(answer: Answer) -> Answer:
    """The answer, where it is a success. Raises SourceAway or SourceBarred by its status; its text is not repeated."""
    status = answer.status
    why = f"It answered {status}."
    if 200 <= status < 300:
        if _FOR_PEOPLE.match(answer.body):
            raise SourceAway(
                Trouble.no_answer,
                "The partner's service gives a page for people where data was asked for.",
                f"{why} It may be a page to sign in with, or one that says that the service is closed.",
                f"If this goes on, check the address and the login with its owner. {NEXT_TIME}",
            )
        return answer
    if status == 429 or (status == 503 and "retry-after" in answer.headers):
        raise SourceAway(
            Trouble.limited, "The partner's service asks for a pause.", why, NEXT_TIME, after_s=pause_of(answer.headers)
        )
    if status == 408 or status == 425 or (status >= 500 and status != 501):
        raise SourceAway(Trouble.partner_failed, "The partner's service has failed.", why, NEXT_TIME)
    if status == 401:
        raise SourceBarred(
            Trouble.login_refused,
            "The partner's service does not know the hub.",
            why,
            "Check the login that was agreed, and that its owner still has it.",
        )
    if status == 403:
        raise SourceBarred(
            Trouble.not_allowed,
            "The partner's service does not allow this.",
            why,
            "Ask its owner for the right to do this with this login.",
        )
    if status in (404, 410):
        raise SourceBarred(
            Trouble.no_folder, "The partner's service has nothing at this address.", why, "Check the path of the address."
        )
    if 300 <= status < 400:
        raise SourceBarred(
            Trouble.no_folder,
            "The partner's service sends the hub elsewhere.",
            f"{why} The hub follows nobody to an address that was not set.",
            "Ask its owner for the address that answers by itself, and set it.",
        )
    raise SourceBarred(
        Trouble.misconfigured,
        "The partner's service does not accept the question.",
        why,
        "Compare address, options and versions with its description.",
    )


def unusable(why: str) -> SourceBarred:
    """The error for an answer that was served and cannot be worked with."""
    return SourceBarred(
        Trouble.no_answer,
        "The partner's service answers in a way that was not agreed.",
        why,
        "Compare the options of this connector with the description of the service.",
    )


def unsettled(why: str) -> SourceBarred:
    """The error for options or credentials that do not go together."""
    return SourceBarred(
        Trouble.misconfigured, "This connector cannot be used as it is set up.", why, "Correct its options or credentials."
    )
