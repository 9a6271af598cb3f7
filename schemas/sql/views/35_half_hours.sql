-- Footfall by quarter of an hour of the site's clock: half hours are made of these, from any opening.

-- Every French territory's offset is a multiple of 15 minutes, so a bucket is one local quarter.
CREATE OR REPLACE VIEW footfall_quarter_hourly AS
SELECT
    footfall.bucket_start AS quarter_start,
    local_label(footfall.bucket_start, site.time_zone) AS local_label,
    (footfall.bucket_start AT TIME ZONE site.time_zone)::date AS local_date,
    minute_of_day((footfall.bucket_start AT TIME ZONE site.time_zone)::time) AS local_minute,
    footfall.site,
    footfall.directorate,
    footfall.service,
    footfall.channel,
    footfall.passages,
    footfall.persons,
    footfall.queue_entries,
    footfall.served,
    footfall.no_show,
    footfall."left",
    footfall.cancelled,
    footfall.auto_closed,
    footfall.transferred,
    footfall.redirected,
    footfall.waits,
    footfall.wait_ms,
    footfall.services,
    footfall.service_ms
FROM footfall JOIN site ON site.code = footfall.site;
COMMENT ON VIEW footfall_quarter_hourly IS
'How many came, by quarter of an hour of the site''s own clock (local_minute: minutes after local midnight), directorate, service and channel. Filter on quarter_start (an instant). A quarter without a row had no visitor, or nobody knows: see coverage_hourly.';
