"""Statements as events that are only added, each naming the digest of the one before it.

What was recorded so far becomes the first event of its statement. It has no digest, for a migration has no key; whatever comes
after it does, and so does whatever is new. The way down keeps what still holds, and no yes that was limited: it would become
one that is not.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OLD = "statement_id, log_id, party_id, subject_tag, kind, valid_from, valid_until, event_us, recorded_us"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE consent_event (
            log_id       text NOT NULL,
            party_id     text NOT NULL,
            statement_id uuid NOT NULL,
            seq          int NOT NULL CHECK (seq > 0),
            subject_tag  bytea NOT NULL,
            body         bytea NOT NULL,
            hash         bytea CHECK (octet_length(hash) = 32),
            ends         date,
            PRIMARY KEY (statement_id, seq))
        """
    )
    found = op.get_bind().execute(sa.text(f"SELECT {_OLD} FROM consent_statement")).mappings()
    moved = [
        {
            **{name: row[name] for name in ("log_id", "party_id", "statement_id", "subject_tag")},
            "ends": row["valid_until"],
            "body": _body(dict(row)),
        }
        for row in found
    ]
    if moved:
        op.get_bind().execute(
            sa.text(
                "INSERT INTO consent_event (log_id, party_id, statement_id, seq, subject_tag, body, ends) "
                "VALUES (:log_id, :party_id, :statement_id, 1, :subject_tag, :body, :ends)"
            ),
            moved,
        )
    op.execute("ALTER TABLE consent_event ADD CONSTRAINT consent_event_chained CHECK (hash IS NOT NULL) NOT VALID")
    op.execute("CREATE INDEX consent_event_tag ON consent_event (subject_tag, statement_id, seq)")
    op.execute("CREATE INDEX consent_event_ends ON consent_event (log_id, ends) WHERE ends IS NOT NULL")
    op.execute("GRANT SELECT, INSERT ON consent_event TO hub_app")
    op.execute("DROP TABLE consent_statement")


def _body(row: dict[str, Any]) -> bytes:
    """The event as `hub.consent.chain.body_of` writes one (RFC 8785)."""
    fields = {
        "v": 1,
        "tag": bytes(row["subject_tag"]).hex(),
        "statement_id": str(row["statement_id"]),
        "seq": 1,
        "what": "given",
        "kind": row["kind"],
        "party": row["party_id"],
        "event_us": row["event_us"],
        "recorded_us": row["recorded_us"],
        "day": row["valid_from"].isoformat(),
        "until": None if row["valid_until"] is None else row["valid_until"].isoformat(),
        "proxy_until": None,
        "voice": "school" if row["kind"] == "raadpleging_school" else "jongere",
        "scope": {"purposes": None, "parties": None, "elements": None},
        "evidence": None,
        "cause": None,
        "shielded": False,
        "prev": "0" * 64,
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def downgrade() -> None:
    op.execute(
        """
        CREATE TABLE consent_statement (
            log_id       text NOT NULL,
            party_id     text NOT NULL,
            statement_id uuid PRIMARY KEY,
            subject_tag  bytea NOT NULL,
            kind         text NOT NULL,
            valid_from   date NOT NULL,
            valid_until  date,
            event_us     bigint NOT NULL,
            recorded_us  bigint NOT NULL)
        """
    )
    op.execute("CREATE INDEX consent_statement_tag ON consent_statement (subject_tag)")
    op.execute("GRANT SELECT, INSERT ON consent_statement TO hub_app")
    op.execute(
        f"""
        INSERT INTO consent_statement ({_OLD})
        SELECT statement_id, log_id, party_id, subject_tag, said ->> 'kind', (said ->> 'day')::date, (said ->> 'until')::date,
               (said ->> 'event_us')::bigint, (said ->> 'recorded_us')::bigint
        FROM consent_event AS event, LATERAL (SELECT convert_from(event.body, 'UTF8')::jsonb AS said) AS read
        WHERE seq = 1 AND said ->> 'what' = 'given'
          AND (said ->> 'kind' IN ('bezwaar', 'beperking', 'contactvoorkeur') OR said -> 'scope' ->> 'purposes' IS NULL)
          AND NOT EXISTS (
              SELECT FROM consent_event AS later WHERE later.statement_id = event.statement_id AND later.seq > 1
              AND convert_from(later.body, 'UTF8')::jsonb ->> 'what'
                  IN ('withdrawn', 'refused', 'rejected', 'expired', 'invalidated', 'proxy-ended'))
        """
    )
    op.execute("DROP TABLE consent_event")
