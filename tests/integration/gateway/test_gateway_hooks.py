"""Vendors' webhooks: the shipped examples, signed as their systems sign."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.codec import decode
from services.adapters.errors import AdapterError
from services.adapters.mapping_file import load_mapping
from services.adapters.signature import sign
from services.edge.outbox import Outbox
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.integration.gateway.conftest import NOWHERE, Gateway

EXAMPLES = Path(__file__).parents[3] / "deploy" / "adapters"
VENDORS = {"theq": "bcgov-queue-management", "qminder": "qminder"}
SECRET = b"shared with the vendor"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of hooks as an operator makes it."""
    folder = tmp_path / "hooks"
    folder.mkdir()
    for name, vendor in VENDORS.items():
        mapping = (EXAMPLES / vendor / "mapping.yaml").read_text(encoding="utf-8")
        (folder / f"{vendor}.yaml").write_text(mapping, encoding="utf-8")
        _write_secret(folder / f"{name}.secret", SECRET)
    return folder


def _write_secret(file: Path, *secrets: bytes) -> None:
    file.write_bytes(b"\n".join(secrets) + b"\n")
    file.chmod(0o600)


@pytest.fixture
def gateway(start: Callable[..., Gateway], folder: Path) -> Gateway:
    return start(gateway_hooks=folder)


def post(gateway: Gateway, name: str, body: bytes, secret: bytes = SECRET) -> Any:
    """The answer to a webhook, signed at this moment."""
    signature = load_mapping(EXAMPLES / VENDORS[name] / "mapping.yaml").signature
    assert signature is not None
    headers, stamp = {}, ""
    if signature.timestamp is not None and signature.timestamp.header:
        stamp = f"{int(datetime.now(UTC).timestamp())}"
        headers[signature.timestamp.header] = stamp
    headers[signature.header] = sign(signature, body, secret, stamp)
    return gateway.client.post(f"/v1/hooks/{name}", content=body, headers=headers)


def waiting(gateway: Gateway) -> list[Any]:
    outbox = Outbox(gateway.settings.gateway_outbox)
    try:
        return [decode(entry.body) for entry in outbox.pending(10_000)]
    finally:
        outbox.close()


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("qminder", "ticket_created"),
        ("qminder", "ticket_served"),
        ("theq", "citizen_received_services"),
    ],
)
def test_a_signed_webhook_becomes_the_events_of_its_example(
    gateway: Gateway, name: str, sample: str
) -> None:
    vendor = EXAMPLES / VENDORS[name]
    body = (vendor / "samples" / f"{sample}.json").read_bytes()
    for _ in range(2):
        response = post(gateway, name, body)
        assert response.status_code == 503
        assert {one["result"] for one in response.json()["results"]} == {"kept"}
    lines = (vendor / "events" / f"{sample}.jsonl").read_bytes().splitlines()
    assert waiting(gateway) == [decode(line) for line in lines if line.strip()]


def test_what_a_mapping_leaves_out_is_good_news(gateway: Gateway) -> None:
    body = (EXAMPLES / "qminder" / "samples" / "line_changed.json").read_bytes()
    response = post(gateway, "qminder", body)
    assert (response.status_code, response.json()["results"]) == (202, [])
    assert waiting(gateway) == []


def test_what_a_mapping_cannot_read_is_told_to_the_vendor_and_the_operator(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="passage")
    sample = json.loads((EXAMPLES / "qminder" / "samples" / "ticket_created.json").read_bytes())
    sample["data"]["line"] = 99999
    response = post(gateway, "qminder", json.dumps(sample).encode())
    assert response.status_code == 422
    assert response.json()["results"][0]["reason"] == "not_in_table"
    [told] = [record for record in caplog.records if record.message == "refused by a mapping"]
    assert (vars(told)["hook"], vars(told)["reason"]) == ("qminder", "not_in_table")


def test_a_webhook_that_the_vendor_did_not_sign_is_not_let_in(gateway: Gateway) -> None:
    body = (EXAMPLES / "qminder" / "samples" / "ticket_created.json").read_bytes()
    assert post(gateway, "qminder", body, b"another").status_code == 401
    assert gateway.client.post("/v1/hooks/qminder", content=body).status_code == 401
    # Nor does a token of the intake open it.
    token = {"Authorization": f"Bearer {gateway.token}"}
    assert gateway.client.post("/v1/hooks/theq", content=body, headers=token).status_code == 401
    assert waiting(gateway) == []


def test_a_body_that_is_no_json_and_a_hook_that_is_none_are_problems(gateway: Gateway) -> None:
    assert post(gateway, "qminder", b"{").status_code == 400
    assert gateway.client.post("/v1/hooks/other", content=b"{}").status_code == 404


def test_a_secret_is_replaced_while_the_gateway_runs(gateway: Gateway, folder: Path) -> None:
    body = (EXAMPLES / "qminder" / "samples" / "line_changed.json").read_bytes()
    _write_secret(folder / "qminder.secret", SECRET, b"next")
    assert post(gateway, "qminder", body).status_code == 202
    assert post(gateway, "qminder", body, b"next").status_code == 202
    _write_secret(folder / "qminder.secret", b"next")
    assert post(gateway, "qminder", body).status_code == 401
    (folder / "qminder.secret").unlink()
    assert post(gateway, "qminder", body, b"next").status_code == 503


def test_a_vendor_may_send_so_often_and_nobody_uses_that_up_in_its_place(
    start: Callable[..., Gateway], folder: Path
) -> None:
    gateway = start(gateway_hooks=folder, gateway_requests_per_minute=2)
    body = (EXAMPLES / "qminder" / "samples" / "line_changed.json").read_bytes()
    for _ in range(3):
        assert post(gateway, "qminder", body, b"another").status_code == 401
    statuses = [post(gateway, "qminder", body).status_code for _ in range(3)]
    assert statuses == [202, 202, 429]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "qminder.secret").unlink(), "qminder.secret cannot be read"),
        (lambda folder: (folder / "qminder.secret").chmod(0o644), "open to others"),
        (lambda folder: (folder / "z.yaml").write_text("name: x\nevents: []"), "z.yaml"),
        (
            lambda folder: (folder / "z.yaml").write_text((folder / "qminder.yaml").read_text()),
            "named qminder already",
        ),
        (
            lambda folder: (folder / "z.yaml").write_text(
                (EXAMPLES / "csv-export" / "mapping.yaml").read_text()
            ),
            "needs `signature`",
        ),
    ],
)
def test_a_hook_that_is_not_set_up_is_said_at_the_start(
    folder: Path, tmp_path: Path, change: Callable[[Path], Any], said: str
) -> None:
    change(folder)
    settings = GatewaySettings(
        kafka=NOWHERE, gateway_hooks=folder, gateway_outbox=tmp_path / "outbox.db"
    )
    with pytest.raises(AdapterError, match=said):
        create_app(settings)
