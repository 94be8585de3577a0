"""What roles and databases have of their own: read as the server reads it, and never good unread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from headroom.audit.amounts import read
from headroom.audit.server_facts import Override
from headroom.audit.settings import settings
from headroom.checks import State
from tests.collectors_postgres.server import Server

from .servers import case, guides, one, server, told

_SHOWN = 1e-5  # pg_settings shows six digits of a fraction
_NUMBERS = st.one_of(
    st.integers(0, 200_000).map(str),
    st.integers(0, 100_000).map(hex),
    st.integers(0, 30_000).map(lambda number: f"0{number:o}"),
    st.floats(0, 1e5).map(lambda number: f"{number:.9g}"),
    st.sampled_from([".5", "1.", "1e3", "2E+2", "1e-1", ".4", "08", "0x", "1e", "010.5", "0e0"]),
)
_WORDS = st.one_of(
    st.sampled_from(["on", "off", "of", "o", "t", "TR", "fALSE", "y", "ye", "n", "no", "1", "0", "2", ""]),
    st.tuples(
        st.sampled_from(["", " ", "-", "+", "\t"]),
        _NUMBERS,
        st.sampled_from(["", " "]),
        st.sampled_from(["", "ms", "s", "min", "h", "d", "us", "kB", "MB", "B", "GB", "TB", "KB", "S"]),
        st.sampled_from(["", " "]),
    ).map("".join),
)


@pytest.fixture(scope="module")
def connection(cluster: Server) -> Iterator[psycopg.Connection]:
    """A session whose settings may be changed."""
    with psycopg.connect(cluster.url_of("postgres"), autocommit=True) as opened:
        yield opened


@given(
    st.sampled_from(["log_lock_waits", "log_min_duration_statement", "work_mem", "random_page_cost"]), _WORDS
)
@limits(max_examples=500, deadline=None)
def test_the_server_reads_as_we_do(connection: psycopg.Connection, name: str, word: str) -> None:
    """What the server takes means to us what it means to it."""
    setting = guides()[name]
    try:
        connection.execute("SELECT set_config(%s, %s, false)", (name, word))
    except psycopg.Error:
        return  # so that no role can have it
    asked = "SELECT setting FROM pg_settings WHERE name = %s"
    ((value,),) = connection.execute(asked, (name,)).fetchall()
    connection.execute("RESET ALL")

    assert read(word, setting) == pytest.approx(replace(setting, value=value).number, rel=_SHOWN)


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        ("log_lock_waits", word, State.WARN)
        for word in ("f", "F", "fal", "FALSE", "n", "No", "of", "OFF", "0", "oFf")
    ]
    + [
        ("log_lock_waits", word, State.PASS)
        for word in ("t", "TRU", "y", "YES", "on", "ON", "1", "true", "yes")
    ]
    + [
        ("log_lock_waits", word, State.CANNOT_CHECK)
        for word in ("", "o", "0x0", "offf", "ja", "2", "1.0", "true ", "\x00")
    ]
    + [
        ("statement_timeout", word, State.WARN)
        for word in (
            "0x0", "00", "0.0", "-0", "+0", ".2", "0.4ms", "1e6", "1E+6", "0xEA61", ".5h", " 2 min ", "1e-1d",
            "7e7us", "60001", "2.min", "0165141", "61s",
        )
    ]
    + [
        ("statement_timeout", word, State.PASS)
        for word in ("0xEA60", "6e4", "6e1s", "1 min", "1min ", ".5s", "30.5s", "0165140", "+5s", "\t5s")
    ]
    + [
        ("statement_timeout", word, State.CANNOT_CHECK)
        for word in ("", "none", "off", "1h2", "5 kB", "1 minute", "1MIN", "0x", "1e", "1e999", "--1", "५s")
    ]
    + [
        ("log_min_duration_statement", word, State.WARN)
        for word in ("-1", "-0x1", "-1e0", "-01", "1e6", "1.001s")
    ]
    + [
        ("work_mem", word, State.WARN)
        for word in ("1e-1GB", "0x10", "64.5MB", ".1TB", "65536.6", "1 GB")
    ]
    + [("work_mem", word, State.PASS) for word in ("64MB", "0x10000", "65536.4", ".0625GB", "67108864B")]
    + [("random_page_cost", word, State.WARN) for word in ("4", "4e0", "04", "0x4", ".5", "1.2")]
    + [("random_page_cost", word, State.PASS) for word in ("1.1", "11e-1", "01.1", "1")]
    + [("random_page_cost", word, State.CANNOT_CHECK) for word in ("NaN", "inf", "1.1ms")],
)  # fmt: skip
def test_how_the_server_reads_a_value(name: str, value: str, state: State) -> None:
    """ALTER ROLE … SET keeps the words: they mean what they mean to the server, and a riddle never passes."""
    given = case(replace(server(), overrides=(Override("app", "", name, value),)))
    found = one(settings, given, f"postgres.setting.{name}")

    assert found.state is state
    assert found.found.endswith(", which cannot be read") == (state is State.CANNOT_CHECK)
    assert found.fix == (
        ""
        if state is State.PASS
        else f"take back what roles and databases have of their own: ALTER ROLE … RESET {name};"
    )


def test_values_of_all_roles() -> None:
    """ALTER ROLE ALL wins over the file, and over ALTER SYSTEM: only its RESET mends it."""
    name = "log_min_duration_statement"
    whole = replace(guides()[name], value="-1", source="global", place="")
    overrides = (Override("", "", name, "-1"),)
    rule = f"postgres.setting.{name}"

    of_all = one(settings, case(replace(server(log_min_duration_statement=whole), overrides=overrides)), rule)
    hidden = one(settings, case(replace(server(), overrides=overrides)), rule)

    assert (*told(of_all), of_all.fix) == (
        State.FAIL,
        (
            f"{name} is -1, which is none: no slow statement is in the log (set for all roles by ALTER ROLE "
            "ALL)"
        ),
        (f"ALTER ROLE ALL RESET {name}; ALTER SYSTEM SET {name} = '1000'; SELECT pg_reload_conf();"),
    )
    assert (*told(hidden), hidden.fix) == (
        State.WARN,
        (
            f"{name} is 1s, as in the guide (set in /etc/postgresql/postgresql.conf, line 7); ALTER "
            "ROLE ALL has -1"
        ),
        f"ALTER ROLE ALL RESET {name};",
    )
