-- The way of an event from its device to a row, for those who keep the chain running.

-- By the instant of the transaction, so that a filter on it reaches the index.
CREATE OR REPLACE VIEW recorded_batch AS
SELECT recorded_at, count(*) AS events FROM event_seen GROUP BY recorded_at;
COMMENT ON VIEW recorded_batch IS
'How many visit events each transaction of the processor recorded for the first time, whenever they happened. Filter on recorded_at. Reaches back as far as duplicates are remembered.';

-- Without site, device or kind: it is about the chain, and nobody is found again in it.
CREATE OR REPLACE VIEW event_delay AS
SELECT
    visit_event.corrected_at AS happened_at,
    event_seen.recorded_at,
    CASE WHEN visit_event.correction_method <> 'uncertain' THEN
        extract(epoch FROM visit_event.received_at - visit_event.corrected_at)
    END::double precision AS arrival_s,
    extract(epoch FROM event_seen.recorded_at - visit_event.received_at)::double precision
        AS recording_s
FROM visit_event
JOIN event_seen ON event_seen.event_id = visit_event.event_id;
COMMENT ON VIEW event_delay IS
'The two delays of each visit event: from its moment on the device until Kafka had it (arrival_s: outbox and network; null where its moment is not known), and from there to the transaction that recorded it (recording_s: what the consumer is behind). Filter on happened_at, which finds the rows, and on recorded_at: an event that is delivered weeks late happened weeks ago.';

CREATE OR REPLACE VIEW device_quarter AS
SELECT
    quarter.bucket_start,
    opening.local_date,
    opening.site,
    device.code AS device,
    minute.last - minute.first AS open_minutes,
    coalesce(
        bit_count((coverage.minutes & ((1 << minute.last) - (1 << minute.first)))::bit(15)), 0
    )::integer AS covered_minutes
FROM opening_interval AS opening
JOIN device
    ON device.site = opening.site
    AND device.kind <> 'gateway'
    AND (device.valid_from IS NULL OR device.valid_from <= opening.local_date)
    AND (device.valid_to IS NULL OR opening.local_date < device.valid_to)
CROSS JOIN LATERAL generate_series(
    time_bucket(interval '15 minutes', opening.opens_at),
    least(opening.closes_at, now()) - interval '1 minute',
    interval '15 minutes'
) AS quarter (bucket_start)
CROSS JOIN LATERAL (
    SELECT
        greatest(0, extract(epoch FROM opening.opens_at - quarter.bucket_start)::integer / 60)
            AS first,
        -- The running quarter counts as far as it has gone.
        least(
            15,
            extract(epoch FROM least(opening.closes_at, date_trunc('minute', now())) - quarter.bucket_start)
                ::integer / 60
        ) AS last
) AS minute
LEFT JOIN coverage
    ON coverage.bucket_start = quarter.bucket_start
    AND coverage.site = opening.site
    AND coverage.device = device.code
WHERE minute.last > minute.first;
COMMENT ON VIEW device_quarter IS
'For each quarter of an hour in which a site was open and each of its devices: the minutes in which it was open, and how many of them the device vouches for. Filter on local_date, for speed, and on bucket_start.';

-- Older boots hold nothing back any more: 60 days is the back-fill horizon.
CREATE OR REPLACE VIEW device_gap AS
SELECT
    site,
    device,
    last_occurred_at,
    last_received_at,
    complete_to,
    upper(seqs) - 1 - (
        SELECT sum(upper(received) - lower(received)) FROM unnest(seqs) AS received
    )::bigint AS missing
FROM device_boot
WHERE last_received_at > now() - interval '60 days'
    AND NOT (lower(seqs) = 1 AND seqs = int8multirange(range_merge(seqs)));
COMMENT ON VIEW device_gap IS
'Starts of devices of the last 60 days of which numbered messages have not arrived: how many are missing, and until when all had come (complete_to). The hours since then stay provisional.';

CREATE OR REPLACE VIEW visits_left_open AS
SELECT
    visit.site,
    visit.business_date,
    visit.directorate,
    count(*) FILTER (WHERE visit.state = 'waiting') AS waiting,
    count(*) FILTER (WHERE visit.state = 'called') AS called,
    count(*) FILTER (WHERE visit.state = 'in_service') AS in_service
FROM visit
JOIN site ON site.code = visit.site
WHERE visit.state IN ('waiting', 'called', 'in_service')
    AND visit.business_date
        < ((now() AT TIME ZONE site.time_zone) - site.business_day_starts::interval)::date
GROUP BY visit.site, visit.business_date, visit.directorate;
COMMENT ON VIEW visits_left_open IS
'Visits of past business dates that nobody closed: they have no outcome, and are in no hall any more.';

CREATE OR REPLACE VIEW publication_delay AS
SELECT
    (SELECT count(*) FROM changed) AS changes,
    published_to,
    CASE WHEN isfinite(published_to) THEN
        extract(epoch FROM now() - published_to)
    END::double precision AS delay_s
FROM publication;
COMMENT ON VIEW publication_delay IS
'How far the topic footfall is behind the tables: changes that are not yet on it, and the age of the last instant at which it had everything (delay_s; null before the first).';

CREATE OR REPLACE VIEW storage AS
SELECT
    hypertable_name::text AS "table",
    num_chunks AS chunks,
    hypertable_size(format('%I.%I', hypertable_schema, hypertable_name)::regclass) AS bytes
FROM timescaledb_information.hypertables
WHERE hypertable_schema = 'public'
UNION ALL
SELECT relname::text, NULL, pg_total_relation_size(oid)
FROM pg_class
WHERE relnamespace = 'public'::regnamespace
    AND relkind = 'r'
    AND relname NOT IN (
        SELECT hypertable_name FROM timescaledb_information.hypertables
        WHERE hypertable_schema = 'public'
    );
COMMENT ON VIEW storage IS
'Tables with their indexes in bytes, and how many chunks those have that are cut by time.';

-- What nobody has looked at for a minute is not known any more.
CREATE OR REPLACE VIEW consumer_lag_by_topic AS
SELECT
    topic,
    CASE WHEN min(seen_at) > now() - interval '1 minute'
        THEN sum(end_offset - acknowledged_offset)::bigint
    END AS messages,
    min(seen_at) AS seen_at
FROM consumer_lag
GROUP BY topic;
COMMENT ON VIEW consumer_lag_by_topic IS
'How many messages of each source topic no worker has acknowledged yet (messages), as the workers say every ten seconds. Null when one of its partitions was not looked at for a minute: then no worker has it.';
