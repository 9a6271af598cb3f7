-- Names for codes. Codes stay, names may change: join on codes.

CREATE OR REPLACE VIEW reference_site AS
SELECT code AS site, name AS site_name, time_zone, business_day_starts, public_holidays, valid_from, valid_to
FROM site;
COMMENT ON VIEW reference_site IS 'The name and time zone of each site; valid_to is the first day on which it is no more.';

CREATE OR REPLACE VIEW reference_directorate AS
SELECT
    directorate.code AS directorate,
    directorate.name AS directorate_name,
    directorate.receives_public,
    directorate.valid_from,
    directorate.valid_to,
    listed.place
FROM directorate
LEFT JOIN (
    SELECT entry ->> 'code' AS code, place
    FROM (SELECT document FROM registry_revision ORDER BY revision DESC LIMIT 1) AS newest
    CROSS JOIN LATERAL jsonb_array_elements(document -> 'directorates')
        WITH ORDINALITY AS entry (entry, place)
) AS listed ON listed.code = directorate.code;
COMMENT ON VIEW reference_directorate IS
'The name of each directorate, whether it receives the public, and its place in the newest registry, by which it has its colour (place: from 1; null when it is not in there any more).';

CREATE OR REPLACE VIEW reference_service AS
SELECT
    service.code AS service,
    service.name AS service_name,
    service.directorate,
    directorate.name AS directorate_name,
    service.valid_from,
    service.valid_to
FROM service
JOIN directorate ON directorate.code = service.directorate;
COMMENT ON VIEW reference_service IS 'The name of each service, and its directorate.';

CREATE OR REPLACE VIEW reference_opening_hours AS
SELECT site, valid_from, valid_to, weekday AS iso_weekday, opens, closes FROM opening_hours;
COMMENT ON VIEW reference_opening_hours IS
'When each site opens, by ISO weekday (Monday is 1), in its own time; closed days are in reference_closed_day.';

CREATE OR REPLACE VIEW reference_closed_day AS
SELECT site, day AS local_date, reason FROM closed_day;
COMMENT ON VIEW reference_closed_day IS
'Days on which a site stays closed: public holidays and its own closures.';

CREATE OR REPLACE VIEW reference_revision AS
SELECT revision, loaded_at FROM registry_revision;
COMMENT ON VIEW reference_revision IS
'Each registry that was loaded, the newest with the highest revision: names and opening hours are its.';
