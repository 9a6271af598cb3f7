-- Figures that changed after they had been final.

CREATE OR REPLACE VIEW restatements AS
SELECT
    restatement.recorded_at,
    restatement.bucket_start,
    local_label(restatement.bucket_start, site.time_zone) AS local_label,
    restatement.site,
    restatement.directorate,
    restatement.service,
    restatement.channel,
    restatement.cause,
    restatement.changes
FROM restatement
JOIN site ON site.code = restatement.site;
COMMENT ON VIEW restatements IS
'Every change of a quarter of an hour whose figures had been final: when it was made, why, and what was added to each figure (less than nothing: taken away). Filter on bucket_start for the time it concerns, on recorded_at for the time it was made.';
