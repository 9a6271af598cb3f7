"""The API and the page on a recorded day, as the reader role; the page in a real browser."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Page, sync_playwright

from dashboards.palette import directorate_colours
from schemas.registry import Registry
from services.planner.web.app import create_app
from services.planner.web.keys import KeyFile
from services.planner.web.settings import WebSettings
from services.simulator.simulation import Simulation, generate
from tests.conftest import free_ports
from tests.events import last_monday
from tests.recorded import record

TODAY = date(2026, 11, 25)


@pytest.fixture(scope="module")
def simulation(registry: Registry, module_database: Any) -> Simulation:
    simulated = generate(registry, last_monday(), 2, seed=3, scale=0.2)
    record(simulated, module_database)
    return simulated


@pytest.fixture
def settings(module_database: Any, simulation: Simulation) -> WebSettings:
    return WebSettings(database_reader=module_database.reader)


@pytest.fixture
def client(settings: WebSettings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client


def history(client: TestClient, **parameters: Any) -> httpx2.Response:
    monday = last_monday()
    return client.get("/api/v1/history", params={"from": f"{monday}", **parameters})


@pytest.mark.parametrize("by", ["hour", "day", "week", "year"])
def test_every_grain_adds_up_to_the_truth(
    client: TestClient, simulation: Simulation, by: str
) -> None:
    tuesday = last_monday() + timedelta(days=1)
    answer = history(client, to=f"{tuesday}", by=by, split="site").json()
    assert sum(row["passages"] for row in answer["rows"]) == simulation.truth.totals["passages"]
    assert answer["next"] is None


def test_pages_follow_each_other_without_a_gap(client: TestClient) -> None:
    whole = history(client, split=["site", "directorate"]).json()["rows"]
    answer = history(client, split=["site", "directorate"], limit=7).json()
    rows = answer["rows"]
    while answer["next"]:
        answer = client.get(answer["next"]).json()
        rows += answer["rows"]
    assert rows == whole


def test_a_file_holds_the_same_rows_as_the_pages(client: TestClient) -> None:
    response = history(client, split="directorate", format="csv")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    expected = history(client, split="directorate").json()["rows"]
    assert [row["passages"] for row in rows] == [f"{row['passages']}" for row in expected]
    assert response.headers["Content-Disposition"].endswith('.csv"')


@pytest.mark.parametrize(
    ("parameters", "detail"),
    [
        ({"site": "sp-lhai"}, "did you mean 'sp-lhay'"),
        ({"from": "2026-11-16", "to": "2026-11-15"}, "swap"),
        ({"from": "2199-01-01"}, "future"),
        ({"from": "2020-01-01", "to": "2026-01-01"}, "ask by day"),
        ({"by": "minute"}, "by:"),
        ({"colour": "red"}, "colour"),
        ({"period": "2025-S3"}, "2025-S2"),
        ({"limit": "0"}, "limit"),
        ({"publish": "true", "compare": "previous"}, "ask it alone"),
    ],
)
def test_a_question_without_an_answer_says_what_to_ask(
    client: TestClient, parameters: dict[str, str], detail: str
) -> None:
    query = parameters if "period" in parameters else {"from": "2026-11-16", **parameters}
    response = client.get("/api/v1/history", params=query)
    assert response.status_code == 422
    assert detail in response.json()["detail"]
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status", "french", "english"),
    [
        (
            "/?site=sp-lhai",
            422,
            "site inconnu : « sp-lhai » ; vouliez-vous dire « sp-lhay » ?",
            "unknown site 'sp-lhai'; did you mean 'sp-lhay'?",
        ),
        (
            "/?from=2026-11-16&to=2026-11-15",
            422,
            "la période se termine (15/11/2026) avant d’avoir commencé (16/11/2026)",
            "the period ends (2026-11-15) before it starts (2026-11-16)",
        ),
        ("/?period=2199-W1", 422, "31/12/2198 au 06/01/2199 : c’est dans l’avenir", "the future"),
        (
            "/?from=2020-01-01&to=2026-01-01",
            422,
            "2193 jours, c’est trop long pour des chiffres par heure (400 au plus) ; demandez par"
            " jour",
            "2193 days are too long for figures by hour (at most 400); ask by day",
        ),
        ("/?period=2025-S3", 422, "« 2025-S3 » n’est pas une période", "'2025-S3' is no period"),
        (
            "/?from=16/11",
            422,
            "« 16/11 » n’est pas une date ; écrivez-la AAAA",
            "'16/11' is no date",
        ),
        (
            "/?by=minute",
            422,
            "by : « minute » n’est pas un choix possible ; choisissez parmi hour, day, week",
            "by: 'minute' is none of hour, day, week",
        ),
        ("/nowhere", 404, "cette page n’existe pas", "there is no such page"),
    ],
)
def test_the_page_says_what_is_wrong_in_its_own_language(
    client: TestClient, path: str, status: int, french: str, english: str
) -> None:
    for language, said in (("fr", french), ("en", english)):
        response = client.get(f"{path}{'&' if '?' in path else '?'}lang={language}")
        assert response.status_code == status
        assert said in html.unescape(response.text)
        assert f'<html lang="{language}"' in response.text
    assert french in html.unescape(client.get(path).text)


def test_a_final_period_is_not_sent_twice_until_it_is_restated(
    client: TestClient, module_database: Any
) -> None:
    first = history(client, site="sp-lhay", by="day")
    assert "ETag" not in history(client, to=f"{TODAY + timedelta(days=40)}", by="day").headers
    etag = first.headers["ETag"]
    again = client.get(first.request.url, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    with psycopg.connect(module_database.owner) as owner:
        owner.execute(
            "INSERT INTO restatement"
            " (bucket_start, site, directorate, service, channel, cause, changes)"
            " SELECT bucket_start, site, directorate, service, channel, 'late_event', '{}'"
            " FROM footfall WHERE site = 'sp-lhay' LIMIT 1"
        )
    assert client.get(first.request.url, headers={"If-None-Match": etag}).status_code == 200


def test_a_key_opens_its_sites_and_no_others(settings: WebSettings, tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    key = keys.create("nogent", ("sp-nogent",), TODAY)
    app = create_app(settings.model_copy(update={"api_keys": keys.path}))
    with TestClient(app) as client:
        assert history(client).status_code == 401
        client.headers["Authorization"] = f"Bearer {key}"
        rows = history(client, split="site", by="day").json()["rows"]
        assert {row["site"] for row in rows} == {"sp-nogent"}
        assert history(client, site="sp-lhay").status_code == 403
        assert "pas accès au site « sp-lhay »" in client.get("/?site=sp-lhay").text
        assert list(client.get("/api/v1/reference").json()["sites"]) == ["sp-nogent"]
        keys.revoke("nogent", TODAY)
        assert history(client).status_code == 401


def test_who_asks_too_often_is_told_to_wait(settings: WebSettings) -> None:
    app = create_app(settings.model_copy(update={"requests_per_minute": 2}))
    with TestClient(app) as client:
        answers = [client.get("/api/v1/reference") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert "trop de questions" in client.get("/").text
    in_english = settings.model_copy(update={"requests_per_minute": 1, "language": "en"})
    with TestClient(create_app(in_english)) as client:
        assert "too many requests" in [client.get("/").text for _ in range(2)][-1]


def test_no_database_is_no_answer_and_no_crash(settings: WebSettings) -> None:
    gone = settings.model_copy(update={"database_reader": "postgresql://a:b@127.0.0.1:1/c"})
    with TestClient(create_app(gone)) as client:
        response = history(client)
        assert response.status_code == 503
        assert "b@" not in response.text
        page = client.get("/")
        assert page.status_code == 503
        assert "la base de données ne répond pas" in page.text
        assert "the database does not answer" in client.get("/?lang=en").text


def test_the_log_says_who_asked_what(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "passage.access"):
        history(client, site="sp-lhay")
    (line,) = caplog.records
    assert line.__dict__["caller"] == "local"
    assert "site=sp-lhay" in line.__dict__["query"]


@pytest.fixture(scope="module")
def browser(simulation: Simulation) -> Iterator[Page]:
    """Started after the day was recorded: it keeps an event loop running."""
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: run `make install`"
    with sync_playwright() as playwright:
        # Root needs it; the pages are our own.
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started.new_page()
        started.close()


@pytest.fixture
def served(settings: WebSettings, eventually: Any) -> Iterator[str]:
    (port,) = free_ports(1)
    environ = {
        **os.environ,
        "PASSAGE_DATABASE_READER": settings.database_reader,
        "PASSAGE_WEB_PORT": f"{port}",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "services", "web"], env=environ, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx2.get(f"{url}/health").status_code == 200
        except httpx2.TransportError:
            return False

    try:
        eventually(answers)
        yield url
    finally:
        process.terminate()
        assert process.wait(timeout=15) in (0, -15)


def test_a_planner_asks_in_the_browser(browser: Page, served: str, simulation: Simulation) -> None:
    elsewhere: list[str] = []
    problems: list[str] = []
    browser.on("request", lambda r: elsewhere.append(r.url) if served not in r.url else None)
    browser.on("console", lambda message: problems.append(message.text))
    browser.on("pageerror", lambda error: problems.append(f"{error}"))

    browser.goto(f"{served}/")
    browser.get_by_label("Du").fill(f"{last_monday()}")
    browser.get_by_label("Au (inclus)").fill(f"{last_monday() + timedelta(days=1)}")
    browser.get_by_label("Par", exact=True).select_option("day")
    browser.get_by_label("Réparti par").select_option("none")
    # By keyboard alone.
    browser.get_by_role("button", name="Afficher").focus()
    with browser.expect_navigation():
        browser.keyboard.press("Enter")
    browser.wait_for_selector("#chart canvas")

    cells = browser.locator(".scroll tbody td:nth-of-type(1)").all_inner_texts()
    shown = sum(int("".join(filter(str.isdigit, cell))) for cell in cells)
    assert shown == simulation.truth.totals["passages"]
    with browser.expect_download() as download:
        browser.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert sum(int(row["passages"]) for row in rows) == simulation.truth.totals["passages"]

    browser.get_by_role("link", name="English").click()
    assert browser.locator("html").get_attribute("lang") == "en"
    assert (elsewhere, problems) == ([], [])


def test_a_directorate_has_the_colour_of_the_boards(client: TestClient, registry: Registry) -> None:
    page = client.get("/", params={"from": f"{last_monday()}", "split": "directorate"}).text
    figures = page.partition('id="chart-figures">')[2].partition("</script>")[0]
    drawn = {one["label"].lower(): one["color"] for one in json.loads(figures)["series"]}
    assert len(drawn) > 2
    assert drawn.items() <= directorate_colours([d.code for d in registry.directorates]).items()


@pytest.mark.parametrize(
    "path",
    ["/?by=day&compare=previous", "/?lang=en&measure=p90_wait", "/?site=nowhere", "/sign-in"],
)
def test_the_page_has_no_finding_of_axe(browser: Page, served: str, path: str) -> None:
    browser.goto(f"{served}{path}")
    findings = Axe().run(browser).response["violations"]
    assert [(one["id"], one["impact"]) for one in findings] == []
