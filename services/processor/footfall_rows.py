"""Differences of the buckets, as COPY and the statements of a batch take them."""

from __future__ import annotations

from collections.abc import Mapping

from services.core.calendar import from_us
from services.core.footfall import MEASURES, Footfall, FootfallKey, Transfer
from services.processor.copy_text import copy_line, utc_text


def footfall_lines(footfall: Footfall) -> tuple[list[str], list[str]]:
    """Lines of `footfall` and of `footfall_wait`."""
    keys = {key: _key_columns(key) for key in footfall.measures}
    measures = [
        copy_line(keys[key], *[row.get(measure, 0) for measure in MEASURES])
        for key, row in footfall.measures.items()
    ]
    bins = [
        f"{keys.get(key) or _key_columns(key)}\t{measure}\t{bin_number}\t{n}\n"
        for (key, measure, bin_number), n in footfall.bins.items()
    ]
    return measures, bins


def _key_columns(key: FootfallKey) -> str:
    """The columns that rows of the buckets begin with."""
    return "\t".join((utc_text(key.bucket_start_us), *key[1:]))


def transfer_columns(transfers: Mapping[Transfer, int]) -> dict[str, list[object]]:
    """Parameters of statement `add_transfers`."""
    keys = [transfer.key for transfer in transfers]
    return {
        "bucket_start": [from_us(key.bucket_start_us) for key in keys],
        "site": [key.site for key in keys],
        "directorate": [key.directorate for key in keys],
        "service": [key.service for key in keys],
        "channel": [key.channel for key in keys],
        "from_directorate": [transfer.from_directorate for transfer in transfers],
        "from_service": [transfer.from_service for transfer in transfers],
        "n": list(transfers.values()),
    }
