"""Settings of memory against each other and against the guide's container."""

from __future__ import annotations

from dataclasses import replace

from headroom.audit.memory import memory
from headroom.checks import State

from .servers import case, one, server, told

_MEMORY = "postgres.memory"
_CACHE = "postgres.cache_size"


def test_the_guide_against_itself() -> None:
    """The guide's own figures do not fit into its own container, which is said as what it is."""
    found = one(memory, case(server()), _MEMORY)

    assert told(found) == (
        State.WARN,
        (
            "shared_buffers 256MB and one work_mem of 64MB for each of 200 sessions are 12.8GB, more than "
            "the guide's container of 4GB, and a statement may take work_mem several times; the 1 sessions "
            "of now come to 320MB; the guide contradicts itself here: its own figures are 12.8GB"
        ),
    )
    assert found.fix == (
        "ALTER SYSTEM SET work_mem = '19MB'; SELECT pg_reload_conf(); -- and for the role of the reports "
        "alone: ALTER ROLE … SET work_mem = '64MB';"
    )


def test_memory_that_fits() -> None:
    """19MB, which the fix names, fits."""
    assert told(one(memory, case(server(work_mem="19456")), _MEMORY)) == (
        State.PASS,
        (
            "shared_buffers 256MB and one work_mem of 19MB for each of 200 sessions are 4GB, within the "
            "guide's container of 4GB"
        ),
    )


def test_memory_of_the_sessions_that_are_there() -> None:
    """Where the sessions of now could take it already, it is no warning any more."""
    given = case(replace(server(), in_use=100))

    assert one(memory, given, _MEMORY).state is State.FAIL
    assert "the 100 sessions of now come to 6.5GB" in one(memory, given, _MEMORY).found


def test_memory_that_no_work_mem_mends() -> None:
    """Shared buffers that fill the container leave nothing to divide."""
    assert one(memory, case(server(shared_buffers="524288")), _MEMORY).fix == (
        "fewer sessions (max_connections, with a pooler in front) or more memory"
    )


def test_cache_smaller_than_the_buffers() -> None:
    """The planner's idea of the cache must not be smaller than the part of it that is PostgreSQL's own."""
    found = one(memory, case(server(effective_cache_size="16384")), _CACHE)

    assert told(found) == (
        State.WARN,
        (
            "effective_cache_size is 128MB, shared_buffers 256MB: the planner believes in less cache than "
            "PostgreSQL alone has"
        ),
    )
    assert found.fix == "ALTER SYSTEM SET effective_cache_size = '1024MB'; SELECT pg_reload_conf();"
    assert told(one(memory, case(server()), _CACHE)) == (
        State.PASS,
        "effective_cache_size is 1GB, shared_buffers 256MB",
    )


def test_memory_that_was_not_read() -> None:
    """Nothing is said of it; that the settings were not read is said once for each of them."""
    assert list(memory(case())) == []
