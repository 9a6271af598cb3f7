-- What a site counts as a whole.

-- Only what adds up: a visitor who was sent from one directorate to another has one passage, but a queue
-- entry and an outcome in each.
CREATE OR REPLACE VIEW footfall_total_daily AS
SELECT
    local_date,
    iso_year,
    iso_week,
    iso_weekday,
    site,
    sum(passages)::bigint AS passages,
    sum(persons)::bigint AS persons,
    sum(tickets)::bigint AS tickets,
    sum(check_ins)::bigint AS check_ins,
    sum(direct)::bigint AS direct,
    sum(test)::bigint AS test,
    sum(time_uncertain)::bigint AS time_uncertain,
    EXISTS (
        SELECT FROM closed_day
        WHERE closed_day.site = footfall_daily.site AND closed_day.day = footfall_daily.local_date
    ) AS closed
FROM footfall_daily
GROUP BY local_date, iso_year, iso_week, iso_weekday, site;
COMMENT ON VIEW footfall_total_daily IS
'How many came to a site in a day, over all directorates; nobody is counted twice. closed: by the calendar the site was not open that day. Filter on local_date.';
