-- server --
SELECT
    current_setting('server_version_num')::integer / 10000 AS major,
    (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS extension,
    (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS library;

-- clock --
SELECT clock_timestamp();

-- objects --
-- What rights are about: the database, its schema, and whatever the database's owner has made in it.
SELECT 'database', datname::text FROM pg_database WHERE datname = current_database()
UNION ALL
SELECT 'schema', 'public'
UNION ALL
SELECT CASE relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' ELSE 'table' END, relname::text
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
    AND relowner = (SELECT datdba FROM pg_database WHERE datname = current_database())
UNION ALL
SELECT 'function', format('%%I(%%s)', proname, pg_get_function_identity_arguments(oid))
FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
    AND proowner = (SELECT datdba FROM pg_database WHERE datname = current_database())
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e'
    );

-- may --
-- What the session's role may do with them, by whatever way it came to it.
SELECT 'database', datname::text, privilege
FROM pg_database CROSS JOIN unnest(ARRAY['CONNECT', 'TEMPORARY', 'CREATE']) AS privilege
WHERE datname = current_database() AND has_database_privilege(oid, privilege)
UNION ALL
SELECT 'schema', 'public', privilege
FROM unnest(ARRAY['USAGE', 'CREATE']) AS privilege WHERE has_schema_privilege('public', privilege)
UNION ALL
SELECT CASE relkind WHEN 'v' THEN 'view' ELSE 'table' END, relname::text, privilege
FROM pg_class
CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS privilege
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
    AND relowner = (SELECT datdba FROM pg_database WHERE datname = current_database())
    AND has_table_privilege(oid, privilege)
UNION ALL
SELECT 'sequence', relname::text, privilege
FROM pg_class CROSS JOIN unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) AS privilege
WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
    AND relowner = (SELECT datdba FROM pg_database WHERE datname = current_database())
    AND has_sequence_privilege(oid, privilege)
UNION ALL
SELECT 'function', format('%%I(%%s)', proname, pg_get_function_identity_arguments(oid)), 'EXECUTE'
FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
    AND proowner = (SELECT datdba FROM pg_database WHERE datname = current_database())
    AND has_function_privilege(oid, 'EXECUTE')
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e'
    );

-- lag --
SELECT topic, messages, extract(epoch FROM now() - seen_at)::double precision
FROM consumer_lag_by_topic ORDER BY topic;

-- refused --
SELECT
    reason,
    (messages - replayed)::bigint,
    extract(epoch FROM now() - last_received_at)::double precision
FROM dead_letters_by_reason WHERE messages > replayed ORDER BY reason;

-- devices --
SELECT site, device, silent_s, coalesce(outbox_depth, 0)
FROM device_silence WHERE expected ORDER BY site, device;

-- coverage_today --
SELECT hour.site, sum(hour.covered_minutes)::bigint, sum(hour.open_minutes)::bigint
FROM coverage_hourly AS hour JOIN reference_site AS site ON site.site = hour.site
WHERE hour.hour_start >= now() - interval '25 hours'
    AND hour.local_date = (now() AT TIME ZONE site.time_zone)::date
GROUP BY hour.site ORDER BY hour.site;

-- newest --
SELECT devices, delay_s, (SELECT max(last_received_at) FROM device_status) FROM pipeline_delay;

-- least_recording --
-- Of the last hour's events, the shortest way from the broker to a row.
SELECT min(recording_s) FROM event_delay
WHERE happened_at >= now() - interval '2 hours' AND recorded_at >= now() - interval '1 hour';

-- days --
-- Local days of the last two weeks whose stored sums are not those of their hours.
SELECT site, count(*), min(local_date)
FROM (
    SELECT site, local_date, sum(passages) AS passages, sum(served) AS served, sum(waits) AS waits
    FROM footfall_hourly
    WHERE hour_start >= now() - interval '17 days'
    GROUP BY site, local_date
) AS hours
FULL JOIN (
    SELECT site, local_date, sum(passages) AS passages, sum(served) AS served, sum(waits) AS waits
    FROM footfall_daily
    WHERE local_date >= (now() - interval '17 days')::date
    GROUP BY site, local_date
) AS days USING (site, local_date)
WHERE local_date > (now() - interval '15 days')::date
    AND (hours.passages, hours.served, hours.waits)
        IS DISTINCT FROM (days.passages, days.served, days.waits)
GROUP BY site ORDER BY site;

-- publication --
SELECT changes, delay_s FROM publication_delay;

-- provisional --
SELECT hour.site, count(DISTINCT hour.local_date), min(hour.local_date)
FROM hour_status AS hour
WHERE hour.hour_start >= now() - interval '60 days'
    AND hour.hour_start < now() - make_interval(days => %(days)s)
    AND hour.status = 'provisional' AND hour.open_minutes > 0
GROUP BY hour.site ORDER BY hour.site;

-- devices_with_gaps --
SELECT DISTINCT device FROM device_gap WHERE missing > 0 ORDER BY device;

-- size --
SELECT pg_database_size(current_database());

-- tables --
SELECT "table", bytes FROM storage ORDER BY bytes DESC LIMIT 3;
