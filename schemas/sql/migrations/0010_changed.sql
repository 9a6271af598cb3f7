-- What has changed and is not yet published on the topic `footfall`: the outbox of the database.

-- A batch appends to it in its own transaction, so that a change and its announcement are committed
-- together or not at all. Only keys: whoever publishes them reads the rows as they are by then.
CREATE TABLE changed (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('bucket', 'waiting', 'device', 'site')),
    site text NOT NULL,
    directorate text,
    service text,
    channel text,
    bucket_start timestamptz,
    business_date date,
    device text
-- Emptied as fast as it is filled: let no dead rows pile up.
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE changed IS
'Keys of rows that changed and are not yet published on the topic footfall; as often as they changed.';
COMMENT ON COLUMN changed.kind IS
'bucket: a row of footfall. waiting: who waits for a service on a business date. device: a device was heard. site: the registry''s entry.';

CREATE TABLE publication (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    published_to timestamptz NOT NULL DEFAULT '-infinity',
    announced_at timestamptz NOT NULL DEFAULT '-infinity',
    revision bigint
);
COMMENT ON TABLE publication IS 'How far the topic footfall is behind the tables.';
COMMENT ON COLUMN publication.published_to IS
'The last instant of which the topic says that whatever was committed before is on it.';
COMMENT ON COLUMN publication.announced_at IS
'When all that is of today was last announced, changed or not, and of which registry revision.';
INSERT INTO publication DEFAULT VALUES;
