-- lock --
-- One import at a time; given back when the connection ends.
SELECT pg_try_advisory_lock(%(lock)s);

-- stored_days --
SELECT local_date, files FROM imported_day
WHERE source = %(source)s
    AND (%(first)s::date IS NULL OR local_date >= %(first)s)
    AND (%(last)s::date IS NULL OR local_date <= %(last)s)
ORDER BY local_date;

-- sources_of_site --
SELECT DISTINCT source FROM imported_day WHERE site = %(site)s;

-- live_days --
-- Days of which more is counted than imports have added.
SELECT counted.local_date, (counted.n - coalesce(imported.n, 0))::bigint
FROM (
    SELECT local_date, sum(passages + test + time_uncertain) AS n
    FROM footfall_day
    WHERE site = %(site)s AND local_date = ANY(%(days)s::date[])
    GROUP BY local_date
) AS counted
LEFT JOIN (
    SELECT
        (bucket_start AT TIME ZONE %(time_zone)s)::date AS local_date,
        sum(coalesce((measures ->> 'passages')::bigint, 0)) AS n
    FROM imported_bucket
    WHERE site = %(site)s
    GROUP BY 1
) AS imported USING (local_date)
WHERE counted.n > coalesce(imported.n, 0)
ORDER BY counted.local_date;

-- other_sources --
-- Where another source gave figures of the same services on the same days.
SELECT source, service, min(local_date), max(local_date), count(DISTINCT local_date)
FROM (
    SELECT source, service, (bucket_start AT TIME ZONE %(time_zone)s)::date AS local_date
    FROM imported_bucket
    WHERE site = %(site)s AND source <> %(source)s AND service = ANY(%(services)s::text[])
) AS given
WHERE local_date = ANY(%(days)s::date[])
GROUP BY source, service
ORDER BY source, service;

-- closed_days --
SELECT day, reason FROM closed_day
WHERE site = %(site)s AND day = ANY(%(days)s::date[]) ORDER BY day;

-- begin_run --
INSERT INTO import_run
    (source, site, files, mapping, rows_read, rows_bad, first_date, last_date)
VALUES (
    %(source)s, %(site)s, %(files)s::jsonb, %(mapping)s::jsonb, %(rows_read)s, %(rows_bad)s,
    %(first_date)s, %(last_date)s
)
RETURNING import_id;

-- complete_runs --
-- With the interrupted ones that this one has done again.
UPDATE import_run SET completed_at = now()
WHERE source = %(source)s AND completed_at IS NULL
    AND first_date >= %(first)s AND last_date <= %(last)s;

-- forget_buckets --
DELETE FROM imported_bucket
WHERE source = %(source)s
    AND bucket_start >= %(from_at)s AND bucket_start < %(to_at)s
    AND (bucket_start AT TIME ZONE %(time_zone)s)::date = ANY(%(days)s::date[]);

-- copy_buckets --
COPY imported_bucket (
    source, bucket_start, site, directorate, service, channel, measures, bins
) FROM STDIN;

-- add_day --
INSERT INTO imported_day (source, local_date, site, files, import_id)
VALUES (%(source)s, %(local_date)s, %(site)s, %(files)s, %(import_id)s)
ON CONFLICT (source, local_date) DO UPDATE SET
    files = EXCLUDED.files, import_id = EXCLUDED.import_id;

-- forget_days --
DELETE FROM imported_day
WHERE source = %(source)s AND local_date = ANY(%(days)s::date[]);

-- forget_coverage --
DELETE FROM coverage
WHERE site = %(site)s AND device = %(source)s
    AND bucket_start >= %(from_at)s AND bucket_start < %(to_at)s
    AND (bucket_start AT TIME ZONE %(time_zone)s)::date = ANY(%(days)s::date[]);

-- forget_boots --
DELETE FROM device_boot
WHERE device = %(source)s
    AND NOT EXISTS (SELECT FROM imported_day WHERE imported_day.source = %(source)s);

-- forget_runs --
DELETE FROM import_run
WHERE source = %(source)s
    AND NOT EXISTS (SELECT FROM imported_day WHERE imported_day.source = %(source)s);

-- keep_quiet --
-- The topic footfall is for what happens now: years of history are read from the views.
DELETE FROM changed
WHERE kind = 'bucket' AND site = %(site)s
    AND bucket_start >= %(from_at)s AND bucket_start < %(to_at)s
    AND bucket_start < now() - INTERVAL '2 days';

-- list --
SELECT
    run.source,
    run.site,
    (SELECT string_agg(file ->> 'name', ', ') FROM jsonb_array_elements(run.files) AS file),
    run.rows_read,
    run.rows_bad,
    run.first_date,
    run.last_date,
    (SELECT count(*) FROM imported_day AS day WHERE day.import_id = run.import_id),
    run.begun_at,
    run.completed_at
FROM import_run AS run
ORDER BY run.source, run.begun_at;
