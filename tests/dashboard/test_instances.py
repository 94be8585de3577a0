"""The table of instances: worst first, bounded, and harmless whatever a label holds."""

from __future__ import annotations

import re
from dataclasses import replace

from dashboard import instances
from dashboard.markup import NOTHING
from headroom.bounds import Interval
from headroom.budgets import Outcome, Subject, Verdict
from headroom.summary import by_subject, rows
from tests.summary.builders import NOW, SOURCES, average, latency, resource, standing, verdict


def at(host: str) -> Subject:
    """Return the subject of an instance."""
    return (("instance", host),)


def slow(host: str, outcome: Outcome, low: int, high: int, limit: int = 0) -> Verdict:
    """Return a verdict on an instance with so many slow ones of 400."""
    figures = {"slow": (low, high), "n": 400, "value": Interval(0.1, 0.5), "headroom": 1 - high / 20}
    return verdict(latency(), limit, outcome, subject=at(host), **figures)


def table(*said: Verdict) -> str:
    """Return the table of the P95 row, with the whole judged in the same cycle."""
    whole = [standing(verdict(latency(), number, Outcome.MET)) for number in (0, 1)]
    known = [*whole, *(standing(one) for one in said)]
    (row, _) = sorted(rows([latency()], SOURCES, known, [], NOW), key=lambda row: row.id)
    return instances.table(row, by_subject(latency(), SOURCES, known, NOW))


def lines(html: str) -> list[list[str]]:
    """Return the text of the cells of each line."""
    found = re.findall(r"<tr.*?</tr>", html)[1:]
    return [[re.sub("<[^>]*>", "", cell) for cell in re.findall("<td.*?</td>", line)] for line in found]


def test_the_worst_comes_first() -> None:
    """Over, then undecided, idle and met; with value, slow share and number."""
    idle = replace(slow("c", Outcome.IDLE, 0, 0), value=None, slow=(0, 0), n=0)
    html = table(
        slow("d", Outcome.MET, 0, 0),
        idle,
        slow("b", Outcome.UNDECIDED, 2, 40),
        slow("a", Outcome.OVER, 160, 160),
    )

    assert lines(html) == [
        ["▲over", "a", "100 to 500 ms", "40%", "400"],
        ["◐undecided", "b", "100 to 500 ms", "0.5% to 10%", "400"],
        [f"{NOTHING}idle", "c", NOTHING, NOTHING, NOTHING],
        ["✓met", "d", "100 to 500 ms", "0%", "400"],
    ]
    assert 'data-instances="4"' in html


def test_of_several_over_the_slowest_comes_first() -> None:
    """Named by what was slow, not by the name."""
    found = lines(table(slow("a", Outcome.OVER, 40, 60), slow("b", Outcome.OVER, 160, 160)))

    assert [line[1] for line in found] == ["b", "a"]


def test_those_that_are_over_are_counted() -> None:
    """For the row of their limit alone, each once; where none is over there is nothing to say."""
    said = [
        slow("a", Outcome.OVER, 40, 40),
        slow("b", Outcome.MET, 0, 0),
        slow("b", Outcome.OVER, 9, 9, limit=1),
    ]
    whole = [standing(verdict(latency(), number, Outcome.MET)) for number in (0, 1)]
    known = [*whole, *(standing(one) for one in said)]
    found = sorted(rows([latency()], SOURCES, known, [], NOW), key=lambda row: row.id)
    beside = by_subject(latency(), SOURCES, known, NOW)

    assert [instances.over(row, beside) for row in found] == ["1 of 2 instances over", "1 of 1 instance over"]
    assert instances.over(found[0], beside[1:]) == ""


def test_equals_stand_as_people_count() -> None:
    """The second before the tenth."""
    hosts = ("10.0.0.10:3000", "10.0.0.2:3000", "10.0.0.1:3000")
    found = lines(table(*(slow(host, Outcome.MET, 0, 0) for host in hosts)))

    assert [line[1] for line in found] == ["10.0.0.1:3000", "10.0.0.2:3000", "10.0.0.10:3000"]


def test_with_only_the_whole_there_is_no_table() -> None:
    """Nor with instances that are known for another statistic only."""
    assert table() == ""
    assert table(slow("a", Outcome.OVER, 40, 40, limit=1)) == ""


def test_what_was_not_judged_with_the_whole_is_gone() -> None:
    """An instance of a cycle before stands nowhere."""
    known = [standing(verdict(latency(), number, Outcome.MET)) for number in (0, 1)]
    old = replace(standing(slow("a", Outcome.OVER, 40, 40)), seq=0)

    assert by_subject(latency(), SOURCES, [*known, old], NOW) == ()


def test_at_most_twenty_are_shown() -> None:
    """And how many there are is said."""
    html = table(*(slow(f"erp-{number:03}", Outcome.MET, number, number) for number in range(57)))

    assert len(lines(html)) == 20
    assert lines(html)[0][1] == "erp-056"
    assert "<p>The 20 worst of 57; the others are better.</p>" in html


def test_a_label_may_hold_anything() -> None:
    """It is escaped, also in attributes, and cut."""
    html = table(slow('"><script>alert(1)</script>' + "x" * 10_000, Outcome.MET, 0, 0))

    assert "<script>" not in html
    assert 'data-instance="&quot;&gt;&lt;script&gt;alert(1)' in html
    assert len(html) < 3_000


def test_devices_are_named_with_their_labels_and_have_no_slow_share() -> None:
    """A disk is known by its device and its machine."""
    disk = (("device", "sda"), ("instance", "db:9100"))
    whole = [standing(average(resource(), number, 0.5)) for number in (0, 1)]
    known = [*whole, standing(replace(average(resource(), 1, 0.85), subject=disk, n=20))]
    (row,) = rows([resource()], SOURCES, known, [], NOW)

    html = instances.table(row, by_subject(resource(), SOURCES, known, NOW))

    assert lines(html) == [["▲over", "device=sda, instance=db:9100", "85%", "20"]]
