"""The history, read-only: what planners ask of the counts that are kept."""
