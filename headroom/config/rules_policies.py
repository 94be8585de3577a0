"""What must hold within `caching:`, `invalidation:` and `application:`, and between them and the sources."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from headroom.audit.guide.caching import slug
from headroom.config.document import Document
from headroom.config.forms import FORMS
from headroom.config.problems import Key, Problem
from headroom.config.rules_budgets import source_problem
from headroom.config.rules_classes import repeated
from headroom.config.scalars_policies import prefix_of
from headroom.config.spec_policies import ApplicationSpec, CachingSpec
from headroom.config.urls import APPLICATION_SCHEMES, allowed_urls, wrong_with
from headroom.config.validation import Parts
from headroom.units import parse_duration


def policy_problems(parts: Parts, document: Document, unset: Collection[Key]) -> Iterator[Problem]:
    """Yield what is wrong with what is declared beside budgets; addresses in `unset` are not there yet."""
    names = [(("caching", index, "name"), each.name) for index, each in parts.caching.items()]
    yield from repeated(names, document, "part of the cache")
    for index, each in parts.caching.items():
        yield from _caching(each, ("caching", index), parts, document)
    yield from _unreachable(parts.caching, document)
    changes = [(("invalidation", index, "data"), each.data) for index, each in parts.invalidation.items()]
    yield from repeated(changes, document, "entry of invalidation")
    yield from _nameless(changes, document)
    if parts.application is not None and ("application", "url") not in unset:
        yield from _address(parts.application, document)


def _caching(each: CachingSpec, key: Key, parts: Parts, document: Document) -> Iterator[Problem]:
    if bool(each.keys) is bool(each.gauge):
        what = "keys and gauge" if each.keys else "neither keys nor gauge"
        yield document.problem(key, what, "exactly one of keys and gauge")
        return
    form = FORMS["redis_memory" if each.keys else "gauge"]
    yield from source_problem(each.source, form, (*key, "source"), parts, document)
    least, most = each.ttl.min, each.ttl.max
    if not least and not most:
        yield document.problem((*key, "ttl"), "neither min nor max", "min, max or both, e.g. {max: 1h}")
    elif least and most and parse_duration(least) > parse_duration(most):
        what = f"which is more than the max in line {document.line((*key, 'ttl', 'max'))}"
        yield document.problem((*key, "ttl", "min"), what, "a min that is not more than the max")


def _nameless(changes: Sequence[tuple[Key, str]], document: Document) -> Iterator[Problem]:
    """Yield data whose rule has no name, or that of other data: one of two rows would never be shown."""
    first: dict[str, tuple[Key, str]] = {}
    for key, data in changes:
        name = slug(data)
        if not name:
            what = "which has no letter and no digit to name its rule by"
            yield document.problem(key, what, "a text with letters or digits, e.g. User preferences")
            continue
        before, other = first.setdefault(name, (key, data))
        if before != key and other != data:  # the same text twice was told already
            what = f"whose rule has the name of another one's (line {document.line(before)}): {name}"
            allowed = "data that differ in more than case, blanks and punctuation"
            yield document.problem(key, what, allowed)


def _unreachable(caching: Mapping[int, CachingSpec], document: Document) -> Iterator[Problem]:
    keyed = {index: each for index, each in caching.items() if each.keys and not each.gauge}
    for index, later in keyed.items():
        for before, earlier in keyed.items():
            same = before < index and earlier.source == later.source
            if same and prefix_of(later.keys).startswith(prefix_of(earlier.keys)):
                line = document.line(("caching", before, "keys"))
                what = f"which no key comes to: the entry in line {line} takes them all first"
                allowed = "the longer beginning before the shorter one"
                yield document.problem(("caching", index, "keys"), what, allowed)
                break


def _address(application: ApplicationSpec, document: Document) -> Iterator[Problem]:
    key: Key = ("application", "url")
    wrong = wrong_with(application.url, APPLICATION_SCHEMES)
    if wrong:
        yield document.problem(key, wrong, allowed_urls(APPLICATION_SCHEMES))
    elif urlsplit(application.url).query or urlsplit(application.url).fragment:
        what = "which has a ? or # in it, so no path can follow"
        yield document.problem(key, what, "an address that paths can be added to, e.g. http://127.0.0.1:3000")
