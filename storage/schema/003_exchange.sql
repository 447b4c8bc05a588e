-- Every way in and out: credentials apart from connections, files in and out, and our answers to them.
ALTER TABLE ctl.connection ADD COLUMN IF NOT EXISTS credential_id VARCHAR;

-- JSON of storage.records.connections.Details; empty where everything is usual.
ALTER TABLE ctl.connection ADD COLUMN IF NOT EXISTS details VARCHAR;

-- Who made it; a partner sees its own alone.
ALTER TABLE ctl.connection ADD COLUMN IF NOT EXISTS owner_id VARCHAR;

-- What we sign in with (entered: secret_sealed) or what others sign in to us with (provisioned: password_hash, keys).
CREATE TABLE IF NOT EXISTS ctl.credential (
    credential_id VARCHAR NOT NULL, name VARCHAR NOT NULL, method VARCHAR NOT NULL, origin VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, username VARCHAR NOT NULL, host VARCHAR NOT NULL, port INTEGER NOT NULL,
    public_keys VARCHAR NOT NULL, password_hash VARCHAR NOT NULL, return_email VARCHAR NOT NULL,
    secret_sealed VARCHAR, version INTEGER NOT NULL, owner_id VARCHAR, shown_at TIMESTAMP, last_used_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL, changed_at TIMESTAMP NOT NULL
);

-- Every file that came or went. spool_key is NULL once its content was removed; the counts stay.
CREATE TABLE IF NOT EXISTS ctl.file (
    file_id VARCHAR NOT NULL, connection_id VARCHAR NOT NULL, goal_id VARCHAR, direction VARCHAR NOT NULL,
    name VARCHAR NOT NULL, folder VARCHAR NOT NULL, size_bytes BIGINT NOT NULL, sha256 VARCHAR NOT NULL,
    state VARCHAR NOT NULL, reason VARCHAR, trace_id VARCHAR NOT NULL, spool_key VARCHAR,
    run_id VARCHAR, mends_run_id VARCHAR, sender VARCHAR, message_id VARCHAR,
    rows_total BIGINT NOT NULL, rows_ok BIGINT NOT NULL, rows_errors BIGINT NOT NULL,
    first_seen_at TIMESTAMP NOT NULL, ended_at TIMESTAMP, content_removed_at TIMESTAMP
);

-- Receipts and results: what we owe whoever gave a file, and whether it went out.
CREATE TABLE IF NOT EXISTS ctl.answer (
    answer_id VARCHAR NOT NULL, file_id VARCHAR NOT NULL, connection_id VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL, spool_key VARCHAR NOT NULL, size_bytes BIGINT NOT NULL, state VARCHAR NOT NULL,
    tries INTEGER NOT NULL, next_try_at TIMESTAMP, error VARCHAR, made_at TIMESTAMP NOT NULL, sent_at TIMESTAMP
);

-- The fingerprints of what this installation shows to others: a key file that is lost is noticed, not replaced.
CREATE TABLE IF NOT EXISTS ctl.identity (
    name VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL
);

-- The last look at a remote file: it is taken once two looks some seconds apart agree.
CREATE TABLE IF NOT EXISTS ctl.look (
    goal_id VARCHAR NOT NULL, name VARCHAR NOT NULL, size_bytes BIGINT NOT NULL, changed_at TIMESTAMP,
    looked_at TIMESTAMP NOT NULL
);

-- Mails that were taken, by connection and Message-ID (or a digest where there is none).
CREATE TABLE IF NOT EXISTS ctl.mail_seen (
    connection_id VARCHAR NOT NULL, message_key VARCHAR NOT NULL, seen_at TIMESTAMP NOT NULL
);
