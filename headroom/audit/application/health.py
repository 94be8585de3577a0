"""The health endpoints: does live answer by itself, and does ready say the truth about what it depends on?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from headroom.audit.amounts import clean
from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.doors import about, broken, pause, unasked
from headroom.audit.application.facts import Answer, Doors
from headroom.audit.application.words import (
    BAD,
    BETWEEN,
    CACHE,
    DATABASE,
    EXPECTED,
    GOOD,
    UNTOLD,
    WHOLE,
)
from headroom.audit.finding import Finding
from headroom.checks import State

_LIVE, _READY = "application.live", "application.ready"
_OF_LIVE = "Health Check Endpoints: /health/live answers {status: OK} and asks nobody else"
_OF_READY = "Health Check Endpoints: /health/ready asks database and cache, and says which is up or down"
SLOW = 1.0
"""Seconds. Ours: probes of Docker and Kubernetes wait for 1 s unless told otherwise (timeoutSeconds: 1)."""
_MOST = 4  # parts in a sentence
_OF_KIND = {"postgres": DATABASE, "pgbouncer": DATABASE, "redis": CACHE}
_STATUS = (
    "throw new ServiceUnavailableException(checks) where one is down: load balancers and orchestrators look "
    "at the status, not at the body"
)
_SWALLOWED = (
    "; whether it would notice a cache that is gone was not proven: the guide's CacheService.get swallows "
    "errors, so that its cache is up whatever happens, and each probe is a miss of the key health-check"
)


def live(case: ApplicationCase) -> Iterator[Finding]:
    """Yield what the live endpoint does."""
    if case.doors is None or case.doors.live is None:
        yield _unasked(case, _LIVE, _OF_LIVE, "live")
        return
    answer = case.doors.live
    said = answer.said or {}
    whole, down = said.get(WHOLE, ""), _those(said, BAD)
    state, found, fix = State.PASS, f"{answer.status} in {pause(answer.seconds)}{_words(answer)}", ""
    asks = [name for name in said if name != WHOLE and (_about(name, DATABASE) or _about(name, CACHE))]
    if why := broken(answer):
        state, found, fix = State.FAIL, f"{why}: an orchestrator would restart the process", ""
    elif whole in BAD:
        state, found, fix = State.FAIL, f"{found}: it says {whole}, and answers {answer.status}", _STATUS
    elif asks:
        state = State.WARN
        found += f": it asks {_listed(asks)}, and their outage would restart every instance as well"
        fix = "let /health/live answer by itself, and /health/ready ask the others"
    elif down:
        state, fix = State.FAIL, _STATUS
        found += f": it says that {_listed(down)} is down, and answers {answer.status}"
    elif between := _those(said, BETWEEN):
        state, found = State.WARN, f"{found}: {_listed(between)} is neither up nor down for it"
    elif open_words := _untold(answer):
        state, found = State.CANNOT_CHECK, f"cannot be checked: {found}{open_words}"
    yield _timed(Finding(_LIVE, about(answer), state, _OF_LIVE, found, fix), answer)


def ready(case: ApplicationCase) -> Iterator[Finding]:
    """Yield what the ready endpoint says, held against what Headroom saw at the same time."""
    doors = case.doors
    if doors is None or doors.ready is None:
        yield _unasked(case, _READY, _OF_READY, "ready")
        return
    answer = doors.ready
    if not answer.status or (answer.failure and answer.status):
        found = broken(answer)
        yield Finding(_READY, about(answer), State.FAIL, _OF_READY, found)
        return
    state, found, fix = _judged(answer, doors)
    yield _timed(Finding(_READY, about(answer), state, _OF_READY, found, fix), answer)


def _judged(answer: Answer, doors: Doors) -> tuple[State, str, str]:
    said = answer.said or {}
    down = _those(said, BAD)
    told = f"{answer.status} in {pause(answer.seconds)}{_words(answer)}"
    if broken(answer):
        return _not_ready(said, told)
    if down:
        return (
            State.FAIL,
            f"{told}: it says that {_listed(down)} is down, and answers {answer.status}",
            _STATUS,
        )
    if lies := list(_lies(said, doors)):
        fix = (
            "let the check fail where the call fails: no wrapper that swallows errors, a time-out of its own"
        )
        return State.FAIL, f"{told}: {'; '.join(lies)}", fix
    if between := _those(said, BETWEEN):
        found = (
            f"{told}: {_listed(between)} is neither up nor down for it, and requests are sent to it meanwhile"
        )
        return State.WARN, found, "answer 503 until it is ready, and again from when it is told to stop"
    if why := _untold(answer):
        return State.CANNOT_CHECK, f"cannot be checked: {told}{why}", ""
    return _complete(said, told)


def _not_ready(said: Mapping[str, str], told: str) -> tuple[State, str, str]:
    """Judge a ready that is refused by its status: does it say by what?"""
    if down := _those(said, BAD):
        found = f"{told}: it is not ready, and says so as it should; {_listed(down)} is down for it"
        return State.WARN, found, "see the sources of that kind"
    if between := _those(said, BETWEEN):
        found = (
            f"{told}: it is not ready, and says so as it should; {_listed(between)} is not up yet, or no more"
        )
        return State.WARN, found, "ask again when it has started"
    return State.FAIL, f"{told}: it does not say what is down", ""


def _those(said: Mapping[str, str], words: Collection[str]) -> list[str]:
    return [name for name, word in said.items() if word in words]


def _untold(answer: Answer) -> str:
    """Return why a body does not say that all is well; empty where it does, or says nothing at all."""
    if not answer.said:
        return f"; {EXPECTED}" if answer.size else ""
    names = _those(answer.said, UNTOLD)
    return f": what it says of {_listed(names)} is not known for up or down; {EXPECTED}" if names else ""


def _complete(said: Mapping[str, str], told: str) -> tuple[State, str, str]:
    """Judge a ready that says all is well by what it names."""
    names = [name for name in said if name != WHOLE]
    lacking = [
        word
        for word, names_of in (("database", DATABASE), ("cache", CACHE))
        if not any(_about(name, names_of) for name in names)
    ]
    if lacking:
        found = f"{told}: it names no {' and no '.join(lacking)}, so that it may be ready without"
        return State.WARN, found, "ask each by a call that fails when it is gone, and name it in the answer"
    return State.PASS, f"{told}{_SWALLOWED}", ""


def _lies(said: Mapping[str, str], doors: Doors) -> Iterator[str]:
    """Yield which sources did not answer us while the endpoint said that all is well."""
    parts = [name for name in said if name != WHOLE]
    for source, kind in doors.unreachable:
        names = [name for name in parts if _about(name, _OF_KIND.get(kind, ()))]
        if good := [name for name in names if said[name] in GOOD]:
            yield f"it says {_listed(good)} up while {clean(source)} did not answer us"
        elif kind in _OF_KIND and not names and said.get(WHOLE) not in BETWEEN:
            yield f"it says that it is ready while {clean(source)} did not answer us"


def _unasked(case: ApplicationCase, rule: str, guide: str, which: str) -> Finding:
    if case.doors is None:
        found, fix = unasked(case)
        return Finding(rule, (), State.CANNOT_CHECK, guide, found, fix)
    found = f"budgets.yaml says that there is none (application.{which} is empty), and the guide wants one"
    return Finding(rule, (), State.FAIL, guide, found, f"application:\n  {which}: /health/{which}")


def _timed(finding: Finding, answer: Answer) -> Finding:
    """Add what earlier tries came to, and that an answer was slow."""
    found, state = finding.found, finding.state
    if answer.before:
        found += f"; asked {len(answer.before) + 1} times, before that: {', '.join(answer.before)}"
    slow = answer.status and answer.seconds > SLOW
    failed = any(not earlier.endswith(" s") for earlier in answer.before)
    if slow:
        found += "; a probe that waits for 1 s would take it for dead"
    if state is State.PASS and (slow or failed):
        state = State.WARN
    return Finding(finding.rule, finding.subject, state, finding.guide, found, finding.fix)


def _words(answer: Answer) -> str:
    if not answer.said:
        return ", and its body says nothing that is known" if answer.size else ", and its body is empty"
    parts = [f"{name} {word}" for name, word in answer.said.items()]
    more = len(parts) - _MOST
    return f", {', '.join(parts[:_MOST])}{f' and {more} more' if more > 0 else ''}"


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {more} more" if more > 0 else "")


def _about(name: str, words: tuple[str, ...]) -> bool:
    return any(word in name.lower() for word in words)
