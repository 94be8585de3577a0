"""Whatever the library Apprise can notify, by its own addresses: ntfy, Discord, Telegram and the rest.

Apprise runs in a process of its own for each message: it needs 25 MB and reads whole answers, and only a
process can be ended at its deadline whatever it hangs in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from alerts.channels import ChannelError, discreet
from alerts.channels.plain import unlinked, unmentioned, web_address
from alerts.channels.post import Answer, accepted
from alerts.rendered import Rendered, rendered
from alerts.text import clean
from headroom.channels import Apprise, Channel
from headroom.incidents import Message

_LONGEST_TITLE, _LONGEST_LINE = 200, 600
_SHORT_ID = 8  # characters of an id by which `headroom alerts show` finds an incident
_ORIGIN = frozenset({"Installation", "Source", "Sources", "Owner", "Owners", "Incident"})
"""Facts that tell one message from another where there is room for no more of them."""
_START_WITHIN = 5.0  # seconds beyond the deadline, for Python and Apprise to load
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""What Apprise sees of the environment: no proxy, which would see the token, and no home with a .netrc."""
_MODULE = "alerts.channels.apprise_process"


def send(channel: Channel, message: Message) -> str:
    """Send one notification and return what Apprise said of it.

    One address may name several targets: when one of them fails, the next attempt tells all of them again.

    Raises:
        ChannelError: it was not accepted.
    """
    receiver = channel.receiver
    assert isinstance(receiver, Apprise)
    within = channel.timeout.total_seconds()
    url = receiver.url.reveal()
    words = rendered(message)
    order = {
        "url": url,
        "title": _shown(words.title, _LONGEST_TITLE),
        "lines": lines_of(words),
        "leads": leads_of(words),
        "type": kind_of(words),
        "within": within,
    }
    outcome = _run(order, within)
    if outcome.get("sent"):
        return "Apprise sent it"
    raise _failure(outcome, url)


def lines_of(words: Rendered) -> list[str]:
    """Return the sentences of a notification; what stands in them leads nowhere."""
    return [_shown(line, _LONGEST_LINE) for line in words.lines]


def leads_of(words: Rendered) -> list[str]:
    """Return its last lines: whose it is and where it comes from, and what leads on."""
    runbook = web_address(words.runbook) or _shown(words.runbook, _LONGEST_LINE)
    leads = (("Dashboard", web_address(words.link)), ("Runbook", runbook))
    return [*_origin(words), *(f"{name}: {lead}" for name, lead in leads if lead)]


def _origin(words: Rendered) -> list[str]:
    told = [
        f"{name}: {value[:_SHORT_ID] if name == 'Incident' else value}"
        for name, value in words.facts
        if name in _ORIGIN
    ]
    return [_shown("; ".join(told), _LONGEST_LINE)] if told else []


def kind_of(words: Rendered) -> str:
    """Return Apprise's word for how bad it is; services colour by it."""
    if words.good:
        return "success"
    return {"critical": "failure", "warning": "warning"}.get(words.severity, "info")


def without(url: str, text: str) -> str:
    """Return a text in which no part of an address stands, since any part may be a token."""
    return clean(discreet.without(discreet.in_address(url, host=True), text), 200)


def _shown(text: str, longest: int) -> str:
    return unmentioned(unlinked(clean(text, longest)))


def _run(order: dict[str, Any], within: float) -> dict[str, Any]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 our own module, and nothing of others in its arguments
            [sys.executable, "-P", "-m", _MODULE],
            input=json.dumps(order).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback there may hold the address
            timeout=within + _START_WITHIN,
            env=kept | {"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"late": within}
    except OSError as error:
        raise ChannelError(f"no process for Apprise could be started ({type(error).__name__})") from error
    if done.returncode == -_ALARM:
        return {"late": within}
    try:
        outcome: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"crashed": done.returncode}
    return outcome


_ALARM = 14  # SIGALRM: the process ends itself by it when its time is over


def _failure(outcome: dict[str, Any], url: str) -> ChannelError:
    if "late" in outcome:
        return ChannelError(
            f"no full answer within {outcome['late']:g} s; "
            "is the receiver overloaded or a firewall in the way?"
        )
    if "crashed" in outcome:
        return ChannelError(
            f"the process with Apprise ended by itself (exit code {outcome['crashed']}); "
            "does `python -c 'import apprise'` work here?"
        )
    if outcome.get("unknown"):
        said = without(url, str(outcome["unknown"]))
        return ChannelError(
            f"Apprise cannot use the channel's url ({said}); see the service's page at appriseit.com",
            permanent=True,
        )
    if outcome.get("status"):
        answer = Answer(
            int(outcome["status"]),
            {"Retry-After": str(outcome.get("retry_after", ""))},
            without(url, str(outcome.get("text", ""))),
        )
        try:
            accepted(answer)
        except ChannelError as error:
            return error
    if outcome.get("broke"):
        return ChannelError(str(outcome["broke"]))
    said = without(url, str(outcome.get("logged", "")))
    return ChannelError(f"Apprise could not send it{f': {said}' if said else ''}")
