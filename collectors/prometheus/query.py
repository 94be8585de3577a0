"""The PromQL that is sent: raw samples only, never rate() or a quantile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

NO_DISKS = r"(loop|ram|zram|sr|fd|dm-).*"
"""Devices that are no disk of their own: what they do is done by, or hidden behind, another device."""

NOW = "time()"
HEALTH = ("up", "process_start_time_seconds")


def histogram(metric: str, window: float, jobs: Sequence[str] = (), instances: Sequence[str] = ()) -> str:
    """Return the query for all counters of a histogram within the last `window` seconds.

    With `jobs` and `instances`, only for theirs.
    """
    matchers = [_counters(metric)]
    matchers += [_one_of(name, some) for name, some in (("job", jobs), ("instance", instances)) if some]
    return _raw(",".join(matchers), window)


def series_by_target(metric: str, window: float) -> str:
    """Return the query for the number of series that `histogram` gives of each job and instance."""
    return f"count by (job, instance) (last_over_time({_raw(_counters(metric), window)}))"


def health(window: float) -> str:
    """Return the query for the scrapes of all targets within the last `window` seconds."""
    return _raw(f"__name__=~{_quoted('|'.join(HEALTH))}", window)


def machines(series: Iterable[str], window: float) -> str:
    """Return the query for the counters of node_exporter within the last `window` seconds.

    Series without a device pass the filter of devices: an absent label is empty.
    """
    return _raw(f"__name__=~{_quoted('|'.join(series))},device!~{_quoted(NO_DISKS)}", window)


def containers(series: Iterable[str], window: float) -> str:
    """Return the query for what cAdvisor tells of containers within the last `window` seconds.

    Its cgroups above and beside containers, whose figures are in those of others, have no image.
    """
    return _raw(f'__name__=~{_quoted("|".join(series))},image!=""', window)


def gauge(selector: str, window: float) -> str:
    """Return the query for all samples of a gauge within the last `window` seconds."""
    return f"{selector}[{round(window * 1000)}ms]"


def past(selector: str, target: tuple[str, str], seconds: float, step: float) -> str:
    """Return the query for what a gauge of one target read every `step` seconds, for the last `seconds`."""
    job, instance = map(_quoted, target)
    metric, _, labels = selector.rstrip("}").partition("{")
    matchers = ",".join(each for each in (labels, f"job={job}", f"instance={instance}") if each)
    return f"{metric}{{{matchers}}}[{round(seconds * 1000)}ms:{max(1, round(step * 1000))}ms]"


def failures(counter: str, labels: Mapping[str, str], window: float) -> str:
    """Return the query for a counter of failures; `labels` are shell patterns."""
    patterns = [f"{name}=~{_quoted(_regex(labels[name]))}" for name in sorted(labels)]
    return _raw(",".join((f"__name__={_quoted(counter)}", *patterns)), window)


def groups(counter: str, labels: Mapping[str, str]) -> str:
    """Return the query for a counter added up over all statuses: by all other labels.

    `labels` are shell patterns. A shared proxy has a group for each of its services.
    """
    patterns = [f"{name}=~{_quoted(_regex(labels[name]))}" for name in sorted(labels)]
    matchers = ",".join((f"__name__={_quoted(counter)}", *patterns))
    return f"sum without ({', '.join(STATUS)}) ({{{matchers}}})"


STATUS = ("code", "http_code", "http_status", "response_code", "status", "status_code", "status_class")
"""Labels that tell what became of a request, by the names that proxies give them."""


def giving(counter: str) -> str:
    """Return the query for the targets that give a counter, whatever its labels."""
    return f"count by (job, instance) ({{__name__={_quoted(counter)}}})"


def requests(target: tuple[str, str]) -> str:
    """Return the query for what a target counted of requests, whatever it calls them; not its own scrapes."""
    job, instance = map(_quoted, target)
    names = '__name__=~"(.*http.*|.*requests?)_(count|total)",__name__!~"(promhttp|prometheus)_.*"'
    probes = 'path!~"/(metrics|health).*",handler!~".*(metrics|health).*"'
    return f"sum by (__name__) ({{{names},{probes},job={job},instance={instance}}})"


def _regex(pattern: str) -> str:
    """Return a shell pattern as a regular expression of Prometheus, which matches as a whole."""
    return "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)


def _counters(metric: str) -> str:
    # A native histogram is one series, of the bare name.
    return f"__name__=~{_quoted(f'{re.escape(metric)}(_bucket|_sum|_count)?')}"


def _one_of(label: str, values: Sequence[str]) -> str:
    if len(values) == 1:
        return f"{label}={_quoted(values[0])}"
    return f"{label}=~{_quoted('|'.join(map(re.escape, values)))}"


def _raw(matchers: str, window: float) -> str:
    return f"{{{matchers}}}[{round(window * 1000)}ms]"


def _quoted(text: str) -> str:
    # PromQL reads strings as Go does; JSON's escapes will do, as long as nothing becomes a surrogate pair.
    return json.dumps(text, ensure_ascii=False)
