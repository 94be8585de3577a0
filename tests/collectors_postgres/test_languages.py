"""What a poll says of a server that speaks another language, as far as Debian's has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.postgres import refusals
from collectors.postgres.address import address
from headroom.budgets import Reason

from .asking import absence, collecting, source, statements
from .conftest import Start
from .doors import PASSWORD, refused, rules
from .server import DEBIANS, Server

_GERMAN = Path(f"/usr/share/locale/de/LC_MESSAGES/postgres-{DEBIANS}.mo")


@pytest.fixture
def german(start: Start, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Server]:
    """Start a server whose messages are German, whatever locales this machine has."""
    if not _GERMAN.exists():
        pytest.skip("this machine was set up without translations")
    monkeypatch.setenv("LANGUAGE", "de")
    return lambda: start(lc_messages="C.UTF-8")


async def test_at_the_door(german: Callable[[], Server]) -> None:
    """What has no SQLSTATE is quoted in the server's words, and what names a file is understood."""
    server = german()
    server.run("CREATE ROLE clerk LOGIN PASSWORD 'right'")
    rules(server, "host all clerk 127.0.0.1/32 scram-sha-256")
    place = f"127.0.0.1:{server.port}"

    wrong = await refused(server.url_of("clerk", PASSWORD))
    unknown = await refused(server.url_of("ghost", PASSWORD))

    assert wrong.message == (
        f"{place} opened no session: Passwort-Authentifizierung für Benutzer »clerk« fehlgeschlagen"
    )
    assert unknown.reason is Reason.NOT_PERMITTED
    assert unknown.message == (
        f'{place} lets role "ghost" not into database "postgres" from this machine: '
        "add a line to its pg_hba.conf and reload"
    )


async def test_in_a_session(german: Callable[[], Server]) -> None:
    """An open session gives SQLSTATEs, so that every sentence is the same."""
    server = german()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE ROLE clerk LOGIN", "GRANT pg_monitor TO clerk")
    server.run("REVOKE ALL ON FUNCTION pg_stat_statements(boolean) FROM public")
    async with collecting(server.url_of("clerk")) as collector:
        before = await collector.fetch()
        reading = collector.difference(before, await collector.fetch())
        server.run("DROP EXTENSION pg_stat_statements")
        gone = collector.difference(before, await collector.fetch())

    assert absence(reading, statements("lookup")).detail == (
        'role "clerk" may not read pg_stat_statements (keine Berechtigung für Funktion pg_stat_statements): '
        "grant it that right"
    )
    assert absence(gone, statements("lookup")).detail.startswith("pg_stat_statements is not installed in ")


def test_quoted_without_secrets() -> None:
    """A short secret is hidden where it is a word and not in the middle of others, a long one everywhere."""
    short, long = (address(source(f"postgresql://clerk:{word}@db/erp")) for word in ("x1", "long%20one"))

    assert refusals.quoted("x1 is no maximum of ax1s\x1b[31m", short) == "<secret> is no maximum of ax1s [31m"
    assert refusals.quoted("a(long one)\n\tb", long) == "a(<secret>) b"
    assert refusals.quoted("é" * 500, long) == "é" * 199 + "…"
