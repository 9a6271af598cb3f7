"""A real Apache Kafka and a real TimescaleDB on this machine, without Docker.

`Stack` is what the demo and the tests use; `python -m services.stack` is the same for people.
"""

from services.stack.errors import StackError
from services.stack.stack import Stack

__all__ = ["Stack", "StackError"]
