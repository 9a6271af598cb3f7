-- What events may name: each registry as it was loaded, and the newest one as rows to join.

CREATE TABLE registry_revision (
    revision bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    checksum text NOT NULL,
    document jsonb NOT NULL
);

CREATE TABLE site (
    code text PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL,
    business_day_starts time NOT NULL,
    public_holidays text,
    valid_from date,
    valid_to date
);

CREATE TABLE directorate (
    code text PRIMARY KEY,
    name text NOT NULL,
    receives_public boolean NOT NULL,
    valid_from date,
    valid_to date
);

CREATE TABLE service (
    code text PRIMARY KEY,
    name text NOT NULL,
    directorate text NOT NULL REFERENCES directorate,
    valid_from date,
    valid_to date
);

CREATE TABLE queue (
    code text PRIMARY KEY,
    site text NOT NULL REFERENCES site,
    service text NOT NULL REFERENCES service,
    prefix text NOT NULL,
    valid_from date,
    valid_to date
);

CREATE TABLE desk (
    code text PRIMARY KEY,
    site text NOT NULL REFERENCES site,
    valid_from date,
    valid_to date
);

CREATE TABLE device (
    code text PRIMARY KEY,
    site text NOT NULL REFERENCES site,
    kind text NOT NULL,
    valid_from date,
    valid_to date
);

-- Half-open local hours [opens, closes) of an ISO weekday (Monday is 1).
CREATE TABLE opening_hours (
    site text NOT NULL REFERENCES site,
    valid_from date,
    valid_to date,
    weekday smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    opens time NOT NULL,
    closes time NOT NULL CHECK (closes > opens)
);

-- Local days on which a site stays closed, public holidays included.
CREATE TABLE closed_day (
    site text NOT NULL REFERENCES site,
    day date NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (site, day)
);
