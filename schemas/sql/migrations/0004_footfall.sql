-- The counts that are kept: 15-minute UTC buckets per site, directorate, service and channel.

CREATE TABLE footfall (
    bucket_start timestamptz NOT NULL,
    site text NOT NULL,
    directorate text NOT NULL,
    service text NOT NULL,
    channel text NOT NULL,
    passages bigint NOT NULL DEFAULT 0,
    persons bigint NOT NULL DEFAULT 0,
    tickets bigint NOT NULL DEFAULT 0,
    check_ins bigint NOT NULL DEFAULT 0,
    direct bigint NOT NULL DEFAULT 0,
    queue_entries bigint NOT NULL DEFAULT 0,
    served bigint NOT NULL DEFAULT 0,
    no_show bigint NOT NULL DEFAULT 0,
    "left" bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    auto_closed bigint NOT NULL DEFAULT 0,
    transferred bigint NOT NULL DEFAULT 0,
    redirected bigint NOT NULL DEFAULT 0,
    waits bigint NOT NULL DEFAULT 0,
    wait_ms bigint NOT NULL DEFAULT 0,
    last_call_waits bigint NOT NULL DEFAULT 0,
    last_call_wait_ms bigint NOT NULL DEFAULT 0,
    services bigint NOT NULL DEFAULT 0,
    service_ms bigint NOT NULL DEFAULT 0,
    test bigint NOT NULL DEFAULT 0,
    time_uncertain bigint NOT NULL DEFAULT 0,
    CONSTRAINT footfall_key PRIMARY KEY (bucket_start, site, directorate, service, channel)
);
SELECT create_hypertable('footfall', 'bucket_start',
    chunk_time_interval => INTERVAL '90 days', create_default_indexes => false);

-- The wait sketch, one row per bin: bins add up over any period and any group of keys.
CREATE TABLE footfall_wait (
    bucket_start timestamptz NOT NULL,
    site text NOT NULL,
    directorate text NOT NULL,
    service text NOT NULL,
    channel text NOT NULL,
    measure text NOT NULL,
    bin smallint NOT NULL,
    n bigint NOT NULL,
    CONSTRAINT footfall_wait_key
        PRIMARY KEY (bucket_start, site, directorate, service, channel, measure, bin)
);
COMMENT ON COLUMN footfall_wait.measure IS 'wait (to the first call), last_call_wait, or service.';
COMMENT ON COLUMN footfall_wait.bin IS 'Logarithmic bin of seconds, services/core/waits.py.';
SELECT create_hypertable('footfall_wait', 'bucket_start',
    chunk_time_interval => INTERVAL '90 days', create_default_indexes => false);
