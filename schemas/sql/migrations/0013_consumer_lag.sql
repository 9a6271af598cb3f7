-- How far the consumer group is behind each partition, as its workers last saw it: for the boards.

CREATE TABLE consumer_lag (
    topic text NOT NULL,
    partition integer NOT NULL,
    acknowledged_offset bigint NOT NULL,
    end_offset bigint NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
);
COMMENT ON COLUMN consumer_lag.end_offset IS 'Offset that the next message of the partition gets.';
