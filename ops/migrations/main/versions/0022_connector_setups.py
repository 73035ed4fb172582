"""Connector instances as administrators set them up: versions, credentials, who did what.

`setup_move` is all that ever happened to an instance, one after the other: how it stands follows from it, and who writes the
next number first, wins. `setup_version` holds what was set up, `setup_credential` what lets the hub in, sealed; only the seal
may be emptied, once another took its place. `setup_alarm` remembers which end was announced how long before.
"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_WHOSE = "log_id text NOT NULL, party_id text NOT NULL"
_TABLES = {
    "setup_move": f"""({_WHOSE},
        instance  text NOT NULL,
        seq       int NOT NULL CHECK (seq > 0),
        move      text NOT NULL,
        version   int NOT NULL CHECK (version > 0),
        who       text NOT NULL,
        word      text NOT NULL,
        digest    bytea NOT NULL,
        entry_ref uuid NOT NULL,
        us        bigint NOT NULL,
        PRIMARY KEY (log_id, instance, seq))""",
    "setup_version": f"""({_WHOSE},
        instance  text NOT NULL,
        version   int NOT NULL CHECK (version > 0),
        connector text NOT NULL,
        body      text NOT NULL,
        PRIMARY KEY (log_id, instance, version))""",
    "setup_credential": f"""({_WHOSE},
        credential_id uuid PRIMARY KEY,
        instance      text NOT NULL,
        seq           int NOT NULL,
        name          text NOT NULL,
        kind          text NOT NULL,
        sealed        bytea,
        key_version   int NOT NULL,
        fingerprint   text NOT NULL,
        until_us      bigint,
        UNIQUE (log_id, instance, seq))""",
    "setup_alarm": f"""({_WHOSE},
        credential_id uuid NOT NULL,
        days          int NOT NULL,
        us            bigint NOT NULL,
        PRIMARY KEY (credential_id, days))""",
}


def upgrade() -> None:
    for table, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {table} {columns}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
    op.execute("GRANT UPDATE (sealed) ON setup_credential TO hub_app")
    op.execute("CREATE INDEX setup_credential_of ON setup_credential (log_id, until_us) WHERE sealed IS NOT NULL")
    for table in ("setup_move", "setup_version"):
        op.execute(f"CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_keep()")
        op.execute(f"CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON {table} EXECUTE FUNCTION audit_keep()")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
