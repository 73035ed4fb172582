"""A recipient may have several systems, each for its own kinds of records: how each is doing is kept by its name.

What is held is the recipient, in the row without a name.
"""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the name of the system to the key."""
    op.execute("ALTER TABLE deliver_recipient ADD COLUMN system text NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE deliver_recipient DROP CONSTRAINT deliver_recipient_pkey")
    op.execute("ALTER TABLE deliver_recipient ADD PRIMARY KEY (log_id, party_id, system)")
    op.execute("ALTER TABLE deliver_recipient ADD CONSTRAINT deliver_recipient_held CHECK (NOT held OR system = '')")


def downgrade() -> None:
    """What is known of further systems goes."""
    op.execute("ALTER TABLE deliver_recipient DROP CONSTRAINT deliver_recipient_held")
    op.execute("DELETE FROM deliver_recipient WHERE system <> ''")
    op.execute("ALTER TABLE deliver_recipient DROP CONSTRAINT deliver_recipient_pkey")
    op.execute("ALTER TABLE deliver_recipient ADD PRIMARY KEY (log_id, party_id)")
    op.execute("ALTER TABLE deliver_recipient DROP COLUMN system")
