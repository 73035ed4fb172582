"""A partner system and the hub's REST interface before it, in one process: signs assertions, asks tokens, calls."""

from __future__ import annotations

import hashlib
import hmac
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
from fastapi import FastAPI
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey

from hub.archive import partners as reading
from hub.clock import SystemClock
from hub.decisions.evaluate import Evaluations
from hub.domain.personal import Bsn
from hub.domain.terms import ElementName, LogId, Micros, PartyId
from hub.errors import Refused
from hub.identity.partners import SCOPES, Partner, read_jwks
from hub.identity.tokens import Tokens
from hub.inquiry.service import Answered
from hub.notices.issue import unknown
from hub.notices.model import NO_NOTICE, Action, Answer, CauseKind, Notice, State
from hub.notices.plan import after
from hub.ports import Handed
from hub.receive.api import create_api
from hub.rights.informing.model import Reported, Telling
from hub.rules import Rules
from tests.fakes.heard import FakeObjections, FakeStatements, FakeWaiting
from tests.fakes.shipped import shipped_policy
from tests.fakes.way import FakeIdempotency, FakeWay

ISSUER = "https://hub.example.nl"
TOKEN_URL = f"{ISSUER}/oauth/token"
SCHOOL = PartyId("roc-voorbeeld")
DESK = PartyId("doorstroompunt-rijnmonde")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NOW_US = Micros(1_790_000_000_000_000)
ALL_ALGORITHMS = ["none", "HS256", "RS256", "PS256", "ES256", "RS384", "ES384"]


@cache
def rsa_key(name: str, bits: int = 2048) -> RSAKey:
    """A private RSA key that stays the same for a run."""
    with warnings.catch_warnings(action="ignore", category=SecurityWarning):  # weak keys are made to be refused
        return RSAKey.generate_key(bits, {"kid": name}, private=True)


@cache
def ec_key(name: str, curve: str = "P-256") -> ECKey:
    """A private EC key that stays the same for a run."""
    return ECKey.generate_key(curve, {"kid": name}, private=True)  # type: ignore[arg-type]


def jwks(*keys: RSAKey | ECKey) -> dict[str, Any]:
    """The public halves, as a partner registers them."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


def signed(header: Mapping[str, Any], claims: Any, key: Any) -> str:
    """A JWS of anything, by any algorithm: what an attacker can make."""
    payload = claims if isinstance(claims, bytes) else orjson.dumps(claims)
    registry = jws.JWSRegistry(algorithms=ALL_ALGORITHMS, strict_check_header=False)
    return jws.serialize_compact(dict(header), payload, key, registry=registry)


@dataclass
class StillClock:
    """A clock that moves when told."""

    us: int = NOW_US

    def now_us(self) -> Micros:
        return Micros(self.us)

    @property
    def now_s(self) -> int:
        return self.us // 1_000_000


@dataclass
class FakePartners:
    """A register in memory."""

    known: dict[str, Partner] = field(default_factory=dict)
    spent: set[tuple[str, bytes]] = field(default_factory=set)

    def add(self, party: PartyId, client_id: str, *keys: RSAKey | ECKey, scopes: frozenset[str] = SCOPES) -> Partner:
        """Register a partner."""
        partner = Partner(party, client_id, read_jwks(jwks(*keys)), scopes)
        self.known[client_id] = partner
        return partner

    async def find(self, client_id: str, /) -> Partner | None:
        return self.known.get(client_id)

    async def spend(self, partner: Partner, jti_digest: bytes, expires_us: Micros, /) -> None:
        if (partner.client_id, jti_digest) in self.spent:
            raise Refused("The sign-in was refused.", "The assertion was used before.")
        self.spent.add((partner.client_id, jti_digest))


def digest(label: str, data: bytes, /) -> bytes:
    """A keyed digest under a key of the tests."""
    return hmac.digest(b"k" * 32, label.encode() + b"\0" + data, hashlib.sha256)


def entropy(count: int, /) -> bytes:
    """Random enough for tests."""
    return (uuid4().bytes * (count // 16 + 1))[:count]


async def _is_ready() -> str:
    return "in orde"


@dataclass
class FakeNotes:
    """Remembers what would be written in the log."""

    written: list[tuple[tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)

    async def write(self, *what: Any, **more: Any) -> None:
        self.written.append((what, more))


@cache
def shipped_rules() -> Rules:
    """The shipped policy set, in use."""
    return Rules(shipped_policy())


def evaluations(clock: Any, rules: Rules | None = None, notes: Any = None) -> Evaluations:
    """Decision calls over the shipped rules, with a log in memory; what is sealed is reversed."""
    return Evaluations(
        rules=rules or shipped_rules(),
        notes=notes or FakeNotes(),
        engine=None,  # type: ignore[arg-type]  # only reading the log needs it
        log_id=LogId("rijnmonde"),
        clock=clock,
        digest=digest,
        seal=lambda content, bound_to: (bound_to + content)[::-1],
        key_version=1,
        new_id=uuid4,
        version="0.0.0",
    )


@dataclass
class FakeNotices:
    """Notices in memory, which stand as the last answer leaves them."""

    kept: dict[UUID, Notice] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    def put(self, recipient: PartyId, action: Action = Action.erase) -> UUID:
        """A notice for this recipient."""
        ref, delivery = uuid4(), uuid4()
        items = {delivery: (ElementName("geslachtsnaam"),)}
        about = (CauseKind.withdrawn, action, recipient, items, None, b"t" * 16, NOW_US, Micros(NOW_US + 1), State.open)
        self.kept[ref] = Notice(ref, uuid4(), NO_NOTICE, *about, 0, False, 0)
        return ref

    async def fetch(self, recipient: PartyId, limit: int, /) -> list[Notice]:
        mine = [one for one in self.kept.values() if one.recipient == recipient and one.state is State.open]
        return mine[:limit]

    async def answer(self, notice_id: UUID, answer: Answer, /, *, recipient: PartyId) -> Notice:
        notice = self.kept.get(notice_id)
        if notice is None or notice.recipient != recipient:
            raise unknown()
        became = after(notice, answer) or notice.state
        self.answers.append(answer)
        self.kept[notice_id] = replace(notice, state=became)
        return self.kept[notice_id]


@dataclass
class FakeInformed:
    """Remembers what was reported; of `foreign` deliveries another tells."""

    told: list[tuple[Telling, PartyId | None]] = field(default_factory=list)
    foreign: set[UUID] = field(default_factory=set)

    async def record(self, telling: Telling, caller: PartyId | None, /) -> Reported:
        self.told.append((telling, caller))
        mine = tuple(each for each in telling.deliveries if each not in self.foreign)
        return Reported(mine, tuple(each for each in telling.deliveries if each in self.foreign))


@dataclass
class FakeLogbook:
    """Remembers what was asked, and answers the same."""

    answer: reading.Answer = field(default_factory=lambda: reading.Answer((), None))
    asked: list[tuple[PartyId, reading.Question]] = field(default_factory=list)
    metadata: Mapping[str, str] = field(default_factory=lambda: {"logbookId": "rijnmonde", "organizationName": "De hub"})

    async def read(self, party: PartyId, question: reading.Question, /) -> reading.Answer:
        self.asked.append((party, question))
        return self.answer


class FakeAsks:
    """Registers that know nobody."""

    async def ask(self, _asker: PartyId, _question: Any, /) -> Answered:
        return Answered(None, Handed((), "", 0))


class NoInstances:
    """Nothing is brought here."""

    async def brought(self, _instance: Any, /) -> None:
        return None


@dataclass
class Desk:
    """The interface with everything around it."""

    way: FakeWay = field(default_factory=FakeWay)
    partners: FakePartners = field(default_factory=FakePartners)
    clock: Any = field(default_factory=StillClock)
    ready: Any = _is_ready
    key: RSAKey | ECKey = field(default_factory=lambda: ec_key("hub-1"))
    evaluator: Any = None
    notices: FakeNotices = field(default_factory=FakeNotices)
    informed: FakeInformed = field(default_factory=FakeInformed)
    objections: FakeObjections = field(default_factory=FakeObjections)
    logbook: FakeLogbook = field(default_factory=FakeLogbook)
    asks: Any = field(default_factory=FakeAsks)
    inbox: Any = field(default_factory=object)
    instances: Any = field(default_factory=NoInstances)
    setups: Any = field(default_factory=object)
    waiting: Any = field(default_factory=FakeWaiting)
    served: Any = None
    cosigning: Any = None
    taking: Any = None

    def __post_init__(self) -> None:
        self.heard = FakeStatements(keys=self.way.keys)
        self.tokens = Tokens(ISSUER, self.key, self.clock, entropy)
        self.school = self.partners.add(SCHOOL, "roc-client", ec_key("roc-1"))
        self.desk = self.partners.add(DESK, "dsp-client", rsa_key("dsp-1"))
        self.app: FastAPI = create_api(
            self.way,
            self.partners,
            FakeIdempotency(self.way),
            self.tokens,
            self.clock,
            digest,
            lambda: uuid4(),
            LogId("rijnmonde"),
            lambda: self.ready(),
            ISSUER,
            evaluator=self.evaluator or evaluations(self.clock),
            notices=self.notices,
            informed=self.informed,
            statements=self.heard,
            objections=self.objections,
            receipt_of=self.heard.receipt_of,
            receipt_keys={"keys": []},
            asks=self.asks,
            inbox=self.inbox,
            instances=self.instances,
            setups=self.setups,
            waiting=self.waiting,
            operator=PartyId("hub"),
            logbook=self.logbook,
            served=self.served,
            cosigning=self.cosigning,
            taking=self.taking,
        )

    def token(self, partner: Partner | None = None, thumbprint: str | None = None) -> str:
        """A valid token, the short way."""
        partner = partner or self.school
        return self.tokens.issue(partner, partner.scopes, thumbprint)

    def claims(self, client_id: str = "roc-client", **other: Any) -> dict[str, Any]:
        """The claims of a good assertion, with `other`; None drops one."""
        now = int(self.clock.now_us()) // 1_000_000
        good = {"iss": client_id, "sub": client_id, "aud": TOKEN_URL, "iat": now, "exp": now + 120, "jti": uuid4().hex}
        return {name: value for name, value in {**good, **other}.items() if value is not None}

    def assertion(self, **other: Any) -> str:
        """A good assertion of the school, with other claims."""
        return signed({"alg": "ES256", "kid": "roc-1"}, self.claims(**other), ec_key("roc-1"))

    def client(self, tls: Mapping[str, Any] | None = None) -> httpx2.AsyncClient:
        """A client that talks to the application in this process."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if tls is not None:
                scope["extensions"] = {**scope.get("extensions", {}), "tls": tls}
            await self.app(scope, receive, send)

        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ISSUER)


def with_real_time() -> Desk:
    """A desk that lives now."""
    return Desk(clock=SystemClock())


def new_bsn(number: int = 1) -> str:
    """The `number`th valid BSN of the test range 9999xxxxx."""
    found = (text for text in map(str, range(999_900_000, 1_000_000_000)) if Bsn.accepts(text))
    return next(text for count, text in enumerate(found, 1) if count == number)


def record(**other: Any) -> dict[str, Any]:
    """An invented young person who left an invented school; None drops a field."""
    good = {
        "bsn": new_bsn(),
        "geslachtsnaam": "Verzonnen",
        "geboortedatum": "2008-05-04",
        "gemeente": "0599",
        "indicatieGeheim": False,
        "brin": "99XX",
        "onderwijssoort": "mbo",
        "datumUitschrijving": "2026-09-01",
        "startkwalificatie": False,
    }
    return {name: value for name, value in {**good, **other}.items() if value is not None}
