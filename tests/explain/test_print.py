"""What `headroom explain` prints: made to fit, in every format, and with the promised exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from headroom.budgets import Statistic
from headroom.evidence import Histogram, Moments
from headroom.explain import Explanation, explain
from monitor.explain.blocks import WIDTH, Code, Heading, Items, Sums, Table, Text, as_markdown, as_terminal
from monitor.explain.counts import FIRST, LAST, tables
from tests.explain.calculator import redo, redo_sums
from tests.explain.test_history import CONFIG, logins
from tests.judge.cases import EVERY, NOW, case, cumulative, held, limit
from tests.monitor.scripted import NOON, stage

CLIENT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The bounds that Prometheus' client libraries ship."""
NO_SUBJECTS = "it knows no subjects; leave --subject out"


def explaining(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run `headroom explain` in a process of its own; return exit code, output and errors."""
    words = [sys.executable, "-m", "monitor", "explain", *arguments, "--config", str(folder / "budgets.yaml")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


async def recorded(folder: Path) -> None:
    """Write a history of six polls, and end."""
    async with stage(folder, CONFIG) as on:
        for _ in range(6):
            await on.poll(logins(60, 40))


def table_of(*counts: Histogram | Moments, window: timedelta = timedelta(hours=2)) -> Table:
    """Return the one table of a window."""
    found = explain(case(held(*counts), window=window))
    (table,) = [one for one in tables(found.rows, found.case.limit, narrow=True) if isinstance(one, Table)]
    return table


def shown(found: Explanation) -> str:
    """Return counts and arithmetic as a terminal has them."""
    sums = Sums("", [(step.text, step.words) for step in found.steps])
    return as_terminal(
        [Heading(2, "3. The counts"), *tables(found.rows, found.case.limit, narrow=True), sums]
    )


def test_a_long_window_is_folded_with_exact_sums() -> None:
    """At most forty lines; the folded ones and the last add up to all that there was."""
    table = table_of(*[cumulative(i, i, i, i + 1, i + 1, i + 1, i + 1) for i in range(240)])
    head, *rows, total = table.rows
    assert len(table.rows) <= 40
    assert len(rows) == FIRST + 1 + LAST
    n = head.index("n")
    assert rows[FIRST][0] == "..."
    assert rows[FIRST][3] == f"{240 - FIRST - LAST} rows"
    assert int(total[n]) == sum(i + 1 for i in range(240)) == sum(int(row[n]) for row in rows)
    high = head.index("k_high")
    assert int(total[high]) == 240 == sum(int(row[high]) for row in rows)


@pytest.mark.parametrize("bounds", [(0.1, 0.2, 0.5), (0.1, 0.5)])
@pytest.mark.parametrize("polls", [20, 90])
def test_what_is_folded_away_can_still_be_summed(bounds: tuple[float, ...], polls: int) -> None:
    """The sums of squares come out of the rows that are printed and the sums of those that are not."""
    counts = [
        Histogram(bounds, (50 - i % 7, *([i % 7] + [0] * (len(bounds) - 2)), i % 5)) for i in range(polls)
    ]
    text = shown(explain(case(held(*counts), window=timedelta(hours=2))))
    redo(text)
    assert redo_sums(text) >= 4
    assert ("--format json has every row" in text) is (polls > FIRST + LAST + 1)
    broken = re.sub(r"(nn(_folded|_low)? = )([0-9]+)", lambda m: f"{m[1]}{int(m[3]) + 1}", text, count=1)
    with pytest.raises(AssertionError, match="nn"):
        redo_sums(broken)


def test_a_poll_of_two_rows_is_folded_as_a_whole() -> None:
    """Of a poll whose rows are folded in part all of them are summed, for squares of parts do not add up."""
    rows = held(*[cumulative(40, 40, 40, 40, 40, 40, 40 + i % 3) for i in range(60)])
    polls = [replace(one, at=NOW - EVERY * (number // 3)) for number, one in enumerate(rows)]
    text = shown(explain(case(polls, window=timedelta(hours=2))))
    assert "The polls 3 to 11 together, with all of their rows" in text
    assert redo_sums(text) >= 4


def test_it_is_said_what_of_statements_can_be_redone() -> None:
    """The columns of proofs are stored, not redone; where the lines are that can be is said beside them."""
    text = " ".join(shown(explain(case(held(*[Moments(100, 3.0, 0.5, 2.0)] * 6)))).split())
    assert "k_low and k_high of a row were proven statement by statement when it was read" in text
    assert "so these two columns cannot be redone from this table" in text


def test_buckets_far_from_the_limit_share_a_column_to_fit() -> None:
    """Eleven buckets of large counts fit 100 columns, the two beside the limit kept, and nothing is lost."""
    counts = tuple(100_000 + i for i in range(12))
    table = table_of(Histogram(CLIENT, counts), Histogram(CLIENT, counts))
    text = as_terminal([table])
    assert max(map(len, text.splitlines())) <= WIDTH
    head, first = table.rows[0], table.rows[1]
    assert "<=0.1" in head
    assert "<=0.25" in head
    start = head.index("n")
    assert sum(map(int, first[start + 1 : head.index("k_low")])) == int(first[start]) == sum(counts)


def test_two_bucket_layouts_are_two_tables_whose_sums_are_the_arithmetic_s() -> None:
    """During a rollout each layout has its own table; the lines go by the sums of both."""
    old, new = cumulative(0, 40, 50, 60, 60, 60, 60), Histogram((0.1, 0.2, 0.5), (50, 5, 5, 0))
    found = explain(case(held(old, new, old)))
    blocks = list(tables(found.rows, found.case.limit, narrow=True))
    assert [type(block) for block in blocks] == [Text, Table, Text, Table]
    assert blocks[0] == Text("2 of 3 rows are of this form:")
    values = {step.symbol: step.value for step in found.steps}
    assert (values["n"], values["k_low"], values["k_high"]) == ("180", "5", "25")
    redo(as_terminal([Sums("", [(step.text, step.words) for step in found.steps])]))


def test_moments_show_mean_deviation_and_cap() -> None:
    """What a server without percentiles gives is shown in milliseconds."""
    table = table_of(Moments.of([0.01, 0.03]), Moments.of([0.02]))
    head, first, second, total = table.rows
    assert head[4:] == ["n", "mean ms", "deviation ms", "at most ms", "k_low", "k_high"]
    assert first[4:] == ["1", "20", "0", "20", "0", "0"]
    assert second[4:] == ["2", "20", "10", "30", "0", "0"]
    assert total[4:] == ["3", "20", "8.16497", "30", "0", "0"]


def test_markdown_keeps_strangers_words_as_they_are() -> None:
    """Markup, HTML and callings come out as plain text; code is fenced past its own ticks."""
    page = as_markdown(
        [Text("a*b <i> @all [x](http://y)"), Items(["`c`"]), Code(["x ```` y"]), Table([["a|b"], ["1"]])]
    )
    assert page == (
        "a\\*b \\<i\\> &#64;all \\[x\\](http&#58;//y)\n\n- \\`c\\`\n\n"
        "`````text\nx ```` y\n`````\n\n| a\\|b |\n| ---: |\n| 1 |\n"
    )


async def test_the_table_fits_a_terminal_and_can_be_redone(tmp_path: Path) -> None:
    """Every line but those to be pasted is at most 100 columns wide; a calculator redoes the whole page."""
    await recorded(tmp_path)
    code, out, errors = explaining(tmp_path, "api.login", "--at", f"{NOON:%Y-%m-%dT%H}:01:30Z")
    assert (code, errors) == (0, "")
    wide = [line for line in out.splitlines() if len(line) > WIDTH]
    assert all(line.strip().startswith(("curl ", "{__name__")) for line in wide)
    assert redo(out) > 20
    assert out.startswith("api.login p95: over (over limit)\n================================\n")
    assert "\napi.login p99: over (over limit)\n" in out
    for section in (
        "1. The promise",
        "2. What is read",
        "3. The counts",
        "4. The arithmetic",
        "5. The verdict",
    ):
        assert out.count(f"\n{section}\n") == 2
    assert out.count("\n6. What would change it\n") == 2
    assert (
        "   P95 <= 200 ms: at most 5% of the requests in any 5 min take longer than 200 ms: slow / all <=\n"
        in out
    )
    assert "curl -sG -u USER:PASSWORD http://127.0.0.1:9/api/v1/query --data-urlencode" in out
    assert "   - of the class login: method POST, path /auth/login\n" in out
    assert "   - and not of an earlier class: uploads\n" in out
    assert "   The same is recorded at 2026-11-22 12:01:30 UTC.\n" in out


async def test_json_has_every_row_and_every_step(tmp_path: Path) -> None:
    """The document has the same content, in full."""
    await recorded(tmp_path)
    code, out, _ = explaining(tmp_path, "api.login:p95", "--format", "json", "--at", "2026-11-22T12:01:30Z")
    (found,) = json.loads(out)["explanations"]
    assert code == 0
    assert list(found) == [
        *("budget", "title", "limit", "subject", "at", "promise", "verdict", "recomputed", "recorded"),
        *("now", "remarks", "measures"),
    ]
    assert found["recorded"]["same"] is True
    assert found["verdict"]["outcome"] == "over"
    assert found["verdict"]["detail"] == found["recorded"]["detail"]
    (measure,) = found["measures"]
    assert measure["judges"] is True
    assert len(measure["rows"]) == 6
    assert measure["rows"][0]["figures"]["counts"] == [0, 60, 0, 0, 40, 0, 0]
    assert measure["rows"][0]["slow"] == {"low": 40, "high": 40}
    assert list(measure["steps"][0]) == ["group", "symbol", "expression", "value", "words"]
    assert measure["changes"][0]["outcome"] == "undecided"
    assert datetime.fromisoformat(measure["rows"][-1]["to"]) == NOON + timedelta(seconds=90)


async def test_markdown_comes_out_of_the_command(tmp_path: Path) -> None:
    """A ticket gets headings, tables and fenced arithmetic."""
    await recorded(tmp_path)
    code, out, _ = explaining(tmp_path, "api.login", "--limit", "p99", "--format", "markdown")
    assert code == 0
    assert out.startswith("## api.login p99: blind (stale)\n")
    assert "\n| poll | from | to | quality | n |" in out
    assert "\n```text\n" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["api.logins"],
            'there is no budget "api.logins" in budgets.yaml; did you mean api.login? it has api.login',
        ),
        (["api.login", "--at", "noon"], '--at "noon" is no moment; write it as 2026-11-22T12:00:00Z'),
        (["api.login:"], '"api.login:" names no limit behind the colon; api.login has p95, p99'),
        (
            ["api.login", "--limit", ""],
            '--limit "" names nothing; leave it out for all, or write --limit p95',
        ),
        (
            ["api.login", "--subject", " "],
            '--subject " " names nothing; leave it out for all, or write --subject instance=10.0.0.7:3000',
        ),
        (["api.login", "--subject", "x"], '--subject "x" is no subject; write it as instance=10.0.0.7:3000'),
        (
            ["api.login", "--subject", "instance=x"],
            f'nothing was ever judged of "instance=x" for api.login; {NO_SUBJECTS}',
        ),
    ],
)
async def test_wrong_words_are_answered_with_right_ones(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    """A usage error is one sentence on stderr, and exit code 2."""
    await recorded(tmp_path)
    assert explaining(tmp_path, *arguments) == (2, "", f"{sentence}\n")


def test_without_a_history_it_says_who_writes_one(tmp_path: Path) -> None:
    """There is nothing to explain before `headroom run` has run, which is said."""
    (tmp_path / "budgets.yaml").write_text(CONFIG)
    code, out, errors = explaining(tmp_path, "api.login")
    assert (code, out) == (2, "")
    assert errors == f"the history {tmp_path / 'history.db'} has not been written yet; start `headroom run`\n"


def test_a_percentile_below_all_bounds_is_explained() -> None:
    """With no bound below the limit nothing is fast for certain, and the line says so."""
    found = explain(case(held(*[Histogram((0.5,), (50, 0))] * 4), limit(Statistic.P95, 0.2)))
    words = {step.symbol: step.words for step in found.steps}
    assert words["fast_min"] == "no bound below 200 ms: none is fast for certain"
    found = explain(case(held(*[Histogram((0.1,), (50, 0))] * 4), limit(Statistic.P95, 0.2)))
    words = {step.symbol: step.words for step in found.steps}
    assert words["fast_max"] == "no bound above 200 ms: none is slow for certain"
