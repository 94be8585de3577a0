"""What only people can confirm of the cache, and who did, as HTML. Pure; everything is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from dashboard.findings import chip
from dashboard.foreign import one_line
from headroom.audit.by_hand import Confirmation, ask
from headroom.audit.guide.rule import GuideRule
from headroom.checks import State


def table(rules: Sequence[GuideRule], confirmed: Mapping[str, Confirmation], now: datetime) -> str:
    """Return the rules with who confirmed each, and how it is confirmed where nobody has."""
    rows = "".join(_line(rule, confirmed.get(rule.id), now) for rule in rules)
    heads = "".join(
        f'<th scope="col">{name}</th>' for name in ("", "when it must be thrown away", "confirmed")
    )
    return (
        f'<section class="hr-table hr-confirmed" data-confirmed="{len(rules)}"><table><thead><tr>{heads}</tr>'
        f"</thead><tbody>{rows}</tbody></table></section>"
    )


def _line(rule: GuideRule, one: Confirmation | None, now: datetime) -> str:
    holds = one is not None and one.holds(rule, now)
    told = "" if one is None else escape(one_line(one.told(rule, now), 500))
    how = "" if holds else f"<small><code>{escape(ask(rule.id))}</code></small>"
    return (
        f'<tr data-rule-by-hand="{escape(rule.id)}" data-holds="{"yes" if holds else "no"}">'
        f'<td data-head="">{chip(State.PASS if holds else State.BY_HAND)}</td>'
        f'<td data-head="when it must be thrown away">{escape(one_line(rule.says, 400))}</td>'
        f'<td data-head="confirmed">{told}{how}</td></tr>'
    )
