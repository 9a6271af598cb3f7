"""Ports of this machine's loopback."""

from __future__ import annotations

import errno
import socket

from services.stack.errors import StackError

LOOPBACK = "127.0.0.1"


def require_free(port: int, *, wanted_by: str, setting: str) -> None:
    """StackError that names the port and the setting when another program holds the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of the last run that are still fading away do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise StackError(
                f"Port {port} is held by another program, but {wanted_by} needs it; "
                f"end that program, or set {setting} to another port"
            ) from None


def answers(port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False
