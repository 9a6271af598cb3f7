-- One row per visit: the join of its events, and what follows from it now.

CREATE TABLE visit (
    visit_id uuid PRIMARY KEY,
    version integer NOT NULL,
    joined_to uuid,
    history jsonb NOT NULL,
    last_event_at timestamptz NOT NULL,
    state text NOT NULL,
    arrived_at timestamptz,
    business_date date,
    site text,
    queue text,
    directorate text,
    service text,
    channel text,
    persons integer,
    test boolean NOT NULL,
    stay_started_at timestamptz,
    first_called_at timestamptz
) WITH (fillfactor = 70);
COMMENT ON COLUMN visit.version IS 'Counts the changes of the row: a writer that read an older one must read again.';
COMMENT ON COLUMN visit.joined_to IS 'The visit that this one turned out to be; its events are counted there.';
COMMENT ON COLUMN visit.history IS 'The facts of its events, in order; the fold of services/core/visits.py starts from them.';
COMMENT ON COLUMN visit.state IS 'joined, unattributed, test, waiting, called, in_service, or an outcome.';
COMMENT ON COLUMN visit.stay_started_at IS 'Start of the queue stay that is open or was last.';

CREATE INDEX visit_by_arrival ON visit (arrived_at);
CREATE INDEX visit_by_last_event ON visit (last_event_at);
CREATE INDEX visit_open ON visit (site, directorate) WHERE state IN ('waiting', 'called', 'in_service');
CREATE INDEX visit_unattributed ON visit (last_event_at) WHERE state = 'unattributed';
