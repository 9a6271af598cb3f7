-- Thresholds of waiting, as the newest registry states them.

CREATE OR REPLACE VIEW reference_threshold AS
SELECT
    threshold ->> 'indicator' AS indicator,
    (threshold ->> 'value_s')::integer AS value_s,
    threshold ->> 'source' AS source,
    (threshold ->> 'valid_from')::date AS valid_from,
    (threshold ->> 'valid_to')::date AS valid_to,
    threshold -> 'scope' ->> 'site' AS site,
    threshold -> 'scope' ->> 'directorate' AS directorate,
    threshold -> 'scope' ->> 'service' AS service
FROM (
    SELECT document FROM registry_revision ORDER BY revision DESC LIMIT 1
) AS newest
CROSS JOIN LATERAL jsonb_array_elements(coalesce(document -> 'thresholds', '[]')) AS threshold;
COMMENT ON VIEW reference_threshold IS
'How long a wait may be, who says so, from when until when (half-open), and for whom; an empty scope means everywhere.';
