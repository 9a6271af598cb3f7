-- opening --
-- Opening periods of a site, in minutes after local midnight.
SELECT
    valid_from,
    valid_to,
    iso_weekday,
    minute_of_day(opens) AS opens_min,
    minute_of_day(closes) AS closes_min
FROM reference_opening_hours
WHERE site = %(site)s;

-- closed_days --
SELECT local_date, reason FROM reference_closed_day WHERE site = %(site)s;

-- coverage --
-- Share of a day's device-minutes that devices vouch for, over [from_at, to_at).
SELECT local_date, sum(covered_minutes)::double precision / sum(open_minutes)::double precision
FROM coverage_hourly
WHERE site = %(site)s AND hour_start >= %(from_at)s AND hour_start < %(to_at)s
GROUP BY local_date
HAVING sum(open_minutes) > 0;

-- recorded_days --
-- Days on which anybody was counted at a site, over [from_at, to_at).
SELECT DISTINCT local_date FROM footfall_quarter_hourly
WHERE site = %(site)s AND quarter_start >= %(from_at)s AND quarter_start < %(to_at)s;

-- quarter_hours --
-- What each service received by quarter of an hour, over [from_at, to_at).
SELECT
    local_date,
    local_minute AS minute,
    service,
    sum(queue_entries - redirected - cancelled)::bigint AS arrivals,
    sum(no_show)::bigint AS no_show,
    sum("left")::bigint AS "left",
    sum(waits)::bigint AS waits,
    sum(wait_ms)::bigint AS wait_ms,
    sum(services)::bigint AS services,
    sum(service_ms)::bigint AS service_ms
FROM footfall_quarter_hourly
WHERE site = %(site)s
    AND quarter_start >= %(from_at)s
    AND quarter_start < %(to_at)s
    AND (%(directorate)s::text IS NULL OR directorate = %(directorate)s)
    AND (%(service)s::text IS NULL OR service = %(service)s)
GROUP BY local_date, local_minute, service
ORDER BY local_date, local_minute, service;

-- service_bins --
-- How often service times of about so many seconds were measured, by service.
SELECT service, wait_value(bin) AS seconds, sum(n)::bigint AS n
FROM wait_bins_hourly
WHERE site = %(site)s
    AND hour_start >= %(from_at)s
    AND hour_start < %(to_at)s
    AND measure = 'service'
    AND (%(directorate)s::text IS NULL OR directorate = %(directorate)s)
    AND (%(service)s::text IS NULL OR service = %(service)s)
GROUP BY service, bin;
