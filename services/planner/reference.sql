-- sites --
SELECT site, site_name, time_zone FROM reference_site ORDER BY site;

-- directorates --
-- In the order of the registry, by which they have their colours.
SELECT directorate, directorate_name FROM reference_directorate ORDER BY place, directorate;

-- services --
SELECT service, service_name FROM reference_service ORDER BY service;
