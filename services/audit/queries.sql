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

-- read_transfers --
SELECT bucket_start, site, directorate, service, channel, from_directorate, from_service, n
FROM transfer
WHERE bucket_start >= %(from_at)s AND bucket_start < %(to_at)s AND n <> 0;

-- read_imported --
SELECT bucket_start, site, directorate, service, channel, measures, bins FROM imported_bucket
WHERE bucket_start >= %(from_at)s AND bucket_start < %(to_at)s
    AND (%(source)s::text IS NULL OR source = %(source)s);

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

-- days --
-- First and last local day of which anything is kept, in the days or in the buckets.
SELECT
    least((SELECT min(local_date) FROM footfall_day), min(bucket_start)::date - 1),
    greatest((SELECT max(local_date) FROM footfall_day), max(bucket_start)::date + 1)
FROM footfall;

-- different_days --
-- A row that is missing counts as zeros.
WITH different AS (
    SELECT
        coalesce(kept.local_date, counted.local_date) AS local_date,
        coalesce(kept.site, counted.site) AS site,
        coalesce(kept.directorate, counted.directorate) AS directorate,
        coalesce(kept.service, counted.service) AS service,
        coalesce(kept.channel, counted.channel) AS channel,
        to_jsonb(kept) AS kept,
        to_jsonb(counted) AS counted
    FROM (
        SELECT * FROM footfall_day WHERE local_date BETWEEN %(first)s AND %(last)s
    ) AS kept
    FULL JOIN count_footfall_days(%(first)s, %(last)s) AS counted
        USING (local_date, site, directorate, service, channel)
    WHERE kept IS DISTINCT FROM counted
)
SELECT local_date, site, directorate, service, channel, measure,
    coalesce((kept ->> measure)::bigint, 0),
    coalesce((counted ->> measure)::bigint, 0)
FROM different, jsonb_object_keys(coalesce(counted, kept)) AS measure
WHERE measure NOT IN ('local_date', 'site', 'directorate', 'service', 'channel')
    AND coalesce((kept ->> measure)::bigint, 0) <> coalesce((counted ->> measure)::bigint, 0)
UNION ALL
SELECT local_date, site, directorate, service, channel, measure || ' bin ' || bin,
    coalesce(kept.n, 0), coalesce(counted.n, 0)
FROM (
    SELECT * FROM footfall_wait_day WHERE local_date BETWEEN %(first)s AND %(last)s
) AS kept
FULL JOIN count_footfall_wait_days(%(first)s, %(last)s) AS counted
    USING (local_date, site, directorate, service, channel, measure, bin)
WHERE coalesce(kept.n, 0) <> coalesce(counted.n, 0)
ORDER BY local_date, site, directorate, service, channel, measure;

-- forget_days --
DELETE FROM footfall_day
WHERE (local_date, site) IN (SELECT * FROM unnest(%(local_dates)s::date[], %(sites)s::text[]));

-- forget_wait_days --
DELETE FROM footfall_wait_day
WHERE (local_date, site) IN (SELECT * FROM unnest(%(local_dates)s::date[], %(sites)s::text[]));

-- count_days --
INSERT INTO footfall_day
SELECT * FROM count_footfall_days(%(first)s, %(last)s)
WHERE (local_date, site) IN (SELECT * FROM unnest(%(local_dates)s::date[], %(sites)s::text[]));

-- count_wait_days --
INSERT INTO footfall_wait_day
SELECT * FROM count_footfall_wait_days(%(first)s, %(last)s)
WHERE (local_date, site) IN (SELECT * FROM unnest(%(local_dates)s::date[], %(sites)s::text[]));
