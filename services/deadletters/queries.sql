-- by_reason --
-- Everything refused, by reason and field; of the details, the most frequent one and how many.
SELECT
    reason,
    field,
    count(*) AS messages,
    count(*) FILTER (WHERE replayable AND replayed_at IS NULL) AS waiting_for_replay,
    count(*) FILTER (WHERE NOT replayable AND replayed_at IS NULL) AS kept_in_part,
    count(*) FILTER (WHERE replayed_at IS NOT NULL) AS replayed,
    max(received_at) AS last_received_at,
    mode() WITHIN GROUP (ORDER BY detail) AS detail,
    count(DISTINCT detail) AS details
FROM dead_letter
GROUP BY reason, field
ORDER BY messages DESC, reason, field;

-- letters --
-- The beginning of the three statements below. An event that was refused before it could be read
-- has no columns of its own: then the kept body says who sent it.
WITH letter AS (
    SELECT
        topic,
        partition,
        "offset",
        received_at,
        reason,
        field,
        detail,
        coalesce(event_id::text, nullif(body ->> 'event_id', %(withheld)s)) AS event_id,
        coalesce(site, nullif(body ->> 'site', %(withheld)s)) AS site,
        coalesce(source, nullif(body ->> 'source', %(withheld)s)) AS source,
        bytes,
        sha256,
        body,
        replayable,
        replayed_at
    FROM dead_letter
    WHERE (%(reasons)s::text[] IS NULL OR reason = ANY(%(reasons)s))
        AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
        AND (NOT %(pending)s OR replayed_at IS NULL)
        AND (
            %(topics)s::text[] IS NULL
            OR (topic, partition, "offset") IN (
                SELECT * FROM unnest(%(topics)s, %(partitions)s::integer[], %(offsets)s::bigint[])
            )
        )
)

-- newest_first --
SELECT * FROM letter
WHERE %(site)s::text IS NULL OR site = %(site)s
ORDER BY received_at DESC, topic, partition, "offset" DESC
LIMIT %(limit)s;

-- oldest_first --
-- Of two events with one id the first shall win again.
SELECT * FROM letter
WHERE %(site)s::text IS NULL OR site = %(site)s
ORDER BY received_at, topic, partition, "offset"

-- number --
SELECT count(*) FROM letter WHERE %(site)s::text IS NULL OR site = %(site)s;

-- same_event --
-- Other refusals of an event: one that was replayed and failed again stands at a new offset.
SELECT topic, partition, "offset", reason, received_at
FROM dead_letter
WHERE (event_id::text = %(event_id)s OR body ->> 'event_id' = %(event_id)s)
    AND (topic, partition, "offset") <> (%(topic)s, %(partition)s, %(offset)s)
ORDER BY received_at
LIMIT 10;

-- mark_replayed --
UPDATE dead_letter SET replayed_at = now()
WHERE (topic, partition, "offset") IN (
    SELECT * FROM unnest(%(topics)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[])
);
