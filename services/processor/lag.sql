-- record_lag --
INSERT INTO consumer_lag AS known (topic, partition, acknowledged_offset, end_offset)
VALUES (%(topic)s, %(partition)s, %(acknowledged)s, %(end)s)
ON CONFLICT (topic, partition) DO UPDATE SET
    acknowledged_offset = EXCLUDED.acknowledged_offset,
    end_offset = EXCLUDED.end_offset,
    seen_at = EXCLUDED.seen_at;
