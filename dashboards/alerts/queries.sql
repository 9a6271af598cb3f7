-- queue_long --
-- Above the upper mark (half as many again as usual, and five more), until below the lower one.
WITH marks AS (
    SELECT
        opening.site,
        greatest(1.5 * usual.waiting_p90, usual.waiting_p90 + 5) AS upper_mark,
        greatest(1.2 * usual.waiting_p90, usual.waiting_p90 + 2) AS lower_mark
    FROM site_open_now AS opening
    JOIN usual_hour AS usual
        ON usual.site = opening.site AND usual.hours_ago = 0 AND usual.weeks >= 3
    WHERE opening.open AND opening.opened_at <= now() - interval '10 minutes'
), minutes AS (
    SELECT
        marks.site,
        minute.minute,
        marks.upper_mark,
        marks.lower_mark,
        coalesce(sum(queue.waiting), 0) AS waiting
    FROM marks
    CROSS JOIN generate_series(
        date_trunc('minute', now()) - interval '59 minutes', date_trunc('minute', now()), interval '1 minute'
    ) AS minute (minute)
    LEFT JOIN queue_length_recent AS queue ON queue.site = marks.site AND queue.minute = minute.minute
    GROUP BY marks.site, minute.minute, marks.upper_mark, marks.lower_mark
), state AS (
    SELECT
        site,
        coalesce(
            max(minute) FILTER (WHERE waiting > upper_mark)
                > coalesce(max(minute) FILTER (WHERE waiting < lower_mark), '-infinity'),
            false
        ) AS fires,
        max(waiting) FILTER (WHERE minute = date_trunc('minute', now())) AS waiting
    FROM minutes
    GROUP BY site
), found AS (
    SELECT
        opening.site,
        opening.site_name,
        CASE WHEN state.fires THEN state.waiting ELSE 0 END::double precision AS value
    FROM site_open_now AS opening
    LEFT JOIN state ON state.site = opening.site
)
SELECT site, site_name, value FROM found
UNION ALL
SELECT '-', '-', 0 WHERE NOT EXISTS (SELECT FROM found);

-- wait_long --
-- From three visitors who wait longer than the threshold, until fewer than three are at 80 % of it.
WITH minutes AS (
    SELECT
        stay.site,
        stay.directorate,
        minute,
        coalesce(sum(stay.visits) FILTER (
            WHERE minute - stay.waiting_since > stay.threshold_s * interval '1 second'
        ), 0) AS beyond,
        coalesce(sum(stay.visits) FILTER (
            WHERE minute - stay.waiting_since > 0.8 * stay.threshold_s * interval '1 second'
        ), 0) AS near
    FROM generate_series(
        date_trunc('minute', now()) - interval '59 minutes', date_trunc('minute', now()), interval '1 minute'
    ) AS minute
    JOIN recent_stay AS stay
        ON stay.waiting_since <= minute AND (stay.waiting_until IS NULL OR minute < stay.waiting_until)
    JOIN site_open_now AS opening ON opening.site = stay.site AND opening.open
    GROUP BY stay.site, stay.directorate, minute
), state AS (
    SELECT
        site,
        directorate,
        max(minute) FILTER (WHERE beyond >= 3)
            > coalesce(max(minute) FILTER (WHERE near < 3), '-infinity')
        -- Without a row for this minute nobody waits any more.
        AND max(minute) = date_trunc('minute', now()) AS fires,
        max(near) FILTER (WHERE minute = date_trunc('minute', now())) AS waiting
    FROM minutes
    GROUP BY site, directorate
), found AS (
    SELECT
        opening.site,
        opening.site_name,
        directorate.directorate,
        CASE WHEN state.fires THEN state.waiting ELSE 0 END::double precision AS value
    FROM site_open_now AS opening
    JOIN reference_directorate AS directorate ON directorate.receives_public
    LEFT JOIN state ON state.site = opening.site AND state.directorate = directorate.directorate
)
SELECT site, site_name, directorate, value FROM found
UNION ALL
SELECT '-', '-', '-', 0 WHERE NOT EXISTS (SELECT FROM found);

-- wait_long_hour --
-- More than a tenth of the calls of the last hour took longer than the threshold; from ten calls on.
WITH called AS (
    SELECT
        stay.site,
        stay.directorate,
        extract(epoch FROM stay.waiting_until - stay.waiting_since) AS wait_s,
        stay.threshold_s,
        stay.visits
    FROM recent_stay AS stay
    JOIN site_open_now AS opening ON opening.site = stay.site AND opening.open
    WHERE stay.called AND stay.waiting_until >= now() - interval '1 hour'
), counted AS (
    SELECT
        site,
        directorate,
        wait_s,
        sum(visits) OVER (PARTITION BY site, directorate ORDER BY wait_s) AS reached,
        sum(visits) OVER (PARTITION BY site, directorate) AS calls,
        sum(visits) FILTER (WHERE wait_s > threshold_s) OVER (PARTITION BY site, directorate) AS late
    FROM called
), state AS (
    SELECT site, directorate, min(wait_s) / 60 AS p90_minutes
    FROM counted
    WHERE calls >= 10 AND late > 0.1 * calls AND reached >= 0.9 * calls
    GROUP BY site, directorate
), found AS (
    SELECT
        opening.site,
        opening.site_name,
        directorate.directorate,
        coalesce(state.p90_minutes, 0)::double precision AS value
    FROM site_open_now AS opening
    JOIN reference_directorate AS directorate ON directorate.receives_public
    LEFT JOIN state ON state.site = opening.site AND state.directorate = directorate.directorate
)
SELECT site, site_name, directorate, value FROM found
UNION ALL
SELECT '-', '-', '-', 0 WHERE NOT EXISTS (SELECT FROM found);

-- device_silent --
-- Nothing for five minutes. When nothing comes from three devices or more, it is the chain's fault.
WITH found AS (
    SELECT
        silence.site,
        silence.site_name,
        silence.device,
        silence.kind,
        CASE
            WHEN silence.expected AND silence.silent_s > 300
                AND NOT (pipeline.devices >= 3 AND pipeline.delay_s > 300)
                THEN silence.silent_s / 60
            ELSE 0
        END::double precision AS value
    FROM device_silence AS silence CROSS JOIN pipeline_delay AS pipeline
)
SELECT site, site_name, device, kind, value FROM found
UNION ALL
SELECT '-', '-', '-', '-', 0 WHERE NOT EXISTS (SELECT FROM found);

-- hour_zero --
-- Nobody came in the last whole hour: the devices vouch for it, and people usually come.
WITH found AS (
    SELECT
        opening.site,
        opening.site_name,
        coalesce(
            opening.open AND hour.passages = 0 AND hour.coverage >= 0.8
            AND NOT (hour.weeks >= 3 AND hour.passages_p50 < 3),
            false
        )::integer::double precision AS value
    FROM site_open_now AS opening LEFT JOIN last_open_hour AS hour ON hour.site = opening.site
)
SELECT site, site_name, value FROM found
UNION ALL
SELECT '-', '-', 0 WHERE NOT EXISTS (SELECT FROM found);

-- hour_unknown --
-- Nobody was counted in the last whole hour, and the devices do not vouch for it.
WITH found AS (
    SELECT
        opening.site,
        opening.site_name,
        coalesce(opening.open AND hour.passages = 0 AND hour.coverage < 0.8, false)
            ::integer::double precision AS value
    FROM site_open_now AS opening LEFT JOIN last_open_hour AS hour ON hour.site = opening.site
)
SELECT site, site_name, value FROM found
UNION ALL
SELECT '-', '-', 0 WHERE NOT EXISTS (SELECT FROM found);

-- pipeline_late --
-- The newest message of any of three devices or more is five minutes old.
SELECT
    'passage' AS chain,
    CASE WHEN devices >= 3 AND delay_s > 300 THEN delay_s / 60 ELSE 0 END::double precision AS value
FROM pipeline_delay;

-- outbox_deep --
-- A device that is heard holds back fifty messages or more: they are not taken as fast as they come.
WITH found AS (
    SELECT
        site,
        site_name,
        device,
        CASE WHEN expected AND silent_s <= 300 AND outbox_depth >= 50 THEN outbox_depth ELSE 0
        END::double precision AS value
    FROM device_silence
)
SELECT site, site_name, device, value FROM found
UNION ALL
SELECT '-', '-', '-', 0 WHERE NOT EXISTS (SELECT FROM found);

-- dead_letters_new --
-- Refused in the last hour and not mended yet, by reason.
WITH found AS (
    SELECT reason, count(*)::double precision AS value
    FROM dead_letters
    WHERE received_at > now() - interval '1 hour' AND replayed_at IS NULL
    GROUP BY reason
)
SELECT reason, value FROM found
UNION ALL
SELECT '-', 0 WHERE NOT EXISTS (SELECT FROM found);
