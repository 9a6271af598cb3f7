"""The contracts of Passage: events, topics, registry, tables. Imports nothing else of ours."""
