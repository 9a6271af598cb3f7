"""Settings come from the environment, are checked once at the start, and name the variable when
wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

PREFIX = "PASSAGE_"
STACK_ENVIRON = Path(".data/stack.env")

S = TypeVar("S", bound="Settings")


class InvalidSetting(Exception):
    """A setting is missing or wrong; the message names the variable and what is expected."""


class _Secret:
    """Marks a field that `PASSAGE_…_FILE` may give as well: the path of a file that holds it."""


SECRET = _Secret()


class Settings(BaseModel):
    """Base of a service's settings: the field `kafka` is read from `PASSAGE_KAFKA`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @classmethod
    def from_environ(cls: type[S], environ: Mapping[str, str]) -> S:
        """Read the settings. Raises InvalidSetting; an empty variable counts as absent."""
        values: dict[str, Any] = {}
        for name, field in cls.model_fields.items():
            variable = PREFIX + name.upper()
            value = environ.get(variable, "").strip()
            if not value and SECRET in field.metadata:
                value = secret_of(environ, variable) or ""
            if value:
                values[name] = value
        try:
            return cls(**values)
        except ValidationError as error:
            raise InvalidSetting(
                "; ".join(_sentence(cls, problem) for problem in error.errors())
            ) from None

    @classmethod
    def variables(cls) -> set[str]:
        """The variables that are read."""
        fields = cls.model_fields.items()
        return {PREFIX + name.upper() for name, _ in fields} | {
            f"{PREFIX}{name.upper()}_FILE" for name, field in fields if SECRET in field.metadata
        }


def secret_of(environ: Mapping[str, str], variable: str) -> str | None:
    """A secret from the environment or from the file that `…_FILE` names; None without either.

    Raises InvalidSetting when that file is empty or cannot be read.
    """
    return environ.get(variable, "").strip() or secret_in_file(environ, variable)


def secret_in_file(environ: Mapping[str, str], variable: str) -> str | None:
    """A secret from the file that `…_FILE` names; None when nothing names one.

    Raises InvalidSetting when that file is empty or cannot be read.
    """
    file = environ.get(f"{variable}_FILE", "").strip()
    if not file:
        return None
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InvalidSetting(f"{variable}_FILE cannot be read: {file}: {reason}") from None
    if not text:
        raise InvalidSetting(f"{variable}_FILE is empty: {file}")
    return text


def _sentence(settings: type[Settings], problem: Any) -> str:
    name = str(problem["loc"][0])
    variable = PREFIX + name.upper()
    expected = settings.model_fields[name].description or "a value"
    if problem["type"] == "missing":
        return f"{variable} is not set; expected {expected}"
    return f"{variable} is wrong ({problem['msg']}); expected {expected}"


def _addresses(value: str) -> str:
    for address in value.split(","):
        host, colon, port = address.strip().rpartition(":")
        if not host or not colon or not port.isdigit():
            raise ValueError(f"{address.strip()!r} has no port")
    return value


TopicPrefix = Annotated[
    str, Field(description="what the names of topics begin with", pattern=r"^[a-z0-9._-]*$")
]
BrokerAddresses = Annotated[str, AfterValidator(_addresses)]
"""`host:port[,host:port]` of Kafka's bootstrap servers."""


def with_local_stack(environ: Mapping[str, str], file: Path = STACK_ENVIRON) -> dict[str, str]:
    """The environment, completed with what the local stack wrote about itself.

    Whatever the environment says wins, so that a deployment never falls back to a local stack by
    half. (`PASSAGE_KAFKA_PORT` is the local stack's own.)
    """
    if not file.is_file() or any(
        key.startswith((PREFIX + "KAFKA", PREFIX + "DATABASE")) and key != PREFIX + "KAFKA_PORT"
        for key in environ
    ):
        return dict(environ)
    lines = (line.strip() for line in file.read_text().splitlines())
    pairs = (
        line.split("=", 1) for line in lines if line and not line.startswith("#") and "=" in line
    )
    return {**dict(pairs), **environ}
