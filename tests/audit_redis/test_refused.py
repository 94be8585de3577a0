"""What a user may not do: each command in turn is refused, and what is lost is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.redis.own import ledger
from headroom.budgets import Reason
from headroom.observation import SourceError
from tests.collectors_redis.server import Server

from .conftest import Start
from .planted import NAME, audited, census, client, plant

_ALL = "+info +config|get +scan +pttl +memory|usage +select +cluster|nodes +latency|histogram"


def _user(server: Server, rights: str) -> str:
    server.run(f"ACL SETUSER looker reset on >geheim resetchannels -@all {rights}")
    return f"redis://looker:geheim@127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("taken", "sentence"),
    [
        ("", ""),
        (
            "+scan",
            'user "looker" may not run SCAN: its keys were not looked at; ACL SETUSER looker +scan',
        ),
        (
            "+pttl",
            'user "looker" may not run PTTL: how long they live is not known; ACL SETUSER looker +pttl',
        ),
        (
            "+memory|usage",
            (
                'user "looker" may not run MEMORY USAGE: what they take is not known; '
                "ACL SETUSER looker +memory|usage"
            ),
        ),
        (
            "+config|get",
            (
                'user "looker" may not run CONFIG GET: only the settings that INFO tells are known; '
                "ACL SETUSER looker +config|get"
            ),
        ),
        ("+latency|histogram", ""),
    ],
)
async def test_each_command_in_turn(start: Start, taken: str, sentence: str) -> None:
    """Without one right all others are used, and one sentence says what is lost."""
    server = start()
    plant(server, 10)
    url = _user(server, f"%R~* {_ALL}".replace(taken, "") if taken else f"%R~* {_ALL}")
    with client(server) as asked:
        before = asked.info("stats")
        facts, _ = await audited(server, url=url)
        after = asked.info("stats")
    found, own = census(facts), ledger(NAME)

    assert facts.denied == ((sentence,) if sentence else ())
    assert found.complete == (taken != "+scan")
    assert found.stopped == (sentence if taken == "+scan" else "")
    assert found.seen == (0 if taken == "+scan" else 2_000)
    reports = found.prefixes[0]
    assert reports.asked == (0 if taken in ("+scan", "+pttl") else 1_200)
    assert reports.measured == (0 if taken in ("+scan", "+memory|usage") else 200)
    refused = after["total_error_replies"] - before["total_error_replies"]
    assert refused == (1 if sentence else 0)  # in the server's own statistics, which others read
    assert own.hits == after["keyspace_hits"] - before["keyspace_hits"]
    assert own.commands == after["total_commands_processed"] - before["total_commands_processed"] - 1
    assert facts.settings is not None
    assert facts.settings["maxmemory-policy"] == "noeviction"
    assert ("appendfsync" in facts.settings) == (taken != "+config|get")
    assert facts.settings["appendonly"] == "no"


async def test_without_info(start: Start) -> None:
    """Without INFO there is nothing to go by."""
    server = start()
    url = _user(server, f"%R~* {_ALL}".replace("+info", ""))
    with pytest.raises(SourceError) as raised:
        await audited(server, url=url)

    assert raised.value.reason is Reason.NOT_PERMITTED
    assert raised.value.message == (
        f'127.0.0.1:{server.port} does not let user "looker" run INFO: ACL SETUSER looker +info'
    )


async def test_keys_of_some_policies_only(start: Start) -> None:
    """A user who may read some keys lists all of them; what they are is told for those alone."""
    server = start()
    plant(server, 10)
    facts, _ = await audited(server, url=_user(server, f"%R~finance:* {_ALL}"))
    reports, binary, rest = census(facts).prefixes

    assert (reports.asked, binary.asked, rest.asked) == (1_200, 0, 0)
    assert (reports.measured, binary.measured, rest.measured) == (200, 0, 0)
    assert [one.seen for one in census(facts).prefixes] == [1_200, 500, 300]
    assert sorted(facts.denied) == sorted(
        f'user "looker" may not ask keys of policy {policy} by {command}: {lost}; '
        "ACL SETUSER looker %R~* (before Redis 7.0: ~*)"
        for command, lost in (
            ("MEMORY USAGE", "what they take is not known"),
            ("PTTL", "how long they live is not known"),
        )
        for policy in ("binary", "rest")
    )


async def test_a_database_that_may_not_be_selected(start: Start) -> None:
    """Without SELECT the keys of another database are not looked at, and nothing else is lost."""
    server = start()
    url = _user(server, f"%R~* {_ALL}".replace("+select", ""))
    facts, _ = await audited(server, url=f"{url}/2")

    assert census(facts).stopped == (
        f'127.0.0.1:{server.port} does not let user "looker" run SELECT: ACL SETUSER looker +select'
    )
    assert facts.settings


async def test_commands_that_were_renamed(start: Start, tmp_path: Path) -> None:
    """Where CONFIG is away, as at some providers, INFO tells what it can; and no argument is repeated."""
    away = tmp_path / "away.conf"
    away.write_text('rename-command CONFIG ""\nrename-command PTTL ""\n')
    server = start(include=str(away))
    plant(server, 10)
    facts, _ = await audited(server)

    assert facts.denied == (
        (
            "the server does not carry out CONFIG GET (renamed, switched off or too old): only the "
            "settings that "
            "INFO tells are known"
        ),
        (
            "the server does not carry out PTTL (renamed, switched off or too old): how long they live "
            "is not known"
        ),
    )
    assert [one.asked for one in census(facts).prefixes] == [0, 0, 0]
    assert census(facts).complete
    assert facts.settings == {"maxmemory": "0", "maxmemory-policy": "noeviction", "appendonly": "no"}
