"""Why a broker and the settings do not fit: TLS and login errors as sentences with a remedy."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from services.runtime import sasl
from services.runtime.kafka import Brokers

if TYPE_CHECKING:
    from ssl import SSLCertVerificationError, SSLSocket

TIMEOUT_S = 5.0
_ANSWER_S = 2.0

# OpenSSL's numbers of what is wrong with a certificate (x509_vfy.h).
_TOO_EARLY, _EXPIRED = 9, 10
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21, 27})
_OTHER_NAME = frozenset({62, 64})
_TLS_ALERT = b"\x15"
_PLAIN_ANSWER = b"\x00"  # of its length: no answer has 16 megabytes
# By name, so that no Kafka client is loaded; kafka-python's and aiokafka's.
_NOT_ALLOWED = frozenset(
    {
        "TopicAuthorizationFailedError",
        "GroupAuthorizationFailedError",
        "ClusterAuthorizationFailedError",
        "TransactionalIdAuthorizationFailedError",
    }
)


class CannotLogIn(Exception):
    """The broker and the settings do not fit; the message names both and says what to change."""


def reach(brokers: Brokers, timeout_s: float = TIMEOUT_S) -> None:
    """Return when one of the brokers proves who it is, as far as TLS is wanted, and lets us in.

    Raises CannotLogIn when the one that answers does not fit, InvalidSetting when a file cannot be
    read, and OSError when nobody answers.
    """
    failure: OSError | CannotLogIn | None = None
    for host, port in brokers.address_list:
        try:
            _reach_one(brokers, host, port, timeout_s)
        except (OSError, CannotLogIn) as error:
            # What a person must change is said before what passes by itself.
            failure = failure if isinstance(failure, CannotLogIn) else error
        else:
            return
    if failure is not None:
        raise failure


def explain(brokers: Brokers, error: BaseException) -> str | None:
    """A sentence for what a client met, with its remedy; None when the broker is just away.

    Asks the broker itself, for the clients do not tell why they failed.
    """
    if isinstance(error, CannotLogIn):
        return str(error)
    if {kind.__name__ for kind in type(error).__mro__} & _NOT_ALLOWED:
        who = f"user {brokers.username}" if brokers.is_login else "this program"
        return (
            f"{brokers} does not allow {who} what was asked ({type(error).__name__}); "
            "grant it as deploy/README.md says"
        )
    try:
        reach(brokers)
    except CannotLogIn as found:
        return str(found)
    except OSError:
        return None
    return None


async def start(client: Any, brokers: Brokers) -> None:
    """Start a client of aiokafka. Raises CannotLogIn where that is why, else what it raises."""
    import asyncio

    from aiokafka.errors import KafkaError

    try:
        await client.start()
    except (KafkaError, OSError) as error:
        sentence = await asyncio.to_thread(explain, brokers, error)
        if sentence is None:
            raise
        raise CannotLogIn(sentence) from None


def _reach_one(brokers: Brokers, host: str, port: int, timeout_s: float) -> None:
    address = f"{host}:{port}"
    with socket.create_connection((host, port), timeout=timeout_s) as plain:
        if brokers.is_encrypted:
            with _encrypted(brokers, plain, host, port, timeout_s) as connection:
                _knock(brokers, connection, address)
        elif _first_byte(brokers, host, port, timeout_s) == _TLS_ALERT:
            wanted = "SASL_SSL" if brokers.is_login else "SSL or SASL_SSL"
            raise CannotLogIn(
                f"{address} speaks TLS, and PASSAGE_KAFKA_SECURITY={brokers.security} does not; "
                f"set it to {wanted}, or give another port"
            )
        else:
            _knock(brokers, plain, address)


def _encrypted(
    brokers: Brokers, plain: socket.socket, host: str, port: int, timeout_s: float
) -> SSLSocket:
    import ssl

    try:
        return brokers.ssl_context().wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise CannotLogIn(_certificate_sentence(error, host, port)) from None
    except (ssl.SSLError, ConnectionResetError):
        # So does a broker that goes down just now; one without TLS answers in its own way.
        if _first_byte(brokers, host, port, timeout_s) != _PLAIN_ANSWER:
            raise
        raise CannotLogIn(
            f"{host}:{port} does not speak TLS, and PASSAGE_KAFKA_SECURITY={brokers.security} "
            "wants it; give the port of its TLS listener in PASSAGE_KAFKA, or correct that"
        ) from None


def _knock(brokers: Brokers, connection: socket.socket, address: str) -> None:
    connection.settimeout(_ANSWER_S)
    try:
        answer = sasl.ask(connection, brokers)
    except TimeoutError:
        return  # busy, or frozen: not for us to tell
    except OSError as error:
        # With TLS 1.3 a certificate is refused, or missed, only after the handshake.
        if "CERT" not in (getattr(error, "reason", None) or ""):
            raise
        raise CannotLogIn(
            f"{address} wants a certificate of this program that it trusts; "
            "correct PASSAGE_KAFKA_CERTIFICATE_FILE and PASSAGE_KAFKA_KEY_FILE"
        ) from None
    match answer:
        case sasl.Answer.WRONG_LOGIN:
            problem = (
                f"refuses the login of {brokers.username}; "
                "correct PASSAGE_KAFKA_USERNAME or its password"
            )
        case sasl.Answer.NO_SUCH_MECHANISM:
            problem = f"has no {brokers.mechanism}; correct PASSAGE_KAFKA_MECHANISM"
        case sasl.Answer.NO_LOGIN_HERE:
            problem = "takes no password; correct PASSAGE_KAFKA_SECURITY, or give another port"
        case sasl.Answer.LOGIN_WANTED:
            problem = (
                f"wants a login, and PASSAGE_KAFKA_SECURITY={brokers.security} has none; set it to "
                + ("SASL_SSL" if brokers.is_encrypted else "SASL_PLAINTEXT")
            )
        case sasl.Answer.WELCOME:
            return
    raise CannotLogIn(f"{address} {problem}")


def _first_byte(brokers: Brokers, host: str, port: int, timeout_s: float) -> bytes:
    """What a broker begins its answer with; nothing when it gives none soon."""
    with socket.create_connection((host, port), timeout=timeout_s) as connection:
        connection.settimeout(min(_ANSWER_S, timeout_s))
        try:
            connection.sendall(sasl.opening(brokers))
            return connection.recv(1)
        except (ConnectionError, TimeoutError):
            return b""


def _certificate_sentence(error: SSLCertVerificationError, host: str, port: int) -> str:
    code = error.verify_code
    address = f"{host}:{port}"
    if code == _EXPIRED:
        return f"the certificate of {address} has expired; renew it on the broker"
    if code == _TOO_EARLY:
        return f"the certificate of {address} is not valid yet; set this machine's clock right"
    if code in _OTHER_NAME:
        return (
            f"the certificate of {address} is for another name than {host}; name the broker in "
            "PASSAGE_KAFKA as its certificate does, or add this name to the certificate"
        )
    if code in _UNKNOWN_AUTHORITY:
        return (
            f"the certificate of {address} was signed by an authority that is not trusted here; "
            "set PASSAGE_KAFKA_CA_FILE to that authority's certificate"
        )
    return (
        f"the certificate of {address} is not valid ({error.verify_message}); renew it on the "
        "broker, or correct PASSAGE_KAFKA_CA_FILE"
    )
