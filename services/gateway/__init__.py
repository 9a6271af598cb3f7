"""The HTTP intake: events from those who cannot speak Kafka."""
