"""The receivers of the demo's alerts, one for each kind of channel, on free loopback ports."""

import contextlib
import secrets
from pathlib import Path
from typing import Any, Self

from demo.inbox import LONGEST_TITLE, Inbox, plain
from demo.receiver import Receiver
from demo.receivers import alertmanager, slack, teams
from demo.receivers.alertmanager import AlertmanagerHook
from demo.receivers.ntfy import Ntfy
from demo.receivers.pagerduty import PagerDuty
from demo.receivers.slack import Slack
from demo.receivers.smtp import Mailbox
from demo.receivers.teams import Teams
from demo.receivers.web import Arrival

TOPIC = "on-call"
ADDRESSEE = "on-call@erp.example"


class Channels:
    """All of them, listening until `close`."""

    def __init__(self, inbox: Inbox, mails: Path) -> None:
        self._inbox = inbox
        with contextlib.ExitStack() as opened:
            self._webhook = Receiver(inbox)
            opened.callback(self._webhook.close)
            self._mailbox = Mailbox(mails, self._mail)
            opened.callback(self._mailbox.close)
            self._slack = opened.enter_context(Slack())
            self._teams = opened.enter_context(Teams())
            self._pagerduty = opened.enter_context(PagerDuty(secrets.token_hex(16)))
            self._ntfy = opened.enter_context(Ntfy())
            self._hook = opened.enter_context(AlertmanagerHook())
            self._opened = opened.pop_all()
        self._slack.heard = self._at_slack
        self._teams.heard = self._at_teams
        self._pagerduty.heard = self._at_pagerduty
        self._ntfy.heard = self._at_ntfy
        self._hook.heard = self._at_alertmanager

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops listening."""
        self._opened.close()

    @property
    def webhook(self) -> str:
        """The address of the webhook."""
        return self._webhook.url

    @property
    def alertmanager_hook(self) -> str:
        """Where an Alertmanager has to send what it is told."""
        return self._hook.url

    def addresses(self) -> dict[str, Any]:
        """Returns how each but the webhook and Alertmanager is reached, by its name."""
        return {
            "mail": {"host": self._mailbox.host, "port": self._mailbox.port, "to": ADDRESSEE},
            "slack": self._slack.url,
            "teams": self._teams.url,
            "pagerduty": {"url": self._pagerduty.url, "routing_key": self._pagerduty.routing_key},
            "ntfy": {"host": self._ntfy.host, "topic": TOPIC},
        }

    def _mail(self, _: str) -> None:
        mail = self._mailbox.mails[-1]  # the one that the sentence is about: mails are taken one at a time
        self._keep("mail", mail.subject, mail.text, file=mail.file.name)

    def _at_slack(self, arrival: Arrival) -> None:
        self._keep("slack", *_title_and_text(slack.shown(arrival.body)))

    def _at_teams(self, arrival: Arrival) -> None:
        card = arrival.body["attachments"][0]["content"]
        if self._teams.cards and self._teams.cards[-1] is card:
            self._keep("teams", *_title_and_text(teams.shown(card)))
        else:
            why = self._teams.failed[-1]
            self._inbox.keep("teams", {"failed": why}, f"Alert lost by teams: {plain(why, LONGEST_TITLE)}")

    def _at_pagerduty(self, arrival: Arrival) -> None:
        event = arrival.body
        key, action = event["dedup_key"], event["event_action"]
        known = next((alert for alert in reversed(self._pagerduty.alerts) if alert.key == key), None)
        if known is None:  # the end of what was never told
            return
        told = [each for each in known.events if "payload" in each]
        summary = told[-1]["payload"]["summary"]
        title = summary if action == "trigger" else f"{action}: {summary}"
        story = event.get("payload", {}).get("custom_details", {}).get("story", "")
        self._keep("pagerduty", title, str(story), action=action, key=key)

    def _at_ntfy(self, arrival: Arrival) -> None:
        self._keep("ntfy", str(arrival.body.get("title", "")), str(arrival.body.get("message", "")))

    def _at_alertmanager(self, arrival: Arrival) -> None:
        for alert in arrival.body["alerts"]:
            severity = alert["labels"].get("severity", "")
            title = f"{alert['status']} {severity}: {alertmanager.shown(alert)}"
            text = str(alert["annotations"].get("description", ""))
            incident = str(alert["annotations"].get("incident", ""))
            self._keep(
                "alertmanager",
                title,
                text,
                status=alert["status"],
                incident=incident,
                labels=alert["labels"],
            )

    def _keep(self, channel: str, title: str, text: str, **more: object) -> None:
        self._inbox.keep(
            channel,
            {"title": title, "text": text, **more},
            f"Alert received by {channel}: {plain(title, LONGEST_TITLE)}",
        )


def _title_and_text(shown: str) -> tuple[str, str]:
    title, _, text = shown.partition("\n")
    return title, text
