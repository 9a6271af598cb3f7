-- year_by_quarters --
-- Every quarter of an hour of some sites, as a planner's notebook loads it.
SELECT quarter_start, site, directorate, sum(passages)
FROM footfall_quarter_hourly
WHERE quarter_start >= %(from_at)s AND quarter_start < %(to_at)s AND site = ANY(%(sites)s)
GROUP BY quarter_start, site, directorate
ORDER BY quarter_start, site, directorate;
