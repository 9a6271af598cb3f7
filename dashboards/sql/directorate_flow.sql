-- Flow by directorate over any period. Every question begins with `span`; those that compare two years
-- go on with `pair`.

-- span --
-- The chosen sites, and the local days of the period at each: every day that the period touches.
WITH span AS (
    SELECT
        site,
        site_name,
        time_zone,
        ($__timeFrom()::timestamptz AT TIME ZONE time_zone)::date AS first_date,
        (($__timeTo()::timestamptz - interval '1 millisecond') AT TIME ZONE time_zone)::date
            AS last_date
    FROM reference_site
    WHERE site IN (${site:sqlstring})
),
-- One clock for the time axis, should sites of several zones be chosen.
clock AS (
    SELECT
        min(time_zone) AS time_zone,
        min(first_date) AS first_date,
        max(last_date) AS last_date
    FROM span
)

-- pair --
-- Comparable days of both years, and what was counted on them.
, pair AS MATERIALIZED (
    SELECT day.site, day.local_date, day.before_date
    FROM span JOIN day_year_before AS day ON day.site = span.site
    WHERE day.local_date BETWEEN span.first_date AND span.last_date
),
compared AS (
    SELECT
        year, pair.local_date, directorate, service, channel, passages, persons, served, no_show,
        "left", cancelled, auto_closed, waits, wait_ms
    FROM pair
    CROSS JOIN LATERAL (VALUES ('now', local_date), ('before', before_date)) AS day (year, date)
    JOIN footfall_daily AS counted ON counted.site = pair.site AND counted.local_date = day.date
)

-- period_totals --
-- One row: the figures of the period as a whole. Null where nothing at all was recorded.
, chosen AS (
    SELECT
        counted.*,
        directorate IN (${directorate:sqlstring})
            AND service IN (${service:sqlstring})
            AND channel IN (${channel:sqlstring}) AS is_chosen
    FROM span JOIN footfall_daily AS counted USING (site)
    WHERE local_date BETWEEN first_date AND last_date
),
-- Without any row nothing was recorded at these sites; with some, nobody chosen came: that is 0.
counted AS (
    SELECT
        sum(CASE WHEN is_chosen THEN passages ELSE 0 END)::bigint AS passages,
        sum(CASE WHEN is_chosen THEN persons ELSE 0 END)::bigint AS persons,
        sum(CASE WHEN is_chosen THEN served ELSE 0 END)::bigint AS served,
        sum(no_show + "left") FILTER (WHERE is_chosen)::double precision
            / nullif(
                sum(served + no_show + "left" + cancelled + auto_closed) FILTER (WHERE is_chosen), 0
            ) AS lost_share,
        sum(wait_ms) FILTER (WHERE is_chosen)::double precision
            / nullif(sum(waits) FILTER (WHERE is_chosen), 0) / 1000 AS mean_wait
    FROM chosen
),
wait AS (
    SELECT wait_quantile(array_agg(bin), array_agg(n), 0.9) AS p90_wait
    FROM (
        SELECT bin, sum(n)::bigint AS n
        FROM span JOIN wait_bins_daily USING (site)
        WHERE measure = 'wait'
            AND local_date BETWEEN first_date AND last_date
            AND directorate IN (${directorate:sqlstring})
            AND service IN (${service:sqlstring})
            AND channel IN (${channel:sqlstring})
        GROUP BY bin
    ) AS bins
),
opened AS (
    SELECT count(*) AS open_days
    FROM span JOIN open_day USING (site)
    WHERE local_date BETWEEN first_date AND last_date AND day_start < now()
)
SELECT passages, persons, served, lost_share, mean_wait, p90_wait, open_days
FROM counted, wait, opened;

-- period_coverage --
-- Of the open device-minutes of the last 92 days of the period, the share that the devices vouch for.
SELECT sum(covered_minutes)::double precision / nullif(sum(open_minutes), 0) AS coverage
FROM coverage_of_days(
    greatest($__timeFrom()::timestamptz, $__timeTo()::timestamptz - interval '92 days'),
    $__timeTo()::timestamptz,
    ARRAY[${site:sqlstring}]
);

-- compared_years --
-- Two rows, the period and the year before it, on comparable days alone; all null without such a day.
, day AS MATERIALIZED (
    SELECT 'now' AS year, site, local_date AS date FROM pair
    UNION ALL
    SELECT 'before', site, before_date FROM pair
),
wait AS (
    SELECT year, wait_quantile(array_agg(bin), array_agg(n), 0.9) AS p90_wait
    FROM (
        SELECT stretch.year, bin, sum(n)::bigint AS n
        FROM (
            SELECT year, site, min(date) AS first_date, max(date) AS last_date
            FROM day
            GROUP BY year, site
        ) AS stretch
        JOIN wait_bins_daily AS bins
            ON bins.site = stretch.site
            AND bins.local_date BETWEEN stretch.first_date AND stretch.last_date
        WHERE measure = 'wait'
            AND $__timeTo()::timestamptz - $__timeFrom()::timestamptz < interval '400 days'
            AND directorate IN (${directorate:sqlstring})
            AND service IN (${service:sqlstring})
            AND channel IN (${channel:sqlstring})
            AND (stretch.year, bins.site, bins.local_date) IN (SELECT year, site, date FROM day)
        GROUP BY stretch.year, bin
    ) AS summed
    GROUP BY year
)
SELECT
    year,
    min(days.n) AS days,
    sum(passages)::bigint AS passages,
    sum(passages)::double precision / min(days.n) AS passages_per_day,
    sum(persons)::double precision / min(days.n) AS persons_per_day,
    sum(served)::double precision / min(days.n) AS served_per_day,
    sum(no_show + "left")::double precision
        / nullif(sum(served + no_show + "left" + cancelled + auto_closed), 0) AS lost_share,
    sum(wait_ms)::double precision / nullif(sum(waits), 0) / 1000 AS mean_wait,
    min(p90_wait) AS p90_wait
FROM (VALUES ('now', 1), ('before', 2)) AS years (year, place)
CROSS JOIN (SELECT nullif(count(*), 0) AS n FROM pair) AS days
LEFT JOIN wait USING (year)
LEFT JOIN (
    SELECT * FROM compared
    WHERE directorate IN (${directorate:sqlstring})
        AND service IN (${service:sqlstring})
        AND channel IN (${channel:sqlstring})
) AS chosen USING (year)
GROUP BY year, place
ORDER BY place;

-- change_on_year --
-- One row: by how much each figure changed; null where the year before has nothing to compare with.
, summed AS (
    SELECT
        year,
        nullif(sum(passages), 0)::double precision AS passages,
        nullif(sum(persons), 0)::double precision AS persons,
        nullif(sum(served), 0)::double precision AS served,
        sum(no_show + "left")::double precision
            / nullif(sum(served + no_show + "left" + cancelled + auto_closed), 0) AS lost_share,
        sum(wait_ms)::double precision / nullif(sum(waits), 0) AS mean_wait
    FROM compared
    WHERE directorate IN (${directorate:sqlstring})
        AND service IN (${service:sqlstring})
        AND channel IN (${channel:sqlstring})
    GROUP BY year
)
SELECT
    coalesce(now.passages, 0) / before.passages - 1 AS passages,
    coalesce(now.persons, 0) / before.persons - 1 AS persons,
    coalesce(now.served, 0) / before.served - 1 AS served,
    100 * (now.lost_share - before.lost_share) AS lost_points,
    now.mean_wait / nullif(before.mean_wait, 0) - 1 AS mean_wait
FROM (SELECT * FROM summed WHERE year = 'before') AS before
LEFT JOIN (SELECT * FROM summed WHERE year = 'now') AS now ON true;

-- flow_by_directorate --
-- Passages by hour, day, week or month, and directorate. Null where nobody knows, 0 where nobody came.
, grain AS (
    SELECT CASE
        WHEN ${grain:sqlstring} = 'hour'
            AND $__timeTo()::timestamptz - $__timeFrom()::timestamptz > interval '32 days'
            THEN 'day'
        ELSE ${grain:sqlstring}
    END AS grain
),
-- A week or a month that began before the period would be too short a bar.
daily AS (
    SELECT local_date, directorate, sum(passages) FILTER (
        WHERE service IN (${service:sqlstring}) AND channel IN (${channel:sqlstring})
    ) AS passages
    FROM span JOIN footfall_daily USING (site)
    WHERE (SELECT grain FROM grain) <> 'hour'
        AND local_date BETWEEN first_date AND last_date
    GROUP BY local_date, directorate
),
counted AS MATERIALIZED (
    SELECT
        piece_start(local_date, grain)::timestamp AT TIME ZONE clock.time_zone AS starts,
        directorate,
        sum(passages) AS passages
    FROM grain, clock, daily
    WHERE piece_start(local_date, grain) >= clock.first_date
    GROUP BY starts, directorate
    UNION ALL
    SELECT
        hour_start,
        directorate,
        sum(passages) FILTER (
            WHERE service IN (${service:sqlstring}) AND channel IN (${channel:sqlstring})
        )
    FROM footfall_hourly
    WHERE (SELECT grain FROM grain) = 'hour'
        AND site IN (${site:sqlstring})
        AND hour_start >= $__timeFrom()::timestamptz
        AND hour_start < $__timeTo()::timestamptz
    GROUP BY hour_start, directorate
),
covered AS (
    SELECT
        piece_start(local_date, grain)::timestamp AT TIME ZONE clock.time_zone AS starts,
        sum(covered_minutes) > 0 AS known
    FROM grain, clock, coverage_of_days(
        greatest($__timeFrom()::timestamptz, $__timeTo()::timestamptz - interval '92 days'),
        $__timeTo()::timestamptz,
        ARRAY[${site:sqlstring}]
    )
    WHERE grain <> 'hour' AND piece_start(local_date, grain) >= clock.first_date
    GROUP BY starts
    UNION ALL
    SELECT hour_start, sum(covered_minutes) > 0
    FROM coverage_hourly
    WHERE (SELECT grain FROM grain) = 'hour'
        AND open_minutes > 0
        AND site IN (${site:sqlstring})
        AND hour_start >= $__timeFrom()::timestamptz
        AND hour_start < $__timeTo()::timestamptz
    GROUP BY hour_start
),
piece AS (
    SELECT starts, bool_or(known) AS known
    FROM (SELECT starts, true AS known FROM counted UNION ALL SELECT starts, known FROM covered)
        AS seen
    GROUP BY starts
)
SELECT
    starts AS time,
    upper(directorate) AS metric,
    CASE WHEN piece.known THEN coalesce(counted.passages, 0) END::bigint AS passages
FROM piece
CROSS JOIN (
    SELECT directorate FROM reference_directorate WHERE directorate IN (${directorate:sqlstring})
) AS chosen
LEFT JOIN counted USING (starts, directorate)
ORDER BY time, metric;

-- coverage_by_day --
-- Of each day's open device-minutes the share that the devices vouch for; null on closed days.
SELECT
    day.day_start AS time,
    span.site_name AS metric,
    covered.covered_minutes::double precision / nullif(covered.open_minutes, 0) AS coverage
FROM (
    SELECT *, greatest(first_date, last_date - 91) AS shown_from FROM span
) AS span
JOIN local_day AS day
    ON day.time_zone = span.time_zone
    AND day.local_date BETWEEN span.shown_from AND span.last_date
    AND day.day_start < now()
LEFT JOIN coverage_of_days(
    greatest($__timeFrom()::timestamptz, $__timeTo()::timestamptz - interval '93 days'),
    $__timeTo()::timestamptz,
    ARRAY[${site:sqlstring}]
) AS covered ON covered.site = span.site AND covered.local_date = day.local_date
ORDER BY time, metric;

-- typical_week --
-- Mean passages in each open hour of the week, per site, by the sites' own clocks; the last 13 weeks.
, shown AS (
    SELECT
        site,
        time_zone,
        greatest(first_date, last_date - 90) AS first_date,
        last_date
    FROM span
),
slot AS MATERIALIZED (
    SELECT DISTINCT
        shown.site,
        opening.local_date,
        hour,
        (opening.local_date + make_interval(hours => hour)) AT TIME ZONE shown.time_zone AS starts
    FROM shown
    JOIN opening_interval AS opening
        ON opening.site = shown.site
        AND opening.local_date BETWEEN shown.first_date AND shown.last_date
        AND opening.closes_at < now()
    CROSS JOIN LATERAL generate_series(
        extract(hour FROM opening.opens_at AT TIME ZONE shown.time_zone)::integer,
        extract(hour FROM (opening.closes_at - interval '1 minute') AT TIME ZONE shown.time_zone)::integer
    ) AS hour
),
counted AS (
    SELECT
        site,
        time_bucket(interval '15 minutes', bucket_start) AS bucket_start,
        sum(passages) FILTER (
            WHERE directorate IN (${directorate:sqlstring})
                AND service IN (${service:sqlstring})
                AND channel IN (${channel:sqlstring})
        ) AS passages
    FROM footfall_quarter
    WHERE site IN (${site:sqlstring})
        AND bucket_start
            >= greatest($__timeFrom()::timestamptz, $__timeTo()::timestamptz - interval '92 days')
                - interval '1 day'
        AND bucket_start < $__timeTo()::timestamptz + interval '1 day'
    GROUP BY site, bucket_start
),
hourly AS MATERIALIZED (
    SELECT
        counted.site,
        (bucket_start AT TIME ZONE time_zone)::date AS local_date,
        extract(hour FROM bucket_start AT TIME ZONE time_zone)::integer AS hour,
        coalesce(sum(passages), 0) AS passages
    FROM counted JOIN shown ON shown.site = counted.site
    GROUP BY 1, 2, 3
),
known AS (
    SELECT
        extract(isodow FROM slot.local_date)::integer AS weekday,
        slot.hour,
        coalesce(hourly.passages, 0) AS passages
    FROM slot LEFT JOIN hourly
        ON hourly.site = slot.site
        AND hourly.local_date = slot.local_date
        AND hourly.hour = slot.hour
    -- Nobody counted: only then is it worth asking whether anybody could have been.
    WHERE CASE
        WHEN hourly.hour IS NOT NULL THEN true
        ELSE EXISTS (
            SELECT FROM covered_quarter AS quarter
            WHERE quarter.site = slot.site
                AND quarter.bucket_start >= slot.starts
                AND quarter.bucket_start < slot.starts + interval '1 hour'
                AND quarter.minutes > 0
        )
    END
)
SELECT
    to_char(make_interval(hours => hour), 'HH24:MI') AS hour,
    (avg(passages) FILTER (WHERE weekday = 1))::double precision AS monday,
    (avg(passages) FILTER (WHERE weekday = 2))::double precision AS tuesday,
    (avg(passages) FILTER (WHERE weekday = 3))::double precision AS wednesday,
    (avg(passages) FILTER (WHERE weekday = 4))::double precision AS thursday,
    (avg(passages) FILTER (WHERE weekday = 5))::double precision AS friday,
    (avg(passages) FILTER (WHERE weekday = 6))::double precision AS saturday,
    (avg(passages) FILTER (WHERE weekday = 7))::double precision AS sunday
FROM known
GROUP BY known.hour
ORDER BY known.hour;

-- years_by_week --
-- Passages per comparable day of a site, by ISO week, beside the same week of the year before.
, weekly AS (
    SELECT
        date_trunc('week', local_date::timestamp)::date AS week,
        sum(passages) FILTER (WHERE year = 'now') AS now,
        sum(passages) FILTER (WHERE year = 'before') AS before
    FROM (
        SELECT year, local_date, passages FROM compared
        WHERE directorate IN (${directorate:sqlstring})
            AND service IN (${service:sqlstring})
            AND channel IN (${channel:sqlstring})
    ) AS chosen
    GROUP BY week
),
days AS (
    SELECT date_trunc('week', local_date::timestamp)::date AS week, count(*) AS n
    FROM pair
    GROUP BY week
)
SELECT
    week.monday::timestamp AT TIME ZONE clock.time_zone AS time,
    -- A week whose days all lack a counterpart leaves a gap in both lines.
    coalesce(weekly.now, 0)::double precision / days.n AS this_year,
    CASE WHEN max(weekly.before) OVER () > 0 THEN coalesce(weekly.before, 0) END::double precision
        / days.n AS year_before
FROM clock
CROSS JOIN LATERAL (
    SELECT monday::date
    FROM generate_series(
        date_trunc('week', clock.first_date::timestamp),
        clock.last_date::timestamp,
        interval '7 days'
    ) AS monday
) AS week
LEFT JOIN days ON days.week = week.monday
LEFT JOIN weekly ON weekly.week = week.monday
WHERE EXISTS (SELECT FROM pair)
ORDER BY time;

-- directorates_compared --
-- A row for each directorate: the period, and comparable days of it beside those of the year before.
, period AS (
    SELECT
        directorate,
        sum(passages) AS passages,
        sum(served) AS served,
        sum(no_show + "left")::double precision
            / nullif(sum(served + no_show + "left" + cancelled + auto_closed), 0) AS lost_share,
        sum(wait_ms)::double precision / nullif(sum(waits), 0) / 1000 AS mean_wait
    FROM span JOIN footfall_daily USING (site)
    WHERE local_date BETWEEN first_date AND last_date
        AND directorate IN (${directorate:sqlstring})
        AND service IN (${service:sqlstring})
        AND channel IN (${channel:sqlstring})
    GROUP BY directorate
),
years AS (
    SELECT
        directorate,
        sum(passages) FILTER (WHERE year = 'now') AS now,
        nullif(sum(passages) FILTER (WHERE year = 'before'), 0) AS before
    FROM compared
    WHERE service IN (${service:sqlstring}) AND channel IN (${channel:sqlstring})
    GROUP BY directorate
),
days AS (SELECT nullif(count(*), 0) AS n FROM pair)
SELECT
    upper(directorate) AS directorate,
    directorate_name,
    period.passages::bigint AS passages,
    period.passages::double precision / nullif(sum(period.passages) OVER (), 0) AS share,
    CASE WHEN years.now > 0 OR years.before > 0 THEN coalesce(years.now, 0) END::double precision
        / days.n AS per_day,
    years.before::double precision / days.n AS per_day_before,
    coalesce(years.now, 0)::double precision / years.before - 1 AS change,
    period.served::bigint AS served,
    period.lost_share,
    period.mean_wait
FROM days, period
JOIN reference_directorate USING (directorate)
LEFT JOIN years USING (directorate)
ORDER BY period.passages DESC;

-- share_by_directorate --
-- Passages of the period by directorate.
SELECT upper(directorate) AS directorate, sum(passages)::bigint AS passages
FROM span JOIN footfall_daily USING (site)
WHERE local_date BETWEEN first_date AND last_date
    AND directorate IN (${directorate:sqlstring})
    AND service IN (${service:sqlstring})
    AND channel IN (${channel:sqlstring})
GROUP BY directorate
HAVING sum(passages) > 0
ORDER BY directorate;

-- transfers_by_directorate --
-- Who was sent on by a directorate, and who came to it from another queue.
SELECT
    upper(directorate) AS directorate,
    sum(transferred - redirected)::bigint AS sent_on,
    sum(redirected)::bigint AS redirected,
    -- A passage enters one queue of its own; every other entry is a transfer.
    sum(queue_entries - passages)::bigint AS received
FROM span JOIN footfall_daily USING (site)
WHERE local_date BETWEEN first_date AND last_date
    AND directorate IN (${directorate:sqlstring})
    AND service IN (${service:sqlstring})
    AND channel IN (${channel:sqlstring})
GROUP BY directorate
ORDER BY directorate;

-- waits_over_time --
-- How long half and nine tenths of those who were called waited at most, by day, week or month.
, grain AS (
    SELECT CASE ${grain:sqlstring} WHEN 'hour' THEN 'day' ELSE ${grain:sqlstring} END AS grain
),
bins AS (
    SELECT piece_start(local_date, grain) AS piece, bin, sum(n)::bigint AS n
    FROM grain, (
        SELECT local_date, bin, sum(n) AS n
        FROM span JOIN wait_bins_daily USING (site)
        WHERE measure = 'wait'
            AND local_date BETWEEN first_date AND last_date
            AND directorate IN (${directorate:sqlstring})
            AND service IN (${service:sqlstring})
            AND channel IN (${channel:sqlstring})
        GROUP BY local_date, bin
    ) AS daily
    GROUP BY piece, bin
)
SELECT
    piece.starts::timestamp AT TIME ZONE clock.time_zone AS time,
    wait_quantile(array_agg(bin), array_agg(n), 0.5) AS p50,
    wait_quantile(array_agg(bin), array_agg(n), 0.9) AS p90
FROM grain, clock
CROSS JOIN LATERAL (
    SELECT DISTINCT piece_start(day::date, grain) AS starts
    FROM generate_series(
        clock.first_date::timestamp,
        least(clock.last_date::timestamp, localtimestamp),
        interval '1 day'
    ) AS day
) AS piece
LEFT JOIN bins ON bins.piece = piece.starts
WHERE piece.starts >= clock.first_date
GROUP BY piece.starts, clock.time_zone
ORDER BY time;

-- wait_thresholds --
-- The waits that the registry allows everywhere, each as a line over the period.
SELECT at AS time, '≤ ' || value_s / 60 || ' min' AS metric, value_s
FROM reference_threshold
CROSS JOIN (VALUES ($__timeFrom()::timestamptz), ($__timeTo()::timestamptz)) AS ends (at)
WHERE indicator = 'wait'
    AND site IS NULL AND directorate IS NULL AND service IS NULL
    AND (valid_from IS NULL OR valid_from <= $__timeTo()::timestamptz)
    AND (valid_to IS NULL OR $__timeFrom()::timestamptz < valid_to)
ORDER BY time, metric;

-- outcomes_by_directorate --
-- What became of the queue stays of the period, dated by their beginning.
SELECT
    upper(directorate) AS directorate,
    sum(served)::bigint AS served,
    sum(transferred)::bigint AS transferred,
    sum(no_show)::bigint AS no_show,
    sum("left")::bigint AS "left",
    sum(cancelled)::bigint AS cancelled,
    sum(auto_closed)::bigint AS auto_closed,
    sum(queue_entries - served - transferred - no_show - "left" - cancelled - auto_closed)::bigint
        AS still_open
FROM span JOIN footfall_daily USING (site)
WHERE local_date BETWEEN first_date AND last_date
    AND directorate IN (${directorate:sqlstring})
    AND service IN (${service:sqlstring})
    AND channel IN (${channel:sqlstring})
GROUP BY directorate
HAVING sum(queue_entries) > 0
ORDER BY directorate;

-- channels_of_arrival --
-- How the visitors of the period made themselves known.
SELECT
    nullif(sum(passages) FILTER (WHERE channel = 'kiosk'), 0)::bigint AS kiosk,
    nullif(sum(passages) FILTER (WHERE channel = 'reception'), 0)::bigint AS reception,
    nullif(sum(passages) FILTER (WHERE channel = 'appointment'), 0)::bigint AS appointment
FROM span JOIN footfall_daily USING (site)
WHERE local_date BETWEEN first_date AND last_date
    AND directorate IN (${directorate:sqlstring})
    AND service IN (${service:sqlstring})
    AND channel IN (${channel:sqlstring});
