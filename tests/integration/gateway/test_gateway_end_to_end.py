"""From a vendor's webhook to the figures that a planner reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.adapters.mapping_file import load_mapping
from services.adapters.signature import sign
from tests.integration.gateway.conftest import Gateway
from tests.pipeline import Pipeline

QMINDER = Path(__file__).parents[3] / "deploy" / "adapters" / "qminder"
SECRET = b"shared with the vendor"


def test_a_visit_told_by_webhooks_is_counted_once_in_its_hour(
    start: Callable[..., Gateway], pipeline: Pipeline, tmp_path: Path, eventually: Any
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "qminder.yaml").write_bytes((QMINDER / "mapping.yaml").read_bytes())
    (hooks / "qminder.secret").write_bytes(SECRET)
    (hooks / "qminder.secret").chmod(0o600)
    pipeline.worker()
    gateway = start(pipeline.kafka, topic_prefix=pipeline.prefix, gateway_hooks=hooks)
    signature = load_mapping(QMINDER / "mapping.yaml").signature
    assert signature is not None
    # The vendor tells one thing twice, and the end before the call.
    for sample in ("ticket_created", "ticket_served", "ticket_created", "ticket_called"):
        body = (QMINDER / "samples" / f"{sample}.json").read_bytes()
        headers = {signature.header: sign(signature, body, SECRET)}
        response = gateway.client.post("/v1/hooks/qminder", content=body, headers=headers)
        # 503 only where the broker takes long: the event is kept then.
        assert response.status_code in (202, 503), response.text

    def counted() -> Any:
        return pipeline.database.rows(
            "SELECT local_label, directorate, service, channel, passages, tickets, served, waits"
            " FROM footfall_hourly WHERE site = 'creteil-etrangers' AND served > 0 AND waits > 0"
        )

    rows = eventually(counted)
    assert rows == [("2026-11-16 09:00+01:00", "dmi", "sejour", "kiosk", 1, 1, 1, 1)]
