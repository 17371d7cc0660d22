"""Numbers that the server computes: the one module that uses a private API of MLflow.

``query_trace_metrics`` of the tracking store (MLflow 3.8 and later, SQL stores and servers on them)
counts and aggregates traces without sending them. Every function returns None if this MLflow or
this store cannot do that; callers then read the traces through the public API.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

_MODEL = "trace.metadata.`mlflow.modelId`"
# An older server does not know the endpoint, and a store of files has no such query.
_UNSUPPORTED = frozenset({"ENDPOINT_NOT_FOUND", "NOT_IMPLEMENTED", "INVALID_PARAMETER_VALUE"})


@dataclass(frozen=True)
class ServerNumbers:
    """Asks about all traces of one model since ``since_ms``, evaluation traces included."""

    client: MlflowClient
    experiment_id: str
    model_id: str
    since_ms: int

    def count_by_state(self) -> dict[str, int] | None:
        """How many traces there are in each state (``OK``, ``ERROR``, ``IN_PROGRESS``)."""
        points = self._query("TRACES", "trace_count", [("COUNT", None)], ["trace_status"])
        if points is None:
            return None
        return {str(point.dimensions["trace_status"]): int(_only(point.values)) for point in points}

    def latencies_at(self, ranks: Sequence[int], count: int) -> dict[int, float] | None:
        """The latencies (ms) at the 0-based ``ranks`` of all ``count`` sorted ones.

        Stores interpolate percentiles linearly, so the percentile 100 k / (count - 1) is exactly
        the k-th value (numpy's default method).
        """
        last = max(count - 1, 1)
        wanted = {rank: 100 * rank / last for rank in ranks}
        aggregations = [("PERCENTILE", percentile) for percentile in wanted.values()]
        points = self._query("TRACES", "latency", aggregations)
        if not points:
            return None
        # SQLite names the value P50, a server P50.0.
        found = {float(name[1:]): value for name, value in points[0].values.items()}
        nearest = {
            rank: min(found, key=lambda named, at=percentile: abs(named - at))  # type: ignore[misc]
            for rank, percentile in wanted.items()
        }
        return {rank: found[percentile] for rank, percentile in nearest.items()}

    def token_totals(self) -> tuple[float, int] | None:
        """The sum of all tokens, and how many traces have any."""
        points = self._query("TRACES", "total_tokens", [("SUM", None), ("AVG", None)])
        if points is None:
            return None
        if not points or not points[0].values.get("AVG"):
            return 0.0, 0
        total, mean = points[0].values["SUM"], points[0].values["AVG"]
        return float(total), round(total / mean)

    def feedback_counts(self) -> dict[tuple[str, str], int] | None:
        """How often each value (as JSON) was given under each name, expectations excluded."""
        dimensions = ["assessment_name", "assessment_value"]
        points = self._query(
            "ASSESSMENTS",
            "assessment_count",
            [("COUNT", None)],
            dimensions,
            ["assessment.type = 'feedback'"],
        )
        if points is None:
            return None
        return {
            (str(p.dimensions[dimensions[0]]), str(p.dimensions[dimensions[1]])): int(
                _only(p.values)
            )
            for p in points
        }

    def _query(
        self,
        view: str,
        metric: str,
        aggregations: Sequence[tuple[str, float | None]],
        dimensions: list[str] | None = None,
        filters: Sequence[str] = (),
    ) -> list[Any] | None:
        try:
            from mlflow.entities import trace_metrics as entities

            query = self.client._tracing_client.store.query_trace_metrics
        except (ImportError, AttributeError):
            return None
        try:
            points = query(
                experiment_ids=[self.experiment_id],
                view_type=entities.MetricViewType(view),
                metric_name=metric,
                aggregations=[
                    entities.MetricAggregation(entities.AggregationType(kind), percentile)
                    for kind, percentile in aggregations
                ],
                dimensions=dimensions,
                filters=[f"{_MODEL} = '{self.model_id}'", *filters],
                start_time_ms=self.since_ms,
            )
        except NotImplementedError:
            return None
        except Exception as error:
            if getattr(error, "error_code", None) in _UNSUPPORTED:
                return None
            raise
        return None if points is None else list(points)


def _only(values: dict[str, float]) -> float:
    return next(iter(values.values()), 0.0)
