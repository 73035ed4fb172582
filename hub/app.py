"""The composition root: builds everything once, in order of what needs what, and refuses to start incomplete or weak."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.again import Again
from hub.audit import signing
from hub.audit.entries import EntryWriter
from hub.audit.guard import Guard, scrub
from hub.audit.highwater import HighWater, Mark
from hub.audit.ledger import Ledger
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.record import Committer
from hub.audit.search import Search
from hub.audit.search.hours import Hours
from hub.audit.search.review.service import Reviews
from hub.audit.signing import LogSigner, has_post_quantum
from hub.clock import SystemClock
from hub.consent import codes
from hub.consent.model import Life, PolicySet
from hub.consent.policy import load_policy
from hub.db import create_engine, durability, migrate, transaction
from hub.deliver.outbox import Outbox
from hub.domain.ids import new_ids
from hub.domain.terms import LogId, PartyId
from hub.endings import Endings
from hub.errors import HubError, Misconfigured, Retry
from hub.gather import Gatherer
from hub.identity.partners import PartnerMove
from hub.identity.provider import Client, read_client
from hub.notices.desk import NoticeDesk, notice_desk
from hub.notices.store import silent_recipients
from hub.observe import Event, report
from hub.policies.founding import found
from hub.policies.use import UNREAD_US, Acts, Watch
from hub.ports import KeyedDigest
from hub.postgres import PrivatePostgres, Urls
from hub.protect.keys import KeyRing, read_secret
from hub.protect.people import People
from hub.protect.protector import Protector
from hub.protect.pseudonymise import Digests, Pseudonymiser
from hub.protect.store import move_subjects
from hub.protect.vault import Vault
from hub.retention.holds import Holds
from hub.retention.service import Retention
from hub.rights.erasure.service import Forgetting
from hub.rights.erasure.tombs import Tombs
from hub.rights.informing.service import Informing
from hub.rights.keys import PersonKeys
from hub.route import Route
from hub.rules import Rules
from hub.settings import Settings
from hub.statements.desk import Statements
from hub.statements.receipt import Receipts
from hub.witness.service import Witnessing, second_key_file
from hub.witness.stamping import StampGuard

if TYPE_CHECKING:
    pass

_KEYRING, _LOG_KEY, _TOKEN_KEY, _HIGH_WATER, _POSTGRES = "keyring.json", "log.key", "token.jwk", "high-water", "postgres"
_RECEIPT_KEY = "receipt.jwk"
_FORGOTTEN = "forgotten"
_KEEP_UP_S = 1.0
WELL, OLD_RULES = "in orde", "oude afspraken"
"""What `Hub.ready` says: all is well; or it works by rules that another set took the place of, which cannot be read."""


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub that is ready: its databases answer, its log is whole, its rules are loaded."""

    settings: Settings
    log_id: LogId
    operator: PartyId
    engine: AsyncEngine
    vault_engine: AsyncEngine
    clock: SystemClock
    signer: LogSigner
    digests: Digests
    people: People
    vault: Vault
    committer: Committer
    notes: Notes
    log: Log
    search: Search
    endings: Endings
    route: Route
    rules: Rules
    acts: Acts
    partners: Ledger[PartnerMove]
    statements: Statements
    notices: NoticeDesk
    informing: Informing
    forgetting: Forgetting
    person_keys: PersonKeys
    retention: Retention
    reviews: Reviews
    witnessing: Witnessing
    guard: Guard
    stamped: StampGuard | None

    @property
    def policy(self) -> PolicySet:
        """The policy set in use."""
        return self.rules.policy

    async def scrub(self, stopping: asyncio.Event) -> None:
        """Until `stopping` examines the whole log over and over; where it is not what was signed, nothing is recorded more."""
        await scrub(self.guard, self.engine, self.log_id, self.operator, self.clock, self.committer.halt, stopping)

    def new_id(self) -> UUID:
        """A new identifier for a request or a file."""
        return new_ids(1, self.clock.now_us(), secrets.token_bytes(8))[0]

    async def ready(self) -> str:
        """How it stands in a word. Raises where the hub could not do its work now."""
        for engine in (self.engine, self.vault_engine):
            async with transaction(engine) as connection:
                await connection.raw.execute("SELECT 1")
        since = self.rules.unread_since
        if since is not None and self.clock.now_us() - since >= UNREAD_US:
            raise Retry("Nothing is in force.", "The rules in use cannot be read for a day.", "See 'hub doctor'.")
        return WELL if since is None else OLD_RULES

    async def put_policy_in_use(self) -> None:
        """Before any decision: the set in use is that of the log; where no set ever was, the policy directory's is laid down.

        Whoever reads an entry years later can so read the policy that it names. Raises Retry when the log cannot be written.
        """
        used = await self.acts.in_use()
        if used is None:
            directory, production = load_policy(self.settings.policy), self.settings.environment == "production"
            used = await found(self.acts, self.notes, directory, production=production)
        silent = await silent_recipients(self.engine, self.log_id)
        self.rules.put(used.policy, replace(used.life, silent=silent))

    async def keep_up(self, stopping: asyncio.Event) -> None:
        """Until `stopping`, each second: what was activated, suspended or ended, and who answers no notice, holds here too."""
        watch = Watch(self.acts, self.clock)
        while not stopping.is_set():
            try:
                # Asked for first: a change that was seen is taken over in the same breath, and cannot be lost to an error.
                if self.stamped is not None:
                    await self.stamped.look()
                silent = await silent_recipients(self.engine, self.log_id)
                if (used := await watch.look()) is not None:
                    self.rules.put(used.policy, replace(used.life, silent=silent))
                else:
                    life = await watch.going_on(self.rules.policy, replace(self.rules.life, silent=silent))
                    if life != self.rules.life:
                        self.rules.put(self.rules.policy, life)
                self.rules.unread_since = watch.unread_since
            except HubError as error:
                report(error, Event.database_unavailable)
            except Exception as error:  # whatever it is, the next look is what makes a suspension hold here
                report(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _KEEP_UP_S)


def make_keys(settings: Settings) -> list[Path]:
    """Makes the key ring, the keys that sign the log, tokens and receipts where they are missing; gives the files made."""
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    made: list[Path] = []
    if has_post_quantum() and not (second := second_key_file(settings)).exists():
        signing.create_mldsa(second)
        made.append(second)
    ring, log, token = (
        settings.file(settings.keyring, _KEYRING),
        settings.file(settings.log_key, _LOG_KEY),
        settings.file(settings.token_key, _TOKEN_KEY),
    )
    if not ring.exists():
        KeyRing.create(ring)
        made.append(ring)
    if not log.exists():
        signing.create(log)
        made.append(log)
    if not token.exists():
        _write_key(token, ECKey.generate_key("P-256", {"kid": secrets.token_hex(8)}, private=True))
        made.append(token)
    if not (receipt := settings.file(settings.receipt_key, _RECEIPT_KEY)).exists():
        _write_key(receipt, OKPKey.generate_key("Ed25519", {"kid": secrets.token_hex(8)}, private=True))
        made.append(receipt)
    return made


def _write_key(path: Path, key: ECKey | OKPKey) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(orjson.dumps(key.as_dict(private=True)))


def load_signer(settings: Settings) -> LogSigner:
    """The log's signing key."""
    return signing.load(settings.file(settings.log_key, _LOG_KEY), settings.log_origin)


def load_ring(settings: Settings) -> KeyRing:
    """The in-process key ring. Raises Misconfigured in production, where keys must not lie beside the records."""
    if settings.environment == "production":
        raise Misconfigured(
            "The in-process key ring does not run in production.",
            "It keeps the root secret in the process that handles the records.",
            "There is no key service yet, so there is no production yet: set HUB_ENVIRONMENT to what this installation is.",
        )
    return KeyRing.load(settings.file(settings.keyring, _KEYRING))


def load_token_key(settings: Settings) -> ECKey:
    """The key that signs access tokens. Raises Misconfigured where it is missing, damaged or within reach of others."""
    content = read_secret(settings.file(settings.token_key, _TOKEN_KEY), "The token key")
    try:
        return ECKey.import_key(orjson.loads(content))
    except (JoseError, ValueError, TypeError):
        raise Misconfigured("The token key cannot be read.", "Its file is damaged.", "Restore it from its safe copy.") from None


def load_receipts(settings: Settings, digest: KeyedDigest) -> Receipts:
    """What signs receipts. Raises Misconfigured where its key is missing, damaged or within reach of others."""
    content = read_secret(settings.file(settings.receipt_key, _RECEIPT_KEY), "The receipt key")
    try:
        key = OKPKey.import_key(orjson.loads(content))
    except (JoseError, ValueError, TypeError):
        raise Misconfigured(
            "The receipt key cannot be read.", "Its file is damaged.", "Restore it from its safe copy."
        ) from None
    return Receipts(key, issuer_of(settings), digest)


def client_of(settings: Settings) -> Client:
    """The hub as a client of the identity provider. Raises Misconfigured where its key or secret is missing or both are set."""
    key, secret = settings.oidc_key_file, settings.oidc_secret_file
    return read_client(
        settings.oidc_client_id,
        key=None if key is None else read_secret(key, "The OIDC key"),
        secret=None if secret is None else read_secret(secret, "The OIDC client secret"),
    )


@asynccontextmanager
async def databases(settings: Settings) -> AsyncIterator[Urls]:
    """The database URLs of the settings, or of a private PostgreSQL under the state directory.

    The first process of a state directory starts it, and it ends with that process; others share it meanwhile.
    """
    given = (settings.migration_url, settings.database_url, settings.vault_migration_url, settings.vault_url)
    if settings.database_url is not None and settings.vault_url is not None:
        migration, database, vault_migration, vault = ("" if url is None else url.get_secret_value() for url in given)
        yield Urls(migration=migration, database=database, vault_migration=vault_migration, vault=vault)
        return
    if any(url is not None for url in given):
        raise Misconfigured(
            "The databases are given in part.",
            "HUB_DATABASE_URL and HUB_VAULT_URL belong together.",
            "Set both, or none of the four.",
        )
    if settings.environment == "production":
        raise Misconfigured(
            "There is no database.",
            "The private PostgreSQL does not run in production.",
            "Set HUB_DATABASE_URL and HUB_VAULT_URL.",
        )
    postgres = PrivatePostgres(settings.state / _POSTGRES)
    if (shared := postgres.shared()) is not None:
        yield shared
        return
    with postgres:
        await migrate_all(settings, postgres.urls)
        yield postgres.urls


async def migrate_all(settings: Settings, urls: Urls) -> None:
    """Brings both databases to the present schema."""
    if not urls.migration or not urls.vault_migration:
        raise Misconfigured(
            "The databases cannot be migrated.",
            "HUB_MIGRATION_URL or HUB_VAULT_MIGRATION_URL is missing.",
            "Set both to the owners' roles.",
        )
    await migrate(urls.vault_migration, "vault", migrations=settings.migrations)
    main, vault = create_engine(urls.migration), create_engine(urls.vault_migration)
    try:
        await move_subjects(main, vault)
    finally:
        await main.dispose()
        await vault.dispose()
    await migrate(urls.migration, "main", migrations=settings.migrations)


@asynccontextmanager
async def open_hub(
    settings: Settings, *, name: str = "hub", unmarked: bool = False, long_lived: bool = False
) -> AsyncIterator[Hub]:
    """Builds a hub, and closes it. Raises Misconfigured or Tampered instead of starting incomplete, weak or rolled back.

    `unmarked` takes a log without high-water mark as it stands. One that is `long_lived` first examines what is stored under
    the signed root. Each asks the witnesses what they saw of it.
    """
    ring = load_ring(settings)
    signer = load_signer(settings)
    gc.freeze()  # what the start has made stays; the thresholds are those of the package
    log_id, operator = LogId(settings.log_id), PartyId(settings.operator)
    clock, entropy = SystemClock(), secrets.token_bytes
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(databases(settings))
        engine = create_engine(urls.database, application_name=name)
        stack.push_async_callback(engine.dispose)
        vault_engine = create_engine(urls.vault, application_name=name, pool_size=5)
        stack.push_async_callback(vault_engine.dispose)
        for each, setting in ((engine, "HUB_DATABASE_URL"), (vault_engine, "HUB_VAULT_URL")):
            try:
                await durability(each)
            except Retry as away:
                raise Retry(away.what, away.why, f"Check {setting}, and that PostgreSQL runs there.") from None
        high_water = HighWater(settings.file(settings.high_water, _HIGH_WATER))
        stack.callback(high_water.close)
        committer = Committer(engine, log_id, operator, signer, clock, entropy, high_water)
        digests, pseudonymiser = Digests(ring), Pseudonymiser(ring)
        vault = Vault(vault_engine, ring, log_id, entropy)
        people = People(pseudonymiser, vault)
        log = Log(engine, log_id, signer.vkey)
        notes = Notes(committer, log_id, operator, clock, entropy, vault)
        witnessing = Witnessing(engine, log, notes, settings)
        stack.push_async_callback(witnessing.close)
        guard = Guard(engine, log_id, signer.vkey)
        if long_lived and await log.checkpoint_or_none() is not None:
            await guard.check()
        promised = partial(_promised, witnessing, settings)
        await committer.start(unmarked=unmarked, promised=promised, region=settings.log_region)
        stack.push_async_callback(committer.stop)
        stamped = None
        if settings.tsa_stop_s is not None:
            stamped = StampGuard(engine, log_id, clock, settings.tsa_stop_s)
            await stamped.look()
            committer.heed(stamped.check)
        outbox, entries = Outbox(engine, log_id), EntryWriter(log_id, operator, entropy)
        acts = Acts(log)
        rules = await _rules(acts, settings)
        protector = Protector(pseudonymiser, vault, entropy)
        endings = Endings(clock, entropy, entries, committer, log, outbox, rules)
        route = Route(
            clock=clock,
            entropy=entropy,
            gatherer=Gatherer(engine, vault, pseudonymiser, digests, rules),
            rules=rules,
            protector=protector,
            entries=entries,
            recorder=committer,
            log=log,
            outbox=outbox,
            again=Again(engine, protector, log, rules, digests),
            endings=endings,
        )
        search = Search(engine, log_id, operator, vault.tags_of, Hours.parse(settings.working_hours))
        notices = notice_desk(log, search, notes, vault, lambda: rules.policy)
        tombs = Tombs(settings.file(settings.forgotten, _FORGOTTEN))
        yield Hub(
            settings=settings,
            log_id=log_id,
            operator=operator,
            engine=engine,
            vault_engine=vault_engine,
            clock=clock,
            signer=signer,
            digests=digests,
            people=people,
            vault=vault,
            committer=committer,
            notes=notes,
            log=log,
            search=search,
            endings=endings,
            route=route,
            rules=rules,
            acts=acts,
            partners=Ledger(log, lambda move: move.ref, PartnerMove.says),
            statements=Statements(engine, log_id, log, notes, digests, people, clock, entropy, rules),
            notices=notices,
            informing=Informing(engine, search, notes, vault.tags_of),
            forgetting=Forgetting(log, notes, people, notices, tombs, alone=settings.environment != "production"),
            person_keys=PersonKeys(log, notes, people),
            retention=Retention(
                engine, notes, search, signer, Holds(engine, notes), lambda: rules.policy, vault.refs_of, vault.unlink
            ),
            reviews=Reviews(engine, search, notes, settings.review_each),
            witnessing=witnessing,
            guard=guard,
            stamped=stamped,
        )


async def _promised(witnessing: Witnessing, settings: Settings) -> list[Mark]:
    """What anyone outside the database saw of the log."""
    found = await witnessing.asking.largest_witnessed(required=settings.witness_required)
    return [] if found is None else [found]


async def _rules(acts: Acts, settings: Settings) -> Rules:
    """What the log says is in use; before anything ever was, the directory's set with nothing of it in force."""
    used = await acts.in_use()
    if used is not None:
        return Rules(used.policy, replace(used.life, silent=await silent_recipients(acts.engine, acts.log_id)))
    policy = load_policy(settings.policy)
    shut = {agreement.id: codes.AFSPRAAK_NIET_ONDERTEKEND for agreement in policy.agreements}
    return Rules(policy, Life(shut, frozenset()))


def issuer_of(settings: Settings) -> str:
    """The hub's address as partners know it. Raises Misconfigured where it would speak beyond this machine without TLS."""
    tls = settings.tls_certificate is not None
    loopback = settings.host == "localhost" or _is_loopback(settings.host)
    if not tls and not loopback:
        raise Misconfigured(
            "The hub does not listen beyond this machine without TLS.",
            "HUB_HOST is no loopback address and HUB_TLS_CERTIFICATE is not set.",
            "Set HUB_TLS_CERTIFICATE and HUB_TLS_KEY, or listen on 127.0.0.1 behind a proxy.",
        )
    return settings.issuer or f"{'https' if tls else 'http'}://{settings.host}:{settings.port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
