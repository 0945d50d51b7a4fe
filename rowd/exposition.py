"""Numbers in Prometheus' text format. The only module that imports prometheus_client, and imported with the first one who asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from rowd.counting import Classes
from rowd.measuring import COUNTER, HISTOGRAM, MEASURES, Measure, Sample

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


def text(samples: Sequence[Sample]) -> str:
    """All of them, and what the machine says of this process (process_…), in the order of MEASURES."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(samples))
    ProcessCollector(registry=registry)
    return generate_latest(registry).decode()


class _Given(Collector):
    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Metric]:
        families = {measure: _family(measure) for measure in MEASURES}
        for sample in self._samples:
            family, value = families[sample.of], sample.value
            if isinstance(family, HistogramMetricFamily) and isinstance(value, Classes):
                buckets = [(_end(end), number) for end, number in value.up_to]
                family.add_metric(sample.labels, buckets, value.total)
            elif not isinstance(family, HistogramMetricFamily) and not isinstance(value, Classes):
                family.add_metric(sample.labels, float(value))
        yield from (family for family in families.values() if family.samples)


def _family(measure: Measure) -> Family:
    if measure.kind == HISTOGRAM:
        return HistogramMetricFamily(measure.name, measure.says, labels=measure.labels)
    kind = CounterMetricFamily if measure.kind == COUNTER else GaugeMetricFamily
    return kind(measure.name, measure.says, labels=measure.labels)


def _end(end: float) -> str:
    return "+Inf" if end == inf else repr(end)
