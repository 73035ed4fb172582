"""What the web console is handed: everything that its pages need, built once in `hub.app`."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hub.archive.service import Exports
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.audit.search.review.service import Reviews
from hub.consent.model import PolicySet
from hub.domain.staff import Staff
from hub.domain.terms import ConnectorId
from hub.health.findings import Finding
from hub.mend.deliveries import Deliveries
from hub.mend.desk import Mending
from hub.notices.desk import NoticeDesk
from hub.policies.service import Policies
from hub.ports import Clock
from hub.registry import Connector
from hub.retention.service import Retention
from hub.rights.erasure.service import Forgetting
from hub.rights.informing.service import Informing
from hub.rights.keys import PersonKeys
from hub.rights.person import Persons
from hub.rules import Rules
from hub.setups.life import Lives
from hub.setups.service import Setups
from hub.statements.desk import Statements
from hub.statements.receipt import Receipts
from hub.waiting.service import Waiting
from hub.witness.service import Standing


class Session(Protocol):
    """Someone who is signed in, and the secret that their forms carry."""

    @property
    def staff(self) -> Staff: ...
    @property
    def csrf(self) -> str: ...


class Sessions(Protocol):
    """The sessions there are; `token` is what the browser keeps in its cookie."""

    async def begin(self, staff: Staff, /) -> str: ...
    async def find(self, token: str, /) -> Session | None: ...
    async def end(self, token: str, /) -> None: ...


class Start(Protocol):
    """A sign-in that begins: where the browser goes, and the `state` that must come back with the same browser."""

    @property
    def url(self) -> str: ...
    @property
    def state(self) -> str: ...


class Finished(Protocol):
    """A sign-in that has succeeded: who it is, and the local path that they came for."""

    @property
    def staff(self) -> Staff: ...
    @property
    def back_to(self) -> str: ...


class SignIn(Protocol):
    """Signing in at the identity provider. Raises errors.Refused, Retry or Misconfigured.

    `back_to` is a local path; under which address browsers know this server is for the settings to say, not for a request.
    """

    async def start(self, back_to: str, /) -> Start: ...
    async def finish(self, code: str, state: str, issuer: str | None = None, /) -> Finished: ...
    async def leave(self, back_to: str, /) -> str | None: ...


async def _nothing() -> None:
    """There is nothing to do."""


async def _nobody() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class OfficerDesk:
    """What the privacy officer's pages need. Of the policy, the set in use; earlier ones are read from where they were kept.
    `names` gives the names of members of staff by how the log knows them.
    """

    search: Search
    persons: Persons
    log: Log
    notes: Notes
    rules: Rules
    names: Callable[[], Awaitable[Mapping[str, str]]] = _nobody
    statements: Statements | None = None
    receipts: Receipts | None = None
    """None, both, in a desk where nothing is recorded."""
    notices: NoticeDesk | None = None
    """None in a desk that tells recipients nothing."""
    informing: Informing | None = None
    """Who was told of what; None in a desk that does not show it."""
    reviews: Reviews | None = None
    """The monthly lists to look through; None in a console that draws none."""
    policies: Policies | None = None
    """The life of the agreements; None in a console that does not show it."""
    retention: Retention | None = None
    """What goes from the log; None in a console that removes nothing."""
    forgetting: Forgetting | None = None
    """Who is to be forgotten; None in a console where nobody is."""
    exports: Exports | None = None
    """What hands out of the log; None in a desk that hands out nothing but selections."""
    person_keys: PersonKeys | None = None
    """What shows that an answer about a person left nothing out; None in a desk that cannot."""
    lives: Lives | None = None
    """The life of every connector; None in a desk that does not show it."""
    witnessed: Callable[[], Awaitable[Standing]] | None = None
    """Who confirms what the log is; None in a desk that does not say."""

    @property
    def policy(self) -> PolicySet:
        """The set in use at this moment."""
        return self.rules.policy


class Uploads(Protocol):
    """The way in by hand; `hub.receive.inbox` has it."""

    async def takes(self, connector: ConnectorId, /) -> bool:
        """Whether something can be brought to this connector."""
        ...

    async def upload(self, connector: ConnectorId, parts: AsyncIterable[bytes], by: Staff | None, /) -> object:
        """Takes a file in, in the log. Raises errors.Refused where nothing is brought to it, errors.Malformed, errors.Retry."""
        ...


@dataclass(frozen=True, slots=True)
class AdministratorDesk:
    """What the administrator's pages need. `examine` looks at the whole installation; it takes a second or more."""

    mending: Mending
    deliveries: Deliveries
    rules: Rules
    examine: Callable[[], Awaitable[Sequence[Finding]]]
    uploads: Uploads | None = None
    """None in a desk where nothing is brought."""
    kinds: Mapping[str, Connector] = field(default_factory=dict)
    """What can be connected; nothing in a desk that does not say."""
    setups: Setups | None = None
    """The connector instances that administrators set up; None in a desk where that is not done."""
    names: Callable[[], Awaitable[Mapping[str, str]]] = _nobody
    """The names of members of staff by how the log knows them."""
    renew: Callable[[], Awaitable[None]] = _nothing
    """Has the desk know at once what was just set up or ended."""

    @property
    def policy(self) -> PolicySet:
        """The set in use at this moment."""
        return self.rules.policy


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything handed in. `secure`: browsers reach the console over TLS alone."""

    clock: Clock
    sessions: Sessions
    sign_in: SignIn
    sign_in_origin: str
    """The scheme and host of the identity provider: the one place outside that a form may lead to."""
    secure: bool
    officer: OfficerDesk | None = None
    """None in a console that has no such desk."""
    administrator: AdministratorDesk | None = None
    """None in a console that has no such desk."""
    waiting: Waiting | None = None
    """What waits for whoever is signed in; None in a console that does not say."""
