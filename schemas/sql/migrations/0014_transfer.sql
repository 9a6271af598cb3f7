-- Who was sent on, from which service to which: pairs that `transferred` and `queue_entries` do not tell.

-- Few visits are: rows are rare, so a day needs no table of its own. Visits that were recorded before this
-- table get their rows from `passage rebuild`, as far back as visits are kept.
CREATE TABLE transfer (
    bucket_start timestamptz NOT NULL,
    site text NOT NULL,
    directorate text NOT NULL,
    service text NOT NULL,
    channel text NOT NULL,
    from_directorate text NOT NULL,
    from_service text NOT NULL,
    n bigint NOT NULL,
    CONSTRAINT transfer_key PRIMARY KEY (
        bucket_start, site, directorate, service, channel, from_directorate, from_service
    )
);
COMMENT ON TABLE transfer IS
'Queue stays that follow another of the same visit, by the bucket, place and channel of the stay that was begun, and the directorate and service of the one before.';
SELECT create_hypertable('transfer', 'bucket_start',
    chunk_time_interval => INTERVAL '90 days', create_default_indexes => false);
