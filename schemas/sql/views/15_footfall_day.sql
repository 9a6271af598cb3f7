-- The stored days as the buckets give them: what the audit compares with, and what mends them.

-- Local days [first_day, last_day], both included; infinite dates take all. The bound in UTC lets the chunks of
-- other times be left out: no zone is more than 14 hours from it.
CREATE OR REPLACE FUNCTION count_footfall_days(first_day date, last_day date) RETURNS SETOF footfall_day
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        (bucket_start AT TIME ZONE time_zone)::date AS local_date,
        site,
        directorate,
        service,
        channel,
        sum(passages)::bigint,
        sum(persons)::bigint,
        sum(tickets)::bigint,
        sum(check_ins)::bigint,
        sum(direct)::bigint,
        sum(queue_entries)::bigint,
        sum(served)::bigint,
        sum(no_show)::bigint,
        sum("left")::bigint,
        sum(cancelled)::bigint,
        sum(auto_closed)::bigint,
        sum(transferred)::bigint,
        sum(redirected)::bigint,
        sum(waits)::bigint,
        sum(wait_ms)::bigint,
        sum(last_call_waits)::bigint,
        sum(last_call_wait_ms)::bigint,
        sum(services)::bigint,
        sum(service_ms)::bigint,
        sum(test)::bigint,
        sum(time_uncertain)::bigint
    FROM footfall JOIN site ON site.code = footfall.site
    WHERE bucket_start >= (first_day::timestamp - interval '14 hours') AT TIME ZONE 'UTC'
        AND bucket_start < (last_day::timestamp + interval '38 hours') AT TIME ZONE 'UTC'
        AND (bucket_start AT TIME ZONE time_zone)::date BETWEEN first_day AND last_day
    GROUP BY local_date, site, directorate, service, channel
    ORDER BY local_date, site, directorate, service, channel;
END;

CREATE OR REPLACE FUNCTION count_footfall_wait_days(first_day date, last_day date)
RETURNS SETOF footfall_wait_day
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        (bucket_start AT TIME ZONE time_zone)::date AS local_date,
        site,
        directorate,
        service,
        channel,
        measure,
        bin,
        sum(n)::bigint
    FROM footfall_wait JOIN site ON site.code = footfall_wait.site
    WHERE bucket_start >= (first_day::timestamp - interval '14 hours') AT TIME ZONE 'UTC'
        AND bucket_start < (last_day::timestamp + interval '38 hours') AT TIME ZONE 'UTC'
        AND (bucket_start AT TIME ZONE time_zone)::date BETWEEN first_day AND last_day
    GROUP BY local_date, site, directorate, service, channel, measure, bin
    HAVING sum(n) <> 0
    ORDER BY local_date, site, measure, directorate, service, channel, bin;
END;
