"""The way to a Grafana: every refusal becomes a sentence with its remedy."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import niquests
from grafana_client.api import GrafanaApi
from grafana_client.client import (
    GrafanaClientError,
    GrafanaException,
    GrafanaServerError,
    GrafanaTimeoutError,
    GrafanaUnauthorizedError,
)

from services.provision.errors import ProvisionError
from services.provision.grafana.settings import Credential

MINIMUM = (9, 4)
TIMEOUT_S = 10.0
FIND_TIMEOUT_S = 1.0

Version = tuple[int, int, int]
_VERSION = re.compile(r"^(\d+)\.(\d+)(?:\.(\d+))?")


class GrafanaError(ProvisionError):
    """Grafana cannot be reached or refused something; the message says what to do."""


class Absent(GrafanaError):
    """What was asked for is not there."""


class Grafana:
    """One Grafana; `ask` names what is being done, for the message when it is refused."""

    def __init__(
        self,
        url: str,
        credential: Credential | None = None,
        *,
        ca_file: Path | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        self.url = url
        self._timeout_s = timeout_s
        self._api = GrafanaApi(
            credential,
            protocol=parts.scheme,
            host=f"[{host}]" if ":" in host else host,
            port=parts.port,
            url_path_prefix=f"{parts.path.strip('/')}/" if parts.path.strip("/") else "",
            verify=str(ca_file) if ca_file else True,
            timeout=timeout_s,
        )
        if _is_loopback(host):
            # A proxy of the network knows another 127.0.0.1.
            self._api.client.s.trust_env = False

    def __enter__(self) -> Grafana:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.client.s.close()

    def version(self) -> Version:
        """The version that answers. Raises GrafanaError, also when it is too old."""
        health = self.ask("look for Grafana", lambda api: api.client.GET("/health"))
        if not isinstance(health, dict) or "database" not in health:
            raise self._no_grafana()
        # It may be hidden from those who have not signed in.
        text = health.get("version") or self.ask(
            "ask for the version", lambda api: (api.health.check() or {}).get("version")
        )
        found = _VERSION.match(str(text))
        if found is None:
            raise GrafanaError(f"Grafana at {self.url} does not tell its version; see its settings")
        version = (int(found[1]), int(found[2]), int(found[3] or 0))
        if version[:2] < MINIMUM:
            raise GrafanaError(
                f"Grafana at {self.url} is version {text}; boards and alerts need "
                f"{MINIMUM[0]}.{MINIMUM[1]} or newer: upgrade it"
            )
        return version

    def ask(self, doing: str, request: Callable[[Any], Any]) -> Any:
        """The answer to a request, which gets the client (it has no types of its own).

        Raises Absent for a 404, GrafanaError for everything else.
        """
        try:
            return request(self._api)
        except GrafanaTimeoutError:
            raise GrafanaError(
                f"cannot {doing}: Grafana at {self.url} did not answer within "
                f"{self._timeout_s:g} s; check the address and the server's load, and try again"
            ) from None
        except GrafanaUnauthorizedError:
            raise GrafanaError(
                f"cannot {doing}: Grafana at {self.url} refused the login (401); correct "
                "GRAFANA_TOKEN, or GRAFANA_USER and GRAFANA_PASSWORD"
            ) from None
        except (GrafanaClientError, GrafanaServerError) as error:
            raise self._refusal(doing, error) from None
        except niquests.exceptions.SSLError as error:
            raise GrafanaError(
                f"cannot {doing}: no secure connection to {self.url}: {_words(error)}; set "
                "GRAFANA_CA_FILE to the certificate of its authority, or correct GRAFANA_URL"
            ) from None
        except niquests.exceptions.JSONDecodeError:
            raise self._no_grafana() from None
        except (niquests.exceptions.RequestException, GrafanaException) as error:
            raise GrafanaError(
                f"cannot {doing}: nothing answers at {self.url} ({_words(error)}); start Grafana, "
                "or set GRAFANA_URL"
            ) from None

    def _refusal(self, doing: str, error: GrafanaException) -> GrafanaError:
        words = _message(error)
        match error.status_code:
            case 404:
                return Absent(f"cannot {doing}: it is not there (404)")
            case 403:
                needed = re.search(r"[Pp]ermissions needed:\s*(.+)", words)
                what = needed[1] if needed else "the role Admin of its organisation"
                return GrafanaError(
                    f"cannot {doing}: Grafana refuses it to this account (403); give it {what}"
                )
            case status:
                return GrafanaError(f"cannot {doing}: Grafana says {status}: {words}")

    def _no_grafana(self) -> GrafanaError:
        return GrafanaError(
            f"what answers at {self.url} is not a Grafana; correct GRAFANA_URL (with the path, "
            "when it is served under one)"
        )


def find(url: str) -> bool:
    """Whether a Grafana answers there, within a second; asked without any credential."""
    with Grafana(url, timeout_s=FIND_TIMEOUT_S) as grafana:
        try:
            health = grafana.ask("look for Grafana", lambda api: api.client.GET("/health"))
        except GrafanaError:
            return False
    return isinstance(health, dict) and "database" in health


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _message(error: GrafanaException) -> str:
    answer = error.response
    if isinstance(answer, dict):
        for result in (answer.get("results") or {}).values():
            return str(result.get("error") or "no reason given")
        return str(answer.get("message") or answer.get("error") or "no reason given")
    return " ".join(str(answer or "no reason given").split())[:200]


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
