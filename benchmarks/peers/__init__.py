"""The same job on other engines, a file for each, started by `python -m benchmarks.compare`.

They run in environments of their own, where the project's contracts are on the path but the rest
of the project is not installed. The job: read both topics, validate each event, and keep exact
counts of passages by 15 minutes, site, directorate, service and channel.
"""
