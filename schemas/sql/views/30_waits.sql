-- Waiting times from the bins of services/core/waits.py: bins add up, percentiles do not.

-- Seconds that stand for a bin: 0 for bin 0 (under a second), else 2·γ^i/(γ+1) with γ = 1.02/0.98.
CREATE OR REPLACE FUNCTION wait_value(bin integer) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN bin = 0 THEN 0
    ELSE 2 * power(1.02::double precision / 0.98, bin) / (1.02::double precision / 0.98 + 1)
END;

-- The q-quantile, in seconds, of all waits in the bins, in any order, a bin as often as one likes:
-- wait_quantile(array_agg(bin), array_agg(n), 0.9). Null when there are none. The smallest value at
-- which at least q of the waits are not longer, within 2 %.
CREATE OR REPLACE FUNCTION wait_quantile(bins smallint[], counts bigint[], q double precision)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT wait_value(min(reaching.bin)::integer)
    FROM (
        SELECT
            pair.bin,
            sum(sum(pair.n)) OVER (ORDER BY pair.bin) AS reached,
            sum(sum(pair.n)) OVER () AS total
        FROM unnest(bins, counts) AS pair (bin, n)
        WHERE pair.bin IS NOT NULL
        GROUP BY pair.bin
    ) AS reaching
    WHERE reaching.total > 0 AND reaching.reached >= greatest(1, ceil(q * reaching.total::double precision));
END;

CREATE OR REPLACE VIEW wait_bins_hourly AS
SELECT
    hour_start,
    local_label(hour_start, time_zone) AS local_label,
    (hour_start AT TIME ZONE time_zone)::date AS local_date,
    site,
    directorate,
    service,
    channel,
    measure,
    bin,
    sum(n)::bigint AS n
FROM (
    SELECT time_bucket(interval '1 hour', bucket.bucket_start) AS hour_start, time_zone, bucket.*
    FROM footfall_wait AS bucket JOIN site ON site.code = bucket.site
    WHERE has_whole_hours(time_zone)
    UNION ALL
    SELECT hour.hour_start, hour.time_zone, bucket.*
    FROM odd_local_hour AS hour
    CROSS JOIN LATERAL (
        SELECT * FROM footfall_wait
        WHERE bucket_start >= hour.hour_start AND bucket_start < hour.hour_start + interval '1 hour'
        OFFSET 0
    ) AS bucket
    JOIN site ON site.code = bucket.site AND site.time_zone = hour.time_zone
) AS bucket
GROUP BY hour_start, time_zone, site, directorate, service, channel, measure, bin
HAVING sum(n) <> 0;
COMMENT ON VIEW wait_bins_hourly IS
'How many waits were about how long, by local hour: for percentiles over any period and group, select wait_quantile(array_agg(bin), array_agg(n), 0.9) from it. Filter on hour_start (with instants, not with dates) and on measure: wait (to the first call), last_call_wait, or service (time at the desk). wait_value(bin) is its length in seconds.';

CREATE OR REPLACE VIEW wait_bins_daily AS
SELECT local_date, site, directorate, service, channel, measure, bin, n
FROM footfall_wait_day
WHERE n <> 0;
COMMENT ON VIEW wait_bins_daily IS
'The same as wait_bins_hourly, by calendar day of the site. Filter on local_date and measure.';

-- Counts and bins one below the other and not joined, so that a filter on time reaches both tables.
CREATE OR REPLACE VIEW waits_hourly AS
SELECT
    hour_start,
    local_label,
    local_date,
    site,
    directorate,
    service,
    channel,
    sum(waits)::bigint AS waits,
    sum(wait_ms)::bigint AS wait_ms,
    sum(wait_ms)::double precision / sum(waits)::double precision / 1000 AS mean_wait_s,
    wait_quantile(array_agg(bin), array_agg(n), 0.5) AS p50_wait_s,
    wait_quantile(array_agg(bin), array_agg(n), 0.9) AS p90_wait_s
FROM (
    SELECT
        hour_start, local_label, local_date, site, directorate, service, channel,
        waits, wait_ms, NULL::smallint AS bin, NULL::bigint AS n
    FROM footfall_hourly
    UNION ALL
    SELECT
        hour_start, local_label, local_date, site, directorate, service, channel,
        NULL, NULL, bin, n
    FROM wait_bins_hourly
    WHERE measure = 'wait'
) AS counted
GROUP BY hour_start, local_label, local_date, site, directorate, service, channel
HAVING sum(waits) > 0;
COMMENT ON VIEW waits_hourly IS
'How long people waited until they were first called, by the local hour of their arrival: how many waits are known, their mean, the time within which half and nine tenths of them were called. Filter on hour_start. Means and percentiles do not average: over several rows divide sum(wait_ms) by sum(waits), and take percentiles from wait_bins_hourly.';

CREATE OR REPLACE VIEW waits_daily AS
SELECT
    local_date,
    site,
    directorate,
    service,
    channel,
    sum(waits)::bigint AS waits,
    sum(wait_ms)::bigint AS wait_ms,
    sum(wait_ms)::double precision / sum(waits)::double precision / 1000 AS mean_wait_s,
    wait_quantile(array_agg(bin), array_agg(n), 0.5) AS p50_wait_s,
    wait_quantile(array_agg(bin), array_agg(n), 0.9) AS p90_wait_s
FROM (
    SELECT
        local_date, site, directorate, service, channel,
        waits, wait_ms, NULL::smallint AS bin, NULL::bigint AS n
    FROM footfall_daily
    UNION ALL
    SELECT local_date, site, directorate, service, channel, NULL, NULL, bin, n
    FROM wait_bins_daily
    WHERE measure = 'wait'
) AS counted
GROUP BY local_date, site, directorate, service, channel
HAVING sum(waits) > 0;
COMMENT ON VIEW waits_daily IS
'The same as waits_hourly, by calendar day of the site. Filter on local_date; percentiles over several rows come from wait_bins_daily.';
