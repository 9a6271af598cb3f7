-- What devices vouch for: tells a zero from an unknown.

-- Opening hours and recording devices of each site, by local weekday and validity. Minutes are counted
-- from local midnight; a site is open where it is valid and the day is not in closed_day.
CREATE OR REPLACE VIEW opening_minutes AS
SELECT
    site.code AS site,
    site.time_zone,
    device.code AS device,
    opening_hours.weekday,
    minute_of_day(opening_hours.opens) AS opens,
    minute_of_day(opening_hours.closes) AS closes,
    greatest(site.valid_from, device.valid_from, opening_hours.valid_from) AS valid_from,
    least(site.valid_to, device.valid_to, opening_hours.valid_to) AS valid_to
FROM site
JOIN opening_hours ON opening_hours.site = site.code
-- A gateway passes on what others record, and has no minutes of its own.
JOIN device ON device.site = site.code AND device.kind <> 'gateway';
COMMENT ON VIEW opening_minutes IS
'When each device should be recording: opens and closes in minutes from local midnight, by ISO weekday. Both dates are half-open; closed days are not taken out.';

-- First the hours in which devices should have recorded, then what they vouched for. Where nothing at
-- all was heard the hour still has a row: that is what it is for. Local time is taken once per row
-- (OFFSET 0), and closed days are kept out by NOT IN, which is one look into a table in memory however
-- few rows the planner expects.
CREATE OR REPLACE VIEW coverage_hourly AS
SELECT
    hour_start,
    local_label(hour_start, time_zone) AS local_label,
    (hour_start AT TIME ZONE time_zone)::date AS local_date,
    site,
    sum(covered_minutes)::bigint AS covered_minutes,
    sum(open_minutes)::bigint AS open_minutes,
    sum(covered_minutes)::double precision / nullif(sum(open_minutes), 0)::double precision
        AS coverage
FROM (
    SELECT
        hour.hour_start,
        opening.time_zone,
        opening.site,
        0 AS covered_minutes,
        -- The running hour counts as far as it has gone.
        greatest(0, least(
            60,
            opening.closes - local.minute,
            floor(extract(epoch FROM now() - hour.hour_start) / 60)::integer
        ) - greatest(0, opening.opens - local.minute)) AS open_minutes
    FROM recorded_hour AS hour
    CROSS JOIN LATERAL (
        SELECT
            at::date AS day,
            extract(isodow FROM at)::smallint AS weekday,
            minute_of_day(at::time) AS minute
        FROM (SELECT hour.hour_start AT TIME ZONE hour.time_zone AS at) AS clock
        OFFSET 0
    ) AS local
    JOIN opening_minutes AS opening
        ON opening.time_zone = hour.time_zone
        AND opening.weekday = local.weekday
        AND opening.opens < local.minute + 60
        AND opening.closes > local.minute
        AND (opening.valid_from IS NULL OR opening.valid_from <= local.day)
        AND (opening.valid_to IS NULL OR local.day < opening.valid_to)
    WHERE (opening.site, local.day) NOT IN (SELECT site, day FROM closed_day)
    UNION ALL
    SELECT
        covered.hour_start,
        covered.time_zone,
        covered.site,
        CASE WHEN opening.opens IS NULL THEN 0 ELSE bit_count((
            covered.minutes
            & ((1 << least(15, opening.closes - local.minute))
                - (1 << greatest(0, opening.opens - local.minute)))
        )::bit(15))::integer END,
        0
    FROM (
        SELECT
            time_bucket(interval '1 hour', coverage.bucket_start) AS hour_start,
            time_zone,
            coverage.*
        FROM coverage JOIN site ON site.code = coverage.site
        WHERE has_whole_hours(time_zone)
        UNION ALL
        SELECT hour.hour_start, hour.time_zone, bucket.*
        FROM odd_local_hour AS hour
        CROSS JOIN LATERAL (
            SELECT * FROM coverage
            WHERE bucket_start >= hour.hour_start
                AND bucket_start < hour.hour_start + interval '1 hour'
            OFFSET 0
        ) AS bucket
        JOIN site ON site.code = bucket.site AND site.time_zone = hour.time_zone
    ) AS covered
    CROSS JOIN LATERAL (
        SELECT
            at::date AS day,
            extract(isodow FROM at)::smallint AS weekday,
            minute_of_day(at::time) AS minute
        FROM (SELECT covered.bucket_start AT TIME ZONE covered.time_zone AS at) AS clock
        OFFSET 0
    ) AS local
    LEFT JOIN opening_minutes AS opening
        ON opening.site = covered.site
        AND opening.device = covered.device
        AND opening.weekday = local.weekday
        AND opening.opens < local.minute + 15
        AND opening.closes > local.minute
        AND (opening.valid_from IS NULL OR opening.valid_from <= local.day)
        AND (opening.valid_to IS NULL OR local.day < opening.valid_to)
        AND (covered.site, local.day) NOT IN (SELECT site, day FROM closed_day)
) AS counted
GROUP BY hour_start, time_zone, site;
COMMENT ON VIEW coverage_hourly IS
'Whether the figures of an hour can be trusted: of the device-minutes in which a site was open (open_minutes), how many its devices vouch for (covered_minutes), and the share of the two (coverage: 1 when nothing is missing, 0 when nothing is known, null when the site was closed). Filter on hour_start, with instants and not with dates. Begins with the first sign of life that was ever received.';
