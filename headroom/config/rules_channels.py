"""What must hold within each of `alerts.channels`, and between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from headroom.config.document import Document
from headroom.config.problems import Key, Problem, closest
from headroom.config.rules_access import header_problems, logs_in, unreadable
from headroom.config.rules_alerts import channel_names, unknown_channel
from headroom.config.services import known_services
from headroom.config.spec_channels import (
    AlertmanagerSpec,
    AnyChannelSpec,
    AppriseSpec,
    EmailSpec,
    PagerDutySpec,
    SlackSpec,
    TeamsSpec,
    WebhookSpec,
)
from headroom.config.urls import WEB_SCHEMES, allowed_urls, wrong_with
from headroom.config.validation import Parts

_NEAR = (".internal", ".local", ".localhost", ".home.arpa", ".lan", ".svc", ".test")
_APPRISE = "an address as Apprise has them, e.g. ntfy://host/topic"


def channel_problems(parts: Parts, document: Document, folder: Path) -> Iterator[Problem]:
    """Yield what is wrong with the channels; relative paths start from `folder`."""
    for name, channel in parts.channels.items():
        key: Key = ("alerts", "channels", name)
        match channel:
            case EmailSpec():
                yield from _email(channel, key, document)
            case AlertmanagerSpec():
                yield from _alertmanager(channel, key, document)
            case AppriseSpec():
                yield from _apprise(channel.url, (*key, "url"), document)
            case WebhookSpec() | SlackSpec() | TeamsSpec() | PagerDutySpec():
                yield from posted_problems(channel.url, (*key, "url"), document, ca=channel.ca)
        if isinstance(channel, WebhookSpec | AlertmanagerSpec):
            yield from header_problems(channel.headers, (*key, "headers"), document)
        if not isinstance(channel, AppriseSpec):
            yield from ca_problems(channel.ca, (*key, "ca"), document, folder)
        yield from _fallback(name, channel, parts, document)


def web_problems(url: str, key: Key, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with an address that is asked by HTTP."""
    wrong = wrong_with(url, WEB_SCHEMES)
    if wrong:
        yield document.problem(key, wrong, allowed_urls(WEB_SCHEMES))


def posted_problems(url: str, key: Key, document: Document, *, ca: str = "") -> Iterator[Problem]:
    """Yield what is wrong with an address that messages go to: it, and they, are read by whoever is between.

    Args:
        url: the address.
        key: where it stands.
        document: the file.
        ca: whom to trust for it.
    """
    problems = list(web_problems(url, key, document))
    yield from problems
    if problems or not url.lower().startswith("http://"):
        return
    if not near(urlsplit(url).hostname or ""):
        what = "which would go over the internet in the clear"
        yield document.problem(key, what, "https://, or an address of this machine or a private network")
    elif ca:
        what = "an address with http:// beside a ca" if document.size(key) else "beside a ca"
        yield document.problem(key, what, "https://, or no ca")


def near(host: str) -> bool:
    """Tell whether a host is this machine or one of a private network, by its address or its kind of name."""
    name = host.lower().rstrip(".")
    try:
        address = ip_address(name)
    except ValueError:
        # Such names are resolved in no other network than one's own (RFC 6762, RFC 8375).
        return "." not in name or name.endswith(_NEAR)
    return address.is_private or address.is_loopback or address.is_link_local


def ca_problems(ca: str, key: Key, document: Document, folder: Path) -> Iterator[Problem]:
    """Yield what is wrong with a file of authorities; `ca` is empty where none is named."""
    wrong = unreadable(folder / ca) if ca else ""
    if wrong:
        yield document.problem(key, f"but the file is {wrong}", "a file that this user may read")


def this_machine(host: str) -> bool:
    """Tell whether a host is reached, or reaches us, from this machine alone; no name but localhost is."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _email(channel: EmailSpec, key: Key, document: Document) -> Iterator[Problem]:
    if bool(channel.user) is not bool(channel.password):
        there, other = ("user", "password") if channel.user else ("password", "user")
        what = f"without a {other} beside it"
        yield document.problem((*key, there), what, "user and password, or neither")
    if channel.security != "none":
        return
    if channel.password and not this_machine(channel.host):
        what = "which would send the password in the clear"
        allowed = "starttls or tls, or a host of this machine"
        yield document.problem((*key, "security"), what, allowed)
    if channel.ca:
        yield document.problem((*key, "ca"), "beside security: none", "ca with starttls or tls")


def _alertmanager(channel: AlertmanagerSpec, key: Key, document: Document) -> Iterator[Problem]:
    for place, url in enumerate(channel.urls):
        where: Key = (*key, "urls", place)
        where = where if document.holds(where) else where[:-1]  # a single address has no list around
        problems = list(posted_problems(url, where, document))
        yield from problems
        if problems:
            continue
        parts = urlsplit(url)
        if parts.query or parts.fragment:
            allowed = "an address that paths can be added to, e.g. http://127.0.0.1:9093"
            yield document.problem(where, "which has a ? or # in it, so no path can follow", allowed)
        elif re.search(r"/api(?:/v[12](?:/alerts)?)?/?$", parts.path):
            allowed = "the same without it, e.g. http://127.0.0.1:9093"
            yield document.problem(where, "which ends in a path that Headroom adds itself", allowed)
        elif logs_in(url) and any(name.lower() == "authorization" for name in channel.headers):
            what = "which has a login in it, beside a header Authorization"
            yield document.problem(where, what, "one of them")
        elif channel.ca and parts.scheme == "http":
            what = "an address with http:// beside a ca" if document.size(where) else "beside a ca"
            yield document.problem(where, what, "https:// in each address, or no ca")


def _apprise(url: str, key: Key, document: Document) -> Iterator[Problem]:
    match = re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]{0,40})://[^\s\x00-\x1f\x7f]{1,4000}", url)
    if not match:
        yield document.problem(key, "which is no such address", _APPRISE)
    elif match[1].lower() == "pagerduty":
        what = "through which nothing would ever be resolved"
        yield document.problem(key, what, "a channel with kind: pagerduty")
    elif (known := known_services()) and match[1].lower() not in known:
        hint = closest(match[1], known)
        yield document.problem(key, "which names no service that Apprise knows", _APPRISE, hint)


def _fallback(name: str, channel: AnyChannelSpec, parts: Parts, document: Document) -> Iterator[Problem]:
    key: Key = ("alerts", "channels", name, "fallback")
    if not channel.fallback:
        return
    if channel.fallback not in channel_names(document):
        yield unknown_channel(key, document)
    elif channel.fallback == name:
        yield document.problem(key, "which is the channel itself", "another channel")
    elif isinstance(parts.channels.get(channel.fallback), AlertmanagerSpec):
        what = "which is of kind alertmanager: it is told the state, and takes no messages of others"
        yield document.problem(key, what, "a channel of another kind")
    else:
        circle = _circle(name, parts)
        if circle and name == min(circle, key=list(parts.channels).index):  # once for all in it
            what = f"which leads back to {name}: {' > '.join((*circle, name))}"
            yield document.problem(key, what, "fallbacks that end at a channel without one")


def _circle(name: str, parts: Parts) -> list[str]:
    """Return the channels that fall back on each other from one back to it; empty where they do not."""
    met = [name]
    while True:
        channel = parts.channels.get(met[-1])
        following = channel.fallback if channel else ""
        if following == name:
            return met
        if not following or following in met:
            return []
        met.append(following)
