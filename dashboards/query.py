"""A panel's question to the data source `passage`."""

from __future__ import annotations

from typing import Literal

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef

# Newer versions know the old name of the type as well, and find the data source by its uid.
DATA_SOURCE = DataSourceRef(type_val="postgres", uid="passage")

Shape = Literal["table", "time_series"]


class SqlQuery(Dataquery):
    """A query of Grafana's PostgreSQL data source."""

    def __init__(self, sql: str, shape: Shape, ref_id: str) -> None:
        self.sql = sql
        self.shape = shape
        self.ref_id = ref_id

    def to_json(self) -> dict[str, object]:
        """As Grafana keeps it."""
        return {
            "datasource": DATA_SOURCE,
            "editorMode": "code",
            "format": self.shape,
            "rawQuery": True,
            "rawSql": self.sql,
            "refId": self.ref_id,
        }


class Query(Builder[Dataquery]):
    """Builds one query. `time_series` wants columns `time`, values and, if need be, `metric`."""

    def __init__(self, sql: str, shape: Shape = "table", ref_id: str = "A") -> None:
        self._query = SqlQuery(sql.strip().removesuffix(";"), shape, ref_id)

    def build(self) -> Dataquery:
        """The query."""
        return self._query
