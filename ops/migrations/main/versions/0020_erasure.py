"""Forgetting a person: who asked for it and who decided, and what makes a restored backup forget again.

`rights_erasure` tells of one request; its `subject_tag` goes when it is done. `rights_tombstone` keeps the tag of who was
forgotten: without their key nobody can say whose it was, and whatever a backup brings back under it goes again. Only what
stands under such a tag may be deleted by `forget_rows`, and nothing else may delete it.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_KEEP = """
    CREATE FUNCTION rights_keep_event() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM public.consent_notice AS notice
            JOIN public.rights_tombstone AS gone ON gone.subject_tag = notice.subject_tag
            WHERE notice.notice_id = OLD.notice_id)
        THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'what happened to a notice is only added to' USING ERRCODE = 'HU001';
    END $$"""
# Records are found by their facts; what tells a duplicate has no index by record, and is looked through whole.
_FORGET = """
    CREATE FUNCTION forget_rows(tag bytea) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = on AS $$
    DECLARE
        gone  bigint := 0;
        these bigint;
    BEGIN
        IF NOT EXISTS (SELECT FROM public.rights_tombstone WHERE subject_tag = tag) THEN
            RAISE EXCEPTION 'nobody decided that this person is forgotten' USING ERRCODE = 'HU001';
        END IF;
        DELETE FROM public.receive_record WHERE record_id IN (
            SELECT record_id FROM public.consent_facts WHERE subject_tag = tag
            UNION SELECT record_id FROM public.deliver_outbox WHERE subject_tag = tag AND record_id IS NOT NULL);
        DELETE FROM public.consent_facts WHERE subject_tag = tag;
        GET DIAGNOSTICS these = ROW_COUNT;
        gone := gone + these;
        UPDATE public.deliver_outbox SET state = 'dropped', ended_us = coalesce(ended_us, held_us), sealed = NULL,
            subject_tag = NULL, record_id = NULL, lease_id = NULL, due_us = NULL WHERE subject_tag = tag;
        GET DIAGNOSTICS these = ROW_COUNT;
        gone := gone + these;
        DELETE FROM public.consent_event WHERE subject_tag = tag;
        GET DIAGNOSTICS these = ROW_COUNT;
        gone := gone + these;
        DELETE FROM public.consent_notice_event WHERE notice_id IN (
            SELECT notice_id FROM public.consent_notice WHERE subject_tag = tag);
        DELETE FROM public.consent_notice WHERE subject_tag = tag;
        GET DIAGNOSTICS these = ROW_COUNT;
        gone := gone + these;
        DELETE FROM public.consent_cause WHERE subject_tag = tag;
        GET DIAGNOSTICS these = ROW_COUNT;
        gone := gone + these;
        UPDATE public.rights_erasure SET subject_tag = NULL WHERE subject_tag = tag AND state = 'done';
        RETURN gone;
    END $$"""


def upgrade() -> None:
    op.execute("""
        CREATE TABLE rights_erasure (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            erasure_id  uuid PRIMARY KEY,
            subject_tag bytea,
            ground      text NOT NULL,
            state       text NOT NULL CHECK (state IN ('asked', 'ordered', 'done', 'declined')),
            asked_by    text NOT NULL,
            asked_us    bigint NOT NULL,
            decided_by  text,
            decided_us  bigint,
            entry_ref   uuid,
            CHECK (subject_tag IS NOT NULL OR state IN ('done', 'declined')))""")
    op.execute("CREATE UNIQUE INDEX rights_erasure_open ON rights_erasure (subject_tag) WHERE state = 'asked'")
    op.execute("CREATE INDEX rights_erasure_of ON rights_erasure (log_id, asked_us)")
    op.execute("GRANT SELECT, INSERT, UPDATE ON rights_erasure TO hub_app")
    op.execute("""
        CREATE TABLE rights_tombstone (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            subject_tag bytea PRIMARY KEY,
            erased_us   bigint NOT NULL)""")
    op.execute("GRANT SELECT, INSERT ON rights_tombstone TO hub_app")
    op.execute(
        "CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON rights_tombstone FOR EACH ROW EXECUTE FUNCTION audit_keep()"
    )
    op.execute("CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON rights_tombstone EXECUTE FUNCTION audit_keep()")
    op.execute(_KEEP)
    op.execute("DROP TRIGGER audit_keep ON consent_notice_event")
    op.execute(
        "CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON consent_notice_event FOR EACH ROW "
        "EXECUTE FUNCTION rights_keep_event()"
    )
    op.execute(_FORGET)
    op.execute("REVOKE ALL ON FUNCTION forget_rows(bytea) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION forget_rows(bytea) TO hub_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION forget_rows(bytea)")
    op.execute("DROP TRIGGER audit_keep ON consent_notice_event")
    op.execute(
        "CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON consent_notice_event FOR EACH ROW EXECUTE FUNCTION audit_keep()"
    )
    op.execute("DROP FUNCTION rights_keep_event()")
    op.execute("DROP TABLE rights_tombstone")
    op.execute("DROP TABLE rights_erasure")
