-- The days and hours in which a site is open, by its own calendar and clock.

-- The instant that a board shows: now, or noon of the last day of a range that is over. Noon, because a
-- day of the board's zone has most of its hours in common with the site's day of that instant.
CREATE OR REPLACE FUNCTION shown_at(range_end timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN range_end > now() THEN now() ELSE range_end - interval '12 hours' END;

-- The day that a board shows, by a site's own clock.
CREATE OR REPLACE FUNCTION shown_date(range_end timestamptz, time_zone text) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (shown_at(range_end) AT TIME ZONE time_zone)::date;

-- When a site is open on a day, in minutes from local midnight; no row on a day on which it is closed. By
-- views only, and with a body that is a text: readers call it with their own rights, and views may be
-- dropped and made anew under it.
CREATE OR REPLACE FUNCTION opening_on(of_site text, on_day date)
RETURNS TABLE (opens integer, closes integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT minute_of_day(hours.opens), minute_of_day(hours.closes)
    FROM reference_opening_hours AS hours
    JOIN reference_site AS site ON site.site = hours.site
    WHERE hours.site = of_site
        AND hours.iso_weekday = extract(isodow FROM on_day)
        AND (hours.valid_from IS NULL OR hours.valid_from <= on_day)
        AND (hours.valid_to IS NULL OR on_day < hours.valid_to)
        AND (site.valid_from IS NULL OR site.valid_from <= on_day)
        AND (site.valid_to IS NULL OR on_day < site.valid_to)
        AND NOT EXISTS (
            SELECT FROM reference_closed_day AS closed
            WHERE closed.site = of_site AND closed.local_date = on_day
        )
$$;

CREATE OR REPLACE VIEW open_day AS
SELECT site.code AS site, day.time_zone, day.local_date, day.day_start, day.day_end
FROM local_day AS day
JOIN site ON site.time_zone = day.time_zone
WHERE EXISTS (SELECT FROM opening_on(site.code, day.local_date));
COMMENT ON VIEW open_day IS
'Each calendar day on which a site is open, by its own calendar and clock, from 2015 to a year ahead: from day_start to day_end (which belongs to the next day). Filter on local_date.';

CREATE OR REPLACE VIEW open_hour AS
SELECT day.site, day.time_zone, day.local_date, hour.hour_start
FROM open_day AS day
CROSS JOIN LATERAL
    generate_series(day.day_start, day.day_end - interval '1 hour', interval '1 hour')
    AS hour (hour_start)
CROSS JOIN LATERAL (
    SELECT minute_of_day((hour.hour_start AT TIME ZONE day.time_zone)::time) AS minute
) AS local
WHERE EXISTS (
    SELECT FROM opening_on(day.site, day.local_date)
    WHERE opens < local.minute + 60 AND closes > local.minute
);
COMMENT ON VIEW open_hour IS
'Each hour of the site''s own clock in which it is open, for a minute at least. Filter on local_date.';

-- One device and one stretch of opening hours at a time, so that a day is read by the index.
CREATE OR REPLACE VIEW day_coverage AS
SELECT
    day.site,
    day.time_zone,
    day.local_date,
    sum(stretch.open_minutes)::bigint AS open_minutes,
    sum(covered.minutes)::bigint AS covered_minutes,
    sum(covered.minutes)::double precision / nullif(sum(stretch.open_minutes), 0)::double precision
        AS coverage
FROM open_day AS day
JOIN opening_minutes AS opening
    ON opening.site = day.site
    AND opening.weekday = extract(isodow FROM day.local_date)
    AND (opening.valid_from IS NULL OR opening.valid_from <= day.local_date)
    AND (opening.valid_to IS NULL OR day.local_date < opening.valid_to)
CROSS JOIN LATERAL (
    SELECT
        (day.local_date + make_interval(mins => opening.opens)) AT TIME ZONE day.time_zone AS opened_at,
        -- The running day counts as far as it has gone.
        least(
            (day.local_date + make_interval(mins => opening.closes)) AT TIME ZONE day.time_zone,
            date_trunc('minute', now())
        ) AS ended_at
) AS open
CROSS JOIN LATERAL (
    SELECT greatest(0, extract(epoch FROM open.ended_at - open.opened_at) / 60) AS open_minutes
) AS stretch
CROSS JOIN LATERAL (
    SELECT coalesce(sum(bit_count((
        coverage.minutes
        & ((1 << least(15, opening.closes - local.minute))
            - (1 << greatest(0, opening.opens - local.minute)))
    )::bit(15))), 0) AS minutes
    FROM coverage
    CROSS JOIN LATERAL (
        SELECT minute_of_day((coverage.bucket_start AT TIME ZONE day.time_zone)::time) AS minute
    ) AS local
    WHERE coverage.site = day.site
        AND coverage.device = opening.device
        AND coverage.bucket_start > open.opened_at - interval '15 minutes'
        AND coverage.bucket_start < open.ended_at
) AS covered
GROUP BY day.site, day.time_zone, day.local_date;
COMMENT ON VIEW day_coverage IS
'Whether a day''s figures can be trusted so far: of the device-minutes in which a site was open, how many its devices vouch for, as coverage_hourly says by the hour. Closed days have no row. Filter on local_date.';
