-- close_gate --
-- Waits for the batches under way, and keeps new ones out until the transaction ends.
SELECT pg_advisory_xact_lock(%(gate)s);

-- extent --
-- Where the counts begin and end; what was purged can no longer be recomputed.
SELECT
    greatest(min(bucket_start), (SELECT max(purged_before) FROM purge) + INTERVAL '2 days'),
    max(bucket_start) + INTERVAL '15 minutes'
FROM footfall;

-- read_footfall --
SELECT to_jsonb(f) FROM footfall AS f
WHERE bucket_start >= %(from_at)s AND bucket_start < %(to_at)s;

-- read_waits --
SELECT bucket_start, site, directorate, service, channel, measure, bin, n FROM footfall_wait
WHERE bucket_start >= %(from_at)s AND bucket_start < %(to_at)s AND n <> 0;

-- read_visits --
SELECT visit_id, joined_to, history::text, version FROM visit
WHERE visit_id = ANY(%(visit_ids)s::uuid[]);

-- read_joins --
SELECT visit_id, (body ->> 'joins')::uuid FROM visit_event
WHERE type = 'correction' AND body ? 'joins';

-- read_visit_ids --
SELECT DISTINCT visit_id FROM visit_event
WHERE corrected_at >= %(from_at)s AND corrected_at < %(to_at)s;

-- read_events --
SELECT visit_id, corrected_at, correction_method, body::text FROM visit_event
WHERE visit_id = ANY(%(visit_ids)s::uuid[]);

-- ledger --
-- Lines on which what was issued and what became of it differ.
SELECT site, business_date, queue, issued, served, no_show, "left", cancelled, auto_closed,
    test, still_open
FROM ledger
WHERE issued <> served + no_show + "left" + cancelled + auto_closed + test + still_open;

-- old_chunks --
SELECT show_chunks('visit_event', older_than => %(before)s::timestamptz);

-- drop_chunks --
SELECT drop_chunks('visit_event', older_than => %(before)s::timestamptz);

-- count_visits --
SELECT count(*) FROM visit WHERE last_event_at < %(before)s;

-- purge_visits --
DELETE FROM visit WHERE visit_id IN (
    SELECT visit_id FROM visit WHERE last_event_at < %(before)s LIMIT %(portion)s
);

-- purge_seen --
DELETE FROM event_seen WHERE recorded_at < %(before)s;

-- purge_boots --
DELETE FROM device_boot WHERE last_received_at < %(before)s;

-- remember_purge --
INSERT INTO purge (purged_before, visits, chunks)
VALUES (%(before)s, %(visits)s, %(chunks)s)
ON CONFLICT (purged_before) DO NOTHING;
