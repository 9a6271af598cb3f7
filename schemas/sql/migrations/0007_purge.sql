-- Until when visits and their events were removed; footfall stays.

CREATE TABLE purge (
    purged_before timestamptz PRIMARY KEY,
    purged_at timestamptz NOT NULL DEFAULT now(),
    visits bigint NOT NULL,
    chunks bigint NOT NULL
);
