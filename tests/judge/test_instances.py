"""Which instance is named as the worst one, and in which words."""

from __future__ import annotations

from dataclasses import replace

from headroom.budgets import Severity, Statistic, Verdict
from headroom.evidence import Histogram
from headroom.instances import name, softened, with_worst
from headroom.judge import judge
from tests.judge.cases import case, cumulative, held, limit

WHOLE = "all of them"


def instance(
    host: str, fast: int, slow: int, statistic: Statistic = Statistic.P95, intervals: int = 20
) -> Verdict:
    """Return the verdict on an instance with so many requests of 100 ms and of 1 s in each interval."""
    counts = cumulative(0, 0, fast, fast, fast + slow, fast + slow, fast + slow)
    parts = held(*[replace(counts, total=0.1 * fast + slow)] * intervals)
    return judge(replace(case(parts, limit(statistic)), subject=(("instance", host),)))


def told(*instances: Verdict) -> str:
    """Return what is added to the verdict on the whole."""
    whole = replace(instance("", 1, 0), subject=(), detail=WHOLE)
    return with_worst(whole, instances).detail.removeprefix(WHOLE)


def test_one_that_is_over_is_named() -> None:
    """With the share that was slow and its outcome."""
    assert told(instance("10.0.0.8:3000", 100, 0), instance("10.0.0.7:3000", 60, 40)) == (
        "; worst instance 10.0.0.7:3000: 40% slow, over"
    )


def test_of_several_that_are_over_the_worst_is_named_and_the_others_counted() -> None:
    """The sentence stays short, however many there are."""
    bad = [instance(f"erp-{number}", 100 - number, number) for number in range(20, 60, 10)]

    assert told(*bad) == "; worst instance erp-50: 50% slow, over (and 3 more over)"


def test_one_that_is_clearly_worst_is_named_though_it_is_met() -> None:
    """Its rate of slow ones surely lies above that of every other."""
    assert told(instance("a", 1000, 0), instance("b", 1000, 0), instance("c", 980, 20)) == (
        "; worst instance c: 2% slow, met"
    )


def test_none_is_named_where_chance_may_have_made_it() -> None:
    """One slow request more is nothing; nor is the worst of one, or of one that is known."""
    blind = replace(instance("b", 1000, 0), slow_share=None, slow=None)

    assert told(instance("a", 50, 0, intervals=2), instance("b", 49, 1, intervals=2)) == ""
    assert told(instance("a", 980, 20)) == ""
    assert told(instance("a", 980, 20), blind) == ""
    assert told() == ""


def test_the_worst_of_the_excellent_is_not_named() -> None:
    """One in a thousand, where fifty are allowed, is worse than none for sure, and of no interest."""
    assert told(instance("a", 1000, 0), instance("b", 999, 1)) == ""


def test_an_idle_one_is_no_rival() -> None:
    """It has no share of anything."""
    idle = judge(case(held(Histogram((0.2,), (0, 0)))))

    assert told(idle, instance("b", 1000, 0), instance("c", 980, 20)) == "; worst instance c: 2% slow, met"


def test_a_mean_is_named_by_its_value() -> None:
    """There is no slow share of a mean."""
    mean = Statistic.MEAN
    assert (
        told(instance("a", 100, 0, mean), instance("b", 50, 50, mean)) == "; worst instance b: 550 ms, over"
    )


def test_names_are_bounded_and_harmless() -> None:
    """A label comes from elsewhere, and may hold anything."""
    assert name((("instance", "10.0.0.7:3000"),)) == "instance 10.0.0.7:3000"
    assert name((("instance", "a\x1b[31m\nb"),)) == "instance a�[31m�b"
    assert len(name((("instance", "x" * 10_000),))) == 60


def test_an_instance_only_warns() -> None:
    """A page is for the promise as a whole, which keeps its severity."""
    verdict = instance("a", 60, 40)

    assert softened(verdict) == replace(verdict, severity=Severity.WARNING)
    assert softened(replace(verdict, subject=())).severity is Severity.CRITICAL
