"""How far the figures of a statement hold, as HTML. Pure; everything is escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, tzinfo
from html import escape

from dashboard.foreign import one_line
from dashboard.markup import NOTHING
from dashboard.statement_trace import Stretch
from dashboard.visitor import clock
from headroom.history.folded import COUNTED
from headroom.observation import Quality

MOST = 20
_LONGEST = 300
MEANINGS = {
    Quality.EXACT: "the difference of two readings",
    Quality.FIRST_SEEN: "counted from zero: it was born in the interval",
    Quality.RESET: "from a reset on; what came before it in the interval is lost",
    Quality.GAP: "over more than two polls: shown, and judged in no window",
    Quality.UNSORTED: "perhaps of another class or database: left out",
    Quality.LOST: "thrown away uncounted, and perhaps of it: left out",
    Quality.SUSPECT: "a reset cannot be ruled out: left out",
    Quality.RUNNING: "were running over the limit; left out, for they count when they end",
    Quality.UNFINISHED: "seen running over the limit; left out, for they count when they end",
}


def doubts(stretches: Sequence[Stretch], qualities: Counter[Quality], now: datetime, zone: tzinfo) -> str:
    """Return how many polls have which quality, and the newest that are not exact."""
    counts = "".join(
        f'<tr data-quality="{quality}"><td data-head="quality">{quality}</td><td data-head="polls">'
        f'{qualities[quality]:,}</td><td data-head="meaning">{escape(meaning)}</td></tr>'
        for quality, meaning in MEANINGS.items()
        if qualities[quality]
    )
    remarks = [remark for stretch in stretches for remark in stretch.remarks]
    newest = "".join(
        f'<tr><td data-head="when">{clock(at, now, zone, seconds=True)}</td>'
        f'<td data-head="quality">{quality}{"" if quality in COUNTED else ", left out"}</td>'
        f'<td data-head="remark">{escape(one_line(said, _LONGEST)) or NOTHING}</td></tr>'
        for at, quality, said in remarks[: -MOST - 1 : -1]
    )
    listed = ""
    if newest:
        head = f"The newest {MOST} of {len(remarks):,}" if len(remarks) > MOST else "All"
        listed = (
            f"<details><summary>{head} that are not exact</summary><table><thead><tr>"
            '<th scope="col">when</th><th scope="col">quality</th><th scope="col">remark</th></tr></thead>'
            f"<tbody>{newest}</tbody></table></details>"
        )
    return (
        '<section class="hr-table hr-doubts"><table><thead><tr><th scope="col">quality</th>'
        '<th scope="col">polls</th><th scope="col">meaning</th></tr></thead>'
        f"<tbody>{counts}</tbody></table>{listed}</section>"
    )
