-- Flux du jour: one site, one day by the site's own clock, today unless the range is over.

-- passages_so_far --
-- Counted today, and what is usual by the same time. Unknown where the site is open and nothing was heard.
WITH day AS (
    SELECT shown_date($__timeTo(), time_zone) AS local_date
    FROM reference_site
    WHERE site = ${site:sqlstring}
),
counted AS (
    SELECT sum(passages) AS passages
    FROM footfall_daily
    WHERE site = ${site:sqlstring}
        AND directorate IN (${directorate:sqlstring})
        AND local_date = (SELECT local_date FROM day)
),
covered AS (
    SELECT sum(open_minutes) AS open_minutes, sum(covered_minutes) AS covered_minutes
    FROM day_coverage
    WHERE site = ${site:sqlstring} AND local_date = (SELECT local_date FROM day)
),
past AS (
    SELECT
        comparison,
        comparable_date,
        coalesce(sum(passages) FILTER (WHERE directorate IN (${directorate:sqlstring})), 0) AS passages
    FROM comparable_so_far
    WHERE site = ${site:sqlstring}
        AND local_date = (SELECT local_date FROM day)
        AND comparison IN ('same_weekday', 'day_before')
    GROUP BY comparison, comparable_date
)
SELECT
    coalesce(
        counted.passages,
        CASE WHEN covered.open_minutes > 0 AND covered.covered_minutes = 0 THEN NULL ELSE 0 END
    )::bigint AS passages,
    (
        SELECT CASE WHEN count(*) >= 5
            THEN round(percentile_cont(0.5) WITHIN GROUP (ORDER BY passages))::bigint END
        FROM past WHERE comparison = 'same_weekday'
    ) AS typical,
    (SELECT round(passages)::bigint FROM past WHERE comparison = 'day_before') AS day_before,
    (SELECT count(*) FROM past WHERE comparison = 'same_weekday') AS days
FROM day CROSS JOIN counted CROSS JOIN covered;

-- hall_now --
-- Who waits at this moment: unknown when no device of the site was heard for ten minutes, and on a day
-- that is over.
SELECT
    CASE WHEN heard.lately THEN coalesce(sum(hall.waiting), 0)::bigint END AS waiting,
    CASE WHEN heard.lately THEN coalesce(sum(hall.called), 0)::bigint END AS called,
    CASE WHEN heard.lately THEN coalesce(max(hall.longest_wait_s), 0) END AS longest_wait_s
FROM (
    SELECT $__timeTo()::timestamptz > now() AND coalesce(bool_or(silent_s <= 600), false) AS lately
    FROM device_silence
    WHERE site = ${site:sqlstring} AND last_received_at IS NOT NULL
) AS heard
LEFT JOIN waiting_now AS hall
    ON hall.site = ${site:sqlstring} AND hall.directorate IN (${directorate:sqlstring})
GROUP BY heard.lately;

-- last_hour_waits --
-- Of those who were called in the last hour, to the minute.
SELECT
    percentile_disc(0.5) WITHIN GROUP (ORDER BY wait_s) AS p50_s,
    percentile_disc(0.9) WITHIN GROUP (ORDER BY wait_s) AS p90_s,
    count(*) AS calls
FROM (
    SELECT extract(epoch FROM waiting_until - waiting_since)::double precision AS wait_s
    FROM recent_stay
    CROSS JOIN LATERAL generate_series(1, visits)
    WHERE site = ${site:sqlstring}
        AND directorate IN (${directorate:sqlstring})
        AND called
        AND waiting_until > now() - interval '1 hour'
        AND $__timeTo()::timestamptz > now()
) AS call;

-- trust --
-- 0 closed so far, 1 complete, 2 some hours may still grow, 3 a device is silent or a tenth is missing,
-- 4 nothing was heard. The running hour, and five minutes of the next, belong to the devices' silence.
WITH device AS (
    SELECT
        coalesce(bool_or(expected AND silent_s > 300), false) AS silent,
        coalesce(bool_or(last_received_at IS NOT NULL AND silent_s <= 600), false) AS lately,
        coalesce(bool_or(open), false) AS open
    FROM device_silence
    JOIN site_open_now USING (site)
    WHERE site = ${site:sqlstring} AND $__timeTo()::timestamptz > now()
),
hour AS (
    SELECT
        covered_minutes,
        open_minutes,
        status,
        hour_start < now() - interval '65 minutes' AS over
    FROM hour_status
    WHERE site = ${site:sqlstring}
        AND hour_start >= $__timeFrom()::timestamptz
        AND hour_start < $__timeTo()::timestamptz
        AND open_minutes > 0
),
known AS (
    SELECT
        count(*) AS hours,
        sum(covered_minutes) AS covered_minutes,
        sum(open_minutes - covered_minutes) FILTER (WHERE over) AS missing_minutes,
        sum(open_minutes) FILTER (WHERE over) AS open_minutes,
        coalesce(bool_or(over AND status = 'provisional'), false) AS provisional
    FROM hour
)
SELECT CASE
    WHEN known.hours = 0 AND NOT device.open THEN 0
    WHEN coalesce(known.covered_minutes, 0) = 0 AND NOT device.lately THEN 4
    WHEN device.silent OR known.missing_minutes > 0.1 * known.open_minutes THEN 3
    WHEN known.provisional THEN 2
    ELSE 1
END AS trust
FROM known CROSS JOIN device;

-- coverage_so_far --
-- Of the device-minutes in which the site was open so far, the share that its devices vouch for.
SELECT coverage
FROM day_coverage
WHERE site = ${site:sqlstring} AND local_date = shown_date($__timeTo(), time_zone);

-- passages_by_hour --
-- A bar per hour and directorate that came here lately: 0 when nobody came, nothing when nobody knows.
WITH counted AS (
    SELECT hour_start, directorate, sum(passages) AS passages
    FROM footfall_hourly
    WHERE site = ${site:sqlstring}
        AND directorate IN (${directorate:sqlstring})
        AND hour_start >= $__timeFrom()::timestamptz
        AND hour_start < $__timeTo()::timestamptz
    GROUP BY hour_start, directorate
),
received AS (
    SELECT DISTINCT directorate
    FROM footfall_daily
    WHERE site = ${site:sqlstring}
        AND directorate IN (${directorate:sqlstring})
        AND local_date > ($__timeTo()::timestamptz)::date - 60
        AND local_date <= ($__timeTo()::timestamptz)::date + 1
),
heard AS (
    SELECT hour_start, covered_minutes
    FROM coverage_hourly
    WHERE site = ${site:sqlstring}
        AND hour_start >= $__timeFrom()::timestamptz
        AND hour_start < $__timeTo()::timestamptz
        AND open_minutes > 0
)
SELECT
    hour_start AS time,
    upper(directorate) AS metric,
    coalesce(counted.passages, CASE WHEN heard.covered_minutes > 0 THEN 0 END)::bigint AS passages
FROM (heard CROSS JOIN received)
FULL JOIN counted USING (hour_start, directorate)
ORDER BY time, metric;

-- passages_against_typical --
-- All chosen directorates together, in whole hours, between what nine tenths and one tenth of the
-- comparable days exceed; no band from fewer than five days.
WITH past AS (
    SELECT
        hour_start,
        comparison,
        comparable_date,
        coalesce(sum(passages) FILTER (WHERE directorate IN (${directorate:sqlstring})), 0) AS passages
    FROM comparable_hour
    WHERE site = ${site:sqlstring}
        AND local_date >= ($__timeFrom()::timestamptz AT TIME ZONE time_zone)::date
        AND local_date <= ($__timeTo()::timestamptz AT TIME ZONE time_zone)::date
        AND comparison IN ('same_weekday', 'day_before')
    GROUP BY hour_start, comparison, comparable_date
),
usual AS (
    SELECT
        hour_start,
        percentile_cont(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY passages) AS band
    FROM past
    WHERE comparison = 'same_weekday'
    GROUP BY hour_start
    HAVING count(*) >= 5
),
before AS (
    SELECT hour_start, passages FROM past WHERE comparison = 'day_before'
),
counted AS (
    SELECT hour_start, sum(passages) AS passages
    FROM footfall_hourly
    WHERE site = ${site:sqlstring}
        AND directorate IN (${directorate:sqlstring})
        AND hour_start >= $__timeFrom()::timestamptz
        AND hour_start < $__timeTo()::timestamptz
        AND hour_start <= now() - interval '1 hour'
    GROUP BY hour_start
),
heard AS (
    SELECT hour_start, covered_minutes
    FROM coverage_hourly
    WHERE site = ${site:sqlstring}
        AND hour_start >= $__timeFrom()::timestamptz
        AND hour_start < $__timeTo()::timestamptz
        AND hour_start <= now() - interval '1 hour'
        AND open_minutes > 0
)
SELECT
    hour_start AS time,
    usual.band[1]::double precision AS p10,
    usual.band[3]::double precision AS p90,
    usual.band[2]::double precision AS median,
    before.passages::bigint AS day_before,
    coalesce(counted.passages, CASE WHEN heard.covered_minutes > 0 THEN 0 END)::bigint AS today
FROM usual
FULL JOIN before USING (hour_start)
FULL JOIN heard USING (hour_start)
FULL JOIN counted USING (hour_start)
WHERE hour_start >= $__timeFrom()::timestamptz AND hour_start < $__timeTo()::timestamptz
ORDER BY time;

-- hour_states --
-- Every hour of the range so far; the state ends with the running hour.
WITH hour AS (
    SELECT hour_start
    FROM reference_site
    CROSS JOIN LATERAL generate_series(
        local_hour_start($__timeFrom()::timestamptz, time_zone),
        least(now(), $__timeTo()::timestamptz),
        interval '1 hour'
    ) AS hour_start
    WHERE site = ${site:sqlstring}
)
SELECT
    hour_start AS time,
    CASE
        WHEN status.open_minutes > 0 AND status.covered_minutes = 0 THEN 'unknown'
        WHEN status.open_minutes > 0 THEN status.status
        WHEN EXISTS (
            SELECT FROM open_hour
            WHERE open_hour.site = ${site:sqlstring}
                AND open_hour.hour_start = hour.hour_start
                AND open_hour.local_date >= ($__timeFrom()::timestamptz)::date - 1
                AND open_hour.local_date <= ($__timeTo()::timestamptz)::date + 1
        ) THEN 'unknown'
        ELSE 'closed'
    END AS state
FROM hour
LEFT JOIN (
    SELECT hour_start, open_minutes, covered_minutes, status
    FROM hour_status
    WHERE site = ${site:sqlstring}
        AND hour_start >= $__timeFrom()::timestamptz - interval '1 hour'
        AND hour_start < $__timeTo()::timestamptz
) AS status USING (hour_start)
UNION ALL
SELECT max(hour_start) + interval '1 hour', NULL FROM hour HAVING count(*) > 0
ORDER BY time;

-- waits_by_hour --
-- By the hour of arrival, of those who were called; beside them the threshold for the whole site.
WITH day AS (
    SELECT shown_date($__timeTo(), time_zone) AS local_date
    FROM reference_site
    WHERE site = ${site:sqlstring}
),
threshold AS (
    SELECT min(value_s) AS value_s
    FROM reference_threshold
    CROSS JOIN day
    WHERE indicator = 'wait'
        AND coalesce(site, ${site:sqlstring}) = ${site:sqlstring}
        AND directorate IS NULL
        AND service IS NULL
        AND (valid_from IS NULL OR valid_from <= day.local_date)
        AND (valid_to IS NULL OR day.local_date < valid_to)
),
waits AS (
    SELECT
        hour_start,
        wait_quantile(array_agg(bin), array_agg(n), 0.5) AS p50_s,
        wait_quantile(array_agg(bin), array_agg(n), 0.9) AS p90_s
    FROM wait_bins_hourly
    WHERE site = ${site:sqlstring}
        AND directorate IN (${directorate:sqlstring})
        AND measure = 'wait'
        AND hour_start >= $__timeFrom()::timestamptz
        AND hour_start < $__timeTo()::timestamptz
    GROUP BY hour_start
)
SELECT
    hour_start AS time,
    waits.p50_s,
    waits.p90_s,
    (SELECT value_s FROM threshold) AS threshold_s
FROM waits
FULL JOIN (
    SELECT hour_start
    FROM open_hour
    WHERE site = ${site:sqlstring}
        AND local_date >= ($__timeFrom()::timestamptz AT TIME ZONE time_zone)::date
        AND local_date <= ($__timeTo()::timestamptz AT TIME ZONE time_zone)::date
        AND hour_start >= $__timeFrom()::timestamptz
        AND hour_start < $__timeTo()::timestamptz
) AS open USING (hour_start)
ORDER BY time;

-- waiting_by_service --
-- Longest wait first.
SELECT
    upper(hall.directorate) AS directorate,
    service_name AS service,
    hall.waiting,
    hall.called,
    hall.longest_wait_s
FROM waiting_now AS hall
JOIN reference_service USING (service)
WHERE hall.site = ${site:sqlstring}
    AND hall.directorate IN (${directorate:sqlstring})
    AND $__timeTo()::timestamptz > now()
ORDER BY hall.longest_wait_s DESC NULLS LAST, hall.waiting DESC;

-- devices --
-- Those that should be heard and are not come first, then by what they hold back.
SELECT
    CASE
        WHEN silence.last_received_at IS NULL THEN 'never'
        WHEN silence.expected AND silence.silent_s > 300 THEN 'silent'
        WHEN silence.silent_s > 300 THEN 'off'
        ELSE 'heard'
    END AS state,
    silence.device,
    silence.kind,
    silence.last_received_at,
    silence.silent_s,
    silence.outbox_depth,
    status.gaps
FROM device_silence AS silence
JOIN device_status AS status USING (device)
WHERE silence.site = ${site:sqlstring}
ORDER BY
    silence.expected AND (silence.last_received_at IS NULL OR silence.silent_s > 300) DESC,
    silence.last_received_at IS NULL DESC,
    silence.outbox_depth DESC NULLS LAST,
    silence.device;
