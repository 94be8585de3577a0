"""What the statements did between two polls, summed over the classes that are asked. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import add

from collectors.postgres.entry import Change, Entry, between, key_of, since_birth
from collectors.postgres.snapshot import OWN, Fault, Labels, PostgresSnapshot, Statements
from collectors.postgres.statements import MOST_ENTRIES
from headroom.bounds import Bounds
from headroom.budgets import Measure, Reason
from headroom.evidence import Moments, Ratio
from headroom.observation import Absence, Observation, Part, Quality, Reading, Series
from headroom.span import Span, worst

UNCLASSIFIED = "statements:exec_time:unclassified"
GROUP = "queries."

_OTHER = "another server answers here since the last reading; a difference needs two readings of one server"
_UPDATED = (
    "pg_stat_statements was updated since the last reading; a difference needs two readings of one kind"
)
_SILENT = (
    "pg_stat_statements recorded nothing between two readings, not even these readings: check that "
    "pg_stat_statements.track is not none and compute_query_id is not off"
)
_FIRST = "one reading of pg_stat_statements so far; a difference needs two"


@dataclass(slots=True)
class _Work:
    """What was found in one interval."""

    changes: defaultdict[str, list[Change]] = field(default_factory=lambda: defaultdict(list))
    lost: Counter[str] = field(default_factory=Counter)
    pending: int = 0
    unreadable: int = 0

    def count(
        self, labels: Labels, line: str, earlier: str | None, unmet: Quality, *, disturbed: bool
    ) -> None:
        """Add what one entry did; `unmet` is the quality of one that was born in the interval."""
        statement, _, top = key_of(line).rpartition(" ")
        if top == "f":
            return  # its time is in the statement that called it
        try:
            entry = Entry.read(line)
            change = (
                since_birth(entry, unmet)
                if earlier is None
                else between(Entry.read(earlier), entry, disturbed=disturbed)
            )
        except ValueError:
            self.unreadable += 1
            return
        if change is None:
            return
        label = labels.known.get(statement)
        if label is None:
            self.pending += 1
        self.changes[label.group if label else ""].append(change)

    def lose(self, labels: Labels, key: str) -> None:
        """Note an entry that was thrown away."""
        statement, _, top = key.rpartition(" ")
        label = labels.known.get(statement)
        if top == "t" and label is not None and label.group != OWN:
            self.lost[label.group] += 1


def difference(
    source: str,
    measures: Mapping[Measure, tuple[float, ...]],
    before: PostgresSnapshot,
    after: PostgresSnapshot,
    span: Span,
) -> Reading:
    """Return one part per class asked, the unclassified share, and what could not be seen."""
    old, new = before.statements, after.statements
    refusal = _refusal(before, after)
    if refusal is not None or not isinstance(old, Statements) or not isinstance(new, Statements):
        fault = refusal or Fault(Reason.NO_DATA, _FIRST)
        return Reading(
            absences=tuple(Absence(Series.of(each), fault.reason, fault.detail) for each in measures)
        )
    reset = new.reset if new.reset != old.reset else None
    work = _work(old, new, reset=reset, restarted=before.started != after.started)
    observations = [
        Observation(
            Series.of(measure), (_part(work, measure.group.removeprefix(GROUP), thresholds, span, reset),)
        )
        for measure, thresholds in measures.items()
    ]
    observations.append(Observation(Series(source, UNCLASSIFIED), (_unclassified(work, span, reset),)))
    return Reading(tuple(observations), notes=tuple(_notes(work, old, new)))


def _refusal(before: PostgresSnapshot, after: PostgresSnapshot) -> Fault | None:
    """Return why two snapshots must not be compared, or None."""
    old, new = before.statements, after.statements
    if isinstance(new, Fault):
        return new
    if not isinstance(old, Statements) or not isinstance(new, Statements):
        return Fault(Reason.NO_DATA, _FIRST)
    # What began after the last reading began on the server that was read; what began before it did not.
    restarted, reset = after.started != before.started, new.reset != old.reset
    if (restarted and after.started <= before.at) or (reset and new.reset and new.reset < before.at):
        return Fault(Reason.RESET, _OTHER)
    if (new.nesting, new.births, new.reset is None) != (old.nesting, old.births, old.reset is None):
        return Fault(Reason.RESET, _UPDATED)
    silent = not restarted and not reset and new.lines == old.lines
    return Fault(Reason.BROKEN_INSTRUMENTATION, _SILENT) if silent else None


def _work(old: Statements, new: Statements, *, reset: datetime | None, restarted: bool) -> _Work:
    """Take apart the entries whose counters moved, and only those.

    An entry that one reading lacks did not exist then, for all entries are read at one moment.
    """
    work = _Work()
    if reset is not None:
        for line in new.lines:
            work.count(new.labels, line, None, Quality.RESET, disturbed=False)
        return work
    earlier = {key_of(line): line for line in old.lines - new.lines}
    later = {key_of(line): line for line in new.lines - old.lines}
    gone = earlier.keys() - later.keys() if new.complete else ()
    evicted = old.evictions is not None and new.evictions is not None and old.evictions[0] != new.evictions[1]
    disturbed = evicted or bool(gone) or (restarted and new.reset is None)
    for key in gone:
        work.lose(old.labels, key)
    for key, line in later.items():
        if key in earlier or old.complete:  # what a capped reading lacked may be old
            work.count(new.labels, line, earlier.get(key), Quality.FIRST_SEEN, disturbed=disturbed)
    return work


def _part(work: _Work, group: str, thresholds: tuple[float, ...], span: Span, reset: datetime | None) -> Part:
    changes, lost = work.changes.get(group, ()), work.lost[group]
    bounds = tuple(
        reduce(add, (change.over(threshold) for change in changes), Bounds(threshold, 0, 0, 0))
        for threshold in thresholds
    )
    start, quality = _standing(changes, span, reset, lost=lost)
    return Part(
        start,
        span.end,
        reduce(add, (change.moments for change in changes), Moments(0, 0.0, 0.0)),
        quality,
        bounds,
        "; ".join(_details(changes, span, reset, lost)),
    )


def _unclassified(work: _Work, span: Span, reset: datetime | None) -> Part:
    """Return the share of the calls that no class takes, of the calls of all but this collector's own."""
    changes = [change for group, found in work.changes.items() if group != OWN for change in found]
    part = sum(change.moments.n for change in work.changes.get("", ()))
    start, quality = _standing(changes, span, reset, lost=sum(work.lost.values()))
    return Part(start, span.end, Ratio(part, sum(change.moments.n for change in changes)), quality)


def _standing(
    changes: Sequence[Change], span: Span, reset: datetime | None, *, lost: int
) -> tuple[datetime, Quality]:
    """Return from when the evidence of an interval counts, and how far it can be trusted."""
    quality = worst(span.quality, *(change.quality for change in changes))
    if reset is not None or lost:
        quality = worst(quality, Quality.RESET)
    return max(span.start, min(reset or span.start, span.end)), quality


def _details(changes: Sequence[Change], span: Span, reset: datetime | None, lost: int) -> Iterator[str]:
    if span.detail:
        yield span.detail
    if reset is not None:
        yield f"all counters began again at {reset:%H:%M:%S} UTC; what this interval held before is lost"
        return
    found = Counter(change.quality for change in changes)
    if again := found[Quality.RESET]:
        yield f"{again} of its statements began again; what they did before that in this interval is lost"
    if lost:
        yield f"{lost} of its statements were thrown away with what they did last"
    if found[Quality.SUSPECT]:
        yield (
            f"{found[Quality.SUSPECT]} of its statements may have been thrown away and begun again; "
            "raise pg_stat_statements.max"
        )


def _notes(work: _Work, old: Statements, new: Statements) -> Iterator[str]:
    others = [change.moments for group, found in work.changes.items() if group != OWN for change in found]
    unclassified = [change.moments for change in work.changes.get("", ())]
    calls, took = sum(one.n for one in others), sum(one.total for one in others)
    if unclassified:
        share = sum(one.n for one in unclassified) / calls
        time = sum(one.total for one in unclassified) / took if took else 0.0
        yield f"{share:.1%} of the calls and {time:.1%} of the execution time fall in no query class"
    if work.pending:
        yield f"{work.pending} statements are too new to be classified; texts are read about once a minute"
    if new.texts:
        yield new.texts
    if not new.nesting:
        yield (
            "pg_stat_statements before 1.9 does not tell nested statements from top-level ones and counts "
            "both where pg_stat_statements.track is all; ALTER EXTENSION pg_stat_statements UPDATE mends it"
        )
    if old.evictions is not None and new.evictions is not None and new.evictions[1] > old.evictions[0]:
        yield (
            f"pg_stat_statements threw entries away {new.evictions[1] - old.evictions[0]} times in this "
            "interval, and what they did last is lost; raise pg_stat_statements.max"
        )
    if not (old.complete and new.complete):
        yield f"pg_stat_statements holds more than {MOST_ENTRIES:,} entries; the rest is not read"
    if work.unreadable:
        yield f"{work.unreadable} entries of pg_stat_statements could not be understood and are left out"
