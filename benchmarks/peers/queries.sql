-- count_passage --
INSERT INTO peer_count VALUES (%s, %s, %s, %s, %s, 1)
ON CONFLICT (bucket_start, site, directorate, service, channel)
DO UPDATE SET passages = peer_count.passages + 1;

-- create_arriving --
CREATE TEMPORARY TABLE arriving (LIKE peer_event) ON COMMIT DELETE ROWS;

-- copy_arriving --
COPY arriving FROM STDIN (FORMAT BINARY);

-- record --
-- Counts those events only that were not there yet; in the order of the key, lest two writers
-- wait for each other.
WITH recorded AS (
    INSERT INTO peer_event SELECT * FROM arriving ON CONFLICT DO NOTHING
    RETURNING bucket_start, site, directorate, service, channel
)
INSERT INTO peer_count
SELECT bucket_start, site, directorate, service, channel, count(*) FROM recorded
WHERE bucket_start IS NOT NULL
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (bucket_start, site, directorate, service, channel)
DO UPDATE SET passages = peer_count.passages + excluded.passages;
