"""Whether alerts come and reach somebody, and how many fire, as HTML for several pages. Pure and escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, tzinfo
from html import escape

from dashboard.data_alerts import Health
from dashboard.foreign import one_line
from dashboard.look import ICONS
from dashboard.visitor import clock
from headroom.budgets import Outcome, Severity
from headroom.incidents import Incident, State


def health(known: Health | None, now: datetime, zone: tzinfo) -> str:
    """Return what would keep alerts from coming or from arriving; empty where all is well, or unknown."""
    if known is None:
        return ""
    said: list[tuple[str, Outcome, str]] = []
    if not known.collected:
        said.append(("nobody", Outcome.OVER, "Nobody collects: no alert can come; start `headroom run`."))
    for state in known.disabled:
        since = "" if state.disabled is None else f" since {clock(state.disabled, now, zone)}"
        name, error = one_line(state.name, 60), one_line(state.error, 300)
        instead = "Another one is told instead, where one works; otherwise its messages wait."
        said.append(
            ("disabled", Outcome.OVER, f"The channel {name} takes nothing{since}: {error}. {instead}")
        )
    if known.asleep is not None:
        at = clock(known.asleep.notice.created, now, zone)
        said.append(("asleep", Outcome.BLIND, f"Headroom was {_brief(known.asleep.notice.payload)} at {at}."))
    items = "".join(
        f'<p class="hr-{colour}" data-health="{what}"><span class="hr-icon" aria-hidden="true">'
        f"{ICONS[colour]}</span> {_code(sentence)}</p>"
        for what, colour, sentence in said
    )
    return f'<div class="hr-health" role="alert">{items}</div>' if items else ""


def _code(sentence: str) -> str:
    """Escape a sentence, and set our command in it apart; a stranger's signs stay what they are."""
    return escape(sentence).replace("`headroom run`", "<code>headroom run</code>")


def _brief(payload: str) -> str:
    """Return what a message of Headroom itself says in a few words."""
    try:
        brief = json.loads(payload).get("brief")
    except (ValueError, AttributeError, RecursionError):
        brief = None
    return one_line(brief, 200) if isinstance(brief, str) else "asleep"


def line(incidents: Iterable[Incident], base: str) -> str:
    """Return how many incidents fire and wait, with a link to all of them; without any, only the link."""
    opened = [one for one in incidents if one.ended is None]
    fires = [one for one in opened if one.state is State.FIRING]
    critical = sum(one.severity is Severity.CRITICAL for one in fires)
    pending = len(opened) - len(fires)
    quiet = sum(bool(one.silenced) for one in fires)
    words = [f"{len(fires):,} alert{'' if len(fires) == 1 else 's'} firing"] if fires else []
    words += [f"{critical:,} critical"] if critical else []
    words += [f"{quiet:,} silenced"] if quiet else []
    words += [f"{pending:,} pending"] if pending else []
    colour = Outcome.OVER if critical else Outcome.UNDECIDED if fires else Outcome.MET
    said = escape(" · ".join(words) or "No alerts firing")
    return (
        f'<div class="hr-sources hr-counts" data-alerts="{len(fires)}"><a class="hr-{colour}" '
        f'href="{escape(base)}/alerts" target="_self"><span class="hr-icon" aria-hidden="true">'
        f"{ICONS[colour]}</span> {said}</a></div>"
    )
