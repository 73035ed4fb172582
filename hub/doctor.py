"""`hub doctor`: examines an installation as it lies there. It starts nothing, writes nothing, and opens what it can.

`hub.app.open_hub` refuses to start on much that is to be explained here, so the doctor does not use it.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.app import Hub, load_ring, load_signer, load_token_key
from hub.clock import SystemClock
from hub.consent.policy import load_policy
from hub.domain.terms import LogId
from hub.errors import HubError, Misconfigured
from hub.health import store
from hub.health.examine import Parts, examine
from hub.health.files import Certificate, KeyFile, machine
from hub.health.findings import EXIT, Finding, State, by_urgency, unknown, worst, wrong
from hub.health.outside import Outside
from hub.health.parts import Base
from hub.http import Http
from hub.normalise.mapping import load_mapping
from hub.postgres import PrivatePostgres
from hub.protect.vault import Vault
from hub.registry import load_connectors
from hub.settings import Recipient, Settings, read_instances, read_recipients
from hub.witness.service import key_file, read_policy

_MOST = {"main": 10, "vault": 5}
"""Connections of one process to each database, as `hub.app` opens them."""
_ROLES = {"main": "hub_app", "vault": "hub_vault"}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SIGNS = {State.wrong: "wrong", State.attention: "attention", State.unknown: "unknown"}

Name = Literal["main", "vault"]
Examine = Callable[[], Awaitable[list[Finding]]]


async def examine_installation(settings: Settings | Misconfigured) -> list[Finding]:
    """Everything that can be found out about the installation of these settings; where they cannot be read, that alone."""
    if isinstance(settings, Misconfigured):
        return [wrong("settings", detail=settings.why or settings.what), *machine(SystemClock().now_us())]
    async with _databases(settings) as (urls, engines, known):
        return await examine(_parts(settings, urls, engines, known))


def examiner_of(hub: Hub, urls: Mapping[Name, str] | None = None) -> Examine:
    """The same over a hub that runs, for a desk: call it for every look; it uses the hub's own connections."""
    addresses = urls or {"main": str(hub.engine.url), "vault": str(hub.vault_engine.url)}
    parts = _parts(hub.settings, addresses, {"main": hub.engine, "vault": hub.vault_engine}, ())
    return partial(examine, parts)


def report(findings: Sequence[Finding], *, quiet: bool = False) -> str:
    """The findings for a person at a keyboard, worst first, then how much is well; with `quiet` only what is not."""
    lines: list[str] = []
    for state, title in _SIGNS.items():
        found = [finding for finding in findings if finding.state is state]
        if found:
            lines += [title, *(line for finding in found for line in _told(finding)), ""]
    well = Counter(finding.state for finding in findings)[State.ok]
    if not quiet:
        lines.append(f"{well} of {len(findings)} checks well")
    return "\n".join(lines).rstrip()


def _told(finding: Finding) -> list[str]:
    told = finding.told("en")
    return [f"  {told.name}: {told.what} [{finding.code}]", *(f"      {line}" for line in (told.why, told.now) if line)]


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """The findings for a machine, the well included; `state` is the whole's."""
    rows = []
    for finding in by_urgency(findings):
        told = finding.told("en")
        rows.append(
            {
                "code": finding.code,
                "about": finding.about,
                "state": finding.state.value,
                "parameters": dict(finding.parameters),
                "name": told.name,
                "what": told.what,
                "why": told.why,
                "now": told.now,
            }
        )
    return {"state": worst(findings).value, "findings": rows}


def exit_status(findings: Sequence[Finding]) -> int:
    """0 when all is well, 1 when something wants attention or could not be examined, 5 when something is wrong."""
    return EXIT[worst(findings)]


@asynccontextmanager
async def _databases(
    settings: Settings,
) -> AsyncIterator[tuple[Mapping[Name, str], Mapping[Name, AsyncEngine], Sequence[Finding]]]:
    """The databases' addresses and engines that only read; and what there is to say where there are none."""
    urls, known = _addresses(settings)
    engines: dict[Name, AsyncEngine] = {}
    try:
        for name, url in urls.items():
            try:
                engines[name] = store.visitor(url)
            except Misconfigured:
                known = [wrong("database-address")]
        yield urls, engines, known
    finally:
        for engine in engines.values():
            await engine.dispose()


def _addresses(settings: Settings) -> tuple[Mapping[Name, str], Sequence[Finding]]:
    given = (settings.database_url, settings.vault_url, settings.migration_url, settings.vault_migration_url)
    if settings.database_url is not None and settings.vault_url is not None:
        return {"main": settings.database_url.get_secret_value(), "vault": settings.vault_url.get_secret_value()}, ()
    if any(url is not None for url in given) or settings.environment == "production":
        return {}, [wrong("database-address")]
    try:
        urls = PrivatePostgres(settings.state / "postgres").shared()
    except (OSError, HubError):
        return {}, [unknown("postgres-asleep", cause="unreadable")]
    if urls is None:
        return {}, [Finding("postgres-asleep", State.unknown)]
    return {"main": urls.database, "vault": urls.vault}, ()


def _parts(
    settings: Settings, urls: Mapping[Name, str], engines: Mapping[Name, AsyncEngine], known: Sequence[Finding]
) -> Parts:
    log_id, production = LogId(settings.log_id), settings.environment == "production"
    if production:
        known = [*known, wrong("key-ring-place")]

    def base(name: Name) -> Base | None:
        if name not in engines:
            return None
        remote = urlsplit(urls[name]).hostname not in _LOOPBACK
        head = _revision(settings.migrations / name)
        return Base(name, engines[name], _ROLES[name], head, _MOST[name], remote, _files(settings))

    return Parts(
        environment=settings.environment,
        log_id=log_id,
        clock=SystemClock(),
        state=settings.state,
        high_water=settings.file(settings.high_water, "high-water"),
        policy=lambda: load_policy(settings.policy),
        mappings=lambda: _mappings(settings),
        keys=(
            *([] if production else [KeyFile("key ring", settings.file(settings.keyring, "keyring.json"), _ring(settings))]),
            KeyFile("log key", settings.file(settings.log_key, "log.key"), lambda: load_signer(settings)),
            KeyFile("token key", settings.file(settings.token_key, "token.jwk"), lambda: load_token_key(settings)),
            *_secrets(settings),
        ),
        vkey=lambda: load_signer(settings).vkey,
        main=base("main"),
        vault=base("vault"),
        people=lambda: Vault(engines["vault"], load_ring(settings), log_id, secrets.token_bytes),
        certificates=_certificates(settings),
        oidc=None if settings.oidc_issuer is None else partial(_provider_answers, settings.oidc_issuer),
        outside=Outside(
            vkey=lambda: load_signer(settings).vkey,
            policy=lambda: read_policy(settings),
            has_key=lambda: key_file(settings).is_file(),
            witness_lag_s=settings.witness_lag_s,
            stamp_lag_s=None if settings.tsa_url is None else settings.tsa_lag_s,
            stamp_stop_s=settings.tsa_stop_s,
        ),
        known=known,
    )


def _ring(settings: Settings) -> Callable[[], object]:
    return lambda: load_ring(settings)


def _files(settings: Settings) -> Path | None:
    """Where the databases' files lie: known for the private PostgreSQL alone."""
    data = settings.state / "postgres" / "data"
    return data if settings.database_url is None and data.is_dir() else None


def _revision(scripts: Path) -> str | None:
    """The newest revision of the migrations in `scripts`; None where there are none, or several."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        return ScriptDirectory.from_config(config).get_current_head()
    except CommandError:
        return None


def _mappings(settings: Settings) -> dict[str, bool]:
    """Per connector instance whether its mapping is verified. Raises Misconfigured where one cannot be used."""
    if settings.connectors is None:
        return {}
    known, found = load_connectors(), {}
    for instance in read_instances(settings.connectors):
        if instance.connector not in known:
            raise Misconfigured(f"There is no connector {instance.connector}.")
        keys = (instance.known_hosts, instance.private_key, instance.password_file)
        if not all(file is None or file.is_file() for file in keys):
            raise Misconfigured(f"The keys of connector {instance.id} cannot be read.")
        found[instance.id] = load_mapping(instance.mapping or known[instance.connector].mapping).verified
    return found


def _certificates(settings: Settings) -> list[Certificate]:
    found: list[Certificate] = []
    if settings.tls_certificate is not None:
        host = urlsplit(settings.issuer).hostname if settings.issuer else settings.host
        found.append(Certificate("of the server", settings.tls_certificate, settings.tls_key, host))
    if settings.tls_client_ca is not None:
        found.append(Certificate("of partners' authority", settings.tls_client_ca, authorities=True))
    for recipient in _recipients(settings):
        if recipient.certificate is not None:
            found.append(Certificate(f"shown to {recipient.id}", recipient.certificate, recipient.key))
        if recipient.ca is not None:
            found.append(Certificate(f"authority of {recipient.id}", recipient.ca, authorities=True))
    return found


def _secrets(settings: Settings) -> list[KeyFile]:
    """Files with secrets that others gave or know: nothing of them is read here but whether they can be."""
    named = {"OIDC key": settings.oidc_key_file, "OIDC secret": settings.oidc_secret_file, "TLS key": settings.tls_key}
    for recipient in _recipients(settings):
        named |= {f"token of {recipient.id}": recipient.token_file, f"TLS key of {recipient.id}": recipient.key}
    return [KeyFile(name, path, lambda: None) for name, path in named.items() if path is not None]


def _recipients(settings: Settings) -> tuple[Recipient, ...]:
    """Who is pushed to; nobody where the file cannot be read, which is a finding of its own."""
    with suppress(HubError):
        return () if settings.connectors is None else read_recipients(settings.connectors)
    return ()


async def _provider_answers(issuer: str) -> None:
    """Raises the hub's errors where the provider of staff sign-in does not describe itself as this issuer."""
    client = Http(timeout_s=4.0)
    try:
        answer = await client.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    finally:
        await client.close()
    try:
        named = orjson.loads(answer.body)["issuer"]
    except (ValueError, KeyError, TypeError):
        named = None
    if answer.status != 200 or named != issuer:
        raise Misconfigured("The identity provider describes itself as another one.")
