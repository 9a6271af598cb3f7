-- The ledger of tickets: what was issued, and what became of it.

CREATE OR REPLACE VIEW ledger AS
SELECT
    site,
    business_date,
    queue,
    sum(tickets)::bigint AS issued,
    coalesce(sum(tickets) FILTER (WHERE state = 'served'), 0)::bigint AS served,
    coalesce(sum(tickets) FILTER (WHERE state = 'no_show'), 0)::bigint AS no_show,
    coalesce(sum(tickets) FILTER (WHERE state = 'left'), 0)::bigint AS "left",
    coalesce(sum(tickets) FILTER (WHERE state = 'cancelled'), 0)::bigint AS cancelled,
    coalesce(sum(tickets) FILTER (WHERE state = 'auto_closed'), 0)::bigint AS auto_closed,
    coalesce(sum(tickets) FILTER (WHERE state = 'test'), 0)::bigint AS test,
    coalesce(sum(tickets) FILTER (WHERE state IN ('waiting', 'called', 'in_service')), 0)::bigint
        AS still_open
FROM visit
-- Who drew a ticket at home and never came is in no hall.
WHERE tickets > 0 AND state NOT IN ('unattributed', 'joined')
GROUP BY site, business_date, queue;
COMMENT ON VIEW ledger IS
'Tickets by site, business date and first queue: issued = served + no_show + left + cancelled + auto_closed + test + still_open. A visit that was transferred stands here with its last outcome. Reaches back as far as visits are kept.';
