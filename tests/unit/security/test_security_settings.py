"""A secret comes from the environment or a file, and is shown by no error and no representation."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import services
from services.audit.settings import AuditSettings
from services.runtime.database import DatabaseUrl
from services.runtime.kafka import Brokers, KafkaSettings
from services.runtime.settings import InvalidSetting, Settings

MARK = "m4rked-s3cret"
URL = f"postgresql://passage:{MARK}@db:5432/passage"
BROKEN_URLS = [
    f"postgresql://passage:{MARK}%zz@db:5432/passage",
    f"postgresql://passage:{MARK}@db:port/passage",
    f"mysql://passage:{MARK}@db/passage",
    f"host=db password={MARK}",
    f"postgresql://:{MARK}@db/",
    f"postgresql://passage:{MARK}@[::1/passage",
]
LOGIN = {
    "PASSAGE_KAFKA": "kafka:9093",
    "PASSAGE_KAFKA_SECURITY": "SASL_SSL",
    "PASSAGE_KAFKA_USERNAME": "kiosk",
    "PASSAGE_KAFKA_PASSWORD": MARK,
}


def settings_classes() -> Iterator[type[Settings]]:
    """Every class of settings, whichever service it is of."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if module.name.rpartition(".")[2] == "settings" or module.name.endswith("report.command"):
            importlib.import_module(module.name)
    found = list(Settings.__subclasses__())
    for one in found:
        found += one.__subclasses__()
    yield from dict.fromkeys(found)


CLASSES = sorted(settings_classes(), key=lambda one: f"{one.__module__}.{one.__name__}")
WITH_DATABASE = [
    (one, name.upper())
    for one in CLASSES
    for name in one.model_fields
    if name.startswith("database_")
]


def test_the_settings_of_every_service_are_looked_at() -> None:
    named = {one.__name__ for one in CLASSES}
    assert {"ProcessorSettings", "LiveSettings", "EdgeSettings", "TopicSettings"} <= named
    assert len(WITH_DATABASE) > 6


@pytest.mark.parametrize(("kind", "name"), WITH_DATABASE)
def test_a_database_url_is_shown_by_nothing(kind: type[Settings], name: str) -> None:
    settings = kind.from_environ(_sound(kind))
    assert MARK not in repr(settings)
    assert MARK not in str(settings)
    for broken in BROKEN_URLS:
        with pytest.raises(InvalidSetting, match=f"PASSAGE_{name}") as caught:
            _read(kind, name, broken)
        assert MARK not in str(caught.value)


@pytest.mark.parametrize(("kind", "name"), WITH_DATABASE)
def test_a_database_url_may_be_in_a_file(kind: type[Settings], name: str, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"{URL}\n")
    environ = {**_sound(kind), f"PASSAGE_{name}": "", f"PASSAGE_{name}_FILE": str(file)}
    assert _plain(getattr(kind.from_environ(environ), name.lower())) == URL
    for path, sentence in ((tmp_path / "absent", "cannot be read"), (tmp_path, "cannot be read")):
        with pytest.raises(InvalidSetting, match=sentence):
            kind.from_environ(environ | {f"PASSAGE_{name}_FILE": str(path)})
    file.write_text(" \n")
    with pytest.raises(InvalidSetting, match="is empty"):
        kind.from_environ(environ)


def test_a_missing_file_is_not_a_missing_setting() -> None:
    with pytest.raises(InvalidSetting, match="PASSAGE_DATABASE_WRITER is not set"):
        AuditSettings.from_environ({})


def test_the_brokers_password_is_shown_by_nothing() -> None:
    settings = KafkaSettings.from_environ(LOGIN)
    for one in (settings, settings.brokers):
        assert MARK not in repr(one)
        assert MARK not in str(one)
    assert settings.brokers.secret() == MARK


def test_the_brokers_password_is_read_again_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    brokers = Brokers("kafka:9093", "SASL_PLAINTEXT", username="kiosk", password_file=file)
    for word in ("first", "second"):
        file.write_text(f"{word}\n")
        assert brokers.arguments()["sasl_plain_password"] == word


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"PASSAGE_KAFKA": ""}, "PASSAGE_KAFKA is not set"),
        ({"PASSAGE_KAFKA_USERNAME": ""}, "PASSAGE_KAFKA_USERNAME"),
        ({"PASSAGE_KAFKA_PASSWORD": ""}, "PASSAGE_KAFKA_PASSWORD_FILE"),
        (
            {"PASSAGE_KAFKA_SECURITY": "SASL_PLAINTEXT", "PASSAGE_KAFKA_CA_FILE": "/ca.pem"},
            "PASSAGE_KAFKA_CA_FILE",
        ),
    ],
)
def test_half_a_login_is_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidSetting, match=named) as caught:
        _ = KafkaSettings.from_environ(LOGIN | changes).brokers
    assert MARK not in str(caught.value)


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(MARK)
    brokers = Brokers("kafka:9093", "SSL", ca_file=file)
    with pytest.raises(InvalidSetting, match="PASSAGE_KAFKA_CA_FILE cannot be read") as caught:
        brokers.arguments()
    assert MARK not in str(caught.value)


def test_without_settings_nothing_is_encrypted_and_nobody_logs_in() -> None:
    assert Brokers.at("a:1,b:2").arguments() == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
    }


def _read(kind: type[Settings], name: str, url: str) -> DatabaseUrl:
    """The URL as the settings take it, or as whoever connects reads its parts."""
    settings = kind.from_environ({**_sound(kind), f"PASSAGE_{name}": url})
    return DatabaseUrl.parse(_plain(getattr(settings, name.lower())), f"PASSAGE_{name}")


def _sound(kind: type[Settings]) -> dict[str, str]:
    """An environment that the class takes."""
    values = {"kafka": "kafka:9092", "device": "k1", "site": "creteil"}
    return {
        f"PASSAGE_{name.upper()}": URL if name.startswith("database_") else values.get(name, "")
        for name in kind.model_fields
    }


def _plain(value: Any) -> str:
    return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)
