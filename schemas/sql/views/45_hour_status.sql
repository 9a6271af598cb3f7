-- What is known of each hour: beside every figure that is published.

-- bucket_is_final for many hours at once: the devices of each site, and how far each has reported, are
-- gathered once and not for every hour. A test holds the two to each other.
CREATE OR REPLACE VIEW hour_status AS
SELECT
    hour.hour_start,
    hour.local_label,
    hour.local_date,
    hour.site,
    hour.covered_minutes,
    hour.open_minutes,
    hour.coverage,
    CASE
        WHEN hour.hour_start + INTERVAL '45 minutes' < now() - INTERVAL '60 days' THEN 'final'
        WHEN (
            SELECT min(device.complete_to)
            FROM unnest(reported.valid_from, reported.valid_to, reported.complete_to)
                AS device (valid_from, valid_to, complete_to)
            WHERE (device.valid_from IS NULL OR device.valid_from <= hour.local_date)
                AND (device.valid_to IS NULL OR device.valid_to > hour.local_date)
        ) >= hour.hour_start + INTERVAL '1 hour' THEN 'final'
        ELSE 'provisional'
    END AS status
FROM coverage_hourly AS hour
LEFT JOIN (
    SELECT
        device.site,
        array_agg(device.valid_from) AS valid_from,
        array_agg(device.valid_to) AS valid_to,
        array_agg(coalesce(boots.complete_to, '-infinity')) AS complete_to
    FROM device
    LEFT JOIN (
        -- A boot with missing numbers holds the device back; else its latest boot says how far it is.
        SELECT
            b.device,
            coalesce(
                min(coalesce(b.complete_to, '-infinity')) FILTER (WHERE NOT (
                    lower(b.seqs) = 1 AND b.seqs = int8multirange(range_merge(b.seqs))
                )),
                max(b.complete_to)
            ) AS complete_to
        FROM device_boot AS b
        GROUP BY b.device
    ) AS boots ON boots.device = device.code
    WHERE device.kind <> 'gateway'
    GROUP BY device.site
) AS reported ON reported.site = hour.site;
COMMENT ON VIEW hour_status IS
'Whether an hour''s figures may still change (status: provisional until every device of the site has reported past it, then final) and how much of it was seen (coverage: null when the site was closed, 0 when nothing was heard: then the figures are unknown, not zero). Filter on hour_start.';
