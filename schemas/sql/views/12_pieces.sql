-- Pieces of the calendar that figures are summed over.

-- First day of the hour's day, day, ISO week, month, quarter, half year or year.
CREATE OR REPLACE FUNCTION piece_start(day date, grain text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE grain
    WHEN 'hour' THEN day
    WHEN 'half' THEN make_date(
        extract(year FROM day)::integer,
        CASE WHEN extract(month FROM day) <= 6 THEN 1 ELSE 7 END,
        1
    )
    ELSE date_trunc(grain, day::timestamp)::date
END;
