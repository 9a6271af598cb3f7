-- The ledger of tickets: what was issued, by the raw events, and what became of it, by the visits.

CREATE OR REPLACE VIEW ledger AS
WITH issued AS (
    SELECT DISTINCT visit_id FROM visit_event
    WHERE type = 'ticket_issued'
        AND NOT EXISTS (
            SELECT FROM visit_event AS correction
            WHERE correction.visit_id = visit_event.visit_id
                AND correction.type = 'correction'
                AND (correction.body ->> 'corrects')::uuid = visit_event.event_id
        )
), root AS (
    SELECT DISTINCT coalesce(visit.joined_to, issued.visit_id) AS visit_id
    FROM issued LEFT JOIN visit USING (visit_id)
)
SELECT
    visit.site,
    visit.business_date,
    visit.queue,
    count(*) AS issued,
    count(*) FILTER (WHERE state = 'served') AS served,
    count(*) FILTER (WHERE state = 'no_show') AS no_show,
    count(*) FILTER (WHERE state = 'left') AS "left",
    count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
    count(*) FILTER (WHERE state = 'auto_closed') AS auto_closed,
    count(*) FILTER (WHERE state = 'test') AS test,
    count(*) FILTER (WHERE state IN ('waiting', 'called', 'in_service')) AS still_open
FROM root LEFT JOIN visit USING (visit_id)
GROUP BY visit.site, visit.business_date, visit.queue;
COMMENT ON VIEW ledger IS
'Tickets by site, business date and first queue: issued = served + no_show + left + cancelled + auto_closed + test + still_open. A visit that was transferred stands here with its last outcome. Reaches back as far as visits are kept.';
