"""What an older system counted, brought in from its exports: `passage import`.

The path: `content` and `tables` read a file as rows, `mapping` says what its columns mean, `cells`,
`local_times` and `rows` turn a row into a visit or into counts, `reading` adds them up to buckets,
`plan` says what these change, `store` changes it month by month. Decisions are in docs/import.md:

- Rows become 15-minute buckets and wait bins by the same fold as events; no visit and no event is
  kept of them, and nothing of a column that the mapping does not name is read.
- The old system is a device of the registry (`source`), in force while it recorded. It vouches for
  the open hours of each local day of which it gives a row, so that figures are known and final.
- What a source gave for a local day is recorded beside the buckets. So a day is added once, a
  corrected file replaces it, `undo` takes it out, and `passage audit` expects it.
- Whole months are one transaction each: what was interrupted goes on when it is run again.
"""
