-- Imports that lose nothing: rows known by a key, actions, and what a run changed. Times are UTC.

-- Rows that are known by a key, whatever file they come in. scope: the goal's id, or "action:" and the source of
-- actions. row_hash: of what the row held and of the configuration that read it.
CREATE TABLE IF NOT EXISTS dat.import_key (
    scope VARCHAR NOT NULL, key_hash UHUGEINT NOT NULL, row_hash UHUGEINT NOT NULL
);

-- The last contribution of a row with a key to each sum (ruling 15). mark: the mapping's fingerprint. value: what is in
-- the profile now; told: what the row said, for the action that comes back after a reversal. is_amount: it is the amount
-- of an action, so that it follows a modification.
CREATE TABLE IF NOT EXISTS dat.import_sum (
    scope VARCHAR NOT NULL, key_hash UHUGEINT NOT NULL, mark VARCHAR NOT NULL, profile_id BIGINT NOT NULL,
    property VARCHAR NOT NULL, value DECIMAL(38, 10) NOT NULL, told DECIMAL(38, 10) NOT NULL, is_amount BOOLEAN NOT NULL
);

-- Conversions and clicks as they are now (ruling 12). A key is unique within its source. state: "" as it was made,
-- "reversed", or what the file says. made_hash: of amount and state in the row that made it, or corrected it last, so
-- that the same row again changes nothing.
CREATE TABLE IF NOT EXISTS dat.action (
    source VARCHAR NOT NULL, action_key VARCHAR NOT NULL, type VARCHAR NOT NULL, profile_id BIGINT NOT NULL,
    happened_at TIMESTAMP, amount DECIMAL(38, 10), state VARCHAR NOT NULL, made_hash UHUGEINT NOT NULL,
    run_id VARCHAR NOT NULL, changed_at TIMESTAMP NOT NULL
);

-- The story of each action, append only: what it was after each step. what: "made", "corrected" (by a file like the one
-- that made it), "modified", "reversed". told_at: the time that a modification's row gave.
CREATE TABLE IF NOT EXISTS dat.action_step (
    source VARCHAR NOT NULL, action_key VARCHAR NOT NULL, position BIGINT NOT NULL, what VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL, goal_id VARCHAR NOT NULL, file_name VARCHAR NOT NULL, line BIGINT NOT NULL,
    profile_id BIGINT NOT NULL, type VARCHAR NOT NULL, happened_at TIMESTAMP, amount DECIMAL(38, 10),
    state VARCHAR NOT NULL, made_hash UHUGEINT NOT NULL, told_at TIMESTAMP, made_at TIMESTAMP NOT NULL
);

-- One row a merged file: where the values lie that its merge changed (Parquet in the spool), for lineage and revert.
-- position counts up over all merges. fills: JSON, {"properties": [[name, [numbers of mappings]]], "mappings": [[field,
-- strategy]], "has_keys"}. before: JSON, {"seen": the dat.file_seen row that the merge replaced, or null, "rows": "none",
-- "some" or "all"}. spool_key is NULL once the content was removed.
CREATE TABLE IF NOT EXISTS dat.change (
    change_id VARCHAR NOT NULL, position BIGINT NOT NULL, run_id VARCHAR NOT NULL, run_number BIGINT NOT NULL,
    goal_id VARCHAR NOT NULL, goal_version INTEGER NOT NULL, file_name VARCHAR NOT NULL, fills VARCHAR NOT NULL,
    spool_key VARCHAR, profiles BIGINT NOT NULL, before VARCHAR, merged_at TIMESTAMP NOT NULL, reverted_by VARCHAR,
    reverted_at TIMESTAMP
);

-- The configuration by which the rows that are remembered were applied, where the last import of a file was reverted.
ALTER TABLE dat.file_seen ADD COLUMN IF NOT EXISTS rows_fingerprint VARCHAR;

-- A limit of its goal stopped this file; and who said that it is imported all the same.
ALTER TABLE ctl.file ADD COLUMN IF NOT EXISTS limits_waived_by VARCHAR;

ALTER TABLE ctl.file ADD COLUMN IF NOT EXISTS is_stopped_by_limit BOOLEAN;

-- Rows that a merge applied and that are remembered after its run (storage.tables.to_remember). columns: JSON, numbers
-- of the columns by which they are known. spool_key: of the change; the accepted rows lie beside it.
CREATE TABLE IF NOT EXISTS dat.to_remember (
    goal_id VARCHAR NOT NULL, file_name VARCHAR NOT NULL, spool_key VARCHAR NOT NULL, columns VARCHAR NOT NULL
);
