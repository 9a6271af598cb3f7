-- totals --
-- Every measure, over [from_at, to_at), as one JSON object.
SELECT to_jsonb(total) FROM (
    SELECT
        sum(passages) AS passages,
        sum(persons) AS persons,
        sum(tickets) AS tickets,
        sum(check_ins) AS check_ins,
        sum(queue_entries) AS queue_entries,
        sum(served) AS served,
        sum(no_show) AS no_show,
        sum("left") AS "left",
        sum(cancelled) AS cancelled,
        sum(auto_closed) AS auto_closed,
        sum(transferred) AS transferred,
        sum(waits) AS waits,
        sum(wait_ms) AS wait_ms,
        sum(services) AS services,
        sum(service_ms) AS service_ms,
        sum(test) AS test
    FROM footfall_hourly
    WHERE hour_start >= %(from_at)s AND hour_start < %(to_at)s
) AS total;

-- wait_bins --
SELECT directorate, bin, sum(n)::bigint
FROM wait_bins_hourly
WHERE hour_start >= %(from_at)s
    AND hour_start < %(to_at)s
    AND measure = 'wait'
    AND (%(sites)s::text[] IS NULL OR site = ANY(%(sites)s))
GROUP BY directorate, bin;

-- open_waits --
SELECT
    directorate,
    extract(epoch FROM least(now(), %(to_at)s) - waiting_since)::double precision AS age_s,
    sum(visits)::bigint
FROM open_waits
WHERE waiting_since >= %(from_at)s
    AND waiting_since < least(now(), %(to_at)s)
    AND (%(sites)s::text[] IS NULL OR site = ANY(%(sites)s))
GROUP BY directorate, age_s;

-- thresholds --
-- Thresholds of the wait that hold on a day for the asked site.
SELECT value_s, source FROM reference_threshold
WHERE indicator = 'wait'
    AND (valid_from IS NULL OR valid_from <= %(day)s)
    AND (valid_to IS NULL OR %(day)s < valid_to)
    AND (site IS NULL OR ARRAY[site] = %(sites)s::text[])
    AND directorate IS NULL
    AND service IS NULL
ORDER BY value_s;
