-- The same counts by the sites' own days, kept beside the buckets: years of days are read without them.

-- Both are written by the transaction that writes the buckets. A 15-minute bucket never straddles local
-- midnight, so each belongs to one day. Rows of today change with every batch: room for them in the page.
CREATE TABLE footfall_day (
    local_date date NOT NULL,
    site text NOT NULL,
    directorate text NOT NULL,
    service text NOT NULL,
    channel text NOT NULL,
    passages bigint NOT NULL DEFAULT 0,
    persons bigint NOT NULL DEFAULT 0,
    tickets bigint NOT NULL DEFAULT 0,
    check_ins bigint NOT NULL DEFAULT 0,
    direct bigint NOT NULL DEFAULT 0,
    queue_entries bigint NOT NULL DEFAULT 0,
    served bigint NOT NULL DEFAULT 0,
    no_show bigint NOT NULL DEFAULT 0,
    "left" bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    auto_closed bigint NOT NULL DEFAULT 0,
    transferred bigint NOT NULL DEFAULT 0,
    redirected bigint NOT NULL DEFAULT 0,
    waits bigint NOT NULL DEFAULT 0,
    wait_ms bigint NOT NULL DEFAULT 0,
    last_call_waits bigint NOT NULL DEFAULT 0,
    last_call_wait_ms bigint NOT NULL DEFAULT 0,
    services bigint NOT NULL DEFAULT 0,
    service_ms bigint NOT NULL DEFAULT 0,
    test bigint NOT NULL DEFAULT 0,
    time_uncertain bigint NOT NULL DEFAULT 0,
    CONSTRAINT footfall_day_key PRIMARY KEY (local_date, site, directorate, service, channel)
) WITH (fillfactor = 80);
COMMENT ON TABLE footfall_day IS
'Sums of footfall by calendar day of the site''s own clock; passage audit holds it to the buckets.';
-- One site over years, without the days of the others.
CREATE INDEX footfall_day_by_site ON footfall_day (site, local_date);

-- Percentiles ask for one measure of some sites over a period, in this order.
CREATE TABLE footfall_wait_day (
    local_date date NOT NULL,
    site text NOT NULL,
    directorate text NOT NULL,
    service text NOT NULL,
    channel text NOT NULL,
    measure text NOT NULL,
    bin smallint NOT NULL,
    n bigint NOT NULL,
    CONSTRAINT footfall_wait_day_key
        PRIMARY KEY (site, measure, local_date, directorate, service, channel, bin)
) WITH (fillfactor = 90);
COMMENT ON TABLE footfall_wait_day IS
'Sums of footfall_wait by calendar day of the site''s own clock.';
-- Days come nearly in order, so a few bytes per page range find a period of all sites.
CREATE INDEX footfall_wait_day_by_date ON footfall_wait_day
    USING brin (local_date) WITH (pages_per_range = 32, autosummarize = on);

INSERT INTO footfall_day
SELECT
    (bucket_start AT TIME ZONE time_zone)::date AS local_date,
    site,
    directorate,
    service,
    channel,
    sum(passages),
    sum(persons),
    sum(tickets),
    sum(check_ins),
    sum(direct),
    sum(queue_entries),
    sum(served),
    sum(no_show),
    sum("left"),
    sum(cancelled),
    sum(auto_closed),
    sum(transferred),
    sum(redirected),
    sum(waits),
    sum(wait_ms),
    sum(last_call_waits),
    sum(last_call_wait_ms),
    sum(services),
    sum(service_ms),
    sum(test),
    sum(time_uncertain)
FROM footfall JOIN site ON site.code = footfall.site
GROUP BY local_date, site, directorate, service, channel
ORDER BY local_date, site, directorate, service, channel;

INSERT INTO footfall_wait_day
SELECT
    (bucket_start AT TIME ZONE time_zone)::date AS local_date,
    site,
    directorate,
    service,
    channel,
    measure,
    bin,
    sum(n)
FROM footfall_wait JOIN site ON site.code = footfall_wait.site
GROUP BY local_date, site, directorate, service, channel, measure, bin
HAVING sum(n) <> 0
ORDER BY local_date, site, measure, directorate, service, channel, bin;
