-- version --
-- Whether all of [from_at, to_at) is final, and what could have changed it since.
SELECT
    (
        SELECT coalesce(bool_and(status = 'final'), false)
        FROM hour_status
        WHERE hour_start >= %(from_at)s
            AND hour_start < %(to_at)s
            AND (%(sites)s::text[] IS NULL OR site = ANY(%(sites)s))
    ) AS is_final,
    (
        SELECT count(*)
        FROM restatements
        WHERE bucket_start >= %(from_at)s AND bucket_start < %(to_at)s
    ) AS restatements,
    (SELECT max(revision) FROM reference_revision) AS revision;
