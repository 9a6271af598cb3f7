"""Serves the stand-in for Grafana over HTTP, with its ways to sign in."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.grafana_stand_in import GrafanaStandIn
from tests.grafana_stand_in_alerting import Refused

TOKEN, USER, PASSWORD = "glsa_right", "admin", "right"


class Server:
    """Serves a stand-in on a free port of this machine, under a path as behind a proxy."""

    def __init__(self, grafana: GrafanaStandIn) -> None:
        self.grafana = grafana
        handler = type("Handler", (_Handler,), {"grafana": grafana})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        # A client that keeps its connection open is not waited for.
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/grafana"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    grafana: GrafanaStandIn
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: the client would wait for the second one.
    wbufsize = -1

    def _respond(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        url = urlsplit(self.path)
        path = url.path.removeprefix("/grafana/api")
        try:
            if path == "/health":
                status, document = 200, {"database": "ok", "version": self.grafana.version}
            elif not self._may_enter():
                raise Refused(401, "Invalid username or password")
            else:
                status, document = self.grafana.answer(
                    self.command, path, parse_qs(url.query), body, self.headers
                )
        except Refused as refusal:
            status, document = refusal.status, {"message": refusal.message}
            if refusal.message.startswith("{"):
                document = json.loads(refusal.message)
        data = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _respond

    def _may_enter(self) -> bool:
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return self.headers.get("Authorization") in (f"Bearer {TOKEN}", f"Basic {basic}")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests look at `writes`."""
