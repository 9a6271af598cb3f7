"""What those who run a gateway ask it: whether it lives, whether it is ready, what it counts."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.gateway.measures import Measures
from services.gateway.waiting import GatewayOutbox


def routes(outbox: GatewayOutbox, measures: Measures) -> APIRouter:
    """The routes; none of them is for senders."""
    router = APIRouter(include_in_schema=False)

    @router.get("/alive")
    @router.get("/health")
    async def alive() -> dict[str, bool]:
        """200 while the process answers."""
        return {"alive": True}

    @router.get("/ready")
    def ready() -> JSONResponse:
        """200 while a valid event would be answered with 202, else 503.

        503 is no reason to stop sending: until the outbox is full, events are kept.
        """
        status = outbox.status()
        has_room = status.fullness < 1
        is_ready = outbox.is_flowing and has_room
        told = {
            "ready": is_ready,
            "kafka": outbox.is_flowing,
            "room": has_room,
            "waiting": status.depth,
            "refused": status.refused,
        }
        return JSONResponse(told, 200 if is_ready else 503)

    @router.get("/metrics")
    def metrics(request: Request) -> Response:
        """The numbers, for Prometheus."""
        content, content_type = measures.exposition(request.headers.get("Accept", ""))
        return Response(content, media_type=content_type)

    return router
