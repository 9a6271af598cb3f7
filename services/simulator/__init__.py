"""Seeded days of traffic at a prefecture, with their true counts.

demand (who comes) → hall (what happens to them) → simulation (events and truth) → play (through the
real edge into Kafka) or messages (encoded at once, for benchmarks and faults).
"""
