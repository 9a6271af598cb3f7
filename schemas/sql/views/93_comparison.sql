-- A period of months: beside the same period a year before, and how much of it was seen.

-- The same ISO weekday of the same ISO week of the year before; null for a week 53 where that year has
-- none.
CREATE OR REPLACE FUNCTION year_before(day date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN extract(week FROM day) < 53
        OR extract(week FROM make_date(extract(isoyear FROM day)::integer - 1, 12, 28)) = 53
    THEN date_trunc('week', make_date(extract(isoyear FROM day)::integer - 1, 1, 4)::timestamp)::date
        + (7 * (extract(week FROM day)::integer - 1) + extract(isodow FROM day)::integer - 1)
END;

-- A day without a single passage at a whole site was not recorded, or not as open as the calendar says.
CREATE OR REPLACE VIEW day_year_before AS
SELECT day.site, day.local_date, before.local_date AS before_date
FROM open_day AS day
CROSS JOIN LATERAL (SELECT year_before(day.local_date) AS local_date) AS before
WHERE EXISTS (SELECT FROM opening_on(day.site, before.local_date))
    AND EXISTS (
        SELECT FROM footfall_day AS counted
        WHERE counted.site = day.site AND counted.local_date = day.local_date AND passages > 0
    )
    AND EXISTS (
        SELECT FROM footfall_day AS counted
        WHERE counted.site = day.site AND counted.local_date = before.local_date AND passages > 0
    );
COMMENT ON VIEW day_year_before IS
'Open days of a site and the day that each is compared with (before_date): the same ISO weekday of the same ISO week of the year before. Only days that were open by the calendar and had a passage at the site, both of them: a holiday that moved, a closure, a week 53 that the year before had not, and the time before a site existed are left out on both sides. Filter on local_date.';

-- As they are stored: to sum many of them by one or two columns, hours of all columns are too many rows.
CREATE OR REPLACE VIEW footfall_quarter AS
SELECT bucket_start, site, directorate, service, channel, passages FROM footfall;
COMMENT ON VIEW footfall_quarter IS
'How many came, by quarter of an hour (an instant), directorate, service and channel. Filter on bucket_start.';

-- Devices that vouch for the same minutes in one row: mostly all of a site.
CREATE OR REPLACE VIEW covered_quarter AS
SELECT coverage.bucket_start, coverage.site, coverage.minutes, count(*) AS devices
FROM coverage
WHERE EXISTS (SELECT FROM device WHERE device.code = coverage.device AND device.kind <> 'gateway')
GROUP BY coverage.bucket_start, coverage.site, coverage.minutes;
COMMENT ON VIEW covered_quarter IS
'How many devices of a site vouch for which minutes of a quarter of an hour: bit m of minutes is minute m. Filter on bucket_start.';

CREATE OR REPLACE VIEW opening_interval AS
SELECT
    day.site,
    day.local_date,
    (day.local_date + make_interval(mins => hours.opens)) AT TIME ZONE day.time_zone AS opens_at,
    (day.local_date + make_interval(mins => hours.closes)) AT TIME ZONE day.time_zone AS closes_at,
    (
        SELECT count(*) FROM device
        WHERE device.site = day.site
            AND device.kind <> 'gateway'
            AND (device.valid_from IS NULL OR device.valid_from <= day.local_date)
            AND (device.valid_to IS NULL OR day.local_date < device.valid_to)
    ) AS devices
FROM (
    SELECT site.code AS site, local_day.*
    FROM local_day JOIN site ON site.time_zone = local_day.time_zone
) AS day
CROSS JOIN LATERAL opening_on(day.site, day.local_date) AS hours
WHERE day.day_end > (SELECT min(bucket_start) FROM coverage);
COMMENT ON VIEW opening_interval IS
'Each opening of a site as instants (closes_at belongs to it no more), and how many devices should be recording then; since the day of the first sign of life of any device. Filter on local_date.';

-- Of the sites' open days that begin in [from_at, to_at): the device-minutes in which they were open, as
-- far as they are over, and how many of them the devices vouch for. The calendar first, and then each
-- bucket once: what coverage_hourly asks for every hour is too slow for months.
CREATE OR REPLACE FUNCTION coverage_of_days(from_at timestamptz, to_at timestamptz, sites text[])
RETURNS TABLE (site text, local_date date, covered_minutes bigint, open_minutes bigint)
LANGUAGE sql STABLE AS $$
    WITH opening AS MATERIALIZED (
        SELECT
            site, local_date, opens_at, least(closes_at, date_trunc('minute', now())) AS closes_at,
            devices
        FROM opening_interval
        WHERE site = ANY(sites)
            AND local_date >= from_at::date - 1 AND local_date <= to_at::date + 1
            AND opens_at >= from_at
            AND opens_at < least(to_at, date_trunc('minute', now()))
    ),
    -- Materialized, or each opening would look its buckets up in the index, one chunk after the other.
    quarter AS MATERIALIZED (
        SELECT
            quarter.*, (bucket_start AT TIME ZONE reference_site.time_zone)::date AS local_date
        FROM covered_quarter AS quarter
        JOIN reference_site ON reference_site.site = quarter.site
        WHERE bucket_start >= from_at - interval '15 minutes'
            AND bucket_start < to_at + interval '1 day'
            AND quarter.site = ANY(sites)
    ),
    covered AS (
        SELECT
            opening.site,
            opening.local_date,
            sum(quarter.devices * bit_count(
                CASE
                    WHEN bucket_start >= opens_at AND bucket_start + interval '15 minutes' <= closes_at
                        THEN minutes
                    ELSE minutes
                        & ((1 << least(15, extract(epoch FROM closes_at - bucket_start)::integer / 60))
                        - (1 << greatest(0, extract(epoch FROM opens_at - bucket_start)::integer / 60)))
                END::bit(15)
            ))::bigint AS minutes
        FROM opening
        JOIN quarter ON quarter.site = opening.site AND quarter.local_date = opening.local_date
        WHERE bucket_start > opens_at - interval '15 minutes'
            AND bucket_start < closes_at
        GROUP BY opening.site, opening.local_date
    )
    SELECT
        opening.site,
        opening.local_date,
        coalesce(min(covered.minutes), 0),
        sum(devices * (extract(epoch FROM closes_at - opens_at)::integer / 60))::bigint
    FROM opening
    LEFT JOIN covered ON covered.site = opening.site AND covered.local_date = opening.local_date
    GROUP BY opening.site, opening.local_date
$$;
