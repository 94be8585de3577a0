"""What must hold of the addresses at which Headroom answers, is reached, and reports that it lives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from headroom.config.document import Document
from headroom.config.problems import Key, Problem
from headroom.config.rules_access import logs_in
from headroom.config.rules_channels import ca_problems, posted_problems, this_machine, web_problems
from headroom.config.scalars_alerts import place_of
from headroom.config.validation import Parts
from headroom.units import parse_duration

_SHORTEST_TOKEN = 16
_LINK = "the dashboard's address as people reach it, e.g. https://headroom.example.org"


def serve_problems(parts: Parts, document: Document, folder: Path) -> Iterator[Problem]:
    """Yield what is wrong with serve, alerts.link and alerts.heartbeat; paths start from `folder`."""
    if parts.serve is not None and not this_machine(place_of(parts.serve.listen)[0]):
        allowed = f"an address of this machine alone, or a token of at least {_SHORTEST_TOKEN} characters"
        if not parts.serve.token:
            what = "which others can reach, without a token beside it"
            yield document.problem(("serve", "listen"), what, allowed)
        elif len(parts.serve.token) < _SHORTEST_TOKEN:
            yield document.problem(("serve", "token"), "which is too short to be beyond guessing", allowed)
    if parts.link:
        yield from _link(parts.link, ("alerts", "link"), document)
    if parts.heartbeat is not None:
        key: Key = ("alerts", "heartbeat")
        ca = parts.heartbeat.ca
        yield from posted_problems(parts.heartbeat.url, (*key, "url"), document, ca=ca)
        yield from ca_problems(ca, (*key, "ca"), document, folder)
        if parse_duration(parts.heartbeat.timeout) > parse_duration(parts.heartbeat.every):
            what = "within which the next beat is due"
            yield document.problem((*key, "timeout"), what, "at most what every says")


def _link(link: str, key: Key, document: Document) -> Iterator[Problem]:
    problems = list(web_problems(link, key, document))
    yield from problems
    if not problems and logs_in(link):
        yield document.problem(key, "which has a login in it, and stands in every message", _LINK)
    elif not problems and (urlsplit(link).query or urlsplit(link).fragment):
        yield document.problem(key, "which has a ? or # in it, so no path can follow", _LINK)
