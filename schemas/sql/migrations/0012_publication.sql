-- The figures of each report as they were published: they never change; a later revision is a further row.

CREATE TABLE published_report (
    report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    period text NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    published_at timestamptz NOT NULL,
    extracted_at timestamptz NOT NULL,
    is_final boolean NOT NULL,
    digest text NOT NULL,
    UNIQUE (period, revision)
);
COMMENT ON COLUMN published_report.extracted_at IS 'When its figures were read.';
COMMENT ON COLUMN published_report.is_final IS 'Whether every hour of the period was final by then.';
COMMENT ON COLUMN published_report.digest IS 'SHA-256 of its figures: a further revision only where it differs.';

CREATE TABLE published_figure (
    report_id bigint NOT NULL REFERENCES published_report,
    in_table text NOT NULL,
    line text NOT NULL,
    in_column text NOT NULL,
    unit text NOT NULL,
    state text NOT NULL CHECK (state IN ('figure', 'not_applicable', 'suppressed', 'missing')),
    value text CHECK ((value IS NOT NULL) = (state = 'figure')),
    PRIMARY KEY (report_id, in_table, line, in_column)
);
COMMENT ON TABLE published_figure IS
'Each cell as it was published, suppressed ones without their figure: what nobody may know is not kept.';

CREATE FUNCTION refuse_change_of_published() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published report never changes; publish the period again for a new revision';
END
$$;
CREATE TRIGGER published_report_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON published_report
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_published();
CREATE TRIGGER published_figure_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON published_figure
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_published();
