-- What a day is compared with: the site's own days of the same weekday, and the open day before.

-- Days before a day, of which devices vouch for at least half: an unknown day would read as a quiet one.
CREATE OR REPLACE VIEW comparable_day AS
SELECT day.site, day.time_zone, day.local_date, past.comparison, past.local_date AS comparable_date
FROM open_day AS day
CROSS JOIN LATERAL (
    (
        SELECT 'same_weekday' AS comparison, day.local_date - 7 * weeks AS local_date
        FROM generate_series(1, 52) AS weeks
        WHERE EXISTS (SELECT FROM opening_on(day.site, day.local_date - 7 * weeks))
        ORDER BY weeks
        LIMIT 26
    )
    UNION ALL
    (
        SELECT 'day_before', day.local_date - days
        FROM generate_series(1, 14) AS days
        WHERE EXISTS (SELECT FROM opening_on(day.site, day.local_date - days))
        ORDER BY days
        LIMIT 1
    )
    UNION ALL
    SELECT 'week_before', day.local_date - 7
    WHERE EXISTS (SELECT FROM opening_on(day.site, day.local_date - 7))
) AS past
CROSS JOIN LATERAL (
    SELECT sum(closes - opens) AS minutes
    FROM opening_minutes AS opening
    WHERE opening.site = day.site
        AND opening.weekday = extract(isodow FROM past.local_date)
        AND (opening.valid_from IS NULL OR opening.valid_from <= past.local_date)
        AND (opening.valid_to IS NULL OR past.local_date < opening.valid_to)
) AS expected
CROSS JOIN LATERAL (
    SELECT sum(bit_count(coverage.minutes::bit(15))) AS minutes
    FROM opening_on(day.site, past.local_date) AS open
    JOIN coverage
        ON coverage.bucket_start >= (past.local_date + make_interval(mins => open.opens))
            AT TIME ZONE day.time_zone
        AND coverage.bucket_start < (past.local_date + make_interval(mins => open.closes))
            AT TIME ZONE day.time_zone
    JOIN device ON device.code = coverage.device AND device.kind <> 'gateway'
    WHERE coverage.site = day.site
) AS covered
WHERE past.local_date < (now() AT TIME ZONE day.time_zone)::date
    AND 2 * covered.minutes >= expected.minutes;
COMMENT ON VIEW comparable_day IS
'What an open day is compared with (comparison): same_weekday, the site''s last 26 days of the same weekday on which it was open, within a year; day_before, its last open day, within two weeks; week_before, seven days earlier if it was open. Holidays and closed days are never among them, nor days of which devices vouch for less than half: a site that has just opened has few rows or none. Filter on local_date.';

-- Whether a local time names one instant: in March some name none, in October some name two.
CREATE OR REPLACE FUNCTION has_once(local timestamp, time_zone text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (local AT TIME ZONE time_zone) AT TIME ZONE time_zone = local
    AND (local AT TIME ZONE time_zone - interval '1 hour') AT TIME ZONE time_zone <> local;

-- By the clock on the wall: 09:00 is compared with 09:00, whatever the offset was that day. An hour that a
-- comparable day had twice or not at all is compared with nothing.
CREATE OR REPLACE VIEW comparable_hour AS
SELECT
    past.site,
    past.time_zone,
    past.local_date,
    hour.hour_start,
    past.comparison,
    past.comparable_date,
    counted.directorate,
    coalesce(counted.passages, 0) AS passages
FROM comparable_day AS past
CROSS JOIN LATERAL (
    SELECT
        target.hour_start,
        (past.comparable_date + clock.at) AT TIME ZONE past.time_zone AS past_hour_start
    FROM generate_series(
        past.local_date::timestamp AT TIME ZONE past.time_zone,
        (past.local_date + 1)::timestamp AT TIME ZONE past.time_zone - interval '1 hour',
        interval '1 hour'
    ) AS target (hour_start)
    CROSS JOIN LATERAL (
        SELECT (target.hour_start AT TIME ZONE past.time_zone)::time AS at
    ) AS clock
    WHERE EXISTS (
            SELECT FROM opening_on(past.site, past.local_date)
            WHERE opens < minute_of_day(clock.at) + 60 AND closes > minute_of_day(clock.at)
        )
        AND EXISTS (
            SELECT FROM opening_on(past.site, past.comparable_date)
            WHERE opens < minute_of_day(clock.at) + 60 AND closes > minute_of_day(clock.at)
        )
        AND has_once(past.comparable_date + clock.at, past.time_zone)
) AS hour
-- One by one and in this order: the planner takes a year of coverage for little.
CROSS JOIN LATERAL (
    SELECT FROM coverage
    WHERE coverage.site = past.site
        AND bucket_start >= hour.past_hour_start
        AND bucket_start < hour.past_hour_start + interval '1 hour'
        AND minutes <> 0
    LIMIT 1
) AS heard
LEFT JOIN LATERAL (
    SELECT directorate, sum(passages)::bigint AS passages
    FROM footfall
    WHERE footfall.site = past.site
        AND bucket_start >= hour.past_hour_start
        AND bucket_start < hour.past_hour_start + interval '1 hour'
    GROUP BY directorate
) AS counted ON true;
COMMENT ON VIEW comparable_hour IS
'How many came in the same hour of the clock on each comparable day (see comparable_day), for each open hour of a day (hour_start, an instant of that day); directorate is null and passages 0 where nobody came. Hours of which nothing is known are left out. Sum over directorates first, then take the percentiles over comparable_date. Filter on local_date.';

-- A day that is over is compared with whole days, which are kept as such. The quarter of an hour that runs
-- now counts as far as it has run, as if visitors came evenly in it.
CREATE OR REPLACE VIEW comparable_so_far AS
SELECT
    past.site,
    past.time_zone,
    past.local_date,
    past.comparison,
    past.comparable_date,
    counted.directorate,
    coalesce(counted.passages, 0)::double precision AS passages
FROM comparable_day AS past
CROSS JOIN LATERAL (
    SELECT
        past.local_date = (now() AT TIME ZONE past.time_zone)::date AS running,
        (past.comparable_date + (now() AT TIME ZONE past.time_zone)::time)
            AT TIME ZONE past.time_zone AS until
) AS local
LEFT JOIN LATERAL (
    SELECT
        directorate,
        sum(
            passages
            * least(1, extract(epoch FROM local.until - bucket_start)::double precision / 900)
        ) AS passages
    FROM footfall
    WHERE local.running
        AND footfall.site = past.site
        AND bucket_start >= past.comparable_date::timestamp AT TIME ZONE past.time_zone
        AND bucket_start < local.until
    GROUP BY directorate
    UNION ALL
    SELECT directorate, sum(passages)
    FROM footfall_day
    WHERE NOT local.running
        AND footfall_day.site = past.site
        AND footfall_day.local_date = past.comparable_date
    GROUP BY directorate
) AS counted ON true;
COMMENT ON VIEW comparable_so_far IS
'How many had come on each comparable day (see comparable_day) by the time that the site''s clock shows now, or all day when local_date is over; directorate is null and passages 0 where nobody came. Sum over directorates first, then take the percentiles over comparable_date. Filter on local_date.';
