"""What the audit reads of a Redis: settings, figures, and how long its keys live; no key, no password."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from redis.asyncio.connection import parse_url
from redis.exceptions import RedisError, ResponseError

from collectors.redis import info, refusals
from collectors.redis.address import Address, address
from collectors.redis.census.denied import Denied
from collectors.redis.census.look import look
from collectors.redis.census.nodes import nodes
from collectors.redis.census.run import Node, run
from collectors.redis.census.session import Session
from collectors.redis.census.standing import FULL, Room, Standing, standing
from collectors.redis.own import ledger
from headroom.audit.redis.facts import RedisFacts
from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.policies import KeyPolicy
from headroom.sources import Source

SETTINGS = (
    "maxmemory", "maxmemory-policy", "appendonly", "appendfsync", "tcp-keepalive", "timeout", "tcp-backlog",
    "slowlog-log-slower-than", "latency-tracking", "maxclients", "save",
)  # fmt: skip
"""All that is ever asked of CONFIG GET; never a pattern, which would bring passwords."""
_LONGEST = 200
_PATIENCE = 4  # times that of one answer, for INFO and all settings
_VALUE = re.compile(r"[\x20-\x7e]*")
_APPENDS = re.compile(rb"^aof_enabled:([01])\r?$", re.MULTILINE)


async def read(
    source: Source,
    policies: Sequence[KeyPolicy],
    now: datetime,
    *,
    deadline: float,
    resume: bytes | None = None,
    not_now: str = "",
    full: float = FULL,
) -> tuple[RedisFacts, bytes]:
    """Read all facts of one server; SourceError where it does not answer INFO.

    `policies` may be those of other sources, too. `deadline` is in seconds, for looking at keys alone;
    `resume` is the second of what the audit before returned, and `not_now` a sentence why no key should be
    looked at, empty where nothing speaks against it. Nor is one looked at on a server that answers slowly, or
    takes more than `full` of its memory. Returned beside the facts is what to resume from.
    """
    place, own, database = address(source), ledger(source.name), _database(source)
    ours = [one for one in policies if one.source == source.name]
    denied, session = Denied(place.user), Session(place, own)
    walked: list[Node] = []
    try:
        async with asyncio.timeout(_PATIENCE * place.patience):
            text = await _info(session, place)
            settings = await _settings(session, denied)
            room = Room(full, source.memory_limit)
            seen = standing(text, room)
            if ours:
                seen = await look(session, room, thrice=True)
                walked, alone = await nodes(session, seen, own, denied, database, room)
                not_now = not_now or alone
        passed = await run(
            walked,
            ours,
            now,
            database=database,
            deadline=deadline,
            resume=resume,
            not_now=not_now,
            denied=denied,
        )
    except RedisError as error:
        raise refusals.refusal(error, place, session.asked) from None
    except TimeoutError:
        raise refusals.late(place, _PATIENCE * place.patience) from None
    finally:
        for one in (session, *(node.session for node in walked)):
            await one.close()
    fields = info.fields(text)
    figures = info.figures(fields)
    policy = info.word(fields, b"maxmemory_policy")
    facts = RedisFacts(
        source=source.name,
        at=now,
        version=info.version(fields),
        product=info.product(fields),
        role=seen.role,
        settings=_told_by_info(text, figures, policy) | settings,
        figures=figures,
        policy=policy,
        memory_limit=source.memory_limit,
        census=passed.census,
        denied=(*denied.sentences, *(_elsewhere(seen, database) if ours else ())),
    )
    return facts, passed.state


async def _info(session: Session, place: Address) -> bytes:
    (text,) = await session.ask([("INFO",)])
    if isinstance(text, ResponseError):
        raise text
    if not isinstance(text, bytes) or not info.figures(info.fields(text)):
        raise SourceError(
            Reason.BROKEN_INSTRUMENTATION,
            f"{place.place} answers INFO without any figure: it is no Redis, or something between changes "
            "its answers",
        )
    return text


async def _settings(session: Session, denied: Denied) -> dict[str, str]:
    """Return the settings that the server tells; one question each, since before 7.0 several are an error."""
    (first,) = await session.ask([("CONFIG", "GET", SETTINGS[0])])
    if isinstance(first, ResponseError):
        denied.note("CONFIG GET", first)
        return {}
    rest = await session.ask([("CONFIG", "GET", name) for name in SETTINGS[1:]])
    found = (_value(name, answer) for name, answer in zip(SETTINGS, (first, *rest), strict=True))
    return {name: value for name, value in zip(SETTINGS, found, strict=True) if value is not None}


def _value(name: str, answer: Any) -> str | None:
    """Return the value that an answer gives a setting; None where it gives none, or a garbled one."""
    match answer:
        case [bytes() as told, bytes() as value] if told == name.encode() and len(value) <= _LONGEST:
            text = value.decode("ascii", "replace")
            return text if _VALUE.fullmatch(text) else None
    return None


def _told_by_info(text: bytes, figures: Mapping[str, int], policy: str) -> dict[str, str]:
    """Return the settings that INFO tells as well, for servers that keep CONFIG to themselves."""
    told = {"maxmemory-policy": policy} if policy else {}
    if "maxmemory" in figures:
        told["maxmemory"] = str(figures["maxmemory"])
    if found := _APPENDS.search(text):
        told["appendonly"] = "yes" if found[1] == b"1" else "no"
    return told


def _database(source: Source) -> int:
    """Return the number of the database that the URL names; its keys are the application's."""
    assert source.url is not None  # `address` refused it otherwise
    return int(parse_url(source.url.reveal()).get("db", 0))


def _elsewhere(seen: Standing, database: int) -> list[str]:
    """Say which databases have keys that nobody looked at."""
    others = {number: count for number, count in sorted(seen.keys.items()) if number != database and count}
    if not others:
        return []
    names = ", ".join(map(str, others))
    keys = f"{sum(others.values()):,} keys in other databases ({names})"
    return [f"{keys} were not looked at: keys are those of database {database}, which the URL names"]
