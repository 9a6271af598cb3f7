-- Choices of the boards: what is shown, and the code that stands for it.

-- site --
SELECT site_name AS __text, site AS __value
FROM reference_site
WHERE valid_to IS NULL OR valid_to > current_date - 400
ORDER BY site_name;

-- directorate --
SELECT upper(directorate) || ' – ' || directorate_name AS __text, directorate AS __value
FROM reference_directorate
WHERE receives_public
ORDER BY directorate;

-- service --
-- Grafana keeps one of several choices that read the same.
SELECT
    service_name
        || CASE WHEN count(*) OVER (PARTITION BY service_name) > 1 THEN ' (' || upper(directorate) || ')' ELSE '' END
        AS __text,
    service AS __value
FROM reference_service
WHERE directorate IN (${directorate:sqlstring})
ORDER BY service_name, directorate;
