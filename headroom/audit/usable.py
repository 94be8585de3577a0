"""Whether an index that is there and right is read, and whether the statements seen can use it at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from headroom.audit.case import Case
from headroom.audit.conditions import Asked, asked, compares
from headroom.audit.facts import Table
from headroom.audit.fit import Fit
from headroom.audit.names import shown
from headroom.audit.past import Used
from headroom.audit.predicate import FALSE
from headroom.audit.use import ENOUGH, SMALL, rows_of, use
from headroom.audit.wanted import Wanted
from headroom.checks import State
from headroom.wording import shortened, span

_TEXT = 120


def judged(wanted: Wanted, table: Table, fits: Sequence[Fit], case: Case) -> tuple[State, str, str]:
    """Return state, what was found, and what mends it, of a required index that is there."""
    used = use([one.index for one in fits], case.facts, case.past)
    best = min(fits, key=lambda one: len(one.remarks))
    said = [f"{shown(best.index.schema, best.index.name)} is it"]
    if best.index.name != wanted.name:
        said = [f"{shown(best.index.schema, best.index.name)} does it under another name"]
    said += best.remarks
    unread = used is not None and used.scans == 0
    state, words, fix = _of_statements(wanted, case, read=used is not None and used.scans > 0)
    if state is State.PASS and unread and used is not None and used.window >= ENOUGH:
        if rows_of(table, case.facts) < SMALL:
            said.append(f"not read in the last {span(used.window)}, as is natural for so small a table")
        else:
            state = State.WARN
            said.append(f"but it was not read once in the last {span(used.window)}")
            fix = "look whether the statements that it is for still run, and with EXPLAIN how"
    else:
        said.append(_of_use(used))
    if words:
        said.append(words)
    return state, "; ".join(said), fix


def _of_use(used: Used | None) -> str:
    if used is None:
        return "how often it is read is not known yet: that takes an earlier audit to compare with"
    if not used.scans and used.window < ENOUGH:
        return f"not read in the last {span(used.window)}, which is too short to tell"
    times = "once" if used.scans == 1 else f"{used.scans:,} times"
    return (
        f"read {times} in the last {span(used.window)}" if used.scans else f"not read in {span(used.window)}"
    )


def _of_statements(wanted: Wanted, case: Case, *, read: bool) -> tuple[State, str, str]:
    """Return whether the statements that look for its first column say what its predicate says."""
    if wanted.only is None or wanted.only[1] != FALSE:
        return State.PASS, "", ""  # any comparison implies IS NOT NULL
    column, first = wanted.only[0], wanted.columns[0]
    texts = [text for text in case.texts if compares(text, wanted.table, first)]
    found = {text: asked(text, wanted.table, column) for text in texts}
    counts = Counter(found.values())
    total, deaf = len(texts), counts[Asked.NOTHING] + counts[Asked.OTHER]
    if not total:
        return State.PASS, "", ""
    which = f"{deaf:,} of {total:,} statements seen that look for {first}"
    if deaf < total or read:
        said = []
        if deaf:
            said.append(f"{which} do not say {wanted.predicate} and cannot use it")
        if counts[Asked.BOUND] and not read:
            said.append(
                f"{counts[Asked.BOUND]:,} say {column} = $n, which stands for a constant, with which they "
                "can use it, and for a parameter, with which a generic plan cannot"
            )
        return State.PASS, "; ".join(said), ""
    example = next(text for text, one in found.items() if one in {Asked.NOTHING, Asked.OTHER})
    sample = shown(shortened(" ".join(example.split()), _TEXT))
    words = (
        f"but none of the {total:,} statements seen that look for {first} says {wanted.predicate}, "
        f"without which PostgreSQL cannot use it, such as: {sample}"
    )
    fix = f"write {wanted.predicate} into the statements themselves, not as a parameter"
    return State.WARN, words, fix
