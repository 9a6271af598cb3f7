"""Dead letters are work, not a bin: look at what was refused, mend the cause, send it again.

A message that is sent again carries the header `passage-received-at`
(`schemas.dead_letters.RECEIVED_AT_HEADER`): when the broker first took it, in ISO 8601 and UTC. Its
new timestamp in Kafka is that of the replay, and an event whose clock lied has no other time to go
by.
"""
