"""Signing in at the desks: OpenID Connect, code flow with PKCE (S256), state and nonce, at the organisation's own provider.

A sign-in is one random state. The browser carries it; the hub keeps its keyed digest alone, for ten minutes and one use; nonce
and code verifier are keyed digests of it under labels of their own, so that neither is kept anywhere.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from hub.domain.staff import Staff
from hub.domain.terms import Micros
from hub.errors import Misconfigured, Refused, Retry
from hub.identity.idtoken import Expected, check_id_token, key_id_of
from hub.identity.provider import Client, Outbound, Provider
from hub.identity.staff import Place, SignIns, local_path, staff_of
from hub.ports import Clock, Entropy, KeyedDigest

SIGNIN_S: Final = 600

_STATE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_CODE: Final = re.compile(r"[\x20-\x7e]{1,4096}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Start:
    """Send the browser to `url`. `state` goes into a cookie: the browser that comes back must be the one that left."""

    url: str = field(repr=False)
    state: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finished:
    """Who signed in, and the path on this server that they were on their way to."""

    staff: Staff
    back_to: str


def _no(why: str) -> Refused:
    return Refused("The sign-in was refused.", why, "Sign in anew.")


class SignIn:
    """Signing in at `issuer`, which sends the browser back to `redirect_uri`.

    Raises errors.Misconfigured on construction where the issuer's address is neither https nor http on this machine.
    """

    def __init__(
        self,
        http: Outbound,
        store: SignIns,
        digest: KeyedDigest,
        clock: Clock,
        entropy: Entropy,
        *,
        issuer: str,
        client: Client,
        redirect_uri: str,
        roles_claim: str = "roles",
        party_claim: str = "party",
    ) -> None:
        self._provider = Provider(http, client, issuer, clock, entropy)
        self._store, self._digest, self._clock, self._entropy = store, digest, clock, entropy
        self._client_id, self._redirect_uri = client.client_id, redirect_uri
        self._place = Place(issuer, roles_claim, party_claim)

    async def start(self, back_to: str) -> Start:
        """Begin a sign-in that ends at the path `back_to`, or at `/` where that is no path of this server.

        Raises errors.Retry where the provider or the database is away, errors.Misconfigured where the provider cannot be used.
        """
        description = await self._provider.describe()
        state, now = _text(self._entropy(32)), self._clock.now_us()
        expires = Micros(now + SIGNIN_S * 1_000_000)
        await self._store.open_signin(self._digest("signin-state", state.encode()), local_path(back_to), expires, now)
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid profile",
            "state": state,
            "nonce": self._derived("signin-nonce", state),
            "code_challenge": _text(sha256(self._derived("signin-verifier", state).encode()).digest()),
            "code_challenge_method": "S256",
        }
        return Start(f"{description.authorize}{'&' if '?' in description.authorize else '?'}{urlencode(asked)}", state)

    async def finish(self, code: str, state: str, issuer: str | None = None) -> Finished:
        """Who came back with `code` and `state`; `issuer` is the answer's `iss` where it has one (RFC 9207).

        The state is used up, whatever comes of it; an empty `code` says that the provider sent none. Raises errors.Refused
        where nobody is let in, errors.Retry and errors.Misconfigured as `start`.
        """
        taken = await self._store.take_signin(self._digest("signin-state", state.encode())) if _STATE.fullmatch(state) else None
        if taken is None or taken[1] <= self._clock.now_us():
            raise _no("It was begun more than ten minutes ago, is finished, or was never begun here.")
        description = await self._provider.describe()
        if issuer != self._place.issuer and (issuer is not None or description.names_itself):
            raise _no("The answer comes from another identity provider.")
        if not _CODE.fullmatch(code):
            raise _no("The identity provider let nobody in, or was left before the end.")
        token = await self._provider.redeem(code, self._derived("signin-verifier", state), self._redirect_uri)
        expected = Expected(self._place.issuer, self._client_id, self._derived("signin-nonce", state))
        claims = check_id_token(token, await self._provider.keys(key_id_of(token)), expected, self._clock.now_us())
        return Finished(staff_of(claims, self._place, self._digest), taken[0])

    async def leave(self, back_to: str) -> str | None:
        """Where the browser goes to be signed out at the provider too and then to `back_to`, a URL that it knows; None where
        the provider has no such place or cannot be asked now: the hub's own session has ended whatever this says.
        """
        try:
            place = (await self._provider.describe()).end_session
        except (Retry, Misconfigured):
            return None
        if place is None:
            return None
        asked = urlencode({"client_id": self._client_id, "post_logout_redirect_uri": back_to})
        return f"{place}{'&' if '?' in place else '?'}{asked}"

    def _derived(self, label: str, state: str) -> str:
        return _text(self._digest(label, state.encode()))


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
