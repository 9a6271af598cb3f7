"""Alert rules as code: a function for each, conditions in `queries.sql`, texts in the catalogue."""
