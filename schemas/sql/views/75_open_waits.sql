-- Waits that are not over: to be counted with a bound, never dropped.

CREATE OR REPLACE VIEW open_waits AS
SELECT
    site,
    directorate,
    service,
    channel,
    -- To the minute: to the second it could be laid beside what somebody saw.
    date_trunc('minute', stay_started_at) AS waiting_since,
    count(*) AS visits
FROM visit
WHERE state = 'waiting'
GROUP BY site, directorate, service, channel, date_trunc('minute', stay_started_at);
COMMENT ON VIEW open_waits IS
'Visitors who were never called so far, by the minute since which they wait. A share or a percentile of waits that leaves them out is too good. As far back as visits are kept (90 days by default), no further. Filter on waiting_since.';
