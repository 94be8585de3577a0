"""What of machines is recorded beside what is judged: CPU modes, and how long disks let requests wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from collectors.prometheus.asked import Target
from collectors.prometheus.health import Health
from collectors.prometheus.instances import MOST, subjects
from collectors.prometheus.snapshot import Machine
from collectors.prometheus.words import moment
from headroom import recorded
from headroom.budgets import Unit
from headroom.evidence import Ratio
from headroom.observation import Observation, Part, Quality, Series
from headroom.units import format_value

_SLACK = 1.1
"""As in `collectors.prometheus.machines`."""
BUSY, CALM = 0.6, 0.01
"""From what share of time on a disk is busy, and below what share of it waiting nothing waits to speak of.
BUSY is the guide's target for disk I/O."""


def tell_details(
    source: str, health: Health, before: Mapping[Target, Machine], after: Sequence[Machine]
) -> Iterator[Observation]:
    """Yield CPU modes and mean waits of machines, of at most 20."""
    live = [
        (before[one.target], one)
        for one in after
        if one.target in before and one.at > before[one.target].at and not health.gone(one.target, one.at)
    ][:MOST]
    names = subjects([now.target for _, now in live])
    for then, now in live:
        machine = names[now.target]
        seconds = now.at - then.at
        quality = Quality.GAP if seconds > health.patience(now.target) else Quality.EXACT
        for measure, subject, ratio in (*_modes(then, now), *_waits(then, now)):
            series = Series(source, measure, tuple(sorted((subject, *machine))))
            yield Observation(series, (Part(moment(then.at), moment(now.at), ratio, quality),))


def beside(then: Machine, now: Machine, device: str, busy: float) -> str:
    """Return what else is known of a device that was `busy` for a share of time; "" where nothing is.

    A disk that takes many requests at once is busy all the time long before it has no more to give.
    """
    said = []
    waits = waited(then, now).get(device)
    if waits is not None and waits.whole > 0:
        said.append(f"a request took {format_value(waits.part / waits.whole, Unit.SECONDS)} on average")
    pressure = pressed(then, now)
    share = None if pressure is None else pressure.part / pressure.whole
    if share is not None:
        said.append(f"tasks waited for I/O {format_value(share, Unit.SHARE)} of the time")
    if share is not None and share < CALM and busy >= BUSY:
        told = format_value(busy, Unit.SHARE)
        said.append(f"{told} busy, and yet nothing waits: on NVMe that is no saturation")
    return "; ".join(said)


def pressed(then: Machine, now: Machine) -> Ratio | None:
    """Return the seconds in which some task waited for I/O, of all; None where they do not go on."""
    if then.pressure is None or now.pressure is None or now.at <= then.at:
        return None
    seconds, spent = now.at - then.at, now.pressure - then.pressure
    if spent < 0:
        if now.pressure > _SLACK * seconds:
            return None
        spent = now.pressure
    return Ratio(min(spent, seconds), seconds)


def waited(then: Machine, now: Machine) -> dict[str, Ratio]:
    """Return per device the seconds of reads and writes, of their number; without devices that began anew."""
    found = {}
    for device, (seconds, done) in now.waits.items():
        seconds_then, done_then = then.waits.get(device, (0.0, -1.0))
        if done_then >= 0 and seconds >= seconds_then and done >= done_then:
            found[device] = Ratio(seconds - seconds_then, done - done_then)
    return found


def _waits(then: Machine, now: Machine) -> Iterator[tuple[str, tuple[str, str], Ratio]]:
    for device, ratio in waited(then, now).items():
        if ratio.whole > 0:
            yield recorded.DISK_WAIT, ("device", device), ratio


def _modes(then: Machine, now: Machine) -> Iterator[tuple[str, tuple[str, str], Ratio]]:
    if then.cpus.keys() != now.cpus.keys() or then.modes.keys() != now.modes.keys():
        return  # a CPU was taken away or added: the sums do not go on
    # Idle and iowait may run backwards by ticks.
    spent = {mode: max(0.0, seconds - then.modes[mode]) for mode, seconds in now.modes.items()}
    total = sum(spent.values())
    seconds = (now.at - then.at) * len(now.cpus)
    if total <= 0 or total > _SLACK * seconds + 1 or sum(now.modes.values()) < sum(then.modes.values()):
        return
    for mode, part in spent.items():
        if now.modes[mode] > 0:
            yield recorded.CPU_MODES, ("mode", mode), Ratio(part, total)
