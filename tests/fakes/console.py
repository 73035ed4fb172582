"""A console without a database or an identity provider: sessions in a dictionary, a sign-in that lets one person in."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx2
from fastapi import FastAPI

from hub.console.desk import Desk
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import Micros
from hub.errors import Refused

ORIGIN = "http://hub.test"
PROVIDER = "https://inloggen.test"
NOW = Micros(1_795_266_300_000_000)  # 21 November 2026, 14:05 in Amsterdam


def staff(*roles: Role, name: str = "Noor de Wit") -> Staff:
    """Someone with these roles."""
    return Staff(StaffId("m-" + "0" * 16), name, frozenset(roles))


@dataclass(frozen=True)
class Session:
    staff: Staff
    csrf: str = "geheim-van-deze-sessie"


@dataclass
class Sessions:
    """Tokens are `t1`, `t2` and on."""

    kept: dict[str, Session] = field(default_factory=dict)
    begun: int = 0

    async def begin(self, staff: Staff, /) -> str:
        self.begun += 1
        self.kept[f"t{self.begun}"] = Session(staff)
        return f"t{self.begun}"

    async def find(self, token: str, /) -> Session | None:
        return self.kept.get(token)

    async def end(self, token: str, /) -> None:
        self.kept.pop(token, None)


@dataclass(frozen=True)
class Start:
    url: str
    state: str


@dataclass(frozen=True)
class Finished:
    staff: Staff
    back_to: str


@dataclass
class SignIn:
    """Lets `who` in for the code `goed`; remembers what it was asked."""

    who: Staff
    back_to: str = "/"
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    end_session: str | None = None

    async def start(self, back_to: str, /) -> Start:
        self.back_to = back_to
        return Start(f"{PROVIDER}/authorize?state=s1", "s1")

    async def finish(self, code: str, state: str, issuer: str | None = None, /) -> Finished:
        self.asked.append((code, state, issuer))
        if code != "goed":
            raise Refused("The sign-in was refused.", "The provider let nobody in.", "Sign in anew.")
        return Finished(self.who, self.back_to)

    async def leave(self, back_to: str, /) -> str | None:
        self.asked.append(("", back_to, None))
        return self.end_session


class Clock:
    """It is always `NOW`."""

    def now_us(self) -> Micros:
        return NOW


def desk(*, secure: bool = False) -> Desk:
    """A desk with nothing behind it."""
    return Desk(Clock(), Sessions(), SignIn(staff(Role.privacy_officer)), PROVIDER, secure)


def client(app: FastAPI, token: str = "", *, secure: bool = False) -> httpx2.AsyncClient:
    """A browser before `app`, signed in where it has a token; it follows no redirects and tells its origin."""
    base = ORIGIN.replace("http:", "https:") if secure else ORIGIN
    name = "__Host-hub-sessie" if secure else "hub-sessie"
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app),
        base_url=base,
        headers={"Origin": base},
        cookies={name: token} if token else None,
    )
