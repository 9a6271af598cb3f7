-- The clocks of the sites: every other view cuts hours and days with these.

CREATE OR REPLACE FUNCTION utc_offset(at timestamptz, time_zone text) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (at AT TIME ZONE time_zone) - (at AT TIME ZONE 'UTC');

-- "2025-10-26 02:00+02:00": the offset tells the two 02:00 hours of October apart.
CREATE OR REPLACE FUNCTION local_label(at timestamptz, time_zone text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(at AT TIME ZONE time_zone, 'YYYY-MM-DD HH24:MI')
    || CASE WHEN utc_offset(at, time_zone) < interval '0' THEN '-' ELSE '+' END
    || to_char(
        greatest(utc_offset(at, time_zone), -utc_offset(at, time_zone)), 'HH24:MI'
    );

-- Start of the local hour as an instant. Never date_trunc on local time mapped back: in October that
-- names two instants.
CREATE OR REPLACE FUNCTION local_hour_start(at timestamptz, time_zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN at - make_interval(
    mins => extract(minute FROM at AT TIME ZONE time_zone)::integer,
    secs => extract(second FROM at AT TIME ZONE time_zone)
);

-- In nearly every zone local hours begin with hours of UTC; on the Marquesas (-09:30) they do not.
-- January and July stand for winter and summer time. Not "= 0": of an equation the planner expects that
-- hardly any site fulfils it, and would read the same buckets again for each.
CREATE OR REPLACE FUNCTION has_whole_hours(time_zone text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN abs(extract(minute FROM utc_offset(timestamptz '2025-01-01 00:00+00', time_zone)))
    + abs(extract(minute FROM utc_offset(timestamptz '2025-07-01 00:00+00', time_zone))) < 1;

CREATE OR REPLACE FUNCTION minute_of_day(at time) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN extract(hour FROM at)::integer * 60 + extract(minute FROM at)::integer;

-- Local days as instants: 23 or 25 hours long when the clock changes.
CREATE OR REPLACE VIEW local_day AS
SELECT
    zone.time_zone,
    day::date AS local_date,
    day AT TIME ZONE zone.time_zone AS day_start,
    (day + interval '1 day') AT TIME ZONE zone.time_zone AS day_end
FROM
    (SELECT DISTINCT time_zone FROM site) AS zone,
    generate_series(
        timestamp '2015-01-01', localtimestamp + interval '1 year', interval '1 day'
    ) AS day;
COMMENT ON VIEW local_day IS
'Each calendar day of each time zone in use, from 2015 to a year ahead: from day_start to day_end (which belongs to the next day).';

-- Local hours as instants, only of those zones in which hours of UTC will not do.
CREATE OR REPLACE VIEW odd_local_hour AS
SELECT zone.time_zone, hour_start
FROM
    (SELECT DISTINCT time_zone FROM site WHERE NOT has_whole_hours(time_zone)) AS zone,
    generate_series(
        local_hour_start(timestamptz '2015-01-01 00:00+00', zone.time_zone),
        now() + interval '1 year',
        interval '1 hour'
    ) AS hour_start;
COMMENT ON VIEW odd_local_hour IS
'Each hour of the time zones whose clocks are not a whole number of hours from UTC.';

-- Local hours in which devices could have been heard: since the first sign of life.
CREATE OR REPLACE VIEW recorded_hour AS
SELECT zone.time_zone, hour_start
FROM
    (SELECT DISTINCT time_zone FROM site) AS zone,
    generate_series(
        local_hour_start((SELECT min(bucket_start) FROM coverage), zone.time_zone),
        now(),
        interval '1 hour'
    ) AS hour_start;
COMMENT ON VIEW recorded_hour IS
'Each hour of each time zone in use since the first sign of life of any device.';
