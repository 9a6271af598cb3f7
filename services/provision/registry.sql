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
