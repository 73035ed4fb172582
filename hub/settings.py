"""Settings from the environment (`HUB_...`); read once, by `hub.app` and `hub.cli`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
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
    high_water: Path | None = Field(default=None, description="the high-water mark; put it on another volume than the database")

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

    oidc_issuer: str | None = Field(
        default=None, description="the identity provider of the desks, as it names itself; without it nobody signs in there"
    )
    oidc_client_id: str = Field(default="", description="the hub's client id at the identity provider")
    oidc_key_file: Path | None = Field(default=None, description="the private JWK that the hub proves itself with there")
    oidc_secret_file: Path | None = Field(default=None, description="or else its client secret")
    oidc_roles_claim: str = Field(default="roles", description="the claim of the ID token that holds someone's roles")
    session_s: int = Field(default=8 * 3600, gt=0, le=24 * 3600, description="how long a session at a desk lasts at most")
    session_idle_s: int = Field(default=30 * 60, gt=0, description="how long a session lasts that nobody uses")

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


class _Instances(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    instances: tuple[Instance, ...] = Field(min_length=1)


def read_instances(path: Path) -> tuple[Instance, ...]:
    """The connector instances of a YAML file. Raises Misconfigured naming the file and what is wrong with it."""
    try:
        return _Instances.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).instances
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise Misconfigured(f"The connectors' file {path} cannot be read.", "It is missing or no YAML.", "Check it.") from None
    except ValidationError as wrong:
        errors = wrong.errors(include_input=False, include_url=False, include_context=False)
        told = "; ".join(f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in errors)
        raise Misconfigured(f"The connectors' file {path} is wrong.", f"{told}.", "Correct it and start again.") from None
