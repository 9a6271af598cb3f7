-- lock --
-- One load at a time; readers are not disturbed.
LOCK TABLE registry_revision IN SHARE ROW EXCLUSIVE MODE;

-- newest_checksum --
SELECT checksum FROM registry_revision ORDER BY revision DESC LIMIT 1;

-- add_revision --
INSERT INTO registry_revision (checksum, document) VALUES (%(checksum)s, %(document)s)
RETURNING revision;

-- names_site --
SELECT EXISTS (SELECT FROM footfall WHERE site = %(code)s)
    OR EXISTS (SELECT FROM visit_event WHERE site = %(code)s)
    OR EXISTS (SELECT FROM coverage WHERE site = %(code)s);

-- names_directorate --
SELECT EXISTS (SELECT FROM footfall WHERE directorate = %(code)s)
    OR EXISTS (SELECT FROM visit WHERE directorate = %(code)s)
    OR EXISTS (SELECT FROM visit_event WHERE body ->> 'directorate' = %(code)s);

-- names_service --
SELECT EXISTS (SELECT FROM footfall WHERE service = %(code)s)
    OR EXISTS (SELECT FROM visit WHERE service = %(code)s)
    OR EXISTS (SELECT FROM visit_event WHERE body ->> 'service' = %(code)s);

-- names_queue --
SELECT EXISTS (SELECT FROM visit WHERE queue = %(code)s)
    OR EXISTS (SELECT FROM visit_event WHERE body ->> 'queue' = %(code)s);

-- names_desk --
SELECT EXISTS (SELECT FROM visit_event WHERE body ->> 'desk' = %(code)s);

-- names_device --
SELECT EXISTS (SELECT FROM device_boot WHERE device = %(code)s)
    OR EXISTS (SELECT FROM coverage WHERE device = %(code)s)
    OR EXISTS (SELECT FROM visit_event WHERE source = %(code)s);

-- moved_sites --
-- Sites with counts whose time zone is about to change.
SELECT site.code
FROM site
JOIN unnest(%(sites)s::text[], %(time_zones)s::text[]) AS wanted (code, time_zone)
    ON wanted.code = site.code
WHERE wanted.time_zone <> site.time_zone
    AND EXISTS (SELECT FROM footfall WHERE footfall.site = site.code)
ORDER BY site.code;

-- lock_days --
-- Batches under way finish; later ones find the new zone.
LOCK TABLE footfall_day, footfall_wait_day IN SHARE ROW EXCLUSIVE MODE;

-- forget_days --
DELETE FROM footfall_day WHERE site = ANY(%(sites)s);

-- forget_wait_days --
DELETE FROM footfall_wait_day WHERE site = ANY(%(sites)s);

-- count_days --
INSERT INTO footfall_day
SELECT * FROM count_footfall_days('-infinity', 'infinity') WHERE site = ANY(%(sites)s);

-- count_wait_days --
INSERT INTO footfall_wait_day
SELECT * FROM count_footfall_wait_days('-infinity', 'infinity') WHERE site = ANY(%(sites)s);
