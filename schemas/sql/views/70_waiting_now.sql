-- The hall as it is now.

CREATE OR REPLACE VIEW waiting_now AS
SELECT
    visit.site,
    visit.directorate,
    visit.service,
    count(*) FILTER (WHERE visit.state = 'waiting') AS waiting,
    count(*) FILTER (WHERE visit.state = 'called') AS called,
    sum(visit.persons)::bigint AS persons,
    (extract(
        epoch FROM now() - min(visit.stay_started_at) FILTER (WHERE visit.state = 'waiting')
    ))::double precision AS longest_wait_s
FROM visit
JOIN site ON site.code = visit.site
WHERE visit.state IN ('waiting', 'called')
    -- Yesterday's visits that nobody closed are not in the hall any more.
    AND visit.business_date = ((now() AT TIME ZONE site.time_zone) - site.business_day_starts::interval)::date
GROUP BY visit.site, visit.directorate, visit.service;
COMMENT ON VIEW waiting_now IS
'Who is in the hall at this moment, by site, directorate and service: how many wait, how many were called and are on their way to a desk, how many persons that makes with those who accompany them, and for how long the first of those who wait has waited. Only visits of today.';
