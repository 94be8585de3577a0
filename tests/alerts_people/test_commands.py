"""What people do with `headroom alerts`: what it prints, what it records, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from headroom.history.actions import ACKNOWLEDGE, NOTE, REPLAY, SILENCE, UNACKNOWLEDGE, UNSILENCE
from headroom.history.silence_body import silence_of
from headroom.incidents import State
from tests.alerts_people.stage import CHANNELS, Stage, ended, firing, now, said, staged

APPLIED = "the collecting process applies it within 2 s\n"
A, B = "aaaaaaaa11111111", "aaaaaaaa22222222"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A history with two channels."""
    return staged(tmp_path, CHANNELS)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "aaaa",
            '"aaaa" means 2 incidents, name one of them: aaaaaaaa2 cache.memory p95; aaaaaaaa1 api.login p95',
        ),
        ("api.logni", 'there is no incident "api.logni"; did you mean api.login?'),
        ("", 'there is no incident ""; open are: aaaaaaaa2 cache.memory p95; aaaaaaaa1 api.login p95'),
        (
            "x\x1b[2J",
            'there is no incident "x\\x1b[2J"; open are: aaaaaaaa2 cache.memory p95; aaaaaaaa1 api.login p95',
        ),
    ],
)
def test_an_incident_that_there_is_not(stage: Stage, words: str, sentence: str) -> None:
    """The nearest is named, or those that are open; exit code 2."""
    stage.record(firing(A), firing(B, budget="cache.memory"))

    for command in (("show", words), ("ack", words, "--by", "Ada"), ("note", words, "text", "--by", "Ada")):
        result = stage.run(*command)

        assert (result.output, result.exit_code) == (f"{sentence}\n", 2)


def test_acknowledging_and_letting_go(stage: Stage) -> None:
    """Recorded with name and note; the login name is used where none is given, and said."""
    stage.record(firing(A), firing(B, budget="cache.memory", acknowledged=now(), acknowledged_by="Ada"))

    taken = stage.run("ack", "api.login", "--by", " Ada ", "--note", "on it")
    left = stage.run("unack", B, env={"HEADROOM_USER": "Bo"})

    assert taken.output == (
        f"acknowledged: api.login p95, no reminders and no escalation until it grows worse\n{APPLIED}"
    )
    assert left.output == (
        "no longer acknowledged: cache.memory p95, reminders and escalation begin anew\n"
        f"as Bo, by HEADROOM_USER; --by names somebody else\n{APPLIED}"
    )
    (first,), (second,) = stage.actions(ACKNOWLEDGE), stage.actions(UNACKNOWLEDGE)
    assert (first.person, dict(first.body)) == ("Ada", {"incident": A, "note": "on it"})
    assert (second.person, dict(second.body)) == ("Bo", {"incident": B, "note": ""})


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("ack", B, "--by", "Bo"),
            (
                'cache.memory p95 is acknowledged already, by "Ada"; '
                "to take it over: `headroom alerts unack`, then `headroom alerts ack`"
            ),
        ),
        (("ack", "e", "--by", "Bo"), "api.login p95 has ended (resolved): there is nothing to acknowledge"),
        (
            ("ack", "p", "--by", "Bo"),
            "api.login p95 is pending, and nobody was told: acknowledge it when it fires",
        ),
        (
            ("unack", A, "--by", "Bo"),
            "api.login p95 is acknowledged by nobody: there is nothing to take back",
        ),
        (("ack", A, "--by", ""), "--by takes a word, not nothing"),
        (("ack", A, "--by", "x" * 61), "--by takes at most 60 characters, not 61"),
        (("ack", A, "--by", "A\x1b"), "--by takes one line of text without control characters"),
        (("ack", A, "--by", "Bo", "--note", "x" * 501), "--note takes at most 500 characters, not 501"),
        (("note", A, " ", "--by", "Bo"), "TEXT takes a word, not nothing"),
    ],
)
def test_what_cannot_be_done_is_refused(stage: Stage, words: tuple[str, ...], sentence: str) -> None:
    """With one sentence, exit code 2, and nothing recorded."""
    pending = replace(firing("p" * 16), state=State.PENDING, fired=None)
    stage.record(
        firing(A),
        firing(B, budget="cache.memory", acknowledged=now(), acknowledged_by="Ada"),
        ended(),
        pending,
    )

    result = stage.run(*words)

    assert (result.output, result.exit_code) == (f"{sentence}\n", 2)
    assert stage.actions(ACKNOWLEDGE, UNACKNOWLEDGE, NOTE) == []


def test_silencing_and_ending_it(stage: Stage) -> None:
    """What is open and meant is named; the silence can be ended by the beginning of its id."""
    stage.record(firing(A), firing(B, budget="cache.memory", source="erp-cache"))

    options = ("--budget", "api.*", "--label", "instance=*", "--by", "Ada", "--comment", "deploy")
    result = stage.run("silence", *options, "--until", f"{now() + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}")

    (action,) = stage.actions(SILENCE)
    one = silence_of(action)
    assert result.output == (
        f"silenced until {now() + timedelta(hours=2):%Y-%m-%d %H:%M:%S} UTC (silence {one.id[:8]})\n"
        f"it keeps quiet 1 of 2 that are open: aaaaaaaa1 api.login p95\n{APPLIED}"
    )
    assert one.matcher.budgets == ("api.*",)
    ends = stage.run("unsilence", one.id[:6], "--by", "Bo")
    assert ends.output.startswith(f"ended: the silence {one.id} of Ada, until ")
    assert ends.output.endswith(f" UTC\n{APPLIED}what still fires is told then\n")
    assert dict(stage.actions(UNSILENCE)[0].body) == {"id": one.id}
    assert stage.run("unsilence", one.id, "--by", "Bo").output == (
        f'there is no silence "{one.id}"; there is none in force or to come\n'
    )


def test_a_silence_to_come(stage: Stage) -> None:
    """It says what it would keep quiet, and holds nothing back yet."""
    stage.record(firing(A))
    start = f"{now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"

    result = stage.run("silence", A, "--from", start, "--for", "1h", "--by", "Ada", "--comment", "deploy")

    assert result.output.splitlines()[1] == (
        "it will keep quiet, if they are open then: 1 of 1 that are open: aaaaaaaa api.login p95"
    )
    assert "silenced until" not in stage.run("list").output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("--for", "2h"),
            (
                "it would silence every alert; name what it is for (INCIDENT, --budget, --source, --owner, "
                "--severity or --label), or add --everything if that is meant"
            ),
        ),
        (
            ("--budget", "*", "--for", "2h"),
            (
                "it would silence every alert; name what it is for (INCIDENT, --budget, "
                "--source, --owner, --severity or --label), or add --everything if that is meant"
            ),
        ),
        (
            ("--budget", "api.lgin", "--for", "2h"),
            '--budget "api.lgin" matches no budget in the budgets file; did you mean api.login?',
        ),
        (
            ("--owner", "nobody", "--for", "2h"),
            '--owner "nobody" matches no owner of a budget in the budgets file; it has identity, platform',
        ),
        (
            ("--source", "metrix", "--for", "2h"),
            '--source "metrix" matches no source in the budgets file; did you mean metrics?',
        ),
        (
            ("--label", "instance", "--for", "2h"),
            '--label "instance" is no label; write it as instance=10.0.0.7:*',
        ),
        ((A,), "say how long: either --for 2h or --until 2026-11-22T18:00:00Z"),
        (
            (A, "--for", "2h", "--until", "2099-01-01"),
            "say how long: either --for 2h or --until 2026-11-22T18:00:00Z",
        ),
        (
            (A, "--for", "2"),
            '--for "2" is not a duration; allowed: a number with us, ms, s, m, h or d, e.g. 200ms',
        ),
        ((A, "--for", "999999999d"), '--for "999999999d" ends after the year 9999'),
        ((A, "--until", "soon"), '--until "soon" is no moment; write it as 2026-11-22T18:00:00Z'),
        ((A, "--until", "2020-01-01"), "its end has passed already; give a later --until, or --for"),
        ((A, "--for", "0s"), "its end has passed already; give a later --until, or --for"),
        (
            (A, "--from", "2020-01-01", "--for", "2h"),
            "it would begin in the past; leave --from out to begin now",
        ),
        (
            (A, "--from", "2099-01-02", "--until", "2099-01-01"),
            "its end is not after its begin; give a later --until, or --for",
        ),
        (
            (A, "--for", "91d"),
            (
                "it would last longer than 90 days; whoever set it is gone by then: give a shorter "
                "time, change the budget, or plan it under alerts.maintenance in budgets.yaml"
            ),
        ),
        (
            (A, "--from", "2099-01-01", "--for", "1h"),
            "it would begin more than 90 days from now; plan it under alerts.maintenance in budgets.yaml",
        ),
        (
            ("e", "--for", "1h"),
            "api.login p95 has ended (resolved): a silence of it would keep nothing quiet",
        ),
    ],
)
def test_an_absurd_silence_is_refused(stage: Stage, words: tuple[str, ...], sentence: str) -> None:
    """With one sentence, exit code 2, and nothing recorded."""
    stage.record(firing(A), ended())

    result = stage.run("silence", *words, "--by", "Ada", "--comment", "why")

    assert (result.output, result.exit_code) == (f"{sentence}\n", 2)
    assert stage.actions(SILENCE) == []


def test_everything_is_silenced_only_where_it_is_meant(stage: Stage) -> None:
    """And nobody collects: the sentence says when it is applied."""
    stage.record(firing(A))
    stage.history.close()

    result = stage.run("silence", "--everything", "--for", "10m", "--by", "Ada", "--comment", "move")

    assert result.exit_code == 0
    assert result.output.endswith("nobody collects: it is applied when `headroom run` starts\n")


def test_replaying_what_did_not_arrive(stage: Stage) -> None:
    """What is lost is counted; where nothing is, nothing is asked for."""
    stage.record(firing(A), notices=[said(A), said(A, "mail")])
    nothing = stage.run("replay", A, "--by", "Ada")
    first, _ = stage.history.due_notices(now(), lease=timedelta(minutes=1))
    stage.settle(first, error="404")

    result = stage.run("replay", A, "--channel", "chat", "--by", "Ada")

    expected = "every message of api.login p95 arrived or is on its way: there is nothing to send again\n"
    assert (nothing.output, nothing.exit_code) == (expected, 1)
    assert result.output == (
        f"to be sent again: 1 message of api.login p95 to chat that did not arrive\n{APPLIED}"
    )
    assert dict(stage.actions(REPLAY)[0].body) == {"incident": A, "channel": "chat"}
    unknown = stage.run("replay", "--channel", "caht", "--by", "Ada")
    assert unknown.output == (
        'there is no channel "caht" in budgets.yaml; did you mean chat? it has chat, mail\n'
    )
    assert unknown.exit_code == 2


def test_without_a_history_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    """Nothing was ever collected here."""
    stage = staged(tmp_path, CHANNELS)
    stage.history.close()
    for file in tmp_path.glob("history.db*"):
        file.unlink()

    result = stage.run("list")

    assert result.exit_code == 2
    assert result.output == (
        f"the history {tmp_path / 'history.db'} has not been written yet; start `headroom run`\n"
    )
