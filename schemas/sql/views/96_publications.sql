-- What was published, as it was published.

CREATE OR REPLACE VIEW published_reports AS
SELECT report_id, period, revision, published_at, extracted_at, is_final, digest
FROM published_report;
COMMENT ON VIEW published_reports IS
'Each published report: its period (2025-S2), revision, when its figures were read and published, and whether all of them were final.';

CREATE OR REPLACE VIEW published_figures AS
SELECT
    report.report_id, report.period, report.revision, report.published_at,
    figure.in_table, figure.line, figure.in_column, figure.unit, figure.state, figure.value
FROM published_figure AS figure
JOIN published_report AS report ON report.report_id = figure.report_id;
COMMENT ON VIEW published_figures IS
'Each cell of each published report by its table, line and column: its unit, its state (figure, not_applicable, suppressed, missing) and its value as text (point for decimals, shares of 1, days and instants in ISO 8601). Filter on report_id or period.';
