"""Whose a figure of all together is: of the only thing that is known, and of none of several."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dashboard.machines import machines
from dashboard.markup import NOTHING
from dashboard.processes import containers, processes
from dashboard.sums import Sums
from headroom import recorded
from headroom.budgets import Kind, Subject
from headroom.evidence import Evidence, Gauge, Ratio
from headroom.observation import Series

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
NODE, OTHER = ((("instance", f"10.0.0.{host}:3000"), ("job", "erp")) for host in (7, 8))


def sums(*told: tuple[str, Subject, Evidence]) -> dict[str, Sums]:
    """Return sums of a source of one stretch of time."""
    columns = {Series("metrics", measure, subject): {AT: (one,)} for measure, subject, one in told}
    return {"metrics": Sums(columns, AT, AT, timedelta(minutes=2))}


def memory(subject: Subject) -> tuple[str, Subject, Evidence]:
    """Return a process of a megabyte."""
    return recorded.PROCESS_MEMORY, subject, Gauge.sample(1e6, 15.0)


def test_one_process_beside_another_keeps_its_figures() -> None:
    """What all together are is the worst of them, and on the row of another it would be made up."""
    full = Ratio(95.0, 100.0)
    both = sums((Kind.ONE_CORE, (), full), (Kind.ONE_CORE, NODE[:1], full), memory(NODE), memory(OTHER))

    found = processes(both, {})

    assert [(one.name, one.cells[0][0]) for one in found] == [
        ("10.0.0.7:3000", "95%"),
        ("10.0.0.8:3000", NOTHING),
    ]
    (alone,) = processes(sums((Kind.ONE_CORE, (), full), memory(NODE)), {})
    assert (alone.name, alone.cells[0][0]) == ("10.0.0.7:3000", "95%")


def test_containers_that_followed_each_other_share_no_figures() -> None:
    """A pod that is gone was not as full as the one that came."""
    used = Gauge.sample(1e8, 10.0)
    known = [(recorded.CONTAINER_USED, (("container", name),), used) for name in ("old", "new")]

    found = containers(sums((Kind.CONTAINER_CPU, (), Ratio(95.0, 100.0)), *known), {}, 0.8)

    assert [one.cells[0][1] for one in found] == [None, None]


def test_the_only_machine_goes_by_its_instance() -> None:
    """And not by the source; of several, what all together have is nobody's."""
    cpu = Kind.CPU, (), Ratio(81.0, 100.0)
    modes = [
        (recorded.CPU_MODES, (("instance", host), ("mode", "user")), Ratio(8.0, 10.0))
        for host in ("a:9100", "b:9100")
    ]

    (one,) = machines(sums(cpu, modes[0]), {}, 0.8)
    several = machines(sums(cpu, *modes), {}, 0.8)

    assert (one.name, one.cpu, one.modes) == ("a:9100", 0.81, (("user", 0.8),))
    assert [(each.name, each.cpu) for each in several] == [("a:9100", None), ("b:9100", None)]
