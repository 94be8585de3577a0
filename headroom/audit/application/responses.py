"""Whether answers are compressed as the guide asks, and whether they are small enough to be sent at all."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.doors import DECLARE, about, broken, unasked
from headroom.audit.application.facts import Answer
from headroom.audit.finding import Finding
from headroom.budgets import Unit
from headroom.checks import State
from headroom.units import format_value
from headroom.wording import share

_COMPRESSION, _PAYLOAD = "application.compression", "application.payload"
_GUIDE = "Response Compression: gzip, level 6, from 1 KB on"
_PAGES = (
    "Use Pagination Efficiently: 20 rows an answer; what is more than 1 MiB is a whole table (our figure)"
)
THRESHOLD = 1024
"""Bytes: the guide's threshold."""
LARGE = 2**20
"""Bytes. Ours: 20 rows of a page have some 10 KiB."""
_WORTH = 0.9  # of its size: what gzip leaves more of is packed already, as pictures are
_LEVEL = "; the level cannot be seen"
_MORE = "; name a path under payloads: that gives more than 1 KiB of JSON"
_UNTRIED = "; whether clients that accept no packing get it plain was not seen"
_FILTER = (
    "in main.ts: compression({ filter: (req, res) => req.headers['accept-encoding']?.includes('gzip') ? "
    "compression.filter(req, res) : false }), and a proxy or cache in front that heeds Vary: Accept-Encoding"
)
_FIX = "app.use(compression({ level: 6, threshold: 1024 })) in main.ts, before any route"


def compression(case: ApplicationCase) -> Iterator[Finding]:
    """Yield for each payload path whether its answer is compressed where that pays."""
    if case.doors is None or not case.doors.payloads:
        yield _undeclared(case, _COMPRESSION, _GUIDE)
        return
    good = [answer for answer in case.doors.payloads if not broken(answer)]
    shown = any(_worth(answer) for answer in good)
    tried = any(answer.bare is not None for answer in good)
    for answer in case.doors.payloads:
        if why := broken(answer):
            yield _unjudged(answer, why, _COMPRESSION, _GUIDE)
        else:
            state, found = _packed(answer, tried=tried) if answer.encoding else _plain(answer, shown=shown)
            fix = ""
            if state in {State.FAIL, State.WARN}:
                fix = _FILTER if answer.bare else _FIX
            yield Finding(_COMPRESSION, about(answer), state, _GUIDE, found, fix)


def _worth(answer: Answer) -> bool:
    """Tell whether an answer is one that has to be compressed: over the threshold, and of what shrinks."""
    if answer.encoding:
        return (answer.plain or 0) > THRESHOLD
    return answer.size > THRESHOLD and (answer.packed is None or answer.packed <= _WORTH * answer.size)


def _plain(answer: Answer, *, shown: bool) -> tuple[State, str]:
    size, cut = _size(answer.size), answer.truncated
    if answer.size <= THRESHOLD:
        if not answer.size:
            return State.CANNOT_CHECK, "cannot be checked: the answer is empty; name a path that gives data"
        found = f"{size}, not compressed: up to 1 KiB that is right"
        return (State.PASS, found) if shown else (State.CANNOT_CHECK, f"cannot be checked: {found}{_MORE}")
    what = f"more than {size}, not compressed: of these" if cut else f"{size}, not compressed:"
    if answer.packed is None:
        return State.FAIL, f"{what.rstrip(':')}, although gzip was asked for"
    saved = share(max(0.0, 1 - answer.packed / answer.size))
    gain = f"gzip at level 6 makes {_size(answer.packed)}"
    if answer.packed > _WORTH * answer.size:
        found = f"{what} {gain}, which does not pay"
        return (State.PASS, found) if shown else (State.CANNOT_CHECK, f"cannot be checked: {found}{_MORE}")
    return State.FAIL, f"{what} {gain} ({saved} less)"


def _packed(answer: Answer, *, tried: bool) -> tuple[State, str]:
    size, encoding = _size(answer.size), answer.encoding
    if answer.bare:
        found = (
            f"it is sent as {answer.bare} to a client that accepts no packing, too, and cannot be read there"
        )
        return State.FAIL, found
    if encoding not in {"gzip", "x-gzip"}:
        return State.WARN, f"it is sent as {encoding}, although only gzip was asked for"
    if answer.plain is None:
        return State.FAIL, f"it is sent as {encoding}, and cannot be unpacked"
    rest = "" if tried else _UNTRIED
    if answer.bare is not None:
        rest = "; a client that accepts no packing gets it plain"
    if answer.truncated:
        return State.PASS, f"it is compressed ({encoding}), and too large to be read to its end{_LEVEL}{rest}"
    if answer.plain <= THRESHOLD:
        found = f"{_size(answer.plain)} are compressed to {size}: below 1 KiB that costs more than it saves"
        return State.WARN, found
    return State.PASS, f"{_size(answer.plain)} are compressed to {size} ({encoding}){_LEVEL}{rest}"


def payload(case: ApplicationCase) -> Iterator[Finding]:
    """Yield for each payload path whether its answer is so large that it should be pages."""
    if case.doors is None or not case.doors.payloads:
        yield _undeclared(case, _PAYLOAD, _PAGES)
        return
    for answer in case.doors.payloads:
        if why := broken(answer):
            yield _unjudged(answer, why, _PAYLOAD, _PAGES)
            continue
        size = answer.size if answer.plain is None else max(answer.plain, answer.size)
        told = f"{'more than ' * answer.truncated}{_size(size)} in {answer.seconds:.2g} s"
        if size > LARGE or answer.truncated:
            found = f"{told}: every reader, and the heap of the process, has to hold all of it"
            fix = "give it pages: limit and a cursor, (created_at, id) < (…), or stream it as an export"
            yield Finding(_PAYLOAD, about(answer), State.WARN, _PAGES, found, fix)
        else:
            yield Finding(_PAYLOAD, about(answer), State.PASS, _PAGES, told)


def _undeclared(case: ApplicationCase, rule: str, guide: str) -> Finding:
    if case.doors is None:
        found, fix = unasked(case)
        return Finding(rule, (), State.CANNOT_CHECK, guide, found, fix)
    found = (
        "cannot be checked: budgets.yaml names no paths to ask; name some that give data and need no login"
    )
    return Finding(rule, (), State.CANNOT_CHECK, guide, found, DECLARE)


def _unjudged(answer: Answer, why: str, rule: str, guide: str) -> Finding:
    found = f"cannot be checked: {why}"
    fix = ""
    if answer.status in {401, 403}:
        fix = "name a path that needs no login, or put user and password into the variable of application.url"
    return Finding(rule, about(answer), State.CANNOT_CHECK, guide, found, fix)


def _size(count: float) -> str:
    return format_value(count, Unit.BYTES)
