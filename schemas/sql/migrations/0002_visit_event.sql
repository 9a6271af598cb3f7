-- Every accepted event, once: the raw history from which all counts can be made again.

CREATE TABLE visit_event (
    corrected_at timestamptz NOT NULL,
    event_id uuid NOT NULL,
    visit_id uuid NOT NULL,
    type text NOT NULL,
    site text NOT NULL,
    source text NOT NULL,
    boot_id uuid NOT NULL,
    clock_synced boolean NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    correction_method text NOT NULL,
    body jsonb NOT NULL
);
COMMENT ON COLUMN visit_event.corrected_at IS 'Event time that counts; the same as occurred_at unless the clock lied.';
COMMENT ON COLUMN visit_event.occurred_at IS 'Event time as the device stated it.';
COMMENT ON COLUMN visit_event.correction_method IS 'stated, boot_anchor, or uncertain (then corrected_at is received_at).';

SELECT create_hypertable('visit_event', 'corrected_at',
    chunk_time_interval => INTERVAL '7 days', create_default_indexes => false);

CREATE INDEX visit_event_by_visit ON visit_event (visit_id);
-- Found again when the clock of their boot becomes known.
CREATE INDEX visit_event_unsynced ON visit_event (boot_id) WHERE NOT clock_synced;
CREATE INDEX visit_event_by_time ON visit_event (corrected_at);

-- A hypertable cannot hold a unique event_id: this plain table does, and outlives no replay horizon.
CREATE TABLE event_seen (
    event_id uuid PRIMARY KEY,
    digest bigint NOT NULL,
    recorded_at timestamptz NOT NULL
);
COMMENT ON COLUMN event_seen.digest IS 'Of the content: the same id with another digest is a conflict.';
CREATE INDEX event_seen_by_age ON event_seen USING brin (recorded_at);

CREATE TABLE dead_letter (
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    received_at timestamptz NOT NULL,
    reason text NOT NULL,
    field text,
    detail text,
    event_id uuid,
    site text,
    source text,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    body jsonb,
    replayable boolean NOT NULL,
    replayed_at timestamptz,
    PRIMARY KEY (topic, partition, "offset")
);
CREATE INDEX dead_letter_by_reason ON dead_letter (reason, received_at);
