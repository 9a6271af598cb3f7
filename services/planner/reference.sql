-- sites --
SELECT site, site_name, time_zone FROM reference_site ORDER BY site;

-- directorates --
SELECT directorate, directorate_name FROM reference_directorate ORDER BY directorate;

-- services --
SELECT service, service_name FROM reference_service ORDER BY service;
