-- The state of the chain, for technicians.

-- lag --
-- Age of the newest message of any device that should be heard; null while every site is closed.
SELECT delay_s FROM pipeline_delay;

-- consumer_lag --
-- Messages that no worker has acknowledged; null when nobody knows.
SELECT CASE WHEN bool_and(messages IS NOT NULL) THEN sum(messages) END::bigint AS messages
FROM consumer_lag_by_topic;

-- recording_delay --
-- Within which time 99 of 100 events of the last 15 minutes of the range were recorded.
SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY recording_s) AS p99
FROM event_delay
WHERE happened_at >= $__timeTo()::timestamptz - interval '6 hours'
    AND recorded_at >= $__timeTo()::timestamptz - interval '15 minutes'
    AND recorded_at < $__timeTo()::timestamptz;

-- events_rate --
-- Events recorded per second in the last five minutes of the range.
SELECT coalesce(sum(events), 0)::double precision / 300 AS events
FROM recorded_batch
WHERE recorded_at >= $__timeTo()::timestamptz - interval '5 minutes'
    AND recorded_at < $__timeTo()::timestamptz;

-- publication_delay --
-- How far the topic footfall is behind the tables; nothing is behind while there is nothing to publish.
SELECT CASE WHEN changes = 0 THEN 0 ELSE delay_s END AS delay_s FROM publication_delay;

-- dead_letters_count --
-- Messages refused in the range that were not mended since.
SELECT count(*) AS messages
FROM dead_letters
WHERE replayed_at IS NULL
    AND received_at >= $__timeFrom()::timestamptz
    AND received_at < $__timeTo()::timestamptz
    AND (site IS NULL OR site IN (${site:sqlstring}));

-- silent_devices --
-- Devices that should be heard now and were not for five minutes; null where no device should be heard.
SELECT count(*) FILTER (WHERE silent_s > 300) AS devices
FROM device_silence
WHERE expected AND site IN (${site:sqlstring})
HAVING count(*) > 0;

-- events_over_time --
-- Events recorded per second, whenever they happened.
WITH step AS (SELECT make_interval(secs => $__interval_ms / 1000.0) AS length)
SELECT
    steps.at AS time,
    coalesce(sum(events), 0)::double precision * 1000 / $__interval_ms AS events
FROM step
CROSS JOIN LATERAL generate_series(
    time_bucket(length, $__timeFrom()::timestamptz),
    least($__timeTo()::timestamptz, now()) - length,
    length
) AS steps (at)
LEFT JOIN recorded_batch AS batch
    ON time_bucket(length, batch.recorded_at) = steps.at
    AND batch.recorded_at >= $__timeFrom()::timestamptz
    AND batch.recorded_at < $__timeTo()::timestamptz
GROUP BY steps.at
ORDER BY time;

-- delays_over_time --
-- Delays of the events recorded in each step; events recorded more than six hours after they happened are left out.
SELECT
    time_bucket('$__interval', recorded_at) AS time,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY arrival_s) AS arrival_p50,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY arrival_s) AS arrival_p99,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY recording_s) AS recording_p50,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY recording_s) AS recording_p99
FROM event_delay
WHERE happened_at >= $__timeFrom()::timestamptz - interval '6 hours'
    AND recorded_at >= $__timeFrom()::timestamptz
    AND recorded_at < $__timeTo()::timestamptz
    AND recorded_at < happened_at + interval '6 hours'
GROUP BY 1
ORDER BY time;

-- dead_letters_over_time --
-- Messages refused in each step, by reason.
SELECT time_bucket('$__interval', received_at) AS time, reason AS metric, count(*) AS messages
FROM dead_letters
WHERE received_at >= $__timeFrom()::timestamptz
    AND received_at < $__timeTo()::timestamptz
    AND (site IS NULL OR site IN (${site:sqlstring}))
GROUP BY 1, reason
ORDER BY time, metric;

-- last_dead_letters --
-- The newest messages refused in the range, without their content.
SELECT
    received_at,
    reason,
    field,
    detail,
    site,
    source,
    topic || '/' || partition || '/' || "offset" AS place,
    bytes,
    replayable,
    replayed_at
FROM dead_letters
WHERE received_at >= $__timeFrom()::timestamptz
    AND received_at < $__timeTo()::timestamptz
    AND (site IS NULL OR site IN (${site:sqlstring}))
ORDER BY received_at DESC
LIMIT 100;

-- device_coverage --
-- Of the open minutes of each quarter of an hour, the share that each device vouches for; null when closed.
WITH quarter AS MATERIALIZED (
    SELECT bucket_start, device, covered_minutes::double precision / open_minutes AS coverage
    FROM device_quarter
    WHERE local_date >= $__timeFrom()::timestamptz::date - 1
        AND local_date <= $__timeTo()::timestamptz::date + 1
        AND site IN (${site:sqlstring})
        AND bucket_start >= $__timeFrom()::timestamptz - interval '15 minutes'
        AND bucket_start < $__timeTo()::timestamptz
)
SELECT bucket_start AS time, device AS metric, coverage FROM quarter
UNION ALL
-- Where no quarter follows, the site closes: that ends the state before.
SELECT bucket_start + interval '15 minutes', device, NULL
FROM quarter AS ended
WHERE NOT EXISTS (
    SELECT FROM quarter AS next
    WHERE next.device = ended.device
        AND next.bucket_start = ended.bucket_start + interval '15 minutes'
)
ORDER BY time, metric;

-- devices --
-- Each device as it was last heard of: the longest silence first.
SELECT
    site_name,
    device.device,
    device.kind,
    extract(epoch FROM now() - device.last_received_at)::double precision AS silent_s,
    device.outbox_depth,
    CASE WHEN device.last_received_at IS NOT NULL THEN coalesce(gap.missing, 0) END AS missing,
    gap.complete_to,
    device.software
FROM device_status AS device
JOIN reference_site AS site USING (site)
LEFT JOIN (
    SELECT device, sum(missing)::bigint AS missing, min(complete_to) AS complete_to
    FROM device_gap
    GROUP BY device
) AS gap ON gap.device = device.device
WHERE device.site IN (${site:sqlstring})
ORDER BY gap.missing DESC NULLS LAST, device.outbox_depth DESC NULLS LAST, silent_s DESC NULLS FIRST;

-- restatements_by_day --
-- Changes of final figures, by the day on which they were made, and cause.
SELECT
    date_trunc('day', recorded_at AT TIME ZONE time_zone) AT TIME ZONE time_zone AS time,
    cause AS metric,
    count(*) AS changes
FROM restatements JOIN reference_site USING (site)
WHERE recorded_at >= $__timeFrom()::timestamptz
    AND recorded_at < $__timeTo()::timestamptz
    AND site IN (${site:sqlstring})
GROUP BY 1, cause
ORDER BY time, metric;

-- last_restatements --
-- The newest changes of final figures, summed over the quarters of an hour that one transaction changed.
SELECT
    recorded_at,
    cause,
    site_name,
    min(bucket_start) AS first_bucket,
    max(bucket_start) AS last_bucket,
    count(*) AS quarters,
    coalesce(sum((changes ->> 'passages')::bigint), 0)::bigint AS passages,
    coalesce(sum(abs((changes ->> 'passages')::bigint)), 0)::bigint AS passages_moved
FROM restatements JOIN reference_site USING (site)
WHERE recorded_at >= $__timeFrom()::timestamptz
    AND recorded_at < $__timeTo()::timestamptz
    AND site IN (${site:sqlstring})
GROUP BY recorded_at, cause, site_name
ORDER BY recorded_at DESC
LIMIT 100;

-- visits_left_open --
-- Visits of past days that nobody closed.
SELECT
    site_name,
    business_date::text AS business_date,
    upper(directorate) AS directorate,
    waiting,
    called,
    in_service
FROM visits_left_open JOIN reference_site USING (site)
WHERE site IN (${site:sqlstring})
ORDER BY business_date DESC, site_name, directorate;

-- storage --
-- The largest tables.
SELECT "table", chunks, bytes FROM storage ORDER BY bytes DESC LIMIT 12;
