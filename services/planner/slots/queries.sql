-- site --
SELECT time_zone, valid_from, valid_to FROM reference_site WHERE site = %(site)s;

-- opening --
SELECT valid_from, valid_to, iso_weekday, opens, closes
FROM reference_opening_hours
WHERE site = %(site)s;

-- closed_days --
SELECT local_date, reason FROM reference_closed_day WHERE site = %(site)s;

-- passages --
-- Passages by 15-minute bucket over [from_at, to_at); a bucket without a row had none, or nobody knows.
SELECT quarter_start, sum(passages)::bigint
FROM footfall_quarter_hourly
WHERE site = %(site)s
    AND quarter_start >= %(from_at)s
    AND quarter_start < %(to_at)s
    AND (%(directorate)s::text IS NULL OR directorate = %(directorate)s)
GROUP BY quarter_start;

-- site_days --
-- Local days on which the site counted anybody, over [from_at, to_at).
SELECT DISTINCT local_date
FROM footfall_quarter_hourly
WHERE site = %(site)s AND quarter_start >= %(from_at)s AND quarter_start < %(to_at)s;

-- first_day --
-- The first local day of which anything was counted at the site, before to_at.
SELECT local_date
FROM footfall_quarter_hourly
WHERE site = %(site)s AND quarter_start < %(to_at)s
ORDER BY quarter_start
LIMIT 1;

-- coverage --
-- Share of each open hour that devices vouch for, over [from_at, to_at).
SELECT hour_start, coverage
FROM coverage_hourly
WHERE site = %(site)s
    AND hour_start >= %(from_at)s
    AND hour_start < %(to_at)s
    AND coverage IS NOT NULL;
