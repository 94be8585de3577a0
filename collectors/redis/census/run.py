"""One pass over the keys of a source, or the next piece of it, within its deadline and its duty."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from redis.exceptions import RedisError

from collectors.redis import refusals
from collectors.redis.census.denied import Denied
from collectors.redis.census.look import look
from collectors.redis.census.pace import pause
from collectors.redis.census.session import Session
from collectors.redis.census.standing import Room, Standing
from collectors.redis.census.state import DONE, START, Pass, fresh, load
from collectors.redis.census.walk import Walk
from headroom.audit.redis.facts import Census
from headroom.policies import KeyPolicy

MOST_STEPS = 5_000
"""Of one audit."""
_LOOK = 1.0  # seconds after which the server is asked again whether it is busy otherwise


@dataclass(frozen=True, slots=True)
class Node:
    """A server whose keys belong to the source: the only one, or a primary of a cluster.

    Attributes:
        standing: what it was doing when it was asked last.
        room: what it must leave free.
    """

    session: Session
    standing: Standing
    room: Room


@dataclass(frozen=True, slots=True)
class Passed:
    """What an audit saw of the keys.

    Attributes:
        census: None where nothing is declared about keys.
        state: from where the next audit goes on; empty where it begins anew.
    """

    census: Census | None
    state: bytes


async def run(
    nodes: Sequence[Node],
    policies: Sequence[KeyPolicy],
    now: datetime,
    *,
    database: int,
    deadline: float,
    resume: bytes | None,
    not_now: str,
    denied: Denied,
) -> Passed:
    """Look at keys for at most `deadline` seconds; never raises for what a server does.

    `resume` is the state that the last audit left, and `not_now` a sentence why no key should be looked at,
    empty where nothing speaks against it. What is not permitted is noted in `denied`.
    """
    if not policies:
        return Passed(None, b"")
    began = monotonic()
    runs, role = [node.standing.run for node in nodes], nodes[0].standing.role
    so_far = load(resume, policies)
    if so_far is None or not so_far.young(now) or not (not_now or so_far.same(runs, role)):
        so_far = fresh(policies, now)
    if not so_far.cursors:
        so_far.role, so_far.cursors = role, dict.fromkeys(runs, START)
    if not all(runs) or len(set(runs)) < len(runs):
        not_now = not_now or "INFO tells no run_id, so nobody can tell one server from another"
    stopped = not_now
    for node in nodes:
        if not stopped and so_far.cursors[node.standing.run] != DONE:
            walk = Walk(node.session, node.standing.run, so_far, policies, denied)
            spent = node.session.spent
            stopped = await _walked(node, walk, so_far, began + deadline)
            so_far.took += node.session.spent - spent
    ended = now + timedelta(seconds=monotonic() - began)
    census = _census(so_far, policies, ended, stopped, nodes, database)
    return Passed(census, so_far.dump())


async def _walked(node: Node, walk: Walk, so_far: Pass, until: float) -> str:
    """Walk until the end, the deadline, or something that speaks against it; return what does."""
    address, left = node.session.address, until - monotonic()
    try:
        async with asyncio.timeout(max(0.0, left) + address.patience):
            return await _steps(node, walk, so_far, until)
    except RedisError as error:
        return refusals.refusal(error, address, node.session.asked).message
    except TimeoutError:
        return refusals.late(address, left + address.patience).message


async def _steps(node: Node, walk: Walk, so_far: Pass, until: float) -> str:
    run, now, looked = node.standing.run, node.standing, monotonic()
    if now.busy:
        return now.busy
    for _ in range(MOST_STEPS):
        if so_far.cursors[run] == DONE or monotonic() >= until:
            return ""
        spent = node.session.spent
        if monotonic() - looked > _LOOK:
            now, looked = await look(node.session, node.room, thrice=False), monotonic()
            if why := _otherwise(now, node.standing):
                return why
        if why := await walk.step():
            return why
        if so_far.cursors[run] != DONE:
            wait = pause(node.session.spent - spent)
            await asyncio.sleep(max(0.0, min(wait, until - monotonic())))
    return ""


def _otherwise(now: Standing, before: Standing) -> str:
    """Return why a walk must not go on, or "" where it may."""
    if now.run != before.run:
        return "another server answers since: it was restarted, or replaced by another"
    if now.role != before.role:
        return f"its role changed from {before.role or 'none'} to {now.role or 'none'}"
    return now.busy


def _census(
    so_far: Pass,
    policies: Sequence[KeyPolicy],
    ended: datetime,
    stopped: str,
    nodes: Sequence[Node],
    database: int,
) -> Census:
    counts: Sequence[Mapping[int, int]] = [node.standing.keys for node in nodes]
    return Census(
        began=so_far.began,
        ended=ended,
        complete=so_far.complete,
        keys=sum(count.get(database, 0) for count in counts),
        seen=so_far.seen,
        random=not any(node.standing.cluster for node in nodes),
        prefixes=tuple(tally.prefix(one) for tally, one in zip(so_far.tallies, policies, strict=True)),
        other=so_far.other,
        took=so_far.took,
        stopped=stopped,
    )
