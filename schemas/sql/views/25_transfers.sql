-- From where to where visitors were sent on.

CREATE OR REPLACE VIEW transfers AS
SELECT
    transfer.bucket_start,
    local_label(local_hour_start(transfer.bucket_start, site.time_zone), site.time_zone)
        AS local_label,
    (transfer.bucket_start AT TIME ZONE site.time_zone)::date AS local_date,
    transfer.site,
    transfer.channel,
    transfer.from_directorate,
    transfer.from_service,
    transfer.directorate AS to_directorate,
    transfer.service AS to_service,
    transfer.n AS transfers
FROM transfer
JOIN site ON site.code = transfer.site
WHERE transfer.n <> 0;
COMMENT ON VIEW transfers IS
'Visitors who were sent on: how many from which directorate and service to which, by the quarter of an hour in which they began to wait there. Over all origins they are the queue_entries of the destination less its passages; fewer where visits were removed before pairs were kept. Filter on bucket_start.';
