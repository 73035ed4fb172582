"""Settings from the environment (`HUB_...`); read once, by `hub.app` and `hub.cli`."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import Misconfigured

_HERE = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """What an installation says about itself. Without database URLs a private PostgreSQL is started under `state`."""

    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore", hide_input_in_errors=True, frozen=True)

    environment: Literal["demo", "development", "test", "acceptance", "production"] = Field(
        default="development", description="production refuses the in-process key ring and the private database"
    )
    log_id: str = Field(default="hub", description="which log this hub writes, a lower-case word; one per region")
    log_region: str = Field(default="", description="the region of this log, a lower-case word, where there are several")
    operator: str = Field(
        default="hub", description="the party that operates the hub, a lower-case word; actor of entries about it"
    )
    state: Path = Field(default=Path("var/hub"), description="directory of keys, high-water mark and the private database")

    database_url: SecretStr | None = Field(default=None, description="the application's role on the main database")
    migration_url: SecretStr | None = Field(default=None, description="the owner's role, for migrations")
    vault_url: SecretStr | None = Field(default=None, description="the application's role on the vault")
    vault_migration_url: SecretStr | None = Field(default=None, description="the owner's role on the vault, for migrations")

    keyring: Path | None = Field(
        default=None, description="the key ring's file; by default keyring.json in the state directory"
    )
    log_key: Path | None = Field(default=None, description="the log's signing key; by default log.key in the state directory")
    log_origin: str = Field(default="hub.example/log", description="the log's name in checkpoints, for ever")
    token_key: Path | None = Field(
        default=None, description="the key that signs access tokens; by default in the state directory"
    )
    receipt_key: Path | None = Field(
        default=None, description="the key that signs receipts for young people; by default in the state directory"
    )
    high_water: Path | None = Field(default=None, description="the high-water mark; put it on another volume than the database")

    forgotten: Path | None = Field(
        default=None, description="who was forgotten, so that a restored backup forgets again; not on the databases' volume"
    )

    working_hours: str = Field(
        default="7-19", description="when staff are at work, as 7-19 or 7-19+weekend: reading outside it is told to the officer"
    )
    review_each: int = Field(default=10, ge=1, le=1000, description="lines of each kind on the monthly list to look through")

    inquiries_per_hour: int = Field(
        default=500, ge=1, le=100_000, description="questions to registers that a party may ask in an hour, per process"
    )

    policy: Path = Field(default=_HERE / "schemas" / "policy", description="the policy set")
    migrations: Path = Field(default=_HERE / "ops" / "migrations", description="the database migrations")
    connectors: Path | None = Field(default=None, description="the connector instances (YAML); the worker needs it")

    host: str = Field(default="127.0.0.1", description="without TLS only a loopback address is accepted")
    port: int = Field(default=8443, ge=0, le=65535)
    issuer: str | None = Field(default=None, description="the public base URL; by default made from host and port")
    contact: str | None = Field(default=None, description="the e-mail address of who runs the hub, for partners")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = Field(default=None, description="asks clients for a certificate of this authority")

    mail_host: str = Field(default="127.0.0.1", description="where 'hub mail' listens; elsewhere than here only with TLS")
    mail_port: int = Field(default=8025, ge=0, le=65535)
    mail_domain: str = Field(default="", description="what stands behind the @ of addresses that files are mailed to")
    mail_lmtp: bool = Field(default=False, description="'hub mail' speaks LMTP instead of SMTP")

    oidc_issuer: str | None = Field(
        default=None, description="the identity provider of the desks, as it names itself; without it nobody signs in there"
    )
    oidc_client_id: str = Field(default="", description="the hub's client id at the identity provider")
    oidc_key_file: Path | None = Field(default=None, description="the private JWK that the hub proves itself with there")
    oidc_secret_file: Path | None = Field(default=None, description="or else its client secret")
    oidc_roles_claim: str = Field(default="roles", description="the claim of the ID token that holds someone's roles")
    oidc_party_claim: str = Field(
        default="party", description="the claim of the ID token that holds the party that a decision-maker decides for"
    )
    session_s: int = Field(default=8 * 3600, gt=0, le=24 * 3600, description="how long a session at a desk lasts at most")
    session_idle_s: int = Field(default=30 * 60, gt=0, description="how long a session lasts that nobody uses")

    log_mldsa_key: Path | None = Field(
        default=None, description="the log's second key, in ML-DSA-44; by default log-mldsa.key in the state directory"
    )
    witness_key: Path | None = Field(
        default=None, description="the key that cosigns other logs; by default witness.key in the state directory"
    )
    witness_name: str = Field(default="hub.example/witness", description="this hub's name as a witness, for ever")
    witnesses: Path | None = Field(
        default=None, description="the witnesses that cosign this log, a C2SP tlog-policy file; without it nobody is asked"
    )
    witness_required: bool = Field(default=False, description="the hub starts only when each witness has been heard")
    witness_every_s: float = Field(default=10.0, gt=0, description="seconds between two times of asking the witnesses")
    witness_lag_s: float = Field(default=3600.0, gt=0, description="seconds that the witnesses may lag behind without alarm")
    tsa_url: str | None = Field(default=None, description="the RFC 3161 authority that stamps checkpoints; none without it")
    tsa_certificates: Path | None = Field(default=None, description="its root and intermediate certificates (PEM)")
    tsa_every_s: float = Field(default=600.0, gt=0, description="seconds between two time stamps")
    tsa_lag_s: float = Field(default=3600.0, gt=0, description="seconds that time stamps may lag behind without alarm")
    tsa_stop_s: float | None = Field(
        default=None, gt=0, description="beyond this lag in seconds nothing is recorded; by default it goes on with an alarm"
    )

    poll_s: float = Field(default=30.0, gt=0, description="seconds between two looks at a connector")

    def file(self, chosen: Path | None, name: str) -> Path:
        """`chosen`, or `name` in the state directory."""
        return chosen if chosen is not None else self.state / name


class Instance(BaseModel):
    """One connector as it is set up here: whose files, where, and as whom to fetch them. Keys are files, never values."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str
    connector: str
    party: str
    host: str
    port: int = Field(default=22, ge=1, le=65535)
    username: str
    folder: str = "."
    known_hosts: Path
    private_key: Path | None = Field(default=None, description="an OpenSSH key; or else password_file")
    password_file: Path | None = None
    mapping: Path | None = Field(default=None, description="another mapping than the connector's own")
    pattern: str = "*.csv"
    settle_s: int = Field(default=30, ge=0, description="a file must be unchanged this long before it is taken")


class Recipient(BaseModel):
    """A party that deliveries are pushed to: where, as whom, and how much at a time. Keys are files, never values."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)
    connector: str
    party: str = Field(description="the recipient: an id of parties.yaml; each has one entry")
    url: str = Field(description="https, or http on this machine; without user name, query or fragment")
    token_file: Path | None = Field(default=None, description="what to show as bearer token")
    ca: Path | None = Field(default=None, description="the authorities (PEM) to trust instead of the system's")
    certificate: Path | None = Field(default=None, description="the hub's own certificate (PEM), with its key")
    key: Path | None = None
    timeout_s: float = Field(default=10.0, gt=0, le=300, description="seconds for a whole call")
    batch: int = Field(default=50, ge=1, le=250, description="deliveries in one call, at most")
    concurrency: int = Field(default=2, ge=1, le=16, description="calls at a time")

    @field_validator("url")
    @classmethod
    def _safe(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host, parts = None, urlsplit("")
        if not host or parts.scheme not in ("https", "http") or not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError("is not an address that begins with https://")
        if parts.scheme == "http" and not _is_loopback(host):
            raise ValueError("plain http goes no further than this machine; use https")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("holds a user name, a query or a fragment; use token_file or certificate")
        return url

    @model_validator(mode="after")
    def _paired(self) -> Recipient:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a certificate needs its key, and a key its certificate")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Connectors(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    instances: tuple[Instance, ...] = ()
    recipients: tuple[Recipient, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> _Connectors:
        if not self.instances and not self.recipients:
            raise ValueError("it names no instances and no recipients")
        ids = [*(each.id for each in self.instances), *(each.id for each in self.recipients)]
        parties = [each.party for each in self.recipients]
        for what, names in (("an id", ids), ("a recipient's party", parties)):
            if len(set(names)) != len(names):
                raise ValueError(f"{what} stands in it twice")
        return self


def read_instances(path: Path) -> tuple[Instance, ...]:
    """The connectors that fetch, of a YAML file. Raises Misconfigured naming the file and what is wrong with it."""
    return _read_connectors(path).instances


def read_recipients(path: Path) -> tuple[Recipient, ...]:
    """The parties that are pushed to, of the same file. Raises Misconfigured naming the file and what is wrong with it."""
    return _read_connectors(path).recipients


def _read_connectors(path: Path) -> _Connectors:
    try:
        return _Connectors.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise Misconfigured(f"The connectors' file {path} cannot be read.", "It is missing or no YAML.", "Check it.") from None
    except ValidationError as wrong:
        errors = wrong.errors(include_input=False, include_url=False, include_context=False)
        told = "; ".join(f"{'.'.join(str(part) for part in error['loc']) or 'the whole'}: {error['msg']}" for error in errors)
        raise Misconfigured(f"The connectors' file {path} is wrong.", f"{told}.", "Correct it and start again.") from None
