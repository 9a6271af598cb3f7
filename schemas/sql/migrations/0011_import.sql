-- What exports of older systems have added to the buckets: kept, so that it is added once, can be replaced
-- and taken out again, and is expected by the audit, which finds no event of it.

-- One row per run of an import; without completed_at it was interrupted, and goes on when run again.
CREATE TABLE import_run (
    import_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    site text NOT NULL,
    files jsonb NOT NULL,
    mapping jsonb NOT NULL,
    rows_read bigint NOT NULL,
    rows_bad bigint NOT NULL,
    first_date date NOT NULL,
    last_date date NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz
);
COMMENT ON COLUMN import_run.files IS 'Name and SHA-256 of each file.';
COMMENT ON COLUMN import_run.rows_bad IS 'Rows that were left out because they could not be read.';

-- The local days for which a source vouches.
CREATE TABLE imported_day (
    source text NOT NULL,
    local_date date NOT NULL,
    site text NOT NULL,
    files text NOT NULL,
    import_id bigint NOT NULL REFERENCES import_run,
    PRIMARY KEY (source, local_date)
);

CREATE TABLE imported_bucket (
    source text NOT NULL,
    bucket_start timestamptz NOT NULL,
    site text NOT NULL,
    directorate text NOT NULL,
    service text NOT NULL,
    channel text NOT NULL,
    measures jsonb NOT NULL,
    bins jsonb NOT NULL,
    PRIMARY KEY (source, bucket_start, site, directorate, service, channel)
);
COMMENT ON TABLE imported_bucket IS
'The part of footfall and footfall_wait that an import has added; passage audit takes it off before it compares.';
COMMENT ON COLUMN imported_bucket.measures IS 'Columns of footfall that are not zero.';
COMMENT ON COLUMN imported_bucket.bins IS 'By measure of footfall_wait, n of each bin.';
CREATE INDEX imported_bucket_by_time ON imported_bucket (bucket_start);
