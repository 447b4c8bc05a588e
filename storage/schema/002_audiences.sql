-- Audiences, partners' configurations, and what goes out to them. Times are UTC.
CREATE TABLE IF NOT EXISTS ctl.audience (
    audience_id VARCHAR NOT NULL, name VARCHAR NOT NULL, rule VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL,
    changed_at TIMESTAMP NOT NULL
);

-- settings holds no secret; secret_sealed holds them all, sealed for this row.
CREATE TABLE IF NOT EXISTS ctl.configuration (
    configuration_id VARCHAR NOT NULL, name VARCHAR NOT NULL, partner VARCHAR NOT NULL, settings VARCHAR NOT NULL,
    secret_sealed VARCHAR NOT NULL, state VARCHAR NOT NULL, stopped_reason VARCHAR, not_before TIMESTAMP,
    created_at TIMESTAMP NOT NULL, changed_at TIMESTAMP NOT NULL, deleted_at TIMESTAMP
);

CREATE TABLE IF NOT EXISTS ctl.activation (
    activation_id VARCHAR NOT NULL, audience_id VARCHAR NOT NULL, configuration_id VARCHAR NOT NULL,
    property VARCHAR NOT NULL, sends_current BOOLEAN NOT NULL, created_at TIMESTAMP NOT NULL, ended_at TIMESTAMP,
    sends_removes BOOLEAN NOT NULL
);

-- Who is in an audience now, and how that went.
CREATE TABLE IF NOT EXISTS dat.member (audience_id VARCHAR NOT NULL, profile_id BIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS dat.member_count (
    audience_id VARCHAR NOT NULL, "at" TIMESTAMP NOT NULL, members BIGINT NOT NULL, entered BIGINT NOT NULL,
    "left" BIGINT NOT NULL
);

-- What the partner was last told, by the identifier as it went out. is_sent is false for those who were members
-- when the audience was linked and whom nobody wanted sent: they get no remove either. is_unsure: a call got no clear
-- answer before it was taken back, so whatever is wanted now has to be said again.
CREATE TABLE IF NOT EXISTS dat.told (
    activation_id VARCHAR NOT NULL, identifier VARCHAR NOT NULL, profile_id BIGINT NOT NULL, is_sent BOOLEAN NOT NULL,
    is_unsure BOOLEAN NOT NULL
);

-- A row says that an activation's first recompute is done.
CREATE TABLE IF NOT EXISTS dat.activation_begun (activation_id VARCHAR NOT NULL, "at" TIMESTAMP NOT NULL);

-- Append only; a wave is written with its signals, and its batches in ctl.batch follow from its counts.
CREATE TABLE IF NOT EXISTS dat.wave (
    wave_id VARCHAR NOT NULL, configuration_id VARCHAR NOT NULL, activation_id VARCHAR NOT NULL,
    adds BIGINT NOT NULL, removes BIGINT NOT NULL, batch_size BIGINT NOT NULL, failure_id VARCHAR,
    made_at TIMESTAMP NOT NULL
);

-- is_unsure: what the partner had before it was not known, as with a replay.
CREATE TABLE IF NOT EXISTS dat.signal (
    batch_id VARCHAR NOT NULL, profile_id BIGINT NOT NULL, identifier VARCHAR NOT NULL, is_unsure BOOLEAN NOT NULL
);

-- A row says that the held signals of a batch were taken back out of dat.told.
CREATE TABLE IF NOT EXISTS dat.taken_back (batch_id VARCHAR NOT NULL);

CREATE TABLE IF NOT EXISTS ctl.batch (
    batch_id VARCHAR NOT NULL, wave_id VARCHAR NOT NULL, configuration_id VARCHAR NOT NULL,
    activation_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, size BIGINT NOT NULL, state VARCHAR NOT NULL,
    tries INTEGER NOT NULL, next_try_at TIMESTAMP NOT NULL, failure_id VARCHAR, owner VARCHAR, lease_until TIMESTAMP,
    delivery_id VARCHAR, ended_at TIMESTAMP
);

-- One row a call, written before it: its id is the delivery's. took_ms is empty while the call is out.
CREATE TABLE IF NOT EXISTS ctl.delivery (
    delivery_id VARCHAR NOT NULL, batch_id VARCHAR NOT NULL, configuration_id VARCHAR NOT NULL, try INTEGER NOT NULL,
    called_at TIMESTAMP NOT NULL, took_ms BIGINT, status INTEGER, category VARCHAR, code VARCHAR, sentence VARCHAR,
    answer VARCHAR
);

CREATE TABLE IF NOT EXISTS ctl.failure (
    failure_id VARCHAR NOT NULL, batch_id VARCHAR NOT NULL, configuration_id VARCHAR NOT NULL,
    activation_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, day DATE NOT NULL, category VARCHAR NOT NULL,
    code VARCHAR NOT NULL, sentence VARCHAR NOT NULL, status INTEGER, answer VARCHAR NOT NULL, took_ms BIGINT NOT NULL,
    tries INTEGER NOT NULL, count BIGINT NOT NULL, recovered BIGINT NOT NULL, is_whole_batch BOOLEAN NOT NULL,
    is_replayed BOOLEAN NOT NULL, failed_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS ctl.failed_signal (failure_id VARCHAR NOT NULL, identifier VARCHAR NOT NULL);

-- Deltas, added where a batch ends; a chart sums them up.
CREATE TABLE IF NOT EXISTS ctl.delivery_stat (
    day DATE NOT NULL, configuration_id VARCHAR NOT NULL, category VARCHAR NOT NULL, code VARCHAR NOT NULL,
    n BIGINT NOT NULL, recovered BIGINT NOT NULL
);
