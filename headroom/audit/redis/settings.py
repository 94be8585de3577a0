"""The guide's seven lines of redis.conf against what the server is really set to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from headroom.audit.amounts import clean
from headroom.audit.finding import Finding
from headroom.audit.redis.case import RedisCase
from headroom.audit.redis.facts import RedisFacts
from headroom.audit.redis.told import change, evicting, limited, not_read, number, size, spelled
from headroom.checks import State

GUIDE = (
    ("maxmemory", "1gb"),
    ("maxmemory-policy", "allkeys-lru"),
    ("appendonly", "yes"),
    ("appendfsync", "everysec"),
    ("tcp-keepalive", "300"),
    ("timeout", "0"),
    ("tcp-backlog", "511"),
)
"""The values of its section "Redis Configuration"."""
ROOM = 0.75
"""Share of a container that maxmemory may take: saving copies pages, and buffers are not counted in it."""
MAXMEMORY = 1 << 30
_OTHERWISE = (State.PASS, ": evicts from all keys as the guide does, and chooses them otherwise")
_POLICIES = {
    "allkeys-lru": (State.PASS, ""),
    "allkeys-lfu": _OTHERWISE,
    "allkeys-lrm": _OTHERWISE,
    "allkeys-random": (State.WARN, ": evicts what is read often as readily as what nobody reads"),
    "noeviction": (State.FAIL, ": a full cache refuses to store; queues need it, and a server of their own"),
}
_KEEPALIVE, _BACKLOG = 300, 511

Said = tuple[State, str]


def settings(case: RedisCase) -> Iterator[Finding]:
    """Yield one finding for each of the guide's settings."""
    facts = case.facts
    for name, value in GUIDE:
        rule, subject = f"redis.setting.{name}", (("source", facts.source),)
        guide = f"Redis Configuration: {name} {value}"
        said = _JUDGED[name](facts)
        if said is None:
            yield Finding(rule, subject, State.CANNOT_CHECK, guide, not_read(name, facts))
            continue
        state, found = said
        if found == value:
            found = f"{value}, as in the guide"
        fix = _fix(name, value, facts) if state in (State.WARN, State.FAIL) else ""
        yield Finding(rule, subject, state, guide, f"{name} is {found}", fix)


def _fix(name: str, value: str, facts: RedisFacts) -> str:
    if name == "tcp-backlog":
        return "tcp-backlog 511 in redis.conf, then restart; net.core.somaxconn must not be smaller"
    if name == "maxmemory":
        room = MAXMEMORY if facts.memory_limit is None else int(facts.memory_limit * ROOM)
        return limited(min(MAXMEMORY, room), facts)
    return evicting(facts) if name == "maxmemory-policy" else change(name, value)


def _maxmemory(facts: RedisFacts) -> Said | None:
    found, limit = number("maxmemory", facts), facts.memory_limit
    if found is None:
        return None
    if found == 0:
        return State.FAIL, "0, which is no limit: it grows until the machine or the container stops it"
    if found > MAXMEMORY:
        if limit is not None and found >= limit:
            return State.FAIL, f"{spelled(found)}, and its container gives it {size(limit)}"
        return State.PASS, f"{spelled(found)}, more than the guide asks for"
    if found == MAXMEMORY:
        return State.PASS, "1gb"
    if limit is not None and limit / 2 <= found and limit * ROOM < MAXMEMORY:
        state, words = State.PASS, f"less than the guide, whose 1gb does not fit into its {size(limit)}"
    else:
        state, words = State.WARN, "less than the guide: fewer entries are kept"
    return state, f"{spelled(found)}, {words}"


def _policy(facts: RedisFacts) -> Said | None:
    policy = (facts.settings or {}).get("maxmemory-policy", "")
    if policy.startswith("volatile-"):
        return (
            State.WARN,
            f"{clean(policy)}: evicts keys with an expiry only; without enough of them it refuses to store",
        )
    if policy in _POLICIES:
        state, words = _POLICIES[policy]
        return state, f"{policy}{words}"
    return (State.WARN, f"{clean(policy)}, which the guide does not know") if policy else None


def _appendonly(facts: RedisFacts) -> Said | None:
    found = (facts.settings or {}).get("appendonly", "")
    if found == "no":
        return State.WARN, (
            "no: a restart empties it, or takes it back to the last save, as a pure cache may decide to be"
        )
    return (State.PASS, "yes") if found == "yes" else None


def _appendfsync(facts: RedisFacts) -> Said | None:
    found = (facts.settings or {}).get("appendfsync", "")
    off = (facts.settings or {}).get("appendonly", "") == "no"
    if found not in ("everysec", "always", "no"):
        return None
    if off:
        return State.NOT_APPLICABLE, f"{found}, which has no effect while appendonly is no"
    if found == "always":
        return State.WARN, "always: each write waits for the disk"
    if found == "no":
        return State.WARN, "no: the system writes when it likes to, and a crash may lose half a minute"
    return State.PASS, found


def _keepalive(facts: RedisFacts) -> Said | None:
    found = number("tcp-keepalive", facts)
    if found is None:
        return None
    if found == 0:
        return State.FAIL, "0, which is off: connections of clients that are gone stay for ever"
    if found > _KEEPALIVE:
        return State.WARN, f"{found}, longer than the guide: clients that are gone are noticed later"
    return State.PASS, (
        "300" if found == _KEEPALIVE else f"{found}, shorter than the guide: clients that are gone go sooner"
    )


def _timeout(facts: RedisFacts) -> Said | None:
    found = number("timeout", facts)
    if found is None:
        return None
    if found:
        return State.WARN, (
            f"{found}: what idles for {found} s is closed, and a client's pool meets it at its next command"
        )
    return State.PASS, "0"


def _backlog(facts: RedisFacts) -> Said | None:
    found = number("tcp-backlog", facts)
    if found is None:
        return None
    if found < _BACKLOG:
        return State.WARN, f"{found}, less than the guide: fewer connections can wait to be taken"
    return State.PASS, "511" if found == _BACKLOG else f"{found}, more than the guide asks for"


_JUDGED: dict[str, Callable[[RedisFacts], Said | None]] = {
    "maxmemory": _maxmemory,
    "maxmemory-policy": _policy,
    "appendonly": _appendonly,
    "appendfsync": _appendfsync,
    "tcp-keepalive": _keepalive,
    "timeout": _timeout,
    "tcp-backlog": _backlog,
}
"""Each returns the state and the value in words, the guide's value alone where it is that; None: unread."""
