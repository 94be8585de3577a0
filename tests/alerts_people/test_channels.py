"""`headroom alerts test`: a message now, from this process, to real receivers."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from headroom.history.actions import TESTED
from tests.alerts.receiver import Receiver, answer
from tests.alerts_alertmanager.servers import Server
from tests.alerts_people.stage import Stage, staged

REFUSES = 'url: "http://127.0.0.1:9/hook"'


def with_channels(folder: Path, **receivers: str) -> Stage:
    """Make a stage with channels."""
    lines = "".join(f"    {name}: {{{receiver}}}\n" for name, receiver in receivers.items())
    return staged(folder, f"  channels:\n{lines}  routes:\n    - {{channels: [{', '.join(receivers)}]}}\n")


def test_what_the_receiver_answers_is_printed_and_kept(tmp_path: Path) -> None:
    """The message says who tests and that nothing is wrong; the page can say when that was."""
    with Receiver(answer(200, "thanks\x1b[2J")) as receiver:
        stage = with_channels(tmp_path, chat=f'kind: webhook, url: "{receiver.url}"')
        result = stage.run("test", "chat", "--by", "Ada")
        arrivals = receiver.arrivals

    assert result.output == "chat: arrived: the receiver answered 200 thanks [2J\n"
    assert result.exit_code == 0
    (message,) = (json.loads(each.body) for each in arrivals)
    assert message["status"] == "headroom"
    assert "Ada sent this to see whether the channel" in message["text"]
    (action,) = stage.actions(TESTED)
    assert (action.person, action.body["channel"], action.body["arrived"]) == ("Ada", "chat", "yes")


def test_the_exact_reason_is_printed_where_it_does_not_arrive(tmp_path: Path) -> None:
    """Each channel is tested, whatever came of the one before; exit code 1."""
    with Receiver(answer(404, "no such hook")) as receiver:
        stage = with_channels(
            tmp_path, gone=f"kind: webhook, {REFUSES}", wrong=f'kind: webhook, url: "{receiver.url}"'
        )
        result = stage.run("test", "--all", "--by", "Ada")

    assert result.exit_code == 1
    first, second = result.output.splitlines()
    assert first == (
        "gone: did not arrive: the receiver refuses connections; is it running, and is the port right?"
    )
    assert second.startswith("wrong: did not arrive: ")
    assert "404" in second
    assert [each.body["arrived"] for each in stage.actions(TESTED)] == ["no", "no"]
    assert (
        "(gone: did not arrive, the receiver refuses connections; is it running" in stage.run("list").output
    )


def test_an_alertmanager_is_pushed_to_and_read_back(tmp_path: Path) -> None:
    """A test alert fires there for two minutes, as the answer says; a member that is gone is named."""
    with Receiver() as receiver, Server(tmp_path / "am", receiver.url) as server:
        stage = with_channels(tmp_path, am=f'kind: alertmanager, urls: ["{server.url}"]')
        well = stage.run("test", "am", "--by", "Ada")
        alerts = server.alerts()
    broken = stage.run("test", "am", "--by", "Ada")

    place = server.url.removeprefix("http://")
    assert well.output == (
        f"am: arrived: {place}: stored at Alertmanager {place}; "
        "the test alert fires there for 2 min and goes where its routes lead\n"
    )
    assert well.exit_code == 0
    assert [each["labels"]["budget"] for each in alerts] == ["headroom-test"]
    assert broken.output.startswith(f"am: did not arrive: {place}: ")
    assert broken.exit_code == 1


def test_a_channel_that_there_is_not(tmp_path: Path) -> None:
    """The nearest is named; without channels the sentence says where they go."""
    stage = with_channels(tmp_path, chat=f"kind: webhook, {REFUSES}")

    result = stage.run("test", "caht", "--by", "Ada")

    assert result.output == 'there is no channel "caht" in budgets.yaml; did you mean chat? it has chat\n'
    assert result.exit_code == 2
    assert stage.run("test").exit_code == 2


def test_without_channels(stage: Stage) -> None:
    """Nobody can be told, and that is said wherever it matters."""
    result = stage.run("test", "--all", "--by", "Ada")

    assert result.output == "there is no channel in budgets.yaml: add one under alerts.channels\n"
    assert result.exit_code == 2
    assert stage.run("list").output.endswith(
        "No channel is configured: nobody is told of alerts; add one under alerts.channels.\n"
    )


def test_a_history_that_is_locked_hides_no_answer(tmp_path: Path) -> None:
    """All channels are tested and their answers printed; that nothing is kept of it is a second sentence."""
    with Receiver(answer(200, "thanks")) as receiver:
        hook = f'kind: webhook, url: "{receiver.url}"'
        stage = with_channels(tmp_path, chat=hook, mail=hook)
        locked = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
        locked.execute("BEGIN IMMEDIATE")
        try:
            result = stage.run("test", "--all", "--by", "Ada")
        finally:
            locked.close()

    first, second, *unkept = result.output.splitlines()
    assert (first, second) == tuple(
        f"{name}: arrived: the receiver answered 200 thanks" for name in ("chat", "mail")
    )
    assert unkept[0].startswith("what came of the test of chat is not kept: the history ")
    assert unkept[1].startswith("what came of the test of mail is not kept: the history ")
    assert result.exit_code == 2
