-- What is known of each hour: beside every figure that is published.

CREATE OR REPLACE VIEW hour_status AS
SELECT
    hour_start,
    local_label,
    local_date,
    site,
    covered_minutes,
    open_minutes,
    coverage,
    CASE WHEN bucket_is_final(site, hour_start + INTERVAL '45 minutes')
        THEN 'final' ELSE 'provisional' END AS status
FROM coverage_hourly;
COMMENT ON VIEW hour_status IS
'Whether an hour''s figures may still change (status: provisional until every device of the site has reported past it, then final) and how much of it was seen (coverage: null when the site was closed, 0 when nothing was heard: then the figures are unknown, not zero). Filter on hour_start.';
