-- sites --
-- Sites that exist in [first, last].
SELECT site, site_name, time_zone, valid_from, valid_to FROM reference_site
WHERE (valid_from IS NULL OR valid_from <= %(last)s)
    AND (valid_to IS NULL OR valid_to > %(first)s)
ORDER BY site;

-- opening --
SELECT site, valid_from, valid_to, iso_weekday, opens, closes FROM reference_opening_hours;

-- closed_days --
SELECT site, local_date, reason FROM reference_closed_day;

-- directorates --
-- Directorates that exist in [first, last]; those that receive nobody come last.
SELECT directorate, directorate_name, receives_public FROM reference_directorate
WHERE (valid_from IS NULL OR valid_from <= %(last)s)
    AND (valid_to IS NULL OR valid_to > %(first)s)
ORDER BY NOT receives_public, directorate;

-- services --
SELECT service, service_name, directorate FROM reference_service
WHERE (valid_from IS NULL OR valid_from <= %(last)s)
    AND (valid_to IS NULL OR valid_to > %(first)s)
ORDER BY directorate, service;

-- days --
-- Counts of the local days [first, last].
SELECT
    local_date, site, directorate, service, channel,
    passages, persons, direct, queue_entries, served, no_show, "left", cancelled, auto_closed,
    transferred, redirected, waits, wait_ms
FROM footfall_daily
WHERE local_date BETWEEN %(first)s AND %(last)s;

-- transfers --
-- Who was sent on in the local days [first, last], by directorate. No zone is 14 hours from UTC.
SELECT from_directorate, to_directorate, sum(transfers)::bigint
FROM transfers
WHERE bucket_start >= %(from_at)s - INTERVAL '26 hours'
    AND bucket_start < %(to_at)s + INTERVAL '26 hours'
    AND local_date BETWEEN %(first)s AND %(last)s
GROUP BY from_directorate, to_directorate;

-- hours --
-- Passages by local hour and site, over [from_at, to_at).
SELECT hour_start, local_date, site, sum(passages)::bigint
FROM footfall_hourly
WHERE hour_start >= %(from_at)s AND hour_start < %(to_at)s
GROUP BY hour_start, local_date, site
HAVING sum(passages) <> 0;

-- hours_known --
-- What is known of each hour in which a site was open, over [from_at, to_at).
SELECT hour_start, local_date, site, covered_minutes, open_minutes, status = 'final'
FROM hour_status
WHERE hour_start >= %(from_at)s AND hour_start < %(to_at)s AND open_minutes > 0;

-- silences --
-- Minutes of opening in which a device was not heard, by local day in [first, last].
SELECT site, device, local_date, sum(open_minutes - covered_minutes)::integer
FROM device_quarter
WHERE local_date BETWEEN %(first)s AND %(last)s
GROUP BY site, device, local_date
HAVING sum(open_minutes - covered_minutes) >= 5;

-- bins --
-- Waits to the first call of the local days [first, last], by bin of the sketch.
SELECT site, directorate, service, bin, sum(n)::bigint
FROM wait_bins_daily
WHERE measure = 'wait' AND local_date BETWEEN %(first)s AND %(last)s
GROUP BY site, directorate, service, bin;

-- open_waits --
-- Who began to wait in [from_at, to_at) and was never called; the age at `at`.
SELECT
    site,
    directorate,
    service,
    extract(epoch FROM least(%(at)s, %(to_at)s) - waiting_since)::double precision,
    sum(visits)::bigint
FROM open_waits
WHERE waiting_since >= %(from_at)s AND waiting_since < least(%(at)s, %(to_at)s)
GROUP BY site, directorate, service, waiting_since;

-- thresholds --
-- Thresholds of the wait that hold everywhere on a day.
SELECT value_s, source FROM reference_threshold
WHERE indicator = 'wait'
    AND (valid_from IS NULL OR valid_from <= %(day)s)
    AND (valid_to IS NULL OR %(day)s < valid_to)
    AND num_nonnulls(site, directorate, service) = 0
ORDER BY value_s;

-- restatements --
-- Changes of figures that were final, made after an instant, of [from_at, to_at).
SELECT bucket_start, site, directorate, service, cause
FROM restatements
WHERE recorded_at > %(after)s AND bucket_start >= %(from_at)s AND bucket_start < %(to_at)s;

-- publication --
-- A revision of a period; the latest where none is named.
SELECT report_id, revision, published_at, extracted_at, is_final, digest
FROM published_reports
WHERE period = %(period)s AND (%(revision)s::integer IS NULL OR revision = %(revision)s)
ORDER BY revision DESC
LIMIT 1;

-- publications --
-- What was published of a period, or of all.
SELECT
    report.period, report.revision, report.published_at, report.extracted_at, report.is_final,
    (SELECT count(*) FROM published_figures AS figure WHERE figure.report_id = report.report_id)
FROM published_reports AS report
WHERE %(period)s::text IS NULL OR period = %(period)s
ORDER BY report.period, report.revision;

-- published_figures --
SELECT in_table, line, in_column, unit, state, value
FROM published_figures
WHERE report_id = %(report_id)s;

-- lock_publications --
-- One publication after the other: revisions have no gaps.
SELECT pg_advisory_xact_lock(hashtext('published_report'));

-- add_publication --
INSERT INTO published_report (period, revision, published_at, extracted_at, is_final, digest)
VALUES (%(period)s, %(revision)s, %(published_at)s, %(extracted_at)s, %(is_final)s, %(digest)s)
RETURNING report_id;

-- add_figure --
INSERT INTO published_figure (report_id, in_table, line, in_column, unit, state, value)
VALUES (%(report_id)s, %(table)s, %(line)s, %(column)s, %(unit)s, %(state)s, %(value)s);
