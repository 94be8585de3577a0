"""The commands that give a container the guide's limits, and what must come before them lest it is killed."""

from __future__ import annotations

import re

from headroom.audit.application.facts import Container
from headroom.budgets import Unit
from headroom.units import format_value
from headroom.wording import share

FILLED = 0.8
"""Share of a new limit: the kernel kills what is over it, and a working set goes up and down."""
_LESS = {
    "app": "see memory.leak, and let --max-old-space-size be 3/4 of the limit",
    "redis": "CONFIG SET maxmemory 384mb, which evicts, and MEMORY PURGE",
    "postgres": "lower shared_buffers, work_mem and max_connections, and restart it",
}


def mended(
    one: Container, service: str, *, cores: float | None = None, memory: int | None = None, text: str = ""
) -> str:
    """Return what gives a container new limits; None for those that are right.

    Args:
        one: the container.
        service: one of the guide's.
        cores: the new limit of CPU.
        memory: the new limit in bytes.
        text: the same as the guide writes it.
    """
    smaller = memory is not None and (one.memory is None or one.memory > memory)
    refused = _refused(one, service, memory, text) if memory is not None and smaller else ""
    options, lines = [], []
    if cores is not None:
        options.append(f"--cpus {cores:g}")
        lines.append(f"cpus: '{cores:g}'")
    if memory is not None and not refused:
        options.append(f"--memory {text} --memory-swap {text}")
        lines.append(f"memory: {text}")
    if not options:
        return refused
    command = f"docker update {' '.join(options)} {argument(one.name)}"
    command += f"; and in docker-compose.yml: limits: {{{', '.join(lines)}}}"
    if refused:
        return f"{command}; {refused}"
    return f"{_before(one, service, memory)}{command}" if memory is not None and smaller else command


def _refused(one: Container, service: str, memory: int, text: str) -> str:
    """Return why a container is not to be given a limit yet; empty where it fits."""
    if one.used is None or one.used <= FILLED * memory:
        return ""
    return (
        f"no limit of {text} yet: it uses {format_value(one.used, Unit.BYTES)}, more than {share(FILLED)} of "
        f"that, and would be killed; first let it use less than {_room(memory)} ({_LESS[service]}), or give "
        "it what it needs"
    )


def _before(one: Container, service: str, memory: int) -> str:
    """Return what must come before a smaller limit that fits, as far as is known."""
    first = ""
    if service == "redis":
        first = "CONFIG SET maxmemory 384mb first, for the guide's 1gb does not fit into 512M; then "
    if one.used is None:
        first += f"only where docker stats --no-stream {argument(one.name)} shows less than {_room(memory)}: "
    return first


def _room(memory: int) -> str:
    return format_value(FILLED * memory, Unit.BYTES)


def argument(name: str) -> str:
    """Return a container's name for a command line, or a word for one that is not fit for it."""
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) else "CONTAINER"
