"""The API: the questions of `passage history` and `passage waits` over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Literal, cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from services.planner.answer import answer
from services.planner.export import WRITERS, Format, Line, columns, plain
from services.planner.question import Question
from services.planner.waits import waits as read_waits
from services.planner.web.access import AdmittedCaller
from services.planner.web.asked import (
    AskedOfPeriod,
    AskedQuery,
    PeriodQuery,
    answering,
    checked,
)
from services.planner.web.etag import etag_of
from services.planner.web.settings import WebSettings

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_IN_MEMORY = 8 * 1024 * 1024
_CHUNK = 64 * 1024
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["status", "detail"],
    "properties": {"status": {"type": "integer"}, "detail": {"type": "string"}},
}


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": _PROBLEM}},
    }


PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: _problem("no valid API key"),
    403: _problem("the key may not ask about this site"),
    422: _problem("a question without an answer; `detail` says what to ask instead"),
    429: _problem("asked too often; wait as long as Retry-After says"),
    503: _problem("the database does not answer"),
}
_HISTORY: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "a page of rows, or the whole answer as a file",
        "content": {media_type: {} for media_type in MEDIA_TYPES.values()},
    },
    304: {"description": "what If-None-Match names has not changed"},
}


def routes(settings: WebSettings) -> APIRouter:
    """The routes of the API."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS)

    @router.get("/history", summary="How many came, and how long they waited", responses=_HISTORY)
    def history(request: Request, asked: AskedQuery, caller: AdmittedCaller) -> Response:
        """Rows by piece of time and dimension, each with what is known of it.

        A figure is null where nobody knows it, which is not zero. A final period has an ETag.
        """
        with answering(settings) as connection:
            question = caller.restricted(asked.question(settings.time_zone))
            checked(connection, question, settings)
            form = f"{asked.format}/{asked.compare}/{asked.publish}/{asked.limit}/{asked.offset}"
            etag = etag_of(connection, question, form)
            headers = {"ETag": etag, "Cache-Control": "private, no-cache"} if etag else {}
            if etag and etag in request.headers.get("If-None-Match", ""):
                return Response(status_code=304, headers=headers)
            names = columns(question, published=asked.publish, with_other=asked.compare is not None)
            with answer(
                connection, question, against=asked.compare, publish=asked.publish
            ) as found:
                if asked.format != "json":
                    return _file(asked.format, names, found, question, headers)
                page = list(islice(found, asked.offset, asked.offset + asked.limit + 1))
            content = _page(request, asked.limit, asked.offset, names, page)
            return JSONResponse(content, 200, headers)

    @router.get("/waits", summary="How long people waited until they were first called")
    def waits(asked: PeriodQuery, caller: AdmittedCaller) -> Response:
        """By directorate; who still waits widens a share into a range.

        Who was never called is known as far back as visits are kept: 90 days by default.
        """
        with answering(settings) as connection:
            question = caller.restricted(asked.question(settings.time_zone))
            checked(connection, question, settings)
            thresholds, found = read_waits(connection, question.period, sites=question.sites)
            return JSONResponse(
                {
                    "thresholds": [asdict(one) for one in thresholds],
                    "directorates": [asdict(one) for one in found],
                }
            )

    @router.get("/reference", summary="Codes and names of sites, directorates and services")
    def reference(caller: AdmittedCaller) -> Response:
        """What a question may name; sites that the key may not ask about are left out."""
        with answering(settings) as connection:
            question = caller.restricted(AskedOfPeriod().question(settings.time_zone))
            known = checked(connection, question, settings)
            return JSONResponse(
                {
                    "sites": caller.of_its_sites(known.sites),
                    "directorates": dict(known.directorates),
                    "services": dict(known.services),
                }
            )

    return router


def _page(
    request: Request, limit: int, offset: int, names: list[str], page: list[Line]
) -> dict[str, Any]:
    more = len(page) > limit
    following = request.url.include_query_params(offset=offset + limit)
    return {
        "columns": names,
        "rows": [{name: plain(line[name]) for name in names} for line in page[:limit]],
        "next": f"{following.path}?{following.query}" if more else None,
    }


def _file(
    form: Format | Literal["ndjson"],
    names: list[str],
    found: Iterable[Line],
    question: Question,
    headers: dict[str, str],
) -> Response:
    """The whole answer before its first byte: an error is an error, never half a file."""
    spool = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (closed when it was sent)
    WRITERS["json" if form == "ndjson" else form](names, found, cast(BinaryIO, spool))
    size = spool.tell()
    spool.seek(0)

    def chunks() -> Iterator[bytes]:
        with spool:
            while chunk := spool.read(_CHUNK):
                yield chunk

    period = f"{question.period.first}_{question.period.last}"
    return StreamingResponse(
        chunks(),
        media_type=MEDIA_TYPES[form],
        headers=headers
        | {
            "Content-Length": f"{size}",
            "Content-Disposition": f'attachment; filename="passage_{period}.{form}"',
        },
    )
