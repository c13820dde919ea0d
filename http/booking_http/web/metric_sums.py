"""Adding up what several processes counted, those that have ended included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

_LASTING: Final = frozenset({"counter", "histogram"})
"""Kinds of metrics that never fall, so that what an ended process counted still counts."""
_CREATED: Final = "_created"
"""The end of the name of a moment that the library adds to each count; moments have no sum."""


def read(exposition: str) -> list[Metric]:
    """Read the text of `/metrics`."""
    found = text_string_to_metric_families(exposition)
    return [each for each in found if not each.name.endswith(_CREATED)]


class MetricSums(Collector):
    """Shows the sum over processes, by what each told last."""

    def __init__(self) -> None:
        """Begin with no process."""
        self._told: dict[int, list[Metric]] = {}
        self._ended: list[Metric] = []

    def tell(self, process: int, exposition: str) -> None:
        """Take what the process with this number counts now."""
        self._told[process] = read(exposition)

    def forget(self, process: int) -> None:
        """Keep of a process that has ended what must not fall."""
        lasting = [each for each in self._told.pop(process, []) if each.type in _LASTING]
        self._ended = list(added_up([*self._ended, *lasting]))

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its sums."""
        yield from added_up(
            [*self._ended, *(each for told in self._told.values() for each in told)]
        )


def added_up(metrics: Iterable[Metric]) -> Iterator[Metric]:
    """Yield one metric of each name, with the sum of each of its samples."""
    families: dict[str, Metric] = {}
    sums: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for metric in metrics:
        families.setdefault(metric.name, metric)
        sums_of_name = sums.setdefault(metric.name, {})
        for sample in metric.samples:
            key = sample.name, tuple(sample.labels.items())
            sums_of_name[key] = sums_of_name.get(key, 0.0) + sample.value
    for name, family in families.items():
        yield _family(family, sums[name])


def _family(like: Metric, sums: Mapping[tuple[str, tuple[tuple[str, str], ...]], float]) -> Metric:
    made = Metric(like.name, like.documentation, like.type)
    for (name, labels), value in sums.items():
        made.add_sample(name, dict(labels), value)
    return made
