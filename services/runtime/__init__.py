"""Plumbing that the services share: settings, logging, Kafka, database."""
