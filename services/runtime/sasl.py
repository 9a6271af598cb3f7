"""Kafka's login over an open connection, for whoever wants to know why a client does not get in."""

from __future__ import annotations

import struct
from enum import Enum, auto
from socket import socket

from services.runtime.kafka import Brokers

_HANDSHAKE, _AUTHENTICATE = 17, 36
_NONE, _UNSUPPORTED_MECHANISM, _ILLEGAL_STATE = 0, 33, 34
_MOST_BYTES = 1 << 20


class Answer(Enum):
    """What a broker says to a login."""

    WELCOME = auto()
    WRONG_LOGIN = auto()
    NO_SUCH_MECHANISM = auto()
    NO_LOGIN_HERE = auto()
    LOGIN_WANTED = auto()


def ask(connection: socket, brokers: Brokers) -> Answer:
    """Log in as the settings say, or see that none is wanted. Raises OSError."""
    error, _ = _answer(connection, opening(brokers))
    if error == _ILLEGAL_STATE:
        return Answer.NO_LOGIN_HERE if brokers.is_login else Answer.WELCOME
    if not brokers.is_login:
        return Answer.LOGIN_WANTED
    if error == _UNSUPPORTED_MECHANISM:
        return Answer.NO_SUCH_MECHANISM
    return Answer.WELCOME if _is_known(connection, brokers) else Answer.WRONG_LOGIN


def opening(brokers: Brokers) -> bytes:
    """What `ask` sends first."""
    mechanism = brokers.mechanism.encode()
    return _framed(_HANDSHAKE, 1, struct.pack(">h", len(mechanism)) + mechanism)


def _is_known(connection: socket, brokers: Brokers) -> bool:
    # Here, not above: it takes a tenth of a second.
    from kafka.net.sasl import get_sasl_mechanism

    named = {key: value for key, value in brokers.arguments().items() if key.startswith("sasl_")}
    login = get_sasl_mechanism(brokers.mechanism)(host="", **named)
    while not login.is_done():
        token = login.auth_bytes()
        body = struct.pack(">i", len(token)) + token
        error, answer = _answer(connection, _framed(_AUTHENTICATE, 0, body))
        if error != _NONE:
            return False
        (message_length,) = struct.unpack_from(">h", answer)
        begins = 2 + max(0, message_length)
        (length,) = struct.unpack_from(">i", answer, begins)
        try:
            login.receive(answer[begins + 4 : begins + 4 + length])
        except Exception:  # a broker that does not prove that it knows the password
            return False
    return True


def _answer(connection: socket, request: bytes) -> tuple[int, bytes]:
    """The error code of the answer, and what follows it."""
    connection.sendall(request)
    (length,) = struct.unpack(">i", _exactly(connection, 4))
    if not 6 <= length <= _MOST_BYTES:
        raise ConnectionError("no answer of a Kafka broker")
    answer = _exactly(connection, length)
    return struct.unpack_from(">h", answer, 4)[0], answer[6:]


def _framed(key: int, version: int, body: bytes) -> bytes:
    # Length, key, version, a number of ours, and no name.
    request = struct.pack(">hhih", key, version, 1, -1) + body
    return struct.pack(">i", len(request)) + request


def _exactly(connection: socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            raise ConnectionError("the broker closed the connection")
        received += part
    return received
