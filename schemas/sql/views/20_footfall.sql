-- Footfall by local hour and by local day.

-- Two ways to the same hours, so that a filter on hour_start reaches the chunks in both: TimescaleDB
-- sees through time_bucket, and an odd zone's hours are listed first and looked up one by one (OFFSET 0
-- keeps the planner from doing it the other way round).
CREATE OR REPLACE VIEW footfall_hourly AS
SELECT
    hour_start,
    local_label(hour_start, time_zone) AS local_label,
    (hour_start AT TIME ZONE time_zone)::date AS local_date,
    site,
    directorate,
    service,
    channel,
    sum(passages)::bigint AS passages,
    sum(persons)::bigint AS persons,
    sum(tickets)::bigint AS tickets,
    sum(check_ins)::bigint AS check_ins,
    sum(direct)::bigint AS direct,
    sum(queue_entries)::bigint AS queue_entries,
    sum(served)::bigint AS served,
    sum(no_show)::bigint AS no_show,
    sum("left")::bigint AS "left",
    sum(cancelled)::bigint AS cancelled,
    sum(auto_closed)::bigint AS auto_closed,
    sum(transferred)::bigint AS transferred,
    sum(redirected)::bigint AS redirected,
    sum(waits)::bigint AS waits,
    sum(wait_ms)::bigint AS wait_ms,
    sum(last_call_waits)::bigint AS last_call_waits,
    sum(last_call_wait_ms)::bigint AS last_call_wait_ms,
    sum(services)::bigint AS services,
    sum(service_ms)::bigint AS service_ms,
    sum(test)::bigint AS test,
    sum(time_uncertain)::bigint AS time_uncertain
FROM (
    SELECT time_bucket(interval '1 hour', footfall.bucket_start) AS hour_start, time_zone, footfall.*
    FROM footfall JOIN site ON site.code = footfall.site
    WHERE has_whole_hours(time_zone)
    UNION ALL
    SELECT hour.hour_start, hour.time_zone, bucket.*
    FROM odd_local_hour AS hour
    CROSS JOIN LATERAL (
        SELECT * FROM footfall
        WHERE bucket_start >= hour.hour_start AND bucket_start < hour.hour_start + interval '1 hour'
        OFFSET 0
    ) AS bucket
    JOIN site ON site.code = bucket.site AND site.time_zone = hour.time_zone
) AS bucket
GROUP BY hour_start, time_zone, site, directorate, service, channel;
COMMENT ON VIEW footfall_hourly IS
'How many came, by hour of the site''s own clock, directorate, service and channel. Filter on hour_start (an instant: the two 02:00 hours of October are two rows) with instants: compared with a date, TimescaleDB 2.19 finds no row. An hour without a row had no visitor, or nobody knows: see coverage_hourly. Passages add up over directorates; queue_entries and services do not count visitors.';

CREATE OR REPLACE VIEW footfall_daily AS
SELECT
    local_date,
    extract(isoyear FROM local_date)::integer AS iso_year,
    extract(week FROM local_date)::integer AS iso_week,
    extract(isodow FROM local_date)::integer AS iso_weekday,
    site,
    directorate,
    service,
    channel,
    passages,
    persons,
    tickets,
    check_ins,
    direct,
    queue_entries,
    served,
    no_show,
    "left",
    cancelled,
    auto_closed,
    transferred,
    redirected,
    waits,
    wait_ms,
    last_call_waits,
    last_call_wait_ms,
    services,
    service_ms,
    test,
    time_uncertain
FROM footfall_day;
COMMENT ON VIEW footfall_daily IS
'How many came, by calendar day of the site''s own clock, directorate, service and channel. Filter on local_date. Weeks are ISO weeks: compare a day with the same iso_week and iso_weekday of the year before. A day without a row had no visitor, or nobody knows: see coverage_hourly.';
