"""The programs of Passage; each starts with `python -m services.<name>`."""
