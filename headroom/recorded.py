"""The measures that are recorded and shown, and judged by no budget: their names in the history.

Each is the `measure` of a `headroom.observation.Series`; its subject tells apart what there are several of.
"""

from __future__ import annotations

# Of a Redis. Subject {} is the server, or all primaries of a cluster together; others are told.
USED = "redis:used"
"""Gauge, bytes: used_memory."""
RSS = "redis:rss"
"""Gauge, bytes: used_memory_rss, what the operating system gave."""
MAXMEMORY = "redis:maxmemory"
"""Gauge, bytes: what it may count; 0 where it, or any primary, has no limit."""
CLIENTS = "redis:clients"
"""Gauge, share: connected clients of maxclients."""
EXPIRED = "redis:expired"
"""Ratio: keys that expired, of commands."""
REJECTED = "redis:rejected"
"""Ratio: connections rejected, of all that were tried."""
ERRORS = "redis:errors"
"""Ratio: answers that were errors, of commands. Subject ("error", prefix): one kind of them, such as OOM."""
MAIN_THREAD = "redis:main_thread"
"""Ratio: CPU seconds of the main thread, of seconds; without such a counter those of the process."""
SLOW_LOG = "redis:slow_log"
"""Moments, seconds: entries of the slow log. Subject ("command", name)."""
OUTSIDE = "redis_memory:container"
"""Gauge, share: used_memory_rss of the source's `memory_limit`; see `headroom.evicting.container`."""

# Of machines, containers and processes behind a Prometheus. Subjects as those of the budgets' own kinds.
CPU_MODES = "machine:cpu_mode"
"""Ratio: CPU seconds in one mode, of all. Subject ("mode", name) and the machine."""
DISK_WAIT = "machine:disk_wait"
"""Ratio: seconds of reads and writes, of their number: the mean wait. Subject ("device", name), machine."""
PROCESS_MEMORY = "process:memory"
"""Gauge, bytes: resident memory of a process. Subject: job and instance."""
HEAP = "process:heap"
"""Gauge, bytes: heap in use by Node.js. Subject: job and instance."""
CONTAINER_USED = "container:memory"
"""Gauge, bytes: working set of a container, limited or not. Subject ("container", name), machine."""
LIMITED = "requests:limited"
"""Ratio: answers with status 429, of all answers. Subject ("class", name)."""

DETAILS = frozenset(
    {
        USED, RSS, MAXMEMORY, CLIENTS, EXPIRED, REJECTED, ERRORS, MAIN_THREAD, SLOW_LOG,
        CPU_MODES, DISK_WAIT, PROCESS_MEMORY, HEAP, CONTAINER_USED, LIMITED,
    }
)  # fmt: skip
"""Kept for days, not for reports."""
