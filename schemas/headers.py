"""Headers of Kafka messages: what those on the way add to an event, which they never change."""

from __future__ import annotations

GATEWAY_RECEIVED_AT = "passage-gateway-received-at"
"""When a gateway took the event from its sender, in ISO 8601 and UTC: earlier than the broker's own
time by as long as the broker was away. An event that was sent again has one for each time."""
