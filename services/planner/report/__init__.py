"""The report that the committee reads: what it says (pure), how it is read, frozen and written.

read → facts → sections → content → pdf | xlsx | flat; published figures beside it. Definitions and
sources of every table: docs/report.md.
"""
