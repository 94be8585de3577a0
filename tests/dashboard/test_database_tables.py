"""Tables, findings and texts of the Database pages: bounded, exact, and harmless whatever they hold."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from dashboard import findings, sessions, statement_doubts, statement_table
from dashboard.foreign import one_line, visible
from dashboard.spans import between, took
from dashboard.sql_layout import laid_out
from dashboard.statement_trace import Whole, stretches
from dashboard.trend import spark
from dashboard.workload import Key, Line, Sum
from headroom.audit.finding import Finding
from headroom.bounds import Interval
from headroom.checks import State
from headroom.evidence import Gauge, Moments, Ratio
from headroom.history import StoredPart
from headroom.observation import Part, Quality
from headroom.statements import Statement

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERY = timedelta(seconds=15)
HOSTILE = '</code><script>boom()</script> "q" \u202eevil\x07'

LONG = (
    "SELECT a, (SELECT max(b) FROM u WHERE c AND d) FROM t LEFT JOIN u ON t.id = u.id "
    "WHERE e = ' FROM ' AND f BETWEEN $1 AND $2 AND g ORDER BY h LIMIT $3"
)
LONG_LAID_OUT = """\
SELECT a, (SELECT max(b) FROM u WHERE c AND d)
FROM t
LEFT JOIN u ON t.id = u.id
WHERE e = ' FROM '
  AND f BETWEEN $1 AND $2
  AND g
ORDER BY h
LIMIT $3"""


def line(fingerprint: str = "aa", group: str = "lookup", **more: object) -> Line:
    """Return a line of 10 calls of 20 ms."""
    known = Statement("db", fingerprint, group, "by its key", "SELECT 1")
    made = {
        "sum": Sum(Moments(10, 0.2, 0.0), None, Interval(0.1, 0.1)),
        "threshold": 0.01,
        "share": 0.5,
        "means": (0.02,) * 10,
        "statement": known,
        **more,
    }
    return Line(Key(group, "erp", fingerprint), **made)  # type: ignore[arg-type]


def table(*found: Line) -> str:
    """Return the table of some lines."""
    return statement_table.table(found, base="/base", source="erp-db", period="1h")


def words(html: str) -> str:
    """Return a piece of HTML without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_a_line_tells_all_of_a_statement() -> None:
    """Class, limit, text, place, reason, debt, calls, mean, P95 with its side, share and trend."""
    html = table(line())

    assert words(html) == (
        "class statement time over limit calls mean P95 lies share of time trend "
        "lookup limit 10 ms SELECT 1 in erp · by its key 100 ms 10 20 ms 19.9 to 20.1 ms ▲ over the limit "
        "50% 200 ms no clear trend"
    )
    assert 'href="/base/statement?source=erp-db&amp;statement=aa&amp;w=1h"' in html


def test_a_hundred_are_shown_and_the_others_told() -> None:
    """With their calls and their time, and how to see them."""
    html = table(*(line(f"{k:04x}") for k in range(140)))

    assert html.count("<tr data-statement") == 100
    assert 'data-statements="140"' in html
    assert words(html).endswith(
        "40 more statements with 400 calls and 8 s are left out: their debt is smaller. A class, a database "
        "or words to search for bring them here."
    )


def test_calls_that_may_be_in_the_rest_make_all_figures_at_least() -> None:
    """Calls, share and what is certain of the debt; where nothing is certain, that is not raised."""
    html = words(table(line(sum=Sum(Moments(10, 0.2, 0.0), None, Interval(0.1, 0.3), missed=2))))
    assert "at least 100 to 300 ms at least 10 20 ms" in html
    assert "at least 50%" in html

    html = words(table(line(sum=Sum(Moments(10, 0.02, 0.0), None, Interval(0.0, 0.3), missed=2))))
    assert "at most 300 ms at least 10" in html


def test_what_is_left_out_is_told_beside_the_calls() -> None:
    """One poll, or several."""
    one = Sum(Moments(10, 0.2, 0.0), None, Interval(0.1, 0.1), left_out=1)
    assert "without 1 poll in doubt" in table(line(sum=one))


def test_hostile_texts_and_names_stay_text() -> None:
    """No tag of theirs, no quote that ends an attribute, and no direction of their own."""
    known = Statement("db", '"><i>', HOSTILE, HOSTILE, HOSTILE * 900)
    html = table(line(statement=known, group=HOSTILE, fingerprint='"><i>'))

    assert "<script" not in html
    assert "<i>" not in html.replace('<i style="', "")
    assert "\u202e" not in html
    assert "\\u202eevil\\u0007" in html
    assert len(html) < 6_000
    assert set(re.findall(r"<(\w+)", html)) <= {
        *("section", "table", "thead", "tbody", "tr", "th", "td", "small", "b", "a", "code", "span", "i")
    }


def test_a_class_without_limit_owes_nothing() -> None:
    """And says so."""
    html = words(table(line(group="none", threshold=None, sum=Sum(Moments(10, 0.2, 0.0)))))

    assert html.split("trend ", 1)[1] == (
        "no class no limit SELECT 1 in erp · by its key \u2013 no limit to be over 10 20 ms 19.9 to 20.1 ms "
        "50% 200 ms no clear trend"
    )


def test_a_spark_has_a_box_for_each_stretch_and_leaves_gaps_empty() -> None:
    """Heights against the highest; the limit as a line where it is near."""
    html = spark((0.01, None, 0.02), 0.03)

    assert re.findall(r"<i(?: style=\"height:(\d+)%\")?></i>", html) == ["33", "", "67"]
    assert '<b style="bottom:100%"></b>' in html
    assert 'aria-label="means from 10 ms to 20 ms in 3 stretches of time, 1 of them without calls"' in html
    assert "<b" not in spark((0.01, 0.02), 5.0)
    assert spark((None, None), None) == ""


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.0, 0.0, "none"),
        (0.0, 0.0123, "at most 12.3 ms"),
        (0.0, 128.2, "at most 2 min 9 s"),
        (95.66, 130.0, "95.6 s to 2 min 10 s"),
        (3661.0, 7321.0, "1 h 1 min to 2 h 3 min"),
        (1.5, 1.5, "1.5 s"),
    ],
)
def test_lengths_of_time_are_rounded_outwards(low: float, high: float, said: str) -> None:
    """In two units at most."""
    assert between(Interval(low, high)) == said


def test_a_length_of_time_is_short_or_long() -> None:
    """Milliseconds, seconds, minutes."""
    assert [took(value) for value in (0.0012, 95.0, 336.0)] == ["1.2 ms", "95 s", "5 min 36 s"]


def test_text_is_made_visible_and_cut() -> None:
    """Line breaks stay in a block, and go in a line."""
    assert visible("a\n\tb\x00\u2028\ufeff") == "a\n\tb\\u0000\\u2028\\ufeff"
    assert one_line("a\n  b\x1b[0m", 20) == "a b\\u001b[0m"
    assert one_line("x" * 1_000_000, 10) == "xxxxxxxxx…"
    assert one_line("x", 10) == "x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (LONG, LONG_LAID_OUT),
        ("DELETE FROM t WHERE a IS DISTINCT FROM $1", "DELETE FROM t\nWHERE a IS DISTINCT FROM $1"),
        ('UPDATE "SET" SET a = $$ FROM $$ RETURNING b', 'UPDATE "SET"\nSET a = $$ FROM $$\nRETURNING b'),
        ("SELECT 1 -- FROM here", "SELECT 1 -- FROM here"),
        ("SELECT 'unended FROM", "SELECT 'unended FROM"),
        (")))) FROM t", "))))\nFROM t"),
        ("", ""),
    ],
)
def test_a_statement_is_laid_out_by_its_clauses(text: str, shown: str) -> None:
    """And nothing but white space is changed."""
    assert laid_out(text) == shown
    assert "".join(laid_out(text).split()) == "".join(text.split())


def test_findings_are_grouped_worst_first() -> None:
    """With the number of each state, and its word."""
    found = [Finding("r", (), state, "", "f") for state in (*State, State.FAIL)]

    assert list(findings.grouped(found)) == [
        State.FAIL,
        State.WARN,
        State.CANNOT_CHECK,
        State.PASS,
        State.BY_HAND,
        State.NOT_APPLICABLE,
    ]
    assert words(findings.summary(found)) == (
        "▲ fail 2 ◐ warn 1 ⊘ cannot check 1 ✓ pass 1 \u2013 by hand 1 \u2013 not applicable 1"
    )


def test_a_finding_links_to_its_statement_and_hides_nothing() -> None:
    """Subject, rule and guide; hostile text as text."""
    subject = (("source", "erp-db"), ("statement", "aa&b"))
    html = findings.finding(Finding("pg.offset", subject, State.WARN, "Pagination", f"it {HOSTILE}"), "")

    assert 'href="/statement?source=erp-db&amp;statement=aa%26b"' in html
    assert "<script" not in html
    assert words(html) == (
        "◐ warn It &lt;/code&gt;&lt;script&gt;boom()&lt;/script&gt; &quot;q&quot; \\u202eevil\\u0007 "
        "statement aa&amp;b · pg.offset · the guide: Pagination"
    )


def test_what_cannot_be_checked_for_one_reason_is_told_once() -> None:
    """With a line for each; other reasons, other remedies, and what is broken stay by themselves."""

    def of(
        service: str, state: State = State.CANNOT_CHECK, found: str = "no cAdvisor", fix: str = "run it"
    ) -> Finding:
        return Finding("docker.limits", (("service", service),), state, "Docker", found, fix)

    ones = [
        of("app"),
        of("app", State.FAIL),
        of("db", fix="x"),
        of("<b>", found="y"),
        of("db"),
        of("db", State.FAIL),
    ]

    found = findings.alike(ones)

    assert found == [[ones[0], ones[4]], [ones[1]], [ones[2]], [ones[3]], [ones[5]]]
    html = findings.several([ones[0], of("<b>")], "")
    assert words(html.replace("<br>", " | ")) == (
        "⊘ cannot check No cAdvisor service app · docker.limits · the guide: Docker | service &lt;b&gt; · "
        "docker.limits · the guide: Docker"
    )
    assert html.count("<section") == 1


def test_what_mends_a_finding_is_fit_to_be_pasted() -> None:
    """SQL as it is run, and the words beside it where they say more."""
    made = Finding(
        "r", (), State.FAIL, "", "f", "make it anew", ("DROP INDEX a;", "CREATE INDEX a ON t (b);")
    )
    assert findings.mending(made) == [
        ("make it anew", False),
        ("DROP INDEX a;\nCREATE INDEX a ON t (b);", True),
    ]
    same = Finding("r", (), State.FAIL, "", "f", "ANALYZE t;", ("ANALYZE t;",))
    assert findings.mending(same) == [("ANALYZE t;", True)]
    assert findings.mending(Finding("r", (), State.PASS, "", "f")) == []


def test_connections_are_those_of_the_newest_poll() -> None:
    """Who held some before has none now; most first, 40 at most."""
    held = {
        (("database", "erp"), ("role", "app"), ("state", "idle")): [
            sessions.Crowd(2, Gauge.sample(3.0, 15.0)),
            sessions.Crowd(1, Gauge.sample(9.0, 15.0)),
        ],
        (("database", "erp"), ("role", "old"), ("state", "active")): [
            sessions.Crowd(1, Gauge.sample(5.0, 15.0))
        ],
    }
    seats = sessions.crowds(held)

    assert [(seat.role, seat.now, seat.most) for seat in seats] == [("app", 3, 9), ("old", 0, 5)]
    assert words(sessions.table(seats)) == (
        "3 connections at the newest poll. role database "
        "state now most in the last hour app erp idle 3 9 old erp active 0 5"
    )
    many = [sessions.Seat("r", "d", "s", 2, 2)] * 50
    assert "10 more groups, with 20 connections now." in sessions.table(many)
    together = words(sessions.table([sessions.Seat("*", "*", "idle", 1, 2)]))
    assert together.startswith(
        "1 connection at the newest poll; the smallest groups together have * for a name. role database"
    )


def test_our_own_cost_is_told_with_what_it_may_be() -> None:
    """As a share of one core, over the time that was measured."""
    assert words(sessions.cost(Ratio(7.2, 3600.0), 0.01)) == (
        "Headroom's own statements took 7.2 s of the server's time in the last 1 h: 0.2% of one core; over "
        "1%, Headroom polls half as often. They are in none of the figures above."
    )
    newest = "3 statements took 30 ms; it holds 1 connection <b>"
    assert words(sessions.cost(Ratio(7.2, 3600.0), 0.01, newest)).endswith(
        "in none of the figures above. At the newest poll 3 statements took 30 ms; it holds 1 connection "
        "&lt;b&gt;."
    )
    assert words(sessions.cost(None, 0.01)) == "Not measured yet: it takes two polls."


def test_the_quality_of_every_poll_is_counted_and_the_newest_doubts_listed() -> None:
    """Each quality with what it means, 20 remarks at most, hostile ones as text."""
    assert set(statement_doubts.MEANINGS) == set(Quality)
    stored = [
        StoredPart(
            k,
            NOW + k * EVERY,
            Part(
                NOW + (k - 1) * EVERY,
                NOW + k * EVERY,
                Moments(1, 0.02, 0.0),
                Quality.EXACT if k % 2 else Quality.SUSPECT,
                detail=f"remark {k} <b>",
            ),
        )
        for k in range(60)
    ]
    found = stretches(stored, 0.01, timedelta(minutes=15), EVERY)
    html = statement_doubts.doubts(found, Whole.of(found).qualities, NOW, UTC)

    assert "exact 30 the difference of two readings" in words(html)
    assert "suspect 30 a reset cannot be ruled out: left out" in words(html)
    assert "The newest 20 of 30 that are not exact" in words(html)
    assert html.count("remark 58") == 1
    assert "remark 18" not in html
    assert "<b>" not in html
    assert Whole.of(found).moments.n == 30
