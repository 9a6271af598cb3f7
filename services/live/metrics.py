"""What a live service counts, for Prometheus."""

from __future__ import annotations

from services.live.board import Board
from services.runtime.metrics import Metrics


class LiveMetrics(Metrics):
    """The metrics of one live service."""

    def __init__(self, board: Board) -> None:
        super().__init__("live")
        self.streams = self.gauge("streams", "clients that follow a site's events just now")
        self.gauge("ready", "1 while the picture is complete and the broker answers").set_function(
            lambda: board.is_ready
        )
        self.gauge(
            "staleness_seconds",
            "since what the picture holds was committed; NaN before the first sign",
        ).set_function(lambda: board.staleness_s)
        self.gauge("sites", "sites that have a picture").set_function(lambda: len(board.sites))
