"""Staff at the desks: sign-ins under way, and sessions. Both are found by a keyed digest of what the browser holds."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = {
    "identity_signin": """
        CREATE TABLE identity_signin (
            log_id       text NOT NULL,
            party_id     text NOT NULL,
            state_digest bytea PRIMARY KEY,
            back_to      text NOT NULL,
            expires_us   bigint NOT NULL)""",
    "identity_session": """
        CREATE TABLE identity_session (
            log_id         text NOT NULL,
            party_id       text NOT NULL,
            session_digest bytea PRIMARY KEY,
            staff_id       text NOT NULL,
            name           text NOT NULL,
            roles          text[] NOT NULL,
            seen_us        bigint NOT NULL,
            expires_us     bigint NOT NULL)""",
}


def upgrade() -> None:
    for table, made in _TABLES.items():
        op.execute(made)
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO hub_app")
        op.execute(f"CREATE INDEX {table}_expiry ON {table} (log_id, expires_us)")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
