-- When a bucket is final, and every change of one that was.

ALTER TABLE device_boot ADD COLUMN complete_to timestamptz;
COMMENT ON COLUMN device_boot.complete_to IS
'Event time up to which everything that this boot numbered has come; does not move while a number is missing.';

-- Security definer: readers ask through views, and may not read the tables.
-- Until when a site has reported in full, by the devices that were in force on a local day.
CREATE FUNCTION site_complete_to(of_site text, on_day date) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT min(coalesce(device_complete_to, '-infinity'))
    FROM device
    LEFT JOIN LATERAL (
        -- A boot with missing numbers holds the device back; else its latest boot says how far it is.
        SELECT coalesce(
            min(coalesce(b.complete_to, '-infinity')) FILTER (WHERE NOT (
                lower(b.seqs) = 1 AND b.seqs = int8multirange(range_merge(b.seqs))
            )),
            max(b.complete_to)
        ) AS device_complete_to
        FROM device_boot AS b WHERE b.device = device.code
    ) AS boots ON true
    WHERE device.site = of_site
        AND device.kind <> 'gateway'
        AND (device.valid_from IS NULL OR device.valid_from <= on_day)
        AND (device.valid_to IS NULL OR device.valid_to > on_day)
$$;

-- 60 days is the back-fill horizon of services/core/decisions.py: nothing older is counted any more.
CREATE FUNCTION bucket_is_final(of_site text, of_bucket timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT of_bucket < now() - INTERVAL '60 days' OR coalesce(
        site_complete_to(of_site, (of_bucket AT TIME ZONE site.time_zone)::date)
            >= of_bucket + INTERVAL '15 minutes',
        false
    )
    FROM site WHERE site.code = of_site
$$;

CREATE TABLE restatement (
    restatement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    bucket_start timestamptz NOT NULL,
    site text NOT NULL,
    directorate text NOT NULL,
    service text NOT NULL,
    channel text NOT NULL,
    cause text NOT NULL,
    changes jsonb NOT NULL
);
COMMENT ON TABLE restatement IS 'Changes of buckets that had been final.';
COMMENT ON COLUMN restatement.cause IS
'late_event, correction, clock_repair, replayed_dead_letter, or rebuild.';
COMMENT ON COLUMN restatement.changes IS 'What was added to each measure; may be negative.';
CREATE INDEX restatement_by_bucket ON restatement (bucket_start);
