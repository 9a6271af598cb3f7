-- hourly_flow --
-- Passages by hour of the sites' own clocks and directorate, over [from_at, to_at).
SELECT
    hour_start,
    local_label,
    directorate,
    sum(passages)::bigint AS passages,
    sum(persons)::bigint AS persons,
    sum(waits)::bigint AS waits,
    sum(wait_ms)::bigint AS wait_ms
FROM footfall_hourly
WHERE hour_start >= %(from_at)s
    AND hour_start < %(to_at)s
    AND (%(site)s::text IS NULL OR site = %(site)s)
    AND (%(directorate)s::text IS NULL OR directorate = %(directorate)s)
GROUP BY hour_start, local_label, directorate
HAVING sum(passages) <> 0
ORDER BY hour_start, directorate;

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
