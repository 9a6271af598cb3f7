"""The counts recomputed from what they were made of: audit, rebuild, purge."""
