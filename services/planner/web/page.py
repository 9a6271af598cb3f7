"""The page for planners: a form, a chart, and the table behind it. Works without scripts too."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import ConfigDict, Field, field_validator
from starlette.exceptions import HTTPException

from dashboards.catalogue import LANGUAGES, Language
from dashboards.palette import directorate_colours
from services.planner.answer import pairs
from services.planner.comparison import AGAINST
from services.planner.period import GRAINS
from services.planner.question import DIMENSIONS, Dimension
from services.planner.reference import Reference
from services.planner.sentence import Sentence
from services.planner.web.access import COOKIE, Access, AdmittedCaller, Caller
from services.planner.web.asked import Asked, answering, checked
from services.planner.web.chart import chart_of
from services.planner.web.figures import MEASURES_SHOWN, MeasureShown, table_of
from services.planner.web.settings import WebSettings
from services.planner.web.texts import texts
from services.planner.wording import span

_TEMPLATES = Environment(
    loader=PackageLoader("services.planner.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
MOST_ROWS = 2_000
"""Rows that a page shows; the files hold all of them."""


def _at_first() -> list[Dimension]:
    return ["directorate"]


class AskedOnPage(Asked):
    """A question as the form asks it: an empty field is an absent one."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    split: list[Dimension] = Field(default_factory=_at_first)
    measure: MeasureShown = "passages"
    lang: Language | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _absent_when_empty(cls, value: Any) -> Any:
        if isinstance(value, list):
            return [one for one in value if one not in ("", "none")]
        return None if value == "" else value


PageQuery = Annotated[AskedOnPage, Query()]


def routes(settings: WebSettings, access: Access) -> APIRouter:
    """The routes of the page."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.get("/")
    def page(request: Request, asked: PageQuery, caller: AdmittedCaller) -> Response:
        """The answer to the form, or the form alone with what is wrong."""
        language = asked.lang or settings.language
        say = texts(language)
        with answering(settings) as connection:
            question = caller.restricted(asked.question(settings.time_zone))
            reference = checked(connection, question, settings)
            found = pairs(connection, question, asked.compare)
        shown = found[:MOST_ROWS]
        content = {
            **_frame(request, language),
            "asked": asked,
            "question": question,
            "choices": _choices(reference, caller),
            "title": f"{say['measure_' + asked.measure]}, {span(question.period, language)}",
            "table": table_of(
                shown,
                asked.measure,
                language,
                say,
                with_other=asked.compare is not None,
                time_zone=settings.time_zone,
            ),
            "chart": json.dumps(
                chart_of(
                    shown,
                    asked.measure,
                    say,
                    with_other=asked.compare is not None,
                    colours=directorate_colours(list(reference.directorates)),
                    time_zone=settings.time_zone,
                )
            ),
            "truncated": len(found) > MOST_ROWS,
            "nothing": not any(pair.row.measures for pair in found),
            "downloads": {form: _download(request, form) for form in ("csv", "xlsx")},
            "signed_in": not access.is_open,
        }
        return HTMLResponse(_TEMPLATES.get_template("page.html").render(content))

    @router.get("/sign-in")
    def sign_in(request: Request, lang: Language | None = None) -> Response:
        """The form for an API key."""
        return _sign_in(request, lang or settings.language, wrong=False)

    @router.post("/sign-in")
    def signed_in(
        request: Request, key: Annotated[str, Form(max_length=200)], lang: Language | None = None
    ) -> Response:
        """Keep the key in a cookie that scripts cannot read, until the browser is closed."""
        if access.key_of(key.strip()) is None:
            return _sign_in(request, lang or settings.language, wrong=True)
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE,
            key.strip(),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    @router.post("/sign-out")
    def signed_out() -> Response:
        """Forget the key."""
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(COOKIE)
        return response

    return router


def problem(request: Request, error: HTTPException) -> Response:
    """What went wrong, for a person; without a key, the form for one."""
    language = _language(request)
    if error.status_code == 401:
        return _sign_in(request, language, wrong=False)
    said: object = error.detail
    if not isinstance(said, Sentence):
        said = Sentence("no_page" if error.status_code == 404 else "no_answer")
    return _problem(request, [said], error.status_code, error.headers)


def invalid(request: Request, error: RequestValidationError) -> Response:
    """What is wrong with the query string, for a person."""
    return _problem(request, [wrong_field(one) for one in error.errors()], 422)


def wrong_field(error: Mapping[str, Any]) -> Sentence:
    """The sentence for one error of pydantic's."""
    # A form may name a charset in which there are characters that no page can show.
    given = f"{error['input']}"[:40].encode(errors="replace").decode()
    field = f"{error['loc'][1]}"
    match error["type"]:
        case str(kind) if kind.startswith("date"):
            return Sentence("no_date", field=field, given=given)
        case "literal_error":
            # pydantic joins them in English.
            choices = ", ".join(re.findall(r"'(.*?)'", error["ctx"]["expected"]))
            return Sentence("no_choice", field=field, given=given, choices=choices)
        case _:
            return Sentence("no_value", field=field, given=given)


def _problem(
    request: Request,
    sentences: Sequence[Sentence],
    status: int,
    headers: Mapping[str, str] | None = None,
) -> Response:
    language = _language(request)
    details = [one.in_language(language) for one in sentences]
    content = {**_frame(request, language), "details": details}
    html = _TEMPLATES.get_template("problem.html").render(content)
    return HTMLResponse(html, status, headers)


def _language(request: Request) -> Language:
    asked = request.query_params.get("lang")
    language: Language = asked if asked in LANGUAGES else request.app.state.language
    return language


def _frame(request: Request, language: Language) -> Mapping[str, Any]:
    return {
        "say": texts(language),
        "language": language,
        "languages": {
            other: "?" + urlencode([*_without(request, "lang"), ("lang", other)])
            for other in LANGUAGES
            if other != language
        },
    }


def _choices(reference: Reference, caller: Caller) -> Mapping[str, Any]:
    return {
        "sites": caller.of_its_sites(reference.sites),
        "directorates": reference.directorates,
        "grains": GRAINS,
        "dimensions": DIMENSIONS,
        "measures": MEASURES_SHOWN,
        "against": AGAINST,
    }


def _download(request: Request, form: str) -> str:
    parameters = [
        (name, value)
        for name, value in _without(request, "lang", "measure", "format")
        if value not in ("", "none")
    ]
    if "split" not in request.query_params:
        parameters.append(("split", "directorate"))
    return "/api/v1/history?" + urlencode([*parameters, ("format", form)])


def _without(request: Request, *names: str) -> list[tuple[str, str]]:
    return [(key, value) for key, value in request.query_params.multi_items() if key not in names]


def _sign_in(request: Request, language: Language, *, wrong: bool) -> Response:
    content = {**_frame(request, language), "wrong": wrong}
    html = _TEMPLATES.get_template("sign_in.html").render(content)
    return HTMLResponse(html, 401)
