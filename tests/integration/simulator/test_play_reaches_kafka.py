"""A small day through the real edge into the real Kafka, read back byte for byte."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from benchmarks.whole_topic import messages_in
from schemas.registry import Registry
from schemas.topics import SOURCES
from services.simulator.__main__ import simulate
from services.simulator.fleet import Fleet
from services.simulator.live import days_before, play_live, simulations
from services.simulator.messages import as_messages
from services.simulator.opening import local_day
from services.simulator.play import PlayError, Progress, play
from services.simulator.screen import LiveScreen
from services.simulator.simulation import Simulation, generate
from services.stack.stack import Stack
from tests.conftest import REGISTRY_FILE

MONDAY = date(2026, 11, 16)
FRIDAY = date(2026, 11, 13)
NINE = datetime(2026, 11, 16, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def small_day(registry: Registry) -> Simulation:
    return generate(registry, MONDAY, scale=0.05)


@pytest.fixture
def kafka(stack: Stack) -> str:
    return stack.environ()["PASSAGE_KAFKA"]


def _read(kafka: str, prefix: str) -> Iterator[tuple[str, bytes, bytes]]:
    for topic in SOURCES:
        for message in messages_in(kafka, prefix + topic.name):
            yield topic.name, message.key, message.value


def _planned(simulation: Simulation) -> list[tuple[str, bytes, bytes]]:
    return sorted((m.topic, m.key, m.value) for m in as_messages(simulation))


def test_kafka_holds_exactly_what_was_planned(
    small_day: Simulation, kafka: str, topics: str, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    play(small_day, kafka, tmp_path / "outboxes", topics, report=seen.append)
    assert sorted(_read(kafka, topics)) == _planned(small_day)
    assert seen[-1].delivered == seen[-1].written == seen[-1].total == len(small_day.events)


def test_an_accelerated_play_delivers_the_same(
    small_day: Simulation, kafka: str, topics: str, tmp_path: Path
) -> None:
    play(small_day, kafka, tmp_path, topics, speed=20_000)
    assert sorted(_read(kafka, topics)) == _planned(small_day)


def test_outboxes_of_an_earlier_play_are_not_written_again(
    small_day: Simulation, kafka: str, topics: str, tmp_path: Path
) -> None:
    (tmp_path / "acc-borne-1.db").touch()
    with pytest.raises(PlayError, match="empty folder"):
        play(small_day, kafka, tmp_path, topics)


def test_a_broker_that_is_away_ends_the_play_and_loses_nothing(
    small_day: Simulation, kafka: str, topics: str, tmp_path: Path
) -> None:
    with pytest.raises(PlayError, match="are not delivered"):
        play(small_day, "127.0.0.1:1", tmp_path / "first", topics, patience_s=1)
    play(small_day, kafka, tmp_path / "second", topics)
    assert sorted(_read(kafka, topics)) == _planned(small_day)


def test_the_command_plays_and_exits_zero(kafka: str, topics: str, tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    arguments = ["--date", "2026-11-16", "--scale", "0.05", "--truth", str(truth)]
    environ = {"PASSAGE_KAFKA": kafka, "PASSAGE_TOPIC_PREFIX": topics}
    result = CliRunner().invoke(simulate, arguments, env=environ)
    assert result.exit_code == 0, result.output
    assert truth.exists()
    assert "events delivered" in result.stderr
    assert sum(1 for _ in _read(kafka, topics)) > 0


class Wall:
    """A clock that only waiting moves, much faster than the real one, until it stops the play."""

    def __init__(self, at: datetime, stops_at: datetime) -> None:
        self.at = at
        self._stops_at = stops_at

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> bool:
        self.at = min(self.at + timedelta(seconds=seconds), self._stops_at)
        return self.at >= self._stops_at


@pytest.fixture(scope="module")
def one_site() -> Registry:
    """The shipped registry's Nogent alone: few devices, whose heartbeats are soon delivered."""
    written = yaml.safe_load(REGISTRY_FILE.read_text(encoding="utf-8"))
    for kind in ("queues", "devices", "desks"):
        written[kind] = [one for one in written[kind] if one["site"] == "sp-nogent"]
    written["sites"] = [one for one in written["sites"] if one["code"] == "sp-nogent"]
    return Registry.model_validate(written)


@pytest.fixture
def play_from_to(
    one_site: Registry, kafka: str, topics: str, tmp_path: Path
) -> Callable[[datetime, datetime], None]:
    """Plays Friday, and Monday as it happens, started and stopped at the two instants."""
    site_of = {device.code: device.site for device in one_site.devices}

    def run(starts_at: datetime, stops_at: datetime) -> None:
        wall = Wall(starts_at, stops_at)
        with Fleet(site_of, kafka, tmp_path / f"{starts_at:%H%M}", topics) as fleet:
            play_live(
                simulations(one_site, [FRIDAY], MONDAY, 94, 0.2),
                fleet,
                LiveScreen(io.StringIO(), lambda note: None),
                now=wall.now,
                wait=wall.wait,
            )

    return run


def test_a_live_play_that_is_started_again_delivers_the_same_bytes(
    one_site: Registry,
    kafka: str,
    topics: str,
    play_from_to: Callable[[datetime, datetime], None],
) -> None:
    planned = as_messages(generate(one_site, FRIDAY, days=4, scale=0.2))
    stops = [NINE + timedelta(minutes=20), NINE + timedelta(hours=1)]
    happened = [
        sorted((m.topic, m.key, m.value) for m in planned if m.occurred_at <= stop)
        for stop in stops
    ]
    play_from_to(NINE, stops[0])
    assert sorted(_read(kafka, topics)) == happened[0]
    play_from_to(stops[0], stops[1])
    assert sorted(_read(kafka, topics)) == sorted(happened[0] + happened[1])


def test_a_signal_ends_the_live_command_with_everything_delivered(
    one_site: Registry,
    kafka: str,
    topics: str,
    tmp_path: Path,
    eventually: Callable[..., object],
) -> None:
    # Today as it is: on a closed day the command waits for the next one, and ends as well.
    said, file = tmp_path / "said", tmp_path / "registry.yaml"
    file.write_text(one_site.model_dump_json(exclude_none=True))
    options = ["--live", "--days=1", "--scale=0.2", f"--registry={file}"]
    with said.open("wb") as output:
        command = subprocess.Popen(
            [sys.executable, "-m", "services.simulator", *options],
            env={**os.environ, "PASSAGE_KAFKA": kafka, "PASSAGE_TOPIC_PREFIX": topics},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        eventually(lambda: " live: " in said.read_text() or command.poll() is not None)
        command.send_signal(signal.SIGTERM)
        assert command.wait(timeout=60) == 0, said.read_text()
    finally:
        command.kill()
    assert said.read_text().endswith("stopped; everything is delivered\n")
    (past,) = days_before(one_site, 1, local_day(one_site, datetime.now(UTC)))
    delivered = {(topic, key, value) for topic, key, value in _read(kafka, topics)}
    assert delivered >= set(_planned(generate(one_site, past, scale=0.2)))
