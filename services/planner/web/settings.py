"""Settings of the planner's web server, from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from dashboards.catalogue import Language
from services.planner.settings import PlannerSettings
from services.runtime.logs import LogSettings


class WebSettings(PlannerSettings, LogSettings):
    """Where it listens, who may ask, and how often."""

    web_host: Annotated[str, Field(description="address to listen on")] = "127.0.0.1"
    web_port: Annotated[int, Field(ge=1, le=65535, description="port to listen on")] = 8094
    api_keys: Annotated[
        Path | None,
        Field(description="file of API keys; without it, only this machine may ask"),
    ] = None
    requests_per_minute: Annotated[
        int, Field(ge=1, le=100_000, description="requests a minute of one key or address")
    ] = 120
    language: Annotated[Language, Field(description="fr or en, of the page")] = "fr"
