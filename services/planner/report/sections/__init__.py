"""The sections of the report, a function each: facts in, tables out. Pure."""
