-- What devices said of themselves, so that a zero can be told from an unknown.

-- Bit m of `minutes` is set when the device was able to record in minute m of the bucket: a bitwise
-- "or" adds reports in any order and any number of times.
CREATE TABLE coverage (
    bucket_start timestamptz NOT NULL,
    site text NOT NULL,
    device text NOT NULL,
    minutes integer NOT NULL CHECK (minutes BETWEEN 0 AND 32767),
    CONSTRAINT coverage_key PRIMARY KEY (bucket_start, site, device)
);
SELECT create_hypertable('coverage', 'bucket_start',
    chunk_time_interval => INTERVAL '90 days', create_default_indexes => false);

-- One boot of a device: which of its sequence numbers have come. Ranges add up in any order.
CREATE TABLE device_boot (
    device text NOT NULL,
    boot_id uuid NOT NULL,
    site text NOT NULL,
    seqs int8multirange NOT NULL,
    anchor_seq bigint,
    anchor_at timestamptz,
    last_occurred_at timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL,
    outbox_depth bigint,
    software text,
    PRIMARY KEY (device, boot_id)
);
COMMENT ON COLUMN device_boot.anchor_at IS 'True time at monotonic zero of this boot, from the first synced event of it that came.';
