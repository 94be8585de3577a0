"""Failures that are never timed: thousands of requests without a single one, while the proxy counts some."""

from __future__ import annotations

from collections.abc import Callable

from collectors.prometheus.faults.fault import Fault, Remedy
from collectors.prometheus.flow import Flow
from collectors.prometheus.health import Health
from collectors.prometheus.snapshot import Buckets, Counters
from collectors.prometheus.tally import Tally
from collectors.prometheus.words import printable

ID = "failures never timed"

MANY = 1_000
"""Requests since the start of the processes before the lack of failures among them is worth a word."""
SETS = 3
"""Label sets with a status that they must stem from: a single route may well never fail."""
ROSE = 5
"""Failures elsewhere in one interval before they contradict. Proxies answer a few by themselves: while an
instance restarts, or where a client sends nonsense."""

ABOUT = 1.5
"""How many times more or less than the histogram a counter may have counted and still count the same."""

REMEDY = Remedy(
    node="""
// METRIC stays declared as it is
// 'close' comes after every answer, failed and aborted ones too; tap({ complete }) only after good ones
intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
  const started = process.hrtime.bigint();
  const request = context.switchToHttp().getRequest();
  const response = context.switchToHttp().getResponse();
  response.once('close', () => {
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    const path = request.route?.path ?? 'unmatched';
    this.metricsService.recordRequest(request.method, path, response.statusCode, seconds);
  });
  return next.handle();
}
""",
    python='''
from time import perf_counter


def timed(histogram, labels, handle):
    """Return what handle() answers, a pair of status and body; its failures are timed as well.

    METRIC stays declared as it is; `labels` are all but its status.
    """
    started, status = perf_counter(), 500  # what it stays where handle() raises
    try:
        status, body = handle()
        return status, body
    finally:
        histogram.labels(**labels, status=str(status)).observe(perf_counter() - started)
''',
)


def risen(before: Tally | None, after: Tally, health: Health) -> int | None:
    """Return how many failures were counted elsewhere between two polls; None where nothing tells.

    A label set that appears is born with its first failure, if its target was scraped well without it.
    """
    if before is None or before.refused or after.refused or not after.targets:
        return None
    total = 0.0
    for key, (at, value) in after.sets.items():
        scrape = health.before.scrapes.get(key[0])
        if key in before.sets:
            grown = value - before.sets[key][1]
            total += grown if grown >= 0 else value
        elif scrape is not None and scrape.ok_at is not None and scrape.ok_at < at:
            total += value
    return int(total) if total >= 0 else None  # NaN compares as neither


def answers(before: Tally | None, after: Tally) -> float | None:
    """Return how much was counted elsewhere between two polls where failures were; None where nothing tells.

    Only in the groups of labels, all but the status alike, whose failures rose.
    """
    if before is None or before.refused or after.refused:
        return None
    total = 0.0
    for key, (all_now, failed_now) in after.groups.items():
        all_then, failed_then = before.groups.get(key, (0.0, 0.0))
        if failed_now != failed_then:
            total += all_now - all_then if all_now >= all_then else all_now
    return total if total > 0 else None  # NaN tells nothing


def never_timed(
    metric: str,
    after: Counters,
    moved: Flow,
    keep: Callable[[Buckets], bool],
    elsewhere: tuple[str, int | None, float | None] | None,
) -> Fault | None:
    """Return the fault, or the doubt, that failures are not among the durations; None where they are.

    `keep` tells which label sets are traffic of users; `elsewhere` is the name of an independent counter, how
    many failures it counted, None where no target gives it, and how many answers, None where nobody knows.
    A counter of other services' failures contradicts nothing: it must count about as much as the histogram.
    """
    told = [one for one in after.sets if one.counts and one.counts[-1] and one.status and keep(one)]
    if not told or any(_failed(one.status) for one in told):
        return None
    now = sum(change.n for change in moved.changes if keep(change.series))
    name = printable(metric)
    counter, rose, answered = elsewhere or ("", None, None)
    if rose is not None:
        if rose < ROSE:
            return None
        meant = now + rose
        if answered is None or not meant / ABOUT <= answered <= meant * ABOUT:
            whole = "an unknown number of" if answered is None else f"{answered:,.0f}"
            return Fault.warns(
                ID,
                f"{printable(counter)} counted {rose:,} failures since the last poll, of {whole} answers, "
                f"and {name} timed {now:,} requests and no failure: either they are of other services, or "
                f"failures are never timed; {_ADVICE}",
                REMEDY.of(metric),
            )
        return Fault.blinds(
            ID,
            f"failures are missing from {name}: {printable(counter)} counted {rose:,} since the last poll, "
            f"and none of the {now:,} requests timed meanwhile was one, nor any before; {_ADVICE}",
            REMEDY.of(metric),
        )
    events = sum(one.counts[-1] for one in told)
    if events < MANY or len(told) < SETS:
        return None
    remedy = f"{printable(counter)}, which would tell, is given by no target" if counter else _NAME_ONE
    return Fault.warns(
        ID,
        f"none of {events:,} requests in {name} was a failure: either none failed, or failures are never "
        f"timed; {_ADVICE}; {remedy}",
        REMEDY.of(metric),
    )


_ADVICE = "tap({complete}) leaves them out, finalize or the response's close does not"

_NAME_ONE = "to be sure, name a counter of your proxy under classes.failures"


def _failed(status: str) -> bool:
    """Tell whether a status is that of a failure, 4xx or 5xx: who times one kind times the other."""
    return len(status) == 3 and status[0] in "45"  # noqa: PLR2004 the length of a status
