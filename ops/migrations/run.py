"""What both environments do: migrate on the connection that the hub hands in, else on that of HUB_MIGRATION_URL."""

from __future__ import annotations

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

# One migration at a time, whoever starts it; `hub.db.migrate` takes the same lock.
_LOCK = "SELECT pg_advisory_xact_lock(7310579)"


def migrate(connection: Connection) -> None:
    """Runs the migrations asked for, all in one transaction."""
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()


async def _connect_and_migrate() -> None:
    engine = create_async_engine(os.environ["HUB_MIGRATION_URL"], poolclass=pool.NullPool, hide_parameters=True)
    async with engine.begin() as connection:
        await connection.exec_driver_sql(_LOCK)
        await connection.run_sync(migrate)
    await engine.dispose()


def run() -> None:
    """The entry of `env.py`."""
    if context.is_offline_mode():
        context.configure(dialect_name="postgresql", literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
    else:
        asyncio.run(_connect_and_migrate())
