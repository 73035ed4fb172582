"""Settings from the environment (`HUB_...`); read once, by `hub.app` and `hub.cli`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_HERE = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """What an installation says about itself. Without database URLs a private PostgreSQL is started under `state`."""

    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore", hide_input_in_errors=True, frozen=True)

    environment: Literal["demo", "development", "test", "acceptance", "production"] = Field(
        default="development", description="production refuses the in-process key ring and the private database"
    )
    log_id: str = Field(default="hub", description="which log this hub writes; one per region")
    operator: str = Field(default="hub", description="the party that operates the hub; actor of entries about the hub itself")
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
    connectors: Path | None = Field(default=None, description="the connector instances (YAML); none means no polling")

    host: str = Field(default="127.0.0.1", description="without TLS only a loopback address is accepted")
    port: int = Field(default=8443, ge=0, le=65535)
    issuer: str | None = Field(default=None, description="the public base URL; by default made from host and port")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = Field(default=None, description="asks clients for a certificate of this authority")

    poll_s: float = Field(default=30.0, gt=0, description="seconds between two looks at a connector")

    def file(self, chosen: Path | None, name: str) -> Path:
        """`chosen`, or `name` in the state directory."""
        return chosen if chosen is not None else self.state / name
