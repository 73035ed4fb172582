"""Whom an entry is about stands in the vault alone, and a delivery that is done says of nobody whom it was about.

The rows of `audit_subject` are moved before this runs (`hub.app.migrate_all`).
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_DONE = "state IN ('acknowledged', 'dropped')"


def upgrade() -> None:
    op.execute("DROP TABLE audit_subject")
    op.execute("ALTER TABLE deliver_outbox ALTER COLUMN subject_tag DROP NOT NULL")
    op.execute(f"UPDATE deliver_outbox SET subject_tag = NULL, record_id = NULL WHERE {_DONE}")
    op.execute(f"ALTER TABLE deliver_outbox ADD CONSTRAINT deliver_outbox_of CHECK (subject_tag IS NOT NULL OR {_DONE})")


def downgrade() -> None:
    op.execute("ALTER TABLE deliver_outbox DROP CONSTRAINT deliver_outbox_of")
    op.execute("UPDATE deliver_outbox SET subject_tag = '' WHERE subject_tag IS NULL")
    op.execute("ALTER TABLE deliver_outbox ALTER COLUMN subject_tag SET NOT NULL")
    op.execute("""
        CREATE TABLE audit_subject (
            log_id text NOT NULL, party_id text NOT NULL, subject_tag bytea NOT NULL, ref uuid NOT NULL)""")
    op.execute("CREATE INDEX audit_subject_tag ON audit_subject (subject_tag)")
    op.execute("CREATE INDEX audit_subject_ref ON audit_subject (ref)")
    op.execute("GRANT SELECT, INSERT ON audit_subject TO hub_app")
