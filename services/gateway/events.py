"""`POST /v1/events`: events in any of their forms."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from services.gateway.access import AdmittedToken
from services.gateway.bodies import read_body
from services.gateway.content import (
    MEDIA_TYPES,
    NotJson,
    TooManyEvents,
    UnsupportedMediaType,
    candidates,
    media_type_of,
)
from services.gateway.openapi import EVENTS_OPERATION
from services.gateway.reception import Reception, answer
from services.gateway.settings import GatewaySettings


def routes(settings: GatewaySettings, reception: Reception) -> APIRouter:
    """The route of the intake."""
    router = APIRouter(prefix="/v1")
    most_bytes = settings.gateway_max_body_kb * 1024

    @router.post("/events", status_code=202, openapi_extra=EVENTS_OPERATION)
    async def post_events(request: Request, token: AdmittedToken) -> JSONResponse:
        """Send one event or many; 202 once Kafka has them all, with what became of each."""
        headers = dict(request.headers.items())
        with reception.slots.one():
            try:
                media_type_of(headers)
                body = await read_body(
                    request, most_bytes=most_bytes, within_s=settings.gateway_body_s
                )
                found = await reception.take_apart(
                    partial(candidates, headers, body, settings.gateway_max_events)
                )
            except UnsupportedMediaType as error:
                raise HTTPException(
                    415, str(error), headers={"Accept-Post": ", ".join(MEDIA_TYPES)}
                ) from None
            except NotJson as error:
                raise HTTPException(400, str(error)) from None
            except TooManyEvents as error:
                raise HTTPException(413, str(error)) from None
            # A request may wait for seconds now: without its body.
            del body
            results = await reception.take(found, token.scope)
        request.state.results = results
        return answer(results)

    return router
