-- end_frozen --
-- A worker that is frozen while it sends rows keeps its locks, and no timeout of the server's ends
-- that. Whoever had to wait for it connects again, and ends it first; its batch comes again.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user
    AND application_name = 'passage-processor' AND state = 'active' AND wait_event = 'ClientRead'
    AND query_start < now() - INTERVAL '20 seconds';

-- create_incoming --
-- Where a batch lands before it is told apart; private to the connection, emptied by each commit.
CREATE TEMPORARY TABLE incoming_visit (LIKE visit) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE incoming_footfall (LIKE footfall) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE incoming_wait (LIKE footfall_wait) ON COMMIT DELETE ROWS;

-- enter_gate --
-- Batches go through together; a rebuild waits for them, then keeps them out for a moment.
SELECT pg_advisory_xact_lock_shared(%(gate)s);

-- newest_revision --
SELECT max(revision) FROM registry_revision;

-- lock_boots --
-- One worker at a time settles the clock of a boot.
SELECT pg_advisory_xact_lock(hashtextextended(boot_id::text, 0))
FROM unnest(%(boot_ids)s::uuid[]) AS boot_id ORDER BY boot_id;

-- read_anchors --
SELECT boot_id, anchor_seq, anchor_at FROM device_boot
WHERE boot_id = ANY(%(boot_ids)s) AND anchor_at IS NOT NULL;

-- remember_events --
-- Records ids once, in their order, and tells those that were recorded before. An id that another
-- worker is recording just now is waited for.
WITH offered AS (
    SELECT event_id, digest
    FROM unnest(%(event_ids)s::uuid[], %(digests)s::int8[]) AS offered (event_id, digest)
), remembered AS (
    INSERT INTO event_seen (event_id, digest, recorded_at)
    SELECT event_id, digest, now() FROM offered ORDER BY event_id
    ON CONFLICT (event_id) DO NOTHING
    RETURNING event_id
)
SELECT event_id::text
FROM (SELECT event_id FROM offered EXCEPT SELECT event_id FROM remembered) AS known
-- Asked first: nearly always all are new, and nothing needs to be told apart.
WHERE (SELECT count(*) FROM remembered) < cardinality(%(event_ids)s::uuid[]);

-- read_digests --
-- A statement of its own, so that it sees what the one before has waited for.
SELECT event_id::text, digest FROM event_seen WHERE event_id = ANY(%(event_ids)s::uuid[]);

-- copy_events --
COPY visit_event (
    corrected_at, occurred_at, received_at, event_id, visit_id, boot_id, clock_synced,
    type, site, source, correction_method, body
) FROM STDIN (FORMAT BINARY);

-- read_unsynced --
-- Recorded events of a boot whose clock has just become known.
SELECT event_id, visit_id, received_at, corrected_at, body::text FROM visit_event
WHERE boot_id = ANY(%(boot_ids)s) AND NOT clock_synced;

-- move_event --
-- A hypertable row cannot change its chunk: it is taken out and put in again.
WITH moved AS (
    DELETE FROM visit_event
    WHERE event_id = %(event_id)s AND corrected_at = %(from_at)s
    RETURNING *
)
INSERT INTO visit_event (
    corrected_at, event_id, visit_id, type, site, source, boot_id, clock_synced,
    occurred_at, received_at, correction_method, body
)
SELECT
    %(to_at)s, event_id, visit_id, type, site, source, boot_id, clock_synced,
    occurred_at, received_at, %(method)s, body
FROM moved;

-- lock_visits --
SELECT visit_id, joined_to, history::text, version FROM visit
WHERE visit_id = ANY(%(visit_ids)s::uuid[]) ORDER BY visit_id FOR UPDATE;

-- copy_visits --
COPY incoming_visit (
    visit_id, version, joined_to, history, last_event_at, state, arrived_at, business_date, site,
    queue, directorate, service, channel, persons, test, stay_started_at, first_called_at, tickets
) FROM STDIN;

-- upsert_visits --
-- A row that another worker changed in between keeps its version, and is missing from the count.
INSERT INTO visit AS v
SELECT * FROM incoming_visit ORDER BY visit_id
ON CONFLICT (visit_id) DO UPDATE SET
    version = EXCLUDED.version,
    joined_to = EXCLUDED.joined_to,
    history = EXCLUDED.history,
    last_event_at = EXCLUDED.last_event_at,
    state = EXCLUDED.state,
    arrived_at = EXCLUDED.arrived_at,
    business_date = EXCLUDED.business_date,
    site = EXCLUDED.site,
    queue = EXCLUDED.queue,
    directorate = EXCLUDED.directorate,
    service = EXCLUDED.service,
    channel = EXCLUDED.channel,
    persons = EXCLUDED.persons,
    test = EXCLUDED.test,
    stay_started_at = EXCLUDED.stay_started_at,
    first_called_at = EXCLUDED.first_called_at,
    tickets = EXCLUDED.tickets
WHERE v.version = EXCLUDED.version - 1;

-- copy_footfall --
COPY incoming_footfall FROM STDIN;

-- add_footfall --
-- In key order, so that two workers on the same buckets wait for each other and never deadlock.
INSERT INTO footfall AS f
SELECT * FROM incoming_footfall ORDER BY bucket_start, site, directorate, service, channel
ON CONFLICT ON CONSTRAINT footfall_key DO UPDATE SET
    passages = f.passages + EXCLUDED.passages,
    persons = f.persons + EXCLUDED.persons,
    tickets = f.tickets + EXCLUDED.tickets,
    check_ins = f.check_ins + EXCLUDED.check_ins,
    direct = f.direct + EXCLUDED.direct,
    queue_entries = f.queue_entries + EXCLUDED.queue_entries,
    served = f.served + EXCLUDED.served,
    no_show = f.no_show + EXCLUDED.no_show,
    "left" = f."left" + EXCLUDED."left",
    cancelled = f.cancelled + EXCLUDED.cancelled,
    auto_closed = f.auto_closed + EXCLUDED.auto_closed,
    transferred = f.transferred + EXCLUDED.transferred,
    redirected = f.redirected + EXCLUDED.redirected,
    waits = f.waits + EXCLUDED.waits,
    wait_ms = f.wait_ms + EXCLUDED.wait_ms,
    last_call_waits = f.last_call_waits + EXCLUDED.last_call_waits,
    last_call_wait_ms = f.last_call_wait_ms + EXCLUDED.last_call_wait_ms,
    services = f.services + EXCLUDED.services,
    service_ms = f.service_ms + EXCLUDED.service_ms,
    test = f.test + EXCLUDED.test,
    time_uncertain = f.time_uncertain + EXCLUDED.time_uncertain;

-- copy_waits --
COPY incoming_wait FROM STDIN;

-- add_waits --
INSERT INTO footfall_wait AS w
SELECT * FROM incoming_wait
ORDER BY bucket_start, site, directorate, service, channel, measure, bin
ON CONFLICT ON CONSTRAINT footfall_wait_key DO UPDATE SET n = w.n + EXCLUDED.n;

-- add_transfers --
INSERT INTO transfer AS t (
    bucket_start, site, directorate, service, channel, from_directorate, from_service, n
)
SELECT * FROM unnest(
    %(bucket_start)s::timestamptz[], %(site)s::text[], %(directorate)s::text[],
    %(service)s::text[], %(channel)s::text[], %(from_directorate)s::text[],
    %(from_service)s::text[], %(n)s::bigint[]
) AS sent_on (
    bucket_start, site, directorate, service, channel, from_directorate, from_service, n
)
ORDER BY bucket_start, site, directorate, service, channel, from_directorate, from_service
ON CONFLICT ON CONSTRAINT transfer_key DO UPDATE SET n = t.n + EXCLUDED.n;

-- add_days --
-- The same by the site's own day, in key order too.
INSERT INTO footfall_day AS d
SELECT
    (bucket_start AT TIME ZONE time_zone)::date AS local_date,
    site,
    directorate,
    service,
    channel,
    sum(passages),
    sum(persons),
    sum(tickets),
    sum(check_ins),
    sum(direct),
    sum(queue_entries),
    sum(served),
    sum(no_show),
    sum("left"),
    sum(cancelled),
    sum(auto_closed),
    sum(transferred),
    sum(redirected),
    sum(waits),
    sum(wait_ms),
    sum(last_call_waits),
    sum(last_call_wait_ms),
    sum(services),
    sum(service_ms),
    sum(test),
    sum(time_uncertain)
FROM incoming_footfall AS incoming JOIN site ON site.code = incoming.site
GROUP BY local_date, site, directorate, service, channel
ORDER BY local_date, site, directorate, service, channel
ON CONFLICT ON CONSTRAINT footfall_day_key DO UPDATE SET
    passages = d.passages + EXCLUDED.passages,
    persons = d.persons + EXCLUDED.persons,
    tickets = d.tickets + EXCLUDED.tickets,
    check_ins = d.check_ins + EXCLUDED.check_ins,
    direct = d.direct + EXCLUDED.direct,
    queue_entries = d.queue_entries + EXCLUDED.queue_entries,
    served = d.served + EXCLUDED.served,
    no_show = d.no_show + EXCLUDED.no_show,
    "left" = d."left" + EXCLUDED."left",
    cancelled = d.cancelled + EXCLUDED.cancelled,
    auto_closed = d.auto_closed + EXCLUDED.auto_closed,
    transferred = d.transferred + EXCLUDED.transferred,
    redirected = d.redirected + EXCLUDED.redirected,
    waits = d.waits + EXCLUDED.waits,
    wait_ms = d.wait_ms + EXCLUDED.wait_ms,
    last_call_waits = d.last_call_waits + EXCLUDED.last_call_waits,
    last_call_wait_ms = d.last_call_wait_ms + EXCLUDED.last_call_wait_ms,
    services = d.services + EXCLUDED.services,
    service_ms = d.service_ms + EXCLUDED.service_ms,
    test = d.test + EXCLUDED.test,
    time_uncertain = d.time_uncertain + EXCLUDED.time_uncertain;

-- add_wait_days --
INSERT INTO footfall_wait_day AS d
SELECT
    (bucket_start AT TIME ZONE time_zone)::date AS local_date,
    site,
    directorate,
    service,
    channel,
    measure,
    bin,
    sum(n)
FROM incoming_wait AS incoming JOIN site ON site.code = incoming.site
GROUP BY local_date, site, directorate, service, channel, measure, bin
HAVING sum(n) <> 0
ORDER BY local_date, site, directorate, service, channel, measure, bin
ON CONFLICT ON CONSTRAINT footfall_wait_day_key DO UPDATE SET n = d.n + EXCLUDED.n;

-- add_coverage --
INSERT INTO coverage AS c (bucket_start, site, device, minutes)
SELECT * FROM unnest(
    %(bucket_start)s::timestamptz[], %(site)s::text[], %(device)s::text[], %(minutes)s::integer[]
) AS heard (bucket_start, site, device, minutes)
ORDER BY bucket_start, site, device
ON CONFLICT ON CONSTRAINT coverage_key DO UPDATE SET minutes = c.minutes | EXCLUDED.minutes;

-- add_boots --
-- A boot is complete to its last event as long as its numbers run from 1 without a gap.
INSERT INTO device_boot AS b (
    device, boot_id, site, seqs, anchor_seq, anchor_at,
    last_occurred_at, last_received_at, outbox_depth, software, complete_to
)
SELECT
    device,
    boot_id,
    site,
    seqs,
    anchor_seq,
    anchor_at,
    last_occurred_at,
    last_received_at,
    outbox_depth,
    software,
    CASE
        WHEN lower(seqs) = 1 AND seqs = int8multirange(range_merge(seqs)) THEN last_occurred_at
    END
FROM (
    SELECT device, boot_id, site, seqs::int8multirange, anchor_seq, anchor_at, last_occurred_at,
        last_received_at, outbox_depth, software
    FROM unnest(
        %(device)s::text[], %(boot_id)s::uuid[], %(site)s::text[], %(seqs)s::text[],
        %(anchor_seq)s::int8[], %(anchor_at)s::timestamptz[], %(last_occurred_at)s::timestamptz[],
        %(last_received_at)s::timestamptz[], %(outbox_depth)s::int8[], %(software)s::text[]
    ) AS one (
        device, boot_id, site, seqs, anchor_seq, anchor_at, last_occurred_at,
        last_received_at, outbox_depth, software
    )
    OFFSET 0
) AS heard
ORDER BY device, boot_id
ON CONFLICT (device, boot_id) DO UPDATE SET
    (seqs, complete_to) = (
        SELECT
            seqs,
            CASE
                WHEN lower(seqs) = 1 AND seqs = int8multirange(range_merge(seqs))
                THEN greatest(b.last_occurred_at, EXCLUDED.last_occurred_at)
                ELSE b.complete_to
            END
        -- OFFSET keeps the server from working out the sum again for each mention of it.
        FROM (SELECT b.seqs + EXCLUDED.seqs AS seqs OFFSET 0) AS both_together
    ),
    anchor_seq = coalesce(b.anchor_seq, EXCLUDED.anchor_seq),
    anchor_at = coalesce(b.anchor_at, EXCLUDED.anchor_at),
    last_occurred_at = greatest(b.last_occurred_at, EXCLUDED.last_occurred_at),
    last_received_at = greatest(b.last_received_at, EXCLUDED.last_received_at),
    outbox_depth = CASE
        WHEN EXCLUDED.outbox_depth IS NOT NULL AND EXCLUDED.last_occurred_at >= b.last_occurred_at
        THEN EXCLUDED.outbox_depth ELSE b.outbox_depth
    END,
    software = coalesce(EXCLUDED.software, b.software);

-- final_buckets --
-- As bucket_is_final says it, but asking once for each site and local day how far the site is.
WITH changed AS MATERIALIZED (
    SELECT
        changed.site, changed.bucket_start,
        (changed.bucket_start AT TIME ZONE site.time_zone)::date AS local_date
    FROM unnest(%(sites)s::text[], %(bucket_starts)s::timestamptz[]) AS changed (site, bucket_start)
    JOIN site ON site.code = changed.site
), reported AS MATERIALIZED (
    SELECT site, local_date, site_complete_to(site, local_date) AS complete_to
    FROM (SELECT DISTINCT site, local_date FROM changed) AS site_day
)
SELECT changed.site, changed.bucket_start
FROM changed JOIN reported USING (site, local_date)
WHERE changed.bucket_start < now() - INTERVAL '60 days'
    OR reported.complete_to >= changed.bucket_start + INTERVAL '15 minutes';

-- add_restatement --
INSERT INTO restatement (bucket_start, site, directorate, service, channel, cause, changes)
VALUES (
    %(bucket_start)s, %(site)s, %(directorate)s, %(service)s, %(channel)s, %(cause)s,
    %(changes)s::jsonb
);

-- add_dead_letter --
INSERT INTO dead_letter (
    topic, partition, "offset", received_at, reason, field, detail, event_id, site, source,
    bytes, sha256, body, replayable
)
VALUES (
    %(topic)s, %(partition)s, %(offset)s, %(received_at)s, %(reason)s, %(field)s, %(detail)s,
    %(event_id)s, %(site)s, %(source)s, %(bytes)s, %(sha256)s, %(body)s::jsonb, %(replayable)s
)
ON CONFLICT (topic, partition, "offset") DO NOTHING;
