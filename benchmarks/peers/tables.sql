-- What the peers write. Made anew for every run, in a database of its own.

-- Passages in 15 minutes of UTC: what each peer is asked for.
CREATE TABLE peer_count (
    bucket_start timestamptz NOT NULL,
    site text NOT NULL,
    directorate text NOT NULL,
    service text NOT NULL,
    channel text NOT NULL,
    passages bigint NOT NULL,
    PRIMARY KEY (bucket_start, site, directorate, service, channel)
);
SELECT create_hypertable('peer_count', 'bucket_start', chunk_time_interval => interval '7 days');

-- Events, for the peers that store them. A plain table: a hypertable's key cannot be the id alone.
CREATE TABLE peer_event (
    event_id uuid PRIMARY KEY,
    type text NOT NULL,
    source text NOT NULL,
    occurred_at timestamptz NOT NULL,
    body text NOT NULL,
    bucket_start timestamptz,
    site text NOT NULL,
    directorate text,
    service text,
    channel text
);
