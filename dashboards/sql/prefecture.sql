-- Vue départementale: every chosen site on its own day and clock, side by side.

-- sites --
-- One line per site. Live figures are unknown on a day that is over. Each part is worked out once, for all
-- sites: the planner takes a part for a single row, and would do it again for every line.
WITH chosen AS (
    SELECT site, site_name, shown_date($__timeTo(), time_zone) AS local_date, $__timeTo()::timestamptz > now() AS live
    FROM reference_site
    WHERE site IN (${site:sqlstring})
),
counted AS MATERIALIZED (
    SELECT site, sum(passages) AS passages
    FROM footfall_daily
    JOIN chosen USING (site, local_date)
    WHERE directorate IN (${directorate:sqlstring})
    GROUP BY site
),
usual AS MATERIALIZED (
    SELECT site, percentile_cont(0.5) WITHIN GROUP (ORDER BY passages) AS passages
    FROM (
        SELECT
            site,
            comparable_date,
            coalesce(sum(passages) FILTER (WHERE directorate IN (${directorate:sqlstring})), 0)
                AS passages
        FROM comparable_so_far
        WHERE site IN (${site:sqlstring})
            AND local_date = shown_date($__timeTo(), time_zone)
            AND comparison = 'same_weekday'
        GROUP BY site, comparable_date
    ) AS past
    GROUP BY site
    HAVING count(*) >= 5
),
covered AS MATERIALIZED (
    SELECT site, covered_minutes, open_minutes, coverage
    FROM day_coverage
    WHERE site IN (${site:sqlstring}) AND local_date = shown_date($__timeTo(), time_zone)
),
hall AS MATERIALIZED (
    SELECT site, sum(waiting) AS waiting, max(longest_wait_s) AS longest_wait_s
    FROM waiting_now
    WHERE directorate IN (${directorate:sqlstring})
    GROUP BY site
),
called AS MATERIALIZED (
    SELECT
        site,
        percentile_disc(0.9) WITHIN GROUP (
            ORDER BY extract(epoch FROM waiting_until - waiting_since)::double precision
        ) AS p90_s
    FROM recent_stay
    CROSS JOIN LATERAL generate_series(1, visits)
    WHERE directorate IN (${directorate:sqlstring})
        AND called
        AND waiting_until > now() - interval '1 hour'
    GROUP BY site
),
devices AS MATERIALIZED (
    SELECT
        site,
        count(*) FILTER (WHERE expected AND silent_s > 300) AS silent,
        bool_or(last_received_at IS NOT NULL AND silent_s <= 600) AS lately
    FROM device_silence
    GROUP BY site
),
line AS (
    SELECT
        chosen.site,
        chosen.site_name,
        CASE
            WHEN chosen.live AND opening.open THEN 'open'
            WHEN chosen.live THEN 'closed'
            WHEN EXISTS (
                SELECT FROM opening_on(chosen.site, chosen.local_date)
            ) THEN 'over'
            ELSE 'closed'
        END AS state,
        coalesce(
            counted.passages,
            CASE WHEN covered.open_minutes > 0 AND covered.covered_minutes = 0 THEN NULL ELSE 0 END
        )::bigint AS passages,
        round(usual.passages)::bigint AS typical,
        CASE WHEN chosen.live AND devices.lately THEN coalesce(hall.waiting, 0) END::bigint AS waiting,
        CASE WHEN chosen.live AND devices.lately THEN coalesce(hall.longest_wait_s, 0) END
            AS longest_wait_s,
        CASE WHEN chosen.live THEN called.p90_s END AS p90_wait_s,
        covered.coverage,
        CASE WHEN chosen.live THEN devices.silent END AS silent_devices
    FROM chosen
    JOIN site_open_now AS opening USING (site)
    LEFT JOIN counted USING (site)
    LEFT JOIN usual USING (site)
    LEFT JOIN covered USING (site)
    LEFT JOIN hall USING (site)
    LEFT JOIN called USING (site)
    LEFT JOIN devices USING (site)
)
SELECT
    site_name,
    state,
    passages,
    typical,
    passages::double precision / nullif(typical, 0) - 1 AS difference,
    waiting,
    longest_wait_s,
    p90_wait_s,
    coverage,
    silent_devices,
    site
FROM line
ORDER BY site_name;

-- passages_by_hour --
-- A line per site: 0 when nobody came, nothing when it is closed or nobody knows.
WITH counted AS (
    SELECT site, hour_start, sum(passages) AS passages
    FROM footfall_hourly
    WHERE site IN (${site:sqlstring})
        AND directorate IN (${directorate:sqlstring})
        AND hour_start >= $__timeFrom()::timestamptz
        AND hour_start < $__timeTo()::timestamptz
        AND hour_start <= now() - interval '1 hour'
    GROUP BY site, hour_start
),
heard AS (
    SELECT site, hour_start, covered_minutes
    FROM coverage_hourly
    WHERE site IN (${site:sqlstring})
        AND hour_start >= $__timeFrom()::timestamptz
        AND hour_start < $__timeTo()::timestamptz
        AND hour_start <= now() - interval '1 hour'
        AND open_minutes > 0
)
SELECT
    hour_start AS time,
    site_name AS metric,
    coalesce(counted.passages, CASE WHEN heard.covered_minutes > 0 THEN 0 END)::bigint AS passages
FROM heard
FULL JOIN counted USING (site, hour_start)
JOIN reference_site USING (site)
ORDER BY time, metric;

-- comparison --
-- By the time that each site's clock shows, or the whole day when it is over.
WITH chosen AS (
    SELECT site, site_name, shown_date($__timeTo(), time_zone) AS local_date
    FROM reference_site
    WHERE site IN (${site:sqlstring})
),
past AS (
    SELECT
        site,
        comparison,
        coalesce(sum(passages) FILTER (WHERE directorate IN (${directorate:sqlstring})), 0) AS passages
    FROM comparable_so_far
    WHERE site IN (${site:sqlstring})
        AND local_date = shown_date($__timeTo(), time_zone)
        AND comparison IN ('day_before', 'week_before')
    GROUP BY site, comparison
)
SELECT
    site_name,
    (
        SELECT sum(passages)::bigint
        FROM footfall_daily
        WHERE footfall_daily.site = chosen.site
            AND footfall_daily.local_date = chosen.local_date
            AND directorate IN (${directorate:sqlstring})
    ) AS today,
    (
        SELECT round(passages)::bigint
        FROM past
        WHERE past.site = chosen.site AND comparison = 'day_before'
    ) AS day_before,
    (
        SELECT round(passages)::bigint
        FROM past
        WHERE past.site = chosen.site AND comparison = 'week_before'
    ) AS week_before
FROM chosen
ORDER BY site_name;

-- waiting_by_site --
-- Sites whose devices were heard in the last ten minutes; 0 when nobody waits.
SELECT
    site_name,
    coalesce(sum(hall.waiting), 0)::bigint AS waiting,
    coalesce(sum(hall.called), 0)::bigint AS called
FROM reference_site
LEFT JOIN waiting_now AS hall
    ON hall.site = reference_site.site AND hall.directorate IN (${directorate:sqlstring})
WHERE reference_site.site IN (${site:sqlstring})
    AND $__timeTo()::timestamptz > now()
    AND EXISTS (
        SELECT FROM device_silence
        WHERE device_silence.site = reference_site.site
            AND last_received_at IS NOT NULL
            AND silent_s <= 600
    )
GROUP BY site_name
ORDER BY site_name;
