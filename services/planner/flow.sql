-- flow_by_hour --
-- Footfall and waits over [from_at, to_at), by hour of the sites' clocks and the asked dimensions.
SELECT
    hour_start AS at,
    local_label AS label,
    site,
    directorate,
    service,
    channel,
    coalesce(sum(passages), 0)::bigint AS passages,
    coalesce(sum(persons), 0)::bigint AS persons,
    coalesce(sum(tickets), 0)::bigint AS tickets,
    coalesce(sum(check_ins), 0)::bigint AS check_ins,
    coalesce(sum(direct), 0)::bigint AS direct,
    coalesce(sum(queue_entries), 0)::bigint AS queue_entries,
    coalesce(sum(served), 0)::bigint AS served,
    coalesce(sum(no_show), 0)::bigint AS no_show,
    coalesce(sum("left"), 0)::bigint AS "left",
    coalesce(sum(cancelled), 0)::bigint AS cancelled,
    coalesce(sum(auto_closed), 0)::bigint AS auto_closed,
    coalesce(sum(transferred), 0)::bigint AS transferred,
    coalesce(sum(redirected), 0)::bigint AS redirected,
    coalesce(sum(waits), 0)::bigint AS waits,
    coalesce(sum(wait_ms), 0)::bigint AS wait_ms,
    coalesce(sum(services), 0)::bigint AS services,
    coalesce(sum(service_ms), 0)::bigint AS service_ms,
    max(p50_wait_s) AS p50_wait_s,
    max(p90_wait_s) AS p90_wait_s
FROM (
    SELECT
        hour_start,
        local_label,
        CASE WHEN %(by_site)s THEN site END AS site,
        CASE WHEN %(by_directorate)s THEN directorate END AS directorate,
        CASE WHEN %(by_service)s THEN service END AS service,
        CASE WHEN %(by_channel)s THEN channel END AS channel,
        passages, persons, tickets, check_ins, direct, queue_entries, served, no_show, "left",
        cancelled, auto_closed, transferred, redirected, waits, wait_ms, services, service_ms,
        NULL::double precision AS p50_wait_s,
        NULL::double precision AS p90_wait_s
    FROM footfall_hourly
    WHERE hour_start >= %(from_at)s
        AND hour_start < %(to_at)s
        AND (%(sites)s::text[] IS NULL OR site = ANY(%(sites)s))
        AND (%(directorates)s::text[] IS NULL OR directorate = ANY(%(directorates)s))
        AND (%(services)s::text[] IS NULL OR service = ANY(%(services)s))
        AND (%(channels)s::text[] IS NULL OR channel = ANY(%(channels)s))
    UNION ALL
    -- wait_quantile for all groups at once: called for each, it would take most of the time.
    SELECT
        hour_start, local_label, site, directorate, service, channel,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        wait_value(min(bin) FILTER (WHERE reached >= greatest(1, ceil(0.5::double precision * total)))),
        wait_value(min(bin) FILTER (WHERE reached >= greatest(1, ceil(0.9::double precision * total))))
    FROM (
        SELECT
            hour_start, local_label, site, directorate, service, channel,
            bin::integer AS bin,
            sum(n) OVER (of_group ORDER BY bin)::bigint AS reached,
            sum(n) OVER of_group::bigint AS total
        FROM (
            SELECT
                hour_start,
                local_label,
                CASE WHEN %(by_site)s THEN site END AS site,
                CASE WHEN %(by_directorate)s THEN directorate END AS directorate,
                CASE WHEN %(by_service)s THEN service END AS service,
                CASE WHEN %(by_channel)s THEN channel END AS channel,
                bin,
                sum(n) AS n
            FROM wait_bins_hourly
            WHERE measure = 'wait'
                AND hour_start >= %(from_at)s
                AND hour_start < %(to_at)s
                AND (%(sites)s::text[] IS NULL OR site = ANY(%(sites)s))
                AND (%(directorates)s::text[] IS NULL OR directorate = ANY(%(directorates)s))
                AND (%(services)s::text[] IS NULL OR service = ANY(%(services)s))
                AND (%(channels)s::text[] IS NULL OR channel = ANY(%(channels)s))
            GROUP BY 1, 2, 3, 4, 5, 6, bin
        ) AS bins
        WINDOW of_group AS (PARTITION BY hour_start, local_label, site, directorate, service, channel)
    ) AS reaching
    WHERE total > 0
    GROUP BY hour_start, local_label, site, directorate, service, channel
) AS counted
GROUP BY hour_start, local_label, site, directorate, service, channel
ORDER BY hour_start, local_label, site, directorate, service, channel;

-- flow_by_day --
-- The same by pieces of whole local days [first, last], each named by its first day.
SELECT
    at,
    NULL AS label,
    site,
    directorate,
    service,
    channel,
    coalesce(sum(passages), 0)::bigint AS passages,
    coalesce(sum(persons), 0)::bigint AS persons,
    coalesce(sum(tickets), 0)::bigint AS tickets,
    coalesce(sum(check_ins), 0)::bigint AS check_ins,
    coalesce(sum(direct), 0)::bigint AS direct,
    coalesce(sum(queue_entries), 0)::bigint AS queue_entries,
    coalesce(sum(served), 0)::bigint AS served,
    coalesce(sum(no_show), 0)::bigint AS no_show,
    coalesce(sum("left"), 0)::bigint AS "left",
    coalesce(sum(cancelled), 0)::bigint AS cancelled,
    coalesce(sum(auto_closed), 0)::bigint AS auto_closed,
    coalesce(sum(transferred), 0)::bigint AS transferred,
    coalesce(sum(redirected), 0)::bigint AS redirected,
    coalesce(sum(waits), 0)::bigint AS waits,
    coalesce(sum(wait_ms), 0)::bigint AS wait_ms,
    coalesce(sum(services), 0)::bigint AS services,
    coalesce(sum(service_ms), 0)::bigint AS service_ms,
    max(p50_wait_s) AS p50_wait_s,
    max(p90_wait_s) AS p90_wait_s
FROM (
    SELECT
        piece_start(local_date, %(grain)s) AS at,
        CASE WHEN %(by_site)s THEN site END AS site,
        CASE WHEN %(by_directorate)s THEN directorate END AS directorate,
        CASE WHEN %(by_service)s THEN service END AS service,
        CASE WHEN %(by_channel)s THEN channel END AS channel,
        passages, persons, tickets, check_ins, direct, queue_entries, served, no_show, "left",
        cancelled, auto_closed, transferred, redirected, waits, wait_ms, services, service_ms,
        NULL::double precision AS p50_wait_s,
        NULL::double precision AS p90_wait_s
    FROM footfall_daily
    WHERE local_date BETWEEN %(first)s AND %(last)s
        AND (%(sites)s::text[] IS NULL OR site = ANY(%(sites)s))
        AND (%(directorates)s::text[] IS NULL OR directorate = ANY(%(directorates)s))
        AND (%(services)s::text[] IS NULL OR service = ANY(%(services)s))
        AND (%(channels)s::text[] IS NULL OR channel = ANY(%(channels)s))
    UNION ALL
    -- wait_quantile for all groups at once: called for each, it would take most of the time.
    SELECT
        at, site, directorate, service, channel,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        wait_value(min(bin) FILTER (WHERE reached >= greatest(1, ceil(0.5::double precision * total)))),
        wait_value(min(bin) FILTER (WHERE reached >= greatest(1, ceil(0.9::double precision * total))))
    FROM (
        SELECT
            at, site, directorate, service, channel,
            bin::integer AS bin,
            sum(n) OVER (of_group ORDER BY bin)::bigint AS reached,
            sum(n) OVER of_group::bigint AS total
        FROM (
            SELECT
                piece_start(local_date, %(grain)s) AS at,
                CASE WHEN %(by_site)s THEN site END AS site,
                CASE WHEN %(by_directorate)s THEN directorate END AS directorate,
                CASE WHEN %(by_service)s THEN service END AS service,
                CASE WHEN %(by_channel)s THEN channel END AS channel,
                bin,
                sum(n) AS n
            FROM wait_bins_daily
            WHERE measure = 'wait'
                AND local_date BETWEEN %(first)s AND %(last)s
                AND (%(sites)s::text[] IS NULL OR site = ANY(%(sites)s))
                AND (%(directorates)s::text[] IS NULL OR directorate = ANY(%(directorates)s))
                AND (%(services)s::text[] IS NULL OR service = ANY(%(services)s))
                AND (%(channels)s::text[] IS NULL OR channel = ANY(%(channels)s))
            GROUP BY 1, 2, 3, 4, 5, bin
        ) AS bins
        WINDOW of_group AS (PARTITION BY at, site, directorate, service, channel)
    ) AS reaching
    WHERE total > 0
    GROUP BY at, site, directorate, service, channel
) AS counted
GROUP BY at, site, directorate, service, channel
ORDER BY at, site, directorate, service, channel;

-- known_by_hour --
-- What is known of each hour in which a site was open, over [from_at, to_at).
SELECT
    hour_start AS at,
    local_label AS label,
    CASE WHEN %(by_site)s THEN site END AS site,
    sum(covered_minutes)::bigint AS covered_minutes,
    sum(open_minutes)::bigint AS open_minutes,
    bool_and(status = 'final') AS is_final,
    NULL::bigint AS open_days
FROM hour_status
WHERE hour_start >= %(from_at)s
    AND hour_start < %(to_at)s
    AND (%(sites)s::text[] IS NULL OR site = ANY(%(sites)s))
GROUP BY 1, 2, 3
HAVING sum(open_minutes) > 0
ORDER BY 1, 2, 3;

-- known_by_day --
-- The same of pieces of whole local days; open_days counts each site's days.
SELECT
    piece_start(local_date, %(grain)s) AS at,
    NULL AS label,
    CASE WHEN %(by_site)s THEN site END AS site,
    sum(covered_minutes)::bigint AS covered_minutes,
    sum(open_minutes)::bigint AS open_minutes,
    bool_and(status = 'final') AS is_final,
    count(DISTINCT (site, local_date)) AS open_days
FROM hour_status
WHERE hour_start >= %(from_at)s
    AND hour_start < %(to_at)s
    AND open_minutes > 0
    AND (%(sites)s::text[] IS NULL OR site = ANY(%(sites)s))
GROUP BY 1, 3
ORDER BY 1, 3;

-- combinations --
-- The combinations of the asked dimensions that occur in the period.
SELECT DISTINCT
    CASE WHEN %(by_site)s THEN site END,
    CASE WHEN %(by_directorate)s THEN directorate END,
    CASE WHEN %(by_service)s THEN service END,
    CASE WHEN %(by_channel)s THEN channel END
FROM footfall_daily
WHERE local_date BETWEEN %(first)s AND %(last)s
    AND (%(sites)s::text[] IS NULL OR site = ANY(%(sites)s))
    AND (%(directorates)s::text[] IS NULL OR directorate = ANY(%(directorates)s))
    AND (%(services)s::text[] IS NULL OR service = ANY(%(services)s))
    AND (%(channels)s::text[] IS NULL OR channel = ANY(%(channels)s));
