"""Who is compared, what each is asked for, and what each does not promise."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.engines import Dataflow, Engine, Java, Project, Virtual

PASSAGE = "passage"
LIMIT = "limit"


@dataclass(frozen=True)
class Contender:
    """One program for the job."""

    name: str
    title: str
    engine: Engine
    does: str
    not_guaranteed: str
    counts_in: str | None = "peer_count"
    """The table with its passages; None: it does not count."""
    acknowledges_s: float = 1.0
    """How long it is from one acknowledgement to the next; a kill falls half-way between."""
    takes_all: bool = False
    """A turn of it is never cut short; one that reads far ahead of its counts would look slow."""
    is_slow: bool = False
    """Gets a smaller backlog than the others."""


_ONCE_BY_ID = "validates, stores every event once by its id, adds to the counts in one transaction"
_REPEATED_READ = "engine repeats what it wrote since its last acknowledgement; only the sink's ids"

CONTENDERS = (
    Contender(
        PASSAGE,
        "Passage",
        Project("services.processor"),
        "all of docs/definitions.md: 21 measures, waits, coverage, dead letters, joined visits",
        "its topic `footfall`: a row of it may be published again",
        counts_in="footfall",
        acknowledges_s=0.3,
        takes_all=True,
    ),
    Contender(
        LIMIT,
        "limit: aiokafka getmany, COPY",
        Project("benchmarks.limit"),
        "validates and copies every event; counts nothing",
        "anything: a kill writes events twice, and nothing would notice",
        counts_in=None,
    ),
    Contender(
        "kafka-streams",
        "Kafka Streams, at_least_once",
        Java("at_least_once"),
        "reads nine fields, counts passages in a window, upserts changed counts by JDBC",
        "a kill repeats what its state had counted; a resent event counts twice; no event stored",
        takes_all=True,
    ),
    Contender(
        "kafka-streams-eos",
        "Kafka Streams, exactly_once_v2",
        Java("exactly_once_v2"),
        "the same in Kafka's transactions",
        "a resent event counts twice; no event stored",
        acknowledges_s=0.1,
        takes_all=True,
    ),
    Contender(
        "bytewax",
        "Bytewax",
        Dataflow("bytewax", "benchmarks.peers.bytewax_flow"),
        _ONCE_BY_ID,
        f"{_REPEATED_READ} make it exact; recovery is in files of one machine",
    ),
    Contender(
        "quix-batches",
        "Quix Streams, own batching sink",
        Virtual("quix", "benchmarks.peers.quix_batches"),
        _ONCE_BY_ID,
        f"{_REPEATED_READ} make it exact",
    ),
    Contender(
        "arroyo",
        "sentry-arroyo, COPY",
        Virtual("arroyo", "benchmarks.peers.arroyo_batches"),
        _ONCE_BY_ID,
        f"{_REPEATED_READ} make it exact",
    ),
    Contender(
        "quix-window",
        "Quix Streams, window and PostgreSQL sink",
        Virtual("quix", "benchmarks.peers.quix_window"),
        "validates, counts passages in a window, upserts every changed count",
        "a kill repeats what its state had counted; a resent event counts twice; no event stored",
        takes_all=True,
        is_slow=True,
    ),
    Contender(
        "faust",
        "Faust agent, event by event",
        Project("benchmarks.peers.faust_agent"),
        "validates, upserts the counter of each passage",
        "a kill repeats up to 3 s; what an agent raised on is lost; no event stored",
        acknowledges_s=2.8,
        is_slow=True,
    ),
)
