"""Sending a test message now, from this process, and keeping what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.alertmanager.alert import Alert
from alerts.alertmanager.client import Client, place
from alerts.alertmanager.labels import ALERTNAMES
from alerts.alertmanager.member import Member
from alerts.channels import ChannelError, sender
from alerts.notices import test_notice
from headroom import acting
from headroom.channels import Alertmanager, Channel
from headroom.config import Config
from headroom.history import HistoryError, open_history
from headroom.incidents import About, Message
from headroom.instances import printable
from monitor.people.asked import Person

_TRIAL = "test"
_FIRES = timedelta(minutes=2)
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one test message, as a sentence for people."""

    channel: str
    arrived: bool
    said: str

    def __str__(self) -> str:
        return f"{self.channel}: {'arrived' if self.arrived else 'did not arrive'}: {self.said}"


def tested(config: Config, names: Sequence[str], person: Person) -> Iterator[Came]:
    """Test channels one after another; HistoryError where there is no history to keep it in.

    What came of a test is kept once the next is asked for: whoever waits has read it by then. That it could
    not be kept is raised after the last, for the history may be locked while every receiver is well.

    Args:
        config: has the channels.
        names: those that are meant.
        person: who asks.
    """
    channels = {one.name: one for one in config.channels}
    history = open_history(config.history, collecting=False)
    unkept = []
    try:
        for name in names:
            came = _sent(config, channels[name], person.name)
            now = datetime.now(UTC)
            yield came
            try:
                history.act(acting.kept_test(name, person.name, came.said, now, arrived=came.arrived))
            except HistoryError as error:
                unkept.append(f"what came of the test of {name} is not kept: {error}")
    finally:
        history.close()
    if unkept:
        raise HistoryError("\n".join(unkept))


def _sent(config: Config, channel: Channel, person: str) -> Came:
    if isinstance(channel.receiver, Alertmanager):
        return pushed(config, channel, person)
    notice = test_notice(channel.name, datetime.now(UTC), person, config.alerting)
    try:
        answer = sender(channel.kind)(channel, Message((notice,)))
    except ChannelError as error:
        return Came(channel.name, arrived=False, said=printable(error.message, _LONGEST))
    said = f"the receiver answered {printable(answer, _LONGEST)}" if answer else "the receiver took it"
    return Came(channel.name, arrived=True, said=said)


def pushed(config: Config, channel: Channel, person: str) -> Came:
    """Let a test alert fire at each member for two minutes, and read it back."""
    assert isinstance(channel.receiver, Alertmanager)
    told, all_well = [], True
    for url in channel.receiver.urls:
        address = url.reveal()
        client = Client(channel, address, _now)
        installation = config.alerting.installation
        member = Member(client, place(address), _now, _FIRES, installation)
        outcome = member.push([_alert(channel, person, installation)])
        said = outcome.said.get(_TRIAL)
        error = outcome.error or ("" if outcome.reached else "it did not answer to the end")
        all_well = all_well and outcome.reached and not error and said is not None
        detail = error or (said.detail if said is not None else "it does not tell what it holds")
        told.append(f"{outcome.member}: {printable(detail, _LONGEST)}")
    if all_well:
        told.append("the test alert fires there for 2 min and goes where its routes lead")
    return Came(channel.name, arrived=all_well, said="; ".join(told))


def _alert(channel: Channel, person: str, installation: str) -> Alert:
    labels = {
        "alertname": ALERTNAMES[About.BREACH],
        "budget": f"headroom-{_TRIAL}",
        "severity": "warning",
        "installation": installation,
    }
    summary = f"{person} tests the channel {channel.name}. Nothing is wrong, and there is nothing to do."
    return Alert(
        labels=tuple(sorted((name, value) for name, value in labels.items() if value)),
        starts=_now(),
        annotations=(("summary", printable(summary, _LONGEST)),),
        incident=_TRIAL,
        name="the test alert",
    )


def _now() -> datetime:
    return datetime.now(UTC)
