-- How many tickets a visit holds, so that the ledger can be drawn from the visits.

ALTER TABLE visit ADD COLUMN tickets integer NOT NULL DEFAULT 0;
