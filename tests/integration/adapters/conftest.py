"""A vendor whose exports lie on an SFTP server of this test's own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.adapters.vendor_server import SftpServer, Vendor, new_key


@pytest.fixture
def vendor(tmp_path: Path, topics: str, stack: Any) -> Iterator[Vendor]:
    """A vendor whose server is known and lets our key in."""
    # Its side logs each client that goes away.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
    (tmp_path / "server" / "exports").mkdir(parents=True)
    server = SftpServer(
        tmp_path / "server", new_key(tmp_path / "host-key"), new_key(tmp_path / "key")
    )
    threading.Thread(target=server.serve, daemon=True).start()
    vendor = Vendor(
        tmp_path,
        server,
        {
            "PASSAGE_ADAPTERS_STATE": str(tmp_path / "state"),
            "PASSAGE_KAFKA": stack.environ()["PASSAGE_KAFKA"],
            "PASSAGE_TOPIC_PREFIX": topics,
            "PASSAGE_OUTBOX_MIN_FREE_MB": "0",
        },
    )
    vendor.write_mapping()
    vendor.know_host(server.host_key)
    yield vendor
    server.close()
