"""On the kiosk or the reception desk: events into a durable outbox, and from there to Kafka."""
