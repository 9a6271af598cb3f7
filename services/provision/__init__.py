"""Makes an environment match the contracts: database, topics, registry. Twice changes nothing."""
