-- note_buckets --
-- These four are part of a batch's transaction: what it changed is announced with it or not at all.
-- A key that is announced already is announced again: its publisher may have read the row just
-- before this batch changed it.
INSERT INTO changed (kind, bucket_start, site, directorate, service, channel)
SELECT 'bucket', bucket_start, site, directorate, service, channel FROM incoming_footfall;

-- note_waiting --
-- To be said before the visits are written: both whom they leave and whom they join has changed.
INSERT INTO changed (kind, site, business_date, directorate, service)
SELECT 'waiting', site, business_date, directorate, service
FROM incoming_visit WHERE state IN ('waiting', 'called')
UNION
SELECT 'waiting', visit.site, visit.business_date, visit.directorate, visit.service
FROM incoming_visit JOIN visit USING (visit_id) WHERE visit.state IN ('waiting', 'called');

-- note_devices --
INSERT INTO changed (kind, site, device)
SELECT 'device', site, device
FROM unnest(%(sites)s::text[], %(devices)s::text[]) AS heard (site, device);

-- note_again --
INSERT INTO changed
    (kind, site, directorate, service, channel, bucket_start, business_date, device)
VALUES (
    %(kind)s, %(site)s, %(directorate)s, %(service)s, %(channel)s, %(bucket_start)s,
    %(business_date)s, %(device)s
);

-- become_publisher --
-- One at a time, so that no older value is sent after a newer one. The lock goes with the
-- transaction, whatever ends it.
SELECT pg_try_advisory_xact_lock(%(lock)s), clock_timestamp();

-- is_announcement_due --
UPDATE publication SET announced_at = now(), revision = newest.revision
FROM (SELECT max(revision) AS revision FROM registry_revision) AS newest
WHERE announced_at < now() - make_interval(secs => %(after_s)s)
    OR publication.revision IS DISTINCT FROM newest.revision;

-- announce_all --
-- All that is of today in any time zone, for those who read the topic from its beginning.
INSERT INTO changed
    (kind, site, directorate, service, channel, bucket_start, business_date, device)
SELECT 'site', code, NULL, NULL, NULL, NULL::timestamptz, NULL::date, NULL FROM site
UNION ALL
SELECT 'device', site, NULL, NULL, NULL, NULL, NULL, code FROM device
UNION ALL
SELECT DISTINCT 'waiting', site, directorate, service, NULL, NULL::timestamptz, business_date, NULL
FROM visit
WHERE state IN ('waiting', 'called') AND business_date >= current_date - 2
UNION ALL
SELECT 'bucket', site, directorate, service, channel, bucket_start, NULL, NULL
FROM footfall WHERE bucket_start >= now() - INTERVAL '2 days';

-- take_changed --
-- The longest announced first, so that none is left behind under load.
WITH taken AS (
    DELETE FROM changed
    WHERE change_id IN (SELECT change_id FROM changed ORDER BY change_id LIMIT %(most)s)
    RETURNING kind, site, directorate, service, channel, bucket_start, business_date, device
)
SELECT
    (SELECT count(*) FROM taken),
    kind, site, directorate, service, channel, bucket_start, business_date, device
FROM (SELECT DISTINCT * FROM taken) AS of_each_key_one;

-- read_bucket --
SELECT (to_jsonb(footfall) || %(common)s::jsonb)::text
FROM unnest(
    %(bucket_start)s::timestamptz[], %(site)s::text[], %(directorate)s::text[],
    %(service)s::text[], %(channel)s::text[]
) AS key (bucket_start, site, directorate, service, channel)
JOIN footfall USING (bucket_start, site, directorate, service, channel)
-- Not in the key: with them the server leaves out the chunks of other years.
WHERE footfall.bucket_start BETWEEN %(first)s AND %(last)s;

-- read_waiting --
-- A key without any visit that waits is told as zero.
SELECT (to_jsonb(hall) || %(common)s::jsonb)::text
FROM (
    SELECT
        key.site,
        key.business_date,
        key.directorate,
        key.service,
        count(*) FILTER (WHERE visit.state = 'waiting') AS waiting,
        count(*) FILTER (WHERE visit.state = 'called') AS called,
        coalesce(sum(visit.persons), 0)::bigint AS persons,
        min(visit.stay_started_at) FILTER (WHERE visit.state = 'waiting') AS waiting_since
    FROM unnest(
        %(site)s::text[], %(business_date)s::date[], %(directorate)s::text[], %(service)s::text[]
    ) AS key (site, business_date, directorate, service)
    LEFT JOIN visit ON visit.state IN ('waiting', 'called')
        AND visit.site = key.site AND visit.business_date = key.business_date
        AND visit.directorate = key.directorate AND visit.service = key.service
    GROUP BY key.site, key.business_date, key.directorate, key.service
) AS hall;

-- read_device --
SELECT (to_jsonb(device_status) || %(common)s::jsonb)::text
FROM device_status WHERE device_status.device = ANY(%(device)s::text[]);

-- read_site --
SELECT (to_jsonb(known) || %(common)s::jsonb)::text
FROM (
    SELECT
        site.code AS site,
        site.name AS label,
        site.time_zone,
        site.business_day_starts,
        site.valid_from,
        site.valid_to,
        (
            SELECT coalesce(jsonb_agg(jsonb_build_object('code', code, 'label', name)), '[]')
            FROM directorate
        ) AS directorates,
        (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'code', code, 'label', name, 'directorate', directorate)), '[]')
            FROM service
        ) AS services,
        (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'device', code, 'kind', kind, 'valid_from', valid_from, 'valid_to', valid_to)
                ORDER BY code), '[]')
            FROM device WHERE device.site = site.code
        ) AS devices,
        (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'opens_at', (day.on_date + hours.opens) AT TIME ZONE site.time_zone,
                'closes_at', (day.on_date + hours.closes) AT TIME ZONE site.time_zone)
                ORDER BY day.on_date, hours.opens), '[]')
            FROM (
                SELECT ((now() AT TIME ZONE site.time_zone)::date + n) AS on_date
                FROM generate_series(-1, 7) AS n
            ) AS day
            JOIN opening_hours AS hours
                ON hours.site = site.code
                AND hours.weekday = extract(isodow FROM day.on_date)
                AND (hours.valid_from IS NULL OR hours.valid_from <= day.on_date)
                AND (hours.valid_to IS NULL OR day.on_date < hours.valid_to)
            WHERE NOT EXISTS (
                SELECT FROM closed_day
                WHERE closed_day.site = site.code AND closed_day.day = day.on_date
            )
        ) AS open
    FROM site WHERE site.code = ANY(%(site)s::text[])
) AS known;

-- is_progress_due --
UPDATE publication SET published_to = %(as_of)s
WHERE published_to < %(as_of)s - make_interval(secs => %(after_s)s) OR published_to > %(as_of)s;
