-- What alerts look at: what is open now, who was heard, how long the queue is and usually is.

-- By views only, and with a body that is a text: readers call it with their own rights, and views may be
-- dropped and made anew under it.
CREATE OR REPLACE FUNCTION opening_at(at timestamptz)
RETURNS TABLE (site text, local_date date, opened_at timestamptz, closes_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT
        site.site,
        local.at::date,
        (local.at::date + hours.opens) AT TIME ZONE site.time_zone,
        (local.at::date + hours.closes) AT TIME ZONE site.time_zone
    FROM reference_site AS site
    CROSS JOIN LATERAL (SELECT opening_at.at AT TIME ZONE site.time_zone AS at) AS local
    JOIN reference_opening_hours AS hours
        ON hours.site = site.site
        AND hours.iso_weekday = extract(isodow FROM local.at)
        AND hours.opens <= local.at::time
        AND local.at::time < hours.closes
        AND (hours.valid_from IS NULL OR hours.valid_from <= local.at::date)
        AND (hours.valid_to IS NULL OR local.at::date < hours.valid_to)
    WHERE (site.valid_from IS NULL OR site.valid_from <= local.at::date)
        AND (site.valid_to IS NULL OR local.at::date < site.valid_to)
        AND NOT EXISTS (
            SELECT FROM reference_closed_day AS closed
            WHERE closed.site = site.site AND closed.local_date = local.at::date
        )
$$;

CREATE OR REPLACE VIEW site_open_now AS
SELECT
    site.code AS site,
    site.name AS site_name,
    opening.site IS NOT NULL AS open,
    opening.opened_at,
    opening.closes_at
FROM site
LEFT JOIN opening_at(now()) AS opening ON opening.site = site.code;
COMMENT ON VIEW site_open_now IS
'Whether each site receives the public at this moment, by its opening hours and closed days on its own clock; since when and until when (null when it is closed).';

CREATE OR REPLACE VIEW device_silence AS
SELECT
    device.site,
    opening.site_name,
    device.code AS device,
    device.kind,
    boot.last_received_at,
    boot.outbox_depth,
    extract(epoch FROM now() - coalesce(boot.last_received_at, opening.opened_at))::double precision
        AS silent_s,
    -- Ten minutes to switch on. Where no device was ever heard, nothing is in use yet.
    opening.open AND opening.opened_at <= now() - interval '10 minutes'
        AND EXISTS (SELECT FROM device_boot)
        AS expected
FROM device
JOIN site ON site.code = device.site
JOIN site_open_now AS opening ON opening.site = device.site
LEFT JOIN LATERAL (
    SELECT last_received_at, outbox_depth FROM device_boot
    WHERE device_boot.device = device.code
    ORDER BY last_received_at DESC
    LIMIT 1
) AS boot ON true
WHERE device.kind <> 'gateway'
    AND (device.valid_from IS NULL OR device.valid_from <= (now() AT TIME ZONE site.time_zone)::date)
    AND (device.valid_to IS NULL OR (now() AT TIME ZONE site.time_zone)::date < device.valid_to);
COMMENT ON VIEW device_silence IS
'For how long nothing has arrived from each device that is in force today (silent_s; since the opening when it was never heard), how much it holds back (outbox_depth), and whether it should be heard now (expected: its site has been open for ten minutes).';

CREATE OR REPLACE VIEW pipeline_delay AS
SELECT
    count(*) FILTER (WHERE expected) AS devices,
    min(silent_s) FILTER (WHERE expected) AS delay_s,
    max(last_received_at) AS newest_received_at
FROM device_silence;
COMMENT ON VIEW pipeline_delay IS
'How far the database is behind the halls: every device sends at least every half minute, so the age of the newest message of any device that should be heard (delay_s; null when none should) is the time from a device to a row. devices: how many should be heard.';

-- To the minute: to the second a stay could be laid beside what somebody saw.
CREATE OR REPLACE VIEW recent_stay AS
SELECT stay.*, threshold.value_s AS threshold_s
FROM (
    SELECT
        site,
        directorate,
        service,
        date_trunc('minute', stay_started_at) AS waiting_since,
        date_trunc('minute', stay_ended_at) AS waiting_until,
        called,
        count(*) AS visits
    FROM (
        SELECT
            visit.site, directorate, service, stay_started_at,
            NULL::timestamptz AS stay_ended_at, false AS called
        FROM visit JOIN site ON site.code = visit.site
        WHERE state = 'waiting'
            -- Yesterday's visits that nobody closed are not in the hall any more.
            AND business_date
                = ((now() AT TIME ZONE site.time_zone) - site.business_day_starts::interval)::date
        UNION ALL
        SELECT
            site, directorate, service, stay_started_at,
            -- Whoever was not called left the queue with the last event.
            coalesce(first_called_at, last_event_at), first_called_at IS NOT NULL
        FROM visit
        WHERE last_event_at >= now() - interval '1 hour'
            AND state NOT IN ('waiting', 'joined', 'unattributed', 'test')
            AND stay_started_at IS NOT NULL
    ) AS visit
    GROUP BY site, directorate, service, 4, 5, called
) AS stay
JOIN site ON site.code = stay.site
LEFT JOIN LATERAL (
    SELECT value_s
    FROM reference_threshold AS threshold
    CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE site.time_zone)::date AS today) AS local
    WHERE threshold.indicator = 'wait'
        AND coalesce(threshold.site, stay.site) = stay.site
        AND coalesce(threshold.directorate, stay.directorate) = stay.directorate
        AND coalesce(threshold.service, stay.service) = stay.service
        AND (threshold.valid_from IS NULL OR threshold.valid_from <= local.today)
        AND (threshold.valid_to IS NULL OR local.today < threshold.valid_to)
    ORDER BY num_nonnulls(threshold.site, threshold.directorate, threshold.service) DESC, value_s
    LIMIT 1
) AS threshold ON true;
COMMENT ON VIEW recent_stay IS
'Stays in a queue that are open (waiting_until null) or ended in the last hour, to the minute; called: ended by a call. threshold_s: how long the registry lets them wait, by its narrowest threshold that is in force (null without one). Of a visitor who was sent on, only the last stay is there.';

CREATE OR REPLACE VIEW queue_length_recent AS
SELECT minute, site, directorate, service, sum(visits)::bigint AS waiting
FROM
    generate_series(
        date_trunc('minute', now()) - interval '59 minutes', date_trunc('minute', now()), interval '1 minute'
    ) AS minute
JOIN recent_stay ON waiting_since <= minute AND (waiting_until IS NULL OR minute < waiting_until)
GROUP BY minute, site, directorate, service;
COMMENT ON VIEW queue_length_recent IS
'How many waited at each minute of the last hour, by site, directorate and service; no row when nobody did.';

-- By Little's law the mean number of those who wait is the sum of their waits over the length of the
-- hour. An hour in which something was heard and nobody came counts as zero.
CREATE OR REPLACE VIEW usual_hour AS
SELECT
    hour.site,
    hour.hours_ago,
    hour.hour_start,
    count(*) FILTER (WHERE past.seen) AS weeks,
    (percentile_cont(0.9) WITHIN GROUP (ORDER BY past.waiting) FILTER (WHERE past.seen))
        AS waiting_p90,
    (percentile_cont(0.5) WITHIN GROUP (ORDER BY past.passages) FILTER (WHERE past.seen))
        AS passages_p50
FROM (
    SELECT
        site.code AS site,
        site.time_zone,
        hours_ago,
        local_hour_start(now() - make_interval(hours => hours_ago), site.time_zone) AS hour_start
    FROM site CROSS JOIN generate_series(0, 1) AS hours_ago
) AS hour
CROSS JOIN generate_series(1, 8) AS week
CROSS JOIN LATERAL (
    SELECT ((hour.hour_start AT TIME ZONE hour.time_zone) - make_interval(days => 7 * week))
        AT TIME ZONE hour.time_zone AS starts
) AS same
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(passages), 0)::double precision AS passages,
        coalesce(sum(wait_ms), 0)::double precision / 3600000 AS waiting,
        count(*) > 0 OR EXISTS (
            SELECT FROM coverage
            WHERE coverage.site = hour.site
                AND coverage.bucket_start >= same.starts
                AND coverage.bucket_start < same.starts + interval '1 hour'
        ) AS seen
    FROM footfall
    WHERE footfall.site = hour.site
        AND footfall.bucket_start >= same.starts
        AND footfall.bucket_start < same.starts + interval '1 hour'
) AS past
GROUP BY hour.site, hour.hours_ago, hour.hour_start;
COMMENT ON VIEW usual_hour IS
'What is usual at this hour (hours_ago 0) and at the hour before (1), from the same local hour of the last eight same weekdays in which anything was heard of the site (weeks: how many): nine tenths of them had at most waiting_p90 visitors waiting on average, half of them at most passages_p50 passages.';

-- Straight from the tables: over a single hour that is open from end to end, coverage_hourly says the same
-- and has to look at the hours of all years for it.
CREATE OR REPLACE VIEW last_open_hour AS
SELECT
    usual.site,
    usual.hour_start,
    heard.covered_minutes::double precision / nullif(60 * expected.devices, 0)::double precision
        AS coverage,
    counted.passages,
    usual.weeks,
    usual.passages_p50
FROM usual_hour AS usual
JOIN opening_at(now() - interval '1 hour') AS opening
    ON opening.site = usual.site
    AND opening.opened_at <= usual.hour_start
    AND usual.hour_start + interval '1 hour' <= opening.closes_at
CROSS JOIN LATERAL (
    SELECT count(*) AS devices, array_agg(code) AS codes
    FROM device
    WHERE device.site = usual.site
        AND device.kind <> 'gateway'
        AND (device.valid_from IS NULL OR device.valid_from <= opening.local_date)
        AND (device.valid_to IS NULL OR opening.local_date < device.valid_to)
) AS expected
CROSS JOIN LATERAL (
    SELECT coalesce(sum(bit_count(coverage.minutes::bit(15))), 0) AS covered_minutes
    FROM coverage
    WHERE coverage.site = usual.site
        AND coverage.device = ANY (expected.codes)
        AND coverage.bucket_start >= usual.hour_start
        AND coverage.bucket_start < usual.hour_start + interval '1 hour'
) AS heard
CROSS JOIN LATERAL (
    SELECT coalesce(sum(footfall.passages), 0)::bigint AS passages
    FROM footfall
    WHERE footfall.site = usual.site
        AND footfall.bucket_start >= usual.hour_start
        AND footfall.bucket_start < usual.hour_start + interval '1 hour'
) AS counted
WHERE usual.hours_ago = 1 AND EXISTS (SELECT FROM coverage);
COMMENT ON VIEW last_open_hour IS
'The last whole local hour of each site, when the site was open for all of it: how many came, which share of it the devices vouch for, and what is usual at that hour (weeks, passages_p50: see usual_hour). Empty until anything was heard.';
