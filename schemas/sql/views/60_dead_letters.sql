-- What was refused, without its content.

CREATE OR REPLACE VIEW dead_letters AS
SELECT
    topic,
    partition,
    "offset",
    received_at,
    reason,
    field,
    detail,
    event_id,
    site,
    source,
    bytes,
    sha256,
    replayable,
    replayed_at
FROM dead_letter;
COMMENT ON VIEW dead_letters IS
'Messages that were refused and are in no count, and why. Their content stays out of sight. Filter on received_at.';

CREATE OR REPLACE VIEW dead_letters_by_reason AS
SELECT
    reason,
    count(*) AS messages,
    count(*) FILTER (WHERE replayed_at IS NOT NULL) AS replayed,
    count(*) FILTER (WHERE replayable AND replayed_at IS NULL) AS waiting_for_replay,
    min(received_at) AS first_received_at,
    max(received_at) AS last_received_at
FROM dead_letter
GROUP BY reason;
COMMENT ON VIEW dead_letters_by_reason IS
'How many messages were refused for each reason, and how many of them were mended and counted since.';
