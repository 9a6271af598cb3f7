"""Where a value begins to be bad, for cells and single numbers.

Charts draw the threshold of the registry (`reference_threshold`); a colour cannot ask the database.
"""

from __future__ import annotations

from dashboards.palette import ACT, FINE, UNKNOWN, WATCH
from dashboards.panels import Steps

WAIT_S: Steps = ((None, FINE), (1200, WATCH), (1800, ACT))
"""20 minutes is the CAF's open-data indicator, 30 minutes the ministerial criterion of 2011."""

COVERAGE: Steps = ((None, UNKNOWN), (0.01, ACT), (0.5, WATCH), (0.9, FINE))
"""Below a half the day is compared with nothing; below nine tenths a device is missing for long."""

DIFFERENCE: Steps = ((None, WATCH), (-0.3, FINE), (0.3, WATCH), (0.6, ACT))
"""Against the median of comparable days: half as few is as worth a look as half as many."""

SILENT_DEVICES: Steps = ((None, FINE), (1, ACT))

HELD_BACK: Steps = ((None, FINE), (1, WATCH), (50, ACT))
"""Messages in an outbox; from 50 on there is an alert as well."""
