-- The first tables. ctl: configuration, runs, people (small). dat: profiles and what imports saw (large).
-- Portable SQL: no keys, indexes, sequences or enums; uniqueness is kept by one writer a table. Times are UTC.
CREATE SCHEMA IF NOT EXISTS dat;

CREATE TABLE IF NOT EXISTS ctl.person (
    person_id VARCHAR NOT NULL, name VARCHAR NOT NULL, email VARCHAR NOT NULL, role VARCHAR NOT NULL,
    is_active BOOLEAN NOT NULL, password_hash VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP
);

CREATE TABLE IF NOT EXISTS ctl.login (
    token_hash VARCHAR NOT NULL, person_id VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL, last_seen_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS ctl.invitation (
    invitation_id VARCHAR NOT NULL, token_hash VARCHAR NOT NULL, person_id VARCHAR, name VARCHAR NOT NULL,
    email VARCHAR NOT NULL, role VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL, expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP, created_by VARCHAR NOT NULL
);

-- Wrong passwords in a row, by a digest of address and e-mail: kept here, so that a restart forgets none.
CREATE TABLE IF NOT EXISTS ctl.sign_in_try (
    key_hash VARCHAR NOT NULL, tries INTEGER NOT NULL, last_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS ctl.audit (
    audit_id VARCHAR NOT NULL, position BIGINT NOT NULL, made_at TIMESTAMP NOT NULL, who VARCHAR NOT NULL,
    did VARCHAR NOT NULL, what_kind VARCHAR NOT NULL, what_id VARCHAR NOT NULL, what_name VARCHAR NOT NULL,
    before_json VARCHAR, after_json VARCHAR, previous_hash VARCHAR NOT NULL, row_hash VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS ctl.connection (
    connection_id VARCHAR NOT NULL, name VARCHAR NOT NULL, direction VARCHAR NOT NULL, data_type VARCHAR NOT NULL,
    method VARCHAR NOT NULL, methodology VARCHAR NOT NULL, host VARCHAR NOT NULL, port INTEGER NOT NULL,
    username VARCHAR NOT NULL, host_key VARCHAR NOT NULL, secret_kind VARCHAR NOT NULL,
    secret_sealed VARCHAR NOT NULL, state VARCHAR NOT NULL, paused_reason VARCHAR, every_minutes INTEGER,
    created_at TIMESTAMP NOT NULL, changed_at TIMESTAMP NOT NULL
);

-- Every saved version of a goal stays; the newest is the one that runs.
CREATE TABLE IF NOT EXISTS ctl.goal (
    goal_id VARCHAR NOT NULL, connection_id VARCHAR NOT NULL, version INTEGER NOT NULL, kind VARCHAR NOT NULL,
    definition VARCHAR NOT NULL, saved_at TIMESTAMP NOT NULL, saved_by VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS ctl.draft (
    draft_id VARCHAR NOT NULL, person_id VARCHAR NOT NULL, answers VARCHAR NOT NULL, secret_sealed VARCHAR,
    created_at TIMESTAMP NOT NULL, changed_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS ctl.property (
    name VARCHAR NOT NULL, type VARCHAR NOT NULL, is_unique BOOLEAN NOT NULL, created_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS ctl.run (
    run_id VARCHAR NOT NULL, number BIGINT NOT NULL, connection_id VARCHAR NOT NULL, state VARCHAR NOT NULL,
    started_by VARCHAR NOT NULL, queued_at TIMESTAMP NOT NULL, started_at TIMESTAMP, ended_at TIMESTAMP,
    rows_read BIGINT NOT NULL, rows_applied BIGINT NOT NULL, rows_unchanged BIGINT NOT NULL,
    rows_skipped VARCHAR NOT NULL, rows_rejected BIGINT NOT NULL, profiles_created BIGINT NOT NULL,
    profiles_updated BIGINT NOT NULL, files_taken BIGINT NOT NULL, files_unchanged BIGINT NOT NULL,
    error VARCHAR, error_category VARCHAR, attempt INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS ctl.run_stage (
    run_id VARCHAR NOT NULL, position INTEGER NOT NULL, name VARCHAR NOT NULL, state VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL, ended_at TIMESTAMP, done BIGINT NOT NULL, total BIGINT NOT NULL,
    unit VARCHAR NOT NULL, summary VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS ctl.job (
    job_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, arguments VARCHAR NOT NULL,
    unique_key VARCHAR NOT NULL, state VARCHAR NOT NULL, attempt INTEGER NOT NULL, owner VARCHAR,
    lease_until TIMESTAMP, progress VARCHAR NOT NULL, result VARCHAR, error VARCHAR, error_category VARCHAR,
    cancel_wanted BOOLEAN NOT NULL, created_by VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL, ended_at TIMESTAMP
);

CREATE TABLE IF NOT EXISTS ctl.due (
    connection_id VARCHAR NOT NULL, next_due TIMESTAMP NOT NULL, last_started TIMESTAMP
);

-- One wide table, one column a property, added at run time; no key and no index, which slow a merge.
CREATE TABLE IF NOT EXISTS dat.profile (profile_id BIGINT NOT NULL, _rev BIGINT NOT NULL);

-- What the last import of a file saw: a row is known by its content and by how many equal ones there are.
CREATE TABLE IF NOT EXISTS dat.import_row (
    goal_id VARCHAR NOT NULL, file_name VARCHAR NOT NULL, row_hash UHUGEINT NOT NULL, copies BIGINT NOT NULL
);

-- Written in the transaction of the merge: the proof that a run has taken a file.
CREATE TABLE IF NOT EXISTS dat.file_seen (
    goal_id VARCHAR NOT NULL, file_name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, size_bytes BIGINT NOT NULL,
    fingerprint VARCHAR NOT NULL, sums VARCHAR NOT NULL, lapsed_sums VARCHAR NOT NULL, hash_columns VARCHAR NOT NULL, hash_version INTEGER NOT NULL,
    run_id VARCHAR NOT NULL, counts VARCHAR NOT NULL, merged_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS dat.reject (
    run_id VARCHAR NOT NULL, file_name VARCHAR NOT NULL, line BIGINT NOT NULL, column_name VARCHAR, value VARCHAR,
    reason VARCHAR NOT NULL, suggestion VARCHAR NOT NULL, raw VARCHAR NOT NULL
);
