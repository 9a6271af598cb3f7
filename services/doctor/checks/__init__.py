"""Where facts are gathered: one function for each check, reading only."""
