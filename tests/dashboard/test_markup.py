"""Rows, bars and lines as HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard import markup
from dashboard.look import COLOURS, ICONS, PATTERNS
from headroom.bounds import Interval
from headroom.budgets import Outcome, Severity, Statistic
from headroom.evidence import Ratio
from headroom.summary import Row, SourceAge, rows
from tests.summary.builders import NOW, SOURCES, average, incident, latency, resource, standing, verdict

HOSTILE = '<img src=x onerror="alert(1)">'


def row(outcome: Outcome = Outcome.OVER, **changed: object) -> Row:
    """Return the row of the log-in's P95."""
    standings = [standing(verdict(latency(), 0, outcome, **changed))]
    alerts = [incident(latency(), Statistic.P95)]
    return next(
        row for row in rows([latency()], SOURCES, standings, alerts, NOW) if row.statistic is Statistic.P95
    )


def widths(html: str) -> dict[str, str]:
    """Return the boxes of a bar by class, with their place."""
    return dict(re.findall(r'<span class="hr-(\w+)" style="([^"]+)"', html))


def test_a_row_can_be_read_by_people_screen_readers_and_tests() -> None:
    """Names and words, and not a colour alone."""
    html = markup.row(row(value=Interval(0.1, 0.5)), base="/perf", since="14:02")

    assert 'href="/perf/budget?b=api.login&amp;s=p95"' in html
    assert 'data-row="api.login:p95" data-outcome="over"' in html
    assert 'aria-label="Authentication (login) p95: over, 100 to 500 ms, target &lt; 200 ms"' in html
    assert f'aria-hidden="true">{ICONS[Outcome.OVER]}</span>over</span>' in html
    assert ">14:02<" in html
    assert ">alert firing<" in html
    assert ">because it is over<" in html


def test_a_met_row_is_short() -> None:
    """What is well needs no sentence; what is nearly not says so."""
    html = markup.row(row(Outcome.MET, headroom=0.05), base="", since="")

    assert "because it is met" not in html
    assert ">near<" in html
    assert 'href="/budget?' in html


def test_what_a_met_row_hides_is_marked() -> None:
    """A slow instance under a met whole is seen on the overview, and heard."""
    html = markup.row(row(Outcome.MET), base="", since="", beside="1 of 12 instances over")

    assert '<span class="hr-beside">1 of 12 instances over</span>' in html
    assert ', 1 of 12 instances over"' in html
    assert "hr-beside" not in markup.row(row(Outcome.MET), base="", since="")


def test_nothing_from_outside_becomes_markup() -> None:
    """A title, a sentence of a source, a metric's name or a source's trouble."""
    hostile = replace(row(detail=HOSTILE), budget=replace(latency(), id=HOSTILE, title=HOSTILE))
    pages = [
        markup.row(hostile, base="", since=HOSTILE),
        markup.row(row(), base="", since="", beside=HOSTILE),
        markup.sources([SourceAge(HOSTILE, timedelta(0), late=True, detail=HOSTILE)]),
        markup.unclassified([(HOSTILE, Ratio(1, 2))]),
        markup.notes({"a": (HOSTILE,)}),
        markup.notes({HOSTILE: ("a",)}),
        markup.bar(Interval(0, 1), Outcome.MET, [(HOSTILE, 1.1)]),
    ]

    for html in pages:
        assert "<img" not in html
        assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;" in html


@pytest.mark.parametrize(
    ("low", "high", "boxes"),
    [
        (0.8, 0.8, {"sure": "width:50.00%", "maybe": "left:50.00%;width:0.00%"}),
        (0.4, 1.2, {"sure": "width:25.00%", "maybe": "left:25.00%;width:50.00%"}),
        (0.0, None, {"sure": "width:0.00%", "maybe": "left:0.00%;width:100.00%"}),
        (0.8, 9.0, {"sure": "width:50.00%", "maybe": "left:50.00%;width:50.00%"}),
        (3.2, 4.0, {"sure": "width:100.00%", "maybe": "left:100.00%;width:0.00%"}),
    ],
)
def test_a_bar_ends_at_160_percent_of_what_is_allowed(
    low: float, high: float | None, boxes: dict[str, str]
) -> None:
    """Solid for what is certain, hatched for what may be, and one line at 100 %."""
    found = widths(markup.bar(Interval(low, high), Outcome.OVER))

    assert found == {**boxes, "line": "left:62.50%"}


def test_what_lies_beyond_the_bar_is_written() -> None:
    """A bar that is full says how full it would be."""
    assert "▶ 3.2\u00d7" in markup.bar(Interval(3.2, 4.0), Outcome.OVER)


def test_an_unknown_use_draws_nothing_but_the_line() -> None:
    """An empty bar is not a bar at zero: its label says so."""
    html = markup.bar(None, Outcome.BLIND)

    assert widths(html) == {"line": "left:62.50%"}
    assert 'aria-label="how much is used of what is allowed cannot be told"' in html


@pytest.mark.parametrize(
    ("used", "words"),
    [
        (None, "how much is used of what is allowed cannot be told"),
        (Interval(0.0, None), "how much is used of what is allowed cannot be told"),
        (Interval(0.4, None), "uses 40% or more of what is allowed"),
        (Interval(0.4, 0.62), "uses 40% to 62% of what is allowed"),
        (Interval(0.0, 0.62), "uses at most 62% of what is allowed"),
        (Interval(0.9996, 1.0004), "uses 99.9% to 101% of what is allowed"),
        (Interval(1.82e-11, 20.0), "uses at most 2000% of what is allowed"),
        (Interval(1.82e-11, None), "how much is used of what is allowed cannot be told"),
        (Interval(0.4, 0.99999), "uses 40% to over 99.9% of what is allowed"),
        (Interval(1.00001, 1.00001), "uses just over 100% of what is allowed"),
        (Interval(1.07, 1.07), "uses 107% of what is allowed"),
    ],
)
def test_use_in_words_keeps_its_side_of_the_limit(used: Interval | None, words: str) -> None:
    """Nothing just below 100 % is written as 100 %."""
    assert markup.usage(used) == words


def test_the_alert_threshold_is_drawn_on_the_bar() -> None:
    """At 80 % of 70 %, that is at 114 % of the target."""
    standings = [standing(average(resource(), limit, 0.5)) for limit in (0, 1)]
    (found,) = rows([resource()], SOURCES, standings, [], NOW)

    assert widths(markup.row(found, base="", since=""))["mark"] == "left:71.43%"
    assert found.worst.verdict.severity is Severity.WARNING


def test_sources_say_in_words_what_is_late_or_failing() -> None:
    """A tick, or a sign with the reason."""
    html = markup.sources(
        [
            SourceAge("fresh", timedelta(seconds=4), late=False),
            SourceAge("late", timedelta(minutes=4), late=True),
            SourceAge("failing", timedelta(seconds=20), late=False, detail="connection refused"),
        ]
    )

    assert [" ".join(re.sub("<[^>]*>?", " ", part).split()) for part in html.split("data-source=")[1:]] == [
        '"fresh"> ✓ fresh 4 s ago',
        '"late"> ⊘ late 4 min ago · late',
        '"failing"> ⊘ failing 20 s ago · connection refused',
    ]


def test_what_no_class_takes_is_one_line_and_nothing_is_none() -> None:
    """With its share and its number; nothing at all where every class fits."""
    html = markup.unclassified([("the requests in a", Ratio(4, 640)), ("the calls in b", Ratio(0, 9))])

    assert re.sub("<[^>]*>", "", html) == "In no class: 0.625% of the requests in a (4 of 640)"
    assert markup.unclassified([("b", Ratio(0, 0))]) == markup.notes({"a": ()}) == ""


def test_every_outcome_has_a_look_of_its_own() -> None:
    """Shape and colour differ for each of the five; the stylesheet has them all."""
    assert set(COLOURS) == set(ICONS) == set(PATTERNS) == set(Outcome)
    assert len(set(COLOURS.values())) == len(set(ICONS.values())) == len(Outcome)
    assert markup.palette().count("--hr:#") == len(Outcome)


@pytest.mark.parametrize("background", ["#ffffff", "#10161d"])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_colours_hold_on_both_backgrounds(outcome: Outcome, background: str) -> None:
    """3:1 or more, as WCAG 1.4.11 asks of shapes."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(COLOURS[outcome]), luminance(background)), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= 3
