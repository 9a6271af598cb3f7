-- Each device as it was last heard of.

CREATE OR REPLACE VIEW device_status AS
SELECT
    device.site,
    device.code AS device,
    device.kind,
    boot.last_occurred_at,
    boot.last_received_at,
    boot.outbox_depth,
    boot.software,
    boot.gaps
FROM device
LEFT JOIN LATERAL (
    SELECT
        device_boot.*,
        -- A boot numbers its messages from 1.
        upper(seqs) - 1 - (
            SELECT sum(upper(received) - lower(received)) FROM unnest(seqs) AS received
        )::bigint AS gaps
    FROM device_boot
    WHERE device_boot.device = device.code
    ORDER BY last_received_at DESC
    LIMIT 1
) AS boot ON true;
COMMENT ON VIEW device_status IS
'Each device of the registry and its latest start: when it last said anything (by its own clock, and by ours), how many messages it still holds back (outbox_depth), and how many that it numbered have not arrived (gaps). All null: never heard of.';
