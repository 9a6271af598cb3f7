-- transfers --
-- Who was sent on in the local days [first, last]. No zone is 14 hours from UTC.
SELECT
    local_date,
    local_label,
    from_directorate,
    from_service,
    to_directorate,
    to_service,
    sum(transfers)::bigint
FROM transfers
WHERE bucket_start >= %(from_at)s - INTERVAL '26 hours'
    AND bucket_start < %(to_at)s + INTERVAL '26 hours'
    AND local_date BETWEEN %(first)s AND %(last)s
    AND (%(sites)s::text[] IS NULL OR site = ANY(%(sites)s))
    AND (%(channels)s::text[] IS NULL OR channel = ANY(%(channels)s))
    AND (
        %(directorates)s::text[] IS NULL
        OR from_directorate = ANY(%(directorates)s)
        OR to_directorate = ANY(%(directorates)s)
    )
    AND (
        %(services)s::text[] IS NULL
        OR from_service = ANY(%(services)s)
        OR to_service = ANY(%(services)s)
    )
GROUP BY local_date, local_label, from_directorate, from_service, to_directorate, to_service;
