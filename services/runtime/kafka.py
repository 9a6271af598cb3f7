"""How a service reaches Kafka: settings, and the arguments that they mean to a client library."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from services.runtime.settings import BrokerAddresses, InvalidSetting, Settings

if TYPE_CHECKING:
    from ssl import SSLContext

Security = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class Brokers:
    """Where the brokers are and how to log in to them; no representation of it shows a secret."""

    addresses: str
    security: Security = "PLAINTEXT"
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: Path | None = None

    def __post_init__(self) -> None:
        """Raises InvalidSetting when a part of the login is missing."""
        if self.is_login and (
            self.username is None or (self.password is None and self.password_file is None)
        ):
            raise InvalidSetting(
                "PASSAGE_KAFKA_USERNAME and PASSAGE_KAFKA_PASSWORD_FILE (or PASSAGE_KAFKA_PASSWORD)"
                f" must be set with PASSAGE_KAFKA_SECURITY={self.security}"
            )
        if not self.is_encrypted and (self.ca_file or self.certificate_file):
            raise InvalidSetting(
                "PASSAGE_KAFKA_CA_FILE and PASSAGE_KAFKA_CERTIFICATE_FILE are for TLS, and "
                f"PASSAGE_KAFKA_SECURITY={self.security} has none; expected SSL or SASL_SSL"
            )

    def __str__(self) -> str:
        """The addresses, for a person."""
        return self.addresses

    @classmethod
    def at(cls, kafka: Brokers | str) -> Brokers:
        """Brokers as they are, or those at `host:port[,host:port]` without encryption or login."""
        return kafka if isinstance(kafka, Brokers) else cls(kafka)

    @property
    def is_encrypted(self) -> bool:
        """True with TLS."""
        return self.security in ("SSL", "SASL_SSL")

    @property
    def is_login(self) -> bool:
        """True with a user and a password."""
        return self.security.startswith("SASL")

    @property
    def address_list(self) -> list[tuple[str, int]]:
        """Host and port of each."""
        pairs = (one.strip().rpartition(":") for one in self.addresses.split(","))
        return [(host.strip("[]"), int(port)) for host, _, port in pairs]

    def arguments(self) -> dict[str, Any]:
        """Arguments that kafka-python's and aiokafka's clients both understand.

        Files are read at each call, so that whoever connects anew takes up what was renewed in
        them. Raises InvalidSetting when one cannot be read.
        """
        named: dict[str, Any] = {
            "bootstrap_servers": [one.strip() for one in self.addresses.split(",")],
            "security_protocol": self.security,
        }
        if self.is_encrypted:
            named["ssl_context"] = self.ssl_context()
        if self.is_login:
            named |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.secret(),
            }
        return named

    def secret(self) -> str:
        """The password, from its file or the environment. Raises InvalidSetting."""
        if self.password_file is None:
            return self.password or ""
        try:
            text = self.password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable("PASSAGE_KAFKA_PASSWORD_FILE", self.password_file, error) from None
        if not text:
            raise InvalidSetting(f"PASSAGE_KAFKA_PASSWORD_FILE is empty: {self.password_file}")
        return text

    def ssl_context(self) -> SSLContext:
        """TLS that checks the broker's certificate and name. Raises InvalidSetting."""
        # Here, not above: a ticket needs no TLS, and must not wait for its library.
        import ssl

        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:  # of which ssl.SSLError is one
            raise _unreadable("PASSAGE_KAFKA_CA_FILE", self.ca_file, error) from None
        if self.certificate_file is not None:
            try:
                context.load_cert_chain(self.certificate_file, self.key_file)
            except OSError as error:
                files = f"{self.certificate_file}, {self.key_file or 'its key in the same file'}"
                names = "PASSAGE_KAFKA_CERTIFICATE_FILE or PASSAGE_KAFKA_KEY_FILE"
                raise _unreadable(names, files, error) from None
        return context


def _unreadable(names: str, files: object, error: Exception) -> InvalidSetting:
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or "it is no text"
    return InvalidSetting(
        f"{names} cannot be read ({files}: {reason}); expected a file that this program may read"
    )


class KafkaSettings(Settings):
    """Base of the settings of whatever connects to Kafka."""

    kafka: Annotated[
        BrokerAddresses | None, Field(description="host:port[,host:port] of the brokers")
    ] = None
    kafka_security: Annotated[
        Security, Field(description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL")
    ] = "PLAINTEXT"
    kafka_ca_file: Annotated[
        Path | None, Field(description="file of the authority that signed the broker's certificate")
    ] = None
    kafka_certificate_file: Annotated[
        Path | None, Field(description="file of this program's own certificate, for TLS both ways")
    ] = None
    kafka_key_file: Annotated[
        Path | None, Field(description="file of that certificate's private key")
    ] = None
    kafka_mechanism: Annotated[
        Mechanism, Field(description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
    ] = "SCRAM-SHA-512"
    kafka_username: Annotated[
        str | None, Field(description="this program's user at the broker")
    ] = None
    kafka_password: Annotated[str | None, Field(repr=False, description="that user's password")] = (
        None
    )
    kafka_password_file: Annotated[
        Path | None, Field(description="file that holds that user's password")
    ] = None

    @property
    def brokers(self) -> Brokers:
        """Where the brokers are and how to log in. Raises InvalidSetting when a part is missing."""
        if self.kafka is None:
            raise InvalidSetting("PASSAGE_KAFKA is not set; expected host:port[,host:port]")
        return Brokers(
            addresses=self.kafka,
            security=self.kafka_security,
            ca_file=self.kafka_ca_file,
            certificate_file=self.kafka_certificate_file,
            key_file=self.kafka_key_file,
            mechanism=self.kafka_mechanism,
            username=self.kafka_username,
            password=self.kafka_password,
            password_file=self.kafka_password_file,
        )
