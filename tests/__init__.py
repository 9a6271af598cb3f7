"""Tests of Passage; a package, since some distribution installs a `tests` of its own."""
