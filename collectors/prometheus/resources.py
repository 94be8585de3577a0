"""The I/O with one Prometheus about resources: machines and processes in one query, containers in another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from collectors.prometheus import query
from collectors.prometheus.asked import CONTAINER_SERIES, LAG_P99, PROCESS_SECONDS, Asked, Target
from collectors.prometheus.containers import Containers, containers_of
from collectors.prometheus.further import Range, only_this
from collectors.prometheus.nodes import machines_of
from collectors.prometheus.processes import Processes, processes_of
from collectors.prometheus.slices import TooManySeriesError
from collectors.prometheus.snapshot import Machines
from headroom.observation import SourceError

POLLS = 20
"""Between two looks for containers that nobody asks for, where there were none."""

Parsed = TypeVar("Parsed")
See = Callable[[Any, list[tuple[Target, float]]], None]


class Resources:
    """Asks one Prometheus; what it remembers is which way of asking worked."""

    def __init__(self, asked: Asked, ask: Range, see: See) -> None:
        """`ask` sends a query; `see` takes note of the newest samples in a good answer."""
        self._asked = asked
        self._ask = ask
        self._see = see
        self._machines = asked.machines_read
        self._processes = asked.processes_read
        self._apart = False
        self._leave_out = 0

    def read(self, now: float, window: float) -> tuple[Machines, Processes]:
        """Return machines and processes, of which one may be refused and the other not."""
        both = (*self._machines, *self._processes)
        if not both:
            return Machines(), Processes()
        if not self._apart:
            try:
                return self._send(both, now, window, self._parsed)
            except TooManySeriesError:
                # Every target gives processes, and few are machines: those must not go blind with them.
                self._apart = True
            except SourceError as error:
                why = only_this(error)
                return Machines(refused=why), Processes(refused=why)
        return self._machines_alone(now, window), self._processes_alone(now, window)

    def containers(self, now: float, window: float) -> Containers:
        """Return the containers; where nobody asks for them, they are looked for now and then only."""
        if not (self._asked.container_series or self._asked.recording):
            return Containers()
        if self._leave_out:
            self._leave_out -= 1
            return Containers()
        try:
            found = self._ask(
                query.containers(CONTAINER_SERIES, window),
                now,
                lambda result: self._seen(result, containers_of(result, now, window)),
            )
        except SourceError as error:
            found = Containers(refused=only_this(error))
        if not found.seen and not self._asked.container_series:
            self._leave_out = POLLS - 1
        return found

    def wider(
        self, machines: Machines, processes: Processes, containers: Containers, now: float, window: float
    ) -> tuple[Machines, Processes, Containers, bool]:
        """Ask again, in a wider window, for what is nowhere; tell whether that found anything."""
        asked, found = self._asked, False
        lost = bool(asked.machine_series) and not machines.seen and machines.refused is None
        if lost or (asked.process_series and not processes.seen and processes.refused is None):
            machines, processes = self.read(now, window)
            found = bool(machines.seen or processes.seen)
        if asked.container_series and not containers.seen and containers.refused is None:
            containers = self.containers(now, window)
            found = found or bool(containers.seen)
        return machines, processes, containers, found

    def given(
        self, machines: Machines, processes: Processes, containers: Containers
    ) -> Mapping[Target, set[str]]:
        """Return which of the asked series each target gives."""
        gave: dict[Target, set[str]] = {}
        for machine in machines.seen:
            gave.setdefault(machine.target, set()).update(self._asked.machine_series)
        for process in processes.seen:
            told = {PROCESS_SECONDS: process.cpu, LAG_P99: process.lag}
            names = {name for name in self._asked.process_series if told[name] is not None}
            if names:
                gave.setdefault(process.target, set()).update(names)
        for container in containers.seen if self._asked.container_series else ():
            gave.setdefault(container.target, set()).update(self._asked.container_series)
        return gave

    def nowhere(self, machines: Machines, processes: Processes, containers: Containers) -> bool:
        """Tell whether something that is asked for is given by no target."""
        return any(
            asked and not seen
            for asked, seen in (
                (self._asked.machine_series, machines.seen),
                (self._asked.process_series, processes.seen),
                (self._asked.container_series, containers.seen),
            )
        )

    def _machines_alone(self, now: float, window: float) -> Machines:
        try:
            return self._send(self._machines, now, window, self._parsed)[0] if self._machines else Machines()
        except SourceError as error:
            return Machines(refused=only_this(error))

    def _processes_alone(self, now: float, window: float) -> Processes:
        try:
            return (
                self._send(self._processes, now, window, self._parsed)[1] if self._processes else Processes()
            )
        except SourceError as error:
            return Processes(refused=only_this(error))

    def _parsed(self, result: Any, now: float, window: float) -> tuple[Machines, Processes]:
        machines, processes = machines_of(result, now, window), processes_of(result, now, window)
        sampled = [(machine.target, machine.at) for machine in machines.seen]
        self._see(result, sampled + [(process.target, process.at) for process in processes.seen])
        return machines, processes

    def _seen(self, result: Any, found: Containers) -> Containers:
        self._see(result, [(one.target, one.at) for one in found.seen])
        return found

    def _send(
        self,
        series: tuple[str, ...],
        now: float,
        window: float,
        parse: Callable[[Any, float, float], Parsed],
    ) -> Parsed:
        return self._ask(query.machines(series, window), now, lambda result: parse(result, now, window))
