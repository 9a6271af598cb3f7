-- Old chunks become columns: a tenth of the disk, and long periods are read faster. Only after 400 days:
-- back-filled events and last year's corrections then still meet plain rows.

ALTER TABLE footfall SET (
    timescaledb.enable_columnstore = true,
    timescaledb.segmentby = 'site',
    timescaledb.orderby = 'bucket_start, directorate, service, channel'
);
CALL add_columnstore_policy('footfall', after => INTERVAL '400 days', if_not_exists => true);

ALTER TABLE footfall_wait SET (
    timescaledb.enable_columnstore = true,
    timescaledb.segmentby = 'site, measure',
    timescaledb.orderby = 'bucket_start, directorate, service, channel, bin'
);
CALL add_columnstore_policy('footfall_wait', after => INTERVAL '400 days', if_not_exists => true);

ALTER TABLE coverage SET (
    timescaledb.enable_columnstore = true,
    timescaledb.segmentby = 'site, device',
    timescaledb.orderby = 'bucket_start'
);
CALL add_columnstore_policy('coverage', after => INTERVAL '400 days', if_not_exists => true);
