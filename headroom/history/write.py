"""Recording a cycle: every statement of its one transaction, in order."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, update

from headroom.budgets import Verdict
from headroom.history import actions, outbox, statements
from headroom.history.encode import encode, encode_bounds
from headroom.history.encode_verdict import encode_verdict
from headroom.history.memory import LimitKey, Memory, Remembered
from headroom.history.prepared import Prepared
from headroom.history.records import OK, Cycle, Poll
from headroom.history.replay import replay
from headroom.history.tables import (
    configurations,
    evidence,
    incidents,
    poll_log,
    snapshots,
    sources,
    transitions,
    verdict_changes,
    verdict_latest,
)
from headroom.incidents import Incident, Transition
from headroom.observation import Observation

_POLL = tuple(column.key for column in poll_log.c if column is not poll_log.c.seq)
_INSERT_POLL = Prepared(insert(poll_log).returning(poll_log.c.seq), _POLL)
_INSERT_EVIDENCE = Prepared(
    insert(evidence), [column.key for column in evidence.c if column is not evidence.c.id]
)
_UPDATE_LATEST = Prepared(
    update(verdict_latest)
    .where(
        verdict_latest.c.budget == bindparam("of_budget"),
        verdict_latest.c.limit == bindparam("of_limit"),
        verdict_latest.c.subject == bindparam("of_subject"),
    )
    .values({name: bindparam(name) for name in ("outcome", "reason", "since", "seq", "body")})
)
_UPDATE_SOURCE = (
    update(sources)
    .where(sources.c.id == bindparam("of"))
    .values({name: bindparam(name) for name in ("last_seq", "notes")})
)
_UPDATE_POLLED_SOURCE = Prepared(_UPDATE_SOURCE)
_UPDATE_GOOD_SOURCE = Prepared(_UPDATE_SOURCE.values(ok_at=bindparam("ok_at")))
_UPDATE_SNAPSHOT = Prepared(
    update(snapshots)
    .where(snapshots.c.source_id == bindparam("of"))
    .values({name: bindparam(name) for name in ("epoch", "data", "seq", "at")})
)


def record(connection: Connection, memory: Memory, cycle: Cycle) -> int:
    """Write all that a cycle changes and return its number.

    1. the poll, which gives the number; 2. evidence; 3. the snapshot; 4. verdicts, and what changed of them;
    5. incidents and their moves; 6. notices, which may supersede each other; 7. which actions it applied,
    and what they send again; 8. statements.
    """
    seq = _poll(connection, memory, cycle)
    _evidence(connection, memory, seq, cycle.at, cycle.observations)
    if cycle.poll is not None and cycle.snapshot is not None:
        _snapshot(connection, memory.source(connection, cycle.poll.source), seq, cycle.at, cycle.snapshot)
    _verdicts(connection, memory, seq, cycle.verdicts)
    _incidents(connection, seq, cycle.incidents)
    _transitions(connection, seq, cycle.transitions)
    outbox.queue(connection, seq, cycle.notices)
    actions.applied(connection, seq, cycle.applied)
    for incident, channel in cycle.replays:
        replay(connection, incident, channel, cycle.at)
    statements.learn(connection, memory, cycle.at, cycle.statements)
    return seq


def record_config(connection: Connection, memory: Memory, digest: str, text: str, at: datetime) -> None:
    """Keep the text of a version of the configuration; the first text of a digest stays."""
    row = memory.configuration(connection, digest, at)
    connection.execute(
        update(configurations)
        .where(configurations.c.id == row, configurations.c.text.is_(None))
        .values(text=text)
    )


def _poll(connection: Connection, memory: Memory, cycle: Cycle) -> int:
    poll = cycle.poll
    row: dict[str, object] = dict.fromkeys(_POLL)
    row["at"] = cycle.at
    if cycle.config_digest:
        row["configuration_id"] = memory.configuration(connection, cycle.config_digest, cycle.at)
    if poll is not None:
        row |= {
            "source_id": memory.source(connection, poll.source),
            "at": poll.at,
            "duration": poll.duration,
            "result": poll.result,
            "detail": poll.detail,
        }
        if poll.epoch is not None:
            row["epoch_id"] = memory.epoch(connection, poll.source, poll.epoch, poll.at)
    seq = int(_INSERT_POLL.returned(connection, row))
    if poll is not None:
        _latest_poll(connection, memory.source(connection, poll.source), seq, poll, cycle.notes)
    return seq


def _latest_poll(connection: Connection, source: int, seq: int, poll: Poll, notes: tuple[str, ...]) -> None:
    values: dict[str, object] = {"of": source, "last_seq": seq, "notes": json.dumps(notes)}
    if poll.result == OK:
        _UPDATE_GOOD_SOURCE.run(connection, {**values, "ok_at": poll.at})
    else:
        _UPDATE_POLLED_SOURCE.run(connection, values)


def _evidence(
    connection: Connection, memory: Memory, seq: int, at: datetime, observations: Sequence[Observation]
) -> None:
    rows = []
    for observation in observations:
        series = memory.series(connection, observation.series)
        for part in observation.parts:
            kind, figures = encode(part.evidence)
            rows.append(
                {
                    "series_id": series,
                    "seq": seq,
                    "at": at,
                    "started": part.start,
                    "ended": part.end,
                    "kind": kind,
                    "quality": part.quality.value,
                    "figures": figures,
                    "bounds": encode_bounds(part.bounds),
                    "detail": part.detail,
                }
            )
    if rows:
        _INSERT_EVIDENCE.run_each(connection, rows)


def _snapshot(
    connection: Connection, source: int, seq: int, at: datetime, snapshot: tuple[str, bytes]
) -> None:
    epoch, data = snapshot
    # Level 1: a snapshot of 10,000 statements is packed every few seconds, and read once in a restart.
    values = {"epoch": epoch, "data": zlib.compress(data, 1), "seq": seq, "at": at}
    if not _UPDATE_SNAPSHOT.run(connection, {"of": source, **values}):
        connection.execute(insert(snapshots).values(source_id=source, **values))


def _verdicts(connection: Connection, memory: Memory, seq: int, verdicts: Sequence[Verdict]) -> None:
    if not verdicts:
        return
    standings = memory.standings(connection)
    changes: list[dict[str, object]] = []
    latest: dict[LimitKey, Verdict] = {}
    stored: set[LimitKey] = set()
    for verdict in verdicts:
        key = (verdict.budget, verdict.limit, verdict.subject)
        before = standings.get(key)
        if before is not None and key not in latest:
            stored.add(key)
        latest[key] = verdict
        if before is not None and (before.outcome, before.reason) == (verdict.outcome, verdict.reason):
            continue
        since = before.since if before is not None and before.outcome is verdict.outcome else verdict.at
        standings[key] = Remembered(verdict.outcome, verdict.reason, since)
        changes.append(
            {
                "seq": seq,
                "at": verdict.at,
                "budget": verdict.budget,
                "limit": verdict.limit,
                "subject": verdict.subject,
                "outcome": verdict.outcome.value,
                "reason": verdict.reason.value,
                "detail": verdict.detail,
            }
        )
    if changes:
        connection.execute(insert(verdict_changes), changes)
    new: list[dict[str, object]] = []
    known: list[dict[str, object]] = []
    for key, verdict in latest.items():
        row = _standing_row(seq, verdict, standings[key])
        budget, limit, subject = key
        if key in stored:
            known.append({"of_budget": budget, "of_limit": limit, "of_subject": subject, **row})
        else:
            new.append({"budget": budget, "limit": limit, "subject": subject, **row})
    if new:
        connection.execute(insert(verdict_latest), new)
    if known:
        _UPDATE_LATEST.run_each(connection, known)


def _standing_row(seq: int, verdict: Verdict, standing: Remembered) -> dict[str, object]:
    return {
        "outcome": verdict.outcome.value,
        "reason": verdict.reason.value,
        "since": standing.since,
        "seq": seq,
        "body": encode_verdict(verdict),
    }


def _incidents(connection: Connection, seq: int, moved: Sequence[Incident]) -> None:
    for incident in moved:
        values = {
            "budget": incident.budget,
            "statistic": incident.statistic.value,
            "subject": incident.subject,
            "state": incident.state.value,
            "severity": incident.severity.value,
            "limit": incident.limit,
            "opened": incident.opened,
            "fired": incident.fired,
            "ended": incident.ended,
            "over_for": incident.over_for,
            "met_for": incident.met_for,
            "unclear_for": incident.unclear_for,
            "blind": incident.blind,
            "budget_digest": incident.budget_digest,
            "worst": incident.worst,
            "about": incident.about.value,
            "source": incident.source,
            "acknowledged": incident.acknowledged,
            "acknowledged_by": incident.acknowledged_by,
            "silenced": incident.silenced,
            "flapping": incident.flapping,
            "rises": incident.rises,
            "steady_for": incident.steady_for,
            "told_ago": incident.told_ago,
            "unanswered_for": incident.unanswered_for,
            "step": incident.step,
            "lost_told": incident.lost_told,
            "untold": incident.untold,
            "seq": seq,
        }
        changed = connection.execute(update(incidents).where(incidents.c.id == incident.id).values(values))
        if not changed.rowcount:
            connection.execute(insert(incidents).values(id=incident.id, **values))


def _transitions(connection: Connection, seq: int, moves: Sequence[Transition]) -> None:
    rows = [
        {
            "incident_id": move.incident,
            "seq": seq,
            "at": move.at,
            "before": None if move.before is None else move.before.value,
            "after": move.after.value,
            "why": move.why.value,
            "detail": move.detail,
            "severity": move.severity.value,
        }
        for move in moves
    ]
    if rows:
        connection.execute(insert(transitions), rows)
