"""The figures of a report made again from raw events and the registry, with none of its code.

Slow and plain on purpose: a list of visits, a set of minutes, and a loop for each figure. Knows
nothing of buckets, views, sketches or the fold of services/core; imports nothing of services.
"""
