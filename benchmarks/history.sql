-- create_places --
-- Made by `fill`, private to its connection.
CREATE TEMPORARY TABLE open_quarter (
    site text NOT NULL,
    site_number integer NOT NULL,
    bucket_start timestamptz NOT NULL,
    local_at timestamp NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE drawn (
    bucket_start timestamptz NOT NULL,
    site text NOT NULL,
    directorate text NOT NULL,
    service text NOT NULL,
    channel text NOT NULL,
    of bigint NOT NULL,
    came bigint NOT NULL,
    never_called bigint NOT NULL,
    no_show bigint NOT NULL,
    waited_less bigint NOT NULL,
    short_wait_s double precision NOT NULL,
    long_wait_s double precision NOT NULL,
    service_s double precision NOT NULL
) ON COMMIT DELETE ROWS;
-- A number in [0, 1) that only the thing, the draw and the seed decide.
CREATE FUNCTION pg_temp.chance(of bigint, draw integer, seed integer) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(of, seed * 100 + draw) & 2147483647)::double precision / 2147483648;
-- The bin of services/core/waits.py of a second or more.
CREATE FUNCTION pg_temp.bin_of(duration_s double precision) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(1, ceil(ln(duration_s) / ln(1.02::double precision / 0.98) - 1e-9))::smallint;

-- be_quick --
-- For this transaction: all in memory, and a crash may take the last of it.
SET LOCAL work_mem = '256MB';
SET LOCAL maintenance_work_mem = '512MB';
SET LOCAL jit = off;
SET LOCAL synchronous_commit = off;

-- key_of_wait_days --
-- While the table is empty. Its key is larger than its rows, and quicker made in one go.
SELECT pg_get_constraintdef(oid) FROM pg_constraint
WHERE conname = 'footfall_wait_day_key' AND NOT EXISTS (SELECT FROM footfall_wait_day);

-- add_sites --
-- More halls than the registry has, each after one of those that it has.
INSERT INTO site (code, name, time_zone, business_day_starts, public_holidays)
SELECT format('hall-%%s', lpad(number::text, 3, '0')), format('Hall %%s', number),
    model.time_zone, model.business_day_starts, model.public_holidays
FROM generate_series((SELECT count(*) FROM site) + 1, %(sites)s) AS number
JOIN (
    SELECT site.*, row_number() OVER (ORDER BY code) - 1 AS place, count(*) OVER () AS models
    FROM site WHERE EXISTS (SELECT FROM queue WHERE queue.site = site.code)
) AS model ON model.place = number %% model.models;

-- add_places --
-- What the new halls lack, as in the hall that each is modelled on.
CREATE TEMPORARY TABLE model_of ON COMMIT DROP AS
SELECT new.code AS site, model.code AS model
FROM (
    SELECT code, row_number() OVER (ORDER BY code) AS place FROM site
    WHERE NOT EXISTS (SELECT FROM queue WHERE queue.site = site.code)
) AS new
JOIN (
    SELECT code, row_number() OVER (ORDER BY code) - 1 AS place, count(*) OVER () AS models
    FROM site WHERE EXISTS (SELECT FROM queue WHERE queue.site = site.code)
) AS model ON model.place = mod(new.place, model.models);
INSERT INTO queue (code, site, service, prefix)
SELECT model_of.site || '-' || queue.service, model_of.site, queue.service, queue.prefix
FROM queue JOIN model_of ON model_of.model = queue.site;
INSERT INTO device (code, site, kind)
SELECT
    model_of.site || '-' || kind || '-'
        || row_number() OVER (PARTITION BY model_of.site, kind ORDER BY device.code),
    model_of.site,
    kind
FROM device JOIN model_of ON model_of.model = device.site;
INSERT INTO opening_hours
SELECT model_of.site, valid_from, valid_to, weekday, opens, closes
FROM opening_hours JOIN model_of ON model_of.model = opening_hours.site;
INSERT INTO closed_day
SELECT model_of.site, day, reason FROM closed_day JOIN model_of ON model_of.model = closed_day.site;

-- open_quarters --
-- Quarters of an hour of [from_day, to_day) in which a hall is open and that have begun.
INSERT INTO open_quarter
SELECT DISTINCT site.code, site.number, bucket_start, bucket_start AT TIME ZONE site.time_zone
FROM (SELECT *, row_number() OVER (ORDER BY code)::integer AS number FROM site) AS site
CROSS JOIN generate_series(
    %(from_day)s::timestamp, %(to_day)s::timestamp - interval '1 day', interval '1 day'
) AS day
JOIN opening_hours ON opening_hours.site = site.code
    AND opening_hours.weekday = extract(isodow FROM day)
    AND (opening_hours.valid_from IS NULL OR opening_hours.valid_from <= day)
    AND (opening_hours.valid_to IS NULL OR day < opening_hours.valid_to)
CROSS JOIN LATERAL generate_series(
    date_bin(
        interval '15 minutes', (day + opens) AT TIME ZONE site.time_zone, timestamptz 'epoch'
    ),
    (day + closes) AT TIME ZONE site.time_zone - interval '1 second',
    interval '15 minutes'
) AS bucket_start
WHERE site.number <= %(sites)s
    AND bucket_start < now()
    AND NOT EXISTS (
        SELECT FROM closed_day WHERE closed_day.site = site.code AND closed_day.day = day.day::date
    );

-- draw_visitors --
-- How many came and how long they waited: three services of a hall, two channels, more on Mondays, in
-- the middle of the morning and after the summer.
INSERT INTO drawn
SELECT
    bucket_start, site, directorate, service, channel, of, came, never_called, no_show,
    (came - never_called + 1) / 2,
    short_wait_s,
    short_wait_s * (1.2 + pg_temp.chance(of, 5, %(seed)s)),
    300 + 300 * pg_temp.chance(of, 6, %(seed)s)
FROM (
    SELECT
        counted.*,
        floor(0.03 * came + pg_temp.chance(of, 2, %(seed)s))::bigint AS never_called,
        CASE WHEN came > 1
            THEN floor(0.04 * came + pg_temp.chance(of, 3, %(seed)s))::bigint ELSE 0 END AS no_show,
        -- Who comes in the same hour waits about as long.
        60 + 900 * busy * (0.8 + 0.4 * pg_temp.chance(of, 4, %(seed)s)) AS short_wait_s
    FROM (
        SELECT
            bucket_start, site, directorate, service, channel, of, busy,
            floor(
                (1 + site_number %% 4) * busy * share * (0.5 + pg_temp.chance(of, 0, %(seed)s))
                + pg_temp.chance(of, 1, %(seed)s)
            )::bigint AS came
        FROM (
            SELECT
                open_quarter.*,
                offered.*,
                (extract(epoch FROM bucket_start) / 900)::bigint * 100000
                    + site_number * 10 + offered.number AS of,
                ('{1.3,1.05,0.9,1.0,0.85}'::double precision[])[
                    least(5, extract(isodow FROM local_at)::integer)
                ] * ('{0.6,1.0,1.35,1.2,0.8,0.7,1.2,1.1,0.7}'::double precision[])[
                    greatest(1, least(9, extract(hour FROM local_at)::integer - 7))
                ] * ('{1,1,1,0.95,0.9,1,0.85,0.7,1.25,1.15,1.05,0.85}'::double precision[])[
                    extract(month FROM local_at)::integer
                ] AS busy
            FROM open_quarter
            JOIN (
                SELECT
                    queue.site AS of_site, service.directorate, queue.service, channel,
                    -- Each hall's first service is its largest; most people draw a ticket.
                    2 * queue.place - (channel = 'kiosk')::integer AS number,
                    CASE channel WHEN 'kiosk' THEN 1.2 ELSE 0.6 END / queue.place AS share
                FROM (
                    SELECT site, service,
                        row_number() OVER (PARTITION BY site ORDER BY code)::integer AS place
                    FROM queue
                ) AS queue
                JOIN service ON service.code = queue.service
                CROSS JOIN unnest('{kiosk,reception}'::text[]) AS channel
                WHERE queue.place <= 3
            ) AS offered ON offered.of_site = open_quarter.site
            -- OFFSET 0: each of these once, and not wherever it is named above.
            OFFSET 0
        ) AS expected
        OFFSET 0
    ) AS counted
    WHERE came > 0
    OFFSET 0
) AS waited;

-- fill_footfall --
INSERT INTO footfall (
    bucket_start, site, directorate, service, channel, passages, persons, tickets, check_ins, direct,
    queue_entries, served, no_show, "left", waits, wait_ms, last_call_waits, last_call_wait_ms,
    services, service_ms
)
SELECT
    bucket_start, site, directorate, service, channel,
    came,
    came + floor(0.35 * came + pg_temp.chance(of, 7, %(seed)s))::bigint,
    CASE channel WHEN 'kiosk' THEN came ELSE 0 END,
    CASE channel WHEN 'reception' THEN came ELSE 0 END,
    0,
    came,
    came - never_called - no_show,
    no_show,
    never_called,
    called,
    wait_ms,
    called,
    (called * long_wait_s * 1000)::bigint,
    came - never_called - no_show,
    ((came - never_called - no_show) * service_s * 1000)::bigint
FROM drawn
CROSS JOIN LATERAL (
    SELECT
        came - never_called AS called,
        ((waited_less * short_wait_s + (came - never_called - waited_less) * long_wait_s) * 1000)
            ::bigint AS wait_ms
) AS together
ORDER BY bucket_start, site, directorate, service, channel;

-- fill_waits --
INSERT INTO footfall_wait
SELECT bucket_start, site, directorate, service, channel, measure, pg_temp.bin_of(duration_s), n
FROM drawn
CROSS JOIN LATERAL (
    VALUES
        ('wait', short_wait_s, waited_less),
        ('wait', long_wait_s, came - never_called - waited_less),
        ('last_call_wait', long_wait_s, came - never_called),
        ('service', service_s, came - never_called - no_show)
) AS one (measure, duration_s, n)
WHERE n > 0
ORDER BY bucket_start, site, directorate, service, channel;

-- fill_coverage --
-- A device is away for an hour now and then.
INSERT INTO coverage
SELECT bucket_start, open_quarter.site, device.code, 32767
FROM open_quarter
JOIN device ON device.site = open_quarter.site AND device.kind <> 'gateway'
WHERE pg_temp.chance(
    (extract(epoch FROM bucket_start) / 3600)::bigint # hashtext(device.code), 8, %(seed)s
) >= 0.003
ORDER BY bucket_start, open_quarter.site, device.code;

-- fill_days --
INSERT INTO footfall_day
SELECT * FROM count_footfall_days(%(from_day)s, %(to_day)s::date - 1);

-- fill_wait_days --
INSERT INTO footfall_wait_day
SELECT * FROM count_footfall_wait_days(%(from_day)s, %(to_day)s::date - 1);

-- fill_boots --
-- Each device starts on each open day; older starts are purged with the visits.
INSERT INTO device_boot (
    device, boot_id, site, seqs, last_occurred_at, last_received_at, outbox_depth, complete_to
)
SELECT
    device.code,
    md5(device.code || open.local_date)::uuid,
    device.site,
    '{[1,500)}',
    open.heard_at,
    open.heard_at,
    0,
    open.heard_at
FROM device
JOIN (
    SELECT site, local_at::date AS local_date,
        least(max(bucket_start) + interval '16 minutes', now()) AS heard_at
    FROM open_quarter
    WHERE bucket_start >= now() - interval '90 days'
    GROUP BY site, local_at::date
) AS open ON open.site = device.site
WHERE device.kind <> 'gateway';

-- fill_visits --
-- The hall as it is now: visits of today, a third of them not yet over.
INSERT INTO visit (
    visit_id, version, history, last_event_at, state, arrived_at, business_date, site, queue,
    directorate, service, channel, persons, test, stay_started_at, first_called_at, tickets
)
SELECT
    md5(queue.code || number || %(seed)s)::uuid,
    1,
    '[]',
    now(),
    state,
    arrived_at,
    (now() AT TIME ZONE site.time_zone - site.business_day_starts::interval)::date,
    site.code,
    queue.code,
    service.directorate,
    service.code,
    'kiosk',
    1 + number %% 2,
    false,
    arrived_at,
    CASE WHEN state <> 'waiting' THEN arrived_at + interval '2 minutes' END,
    1
FROM (SELECT *, row_number() OVER (ORDER BY code) AS place FROM site) AS site
JOIN queue ON queue.site = site.code
JOIN service ON service.code = queue.service
CROSS JOIN generate_series(1, %(visits)s) AS number
CROSS JOIN LATERAL (
    SELECT
        now() - make_interval(mins => 3 * number) AS arrived_at,
        (ARRAY['waiting', 'called', 'in_service', 'served'])[least(4, 1 + number / 4)] AS state
) AS visit
WHERE site.place <= %(sites)s;
