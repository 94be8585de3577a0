"""What must hold between sources, history and their addresses."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from headroom.config.document import Document
from headroom.config.problems import Key, Problem
from headroom.config.urls import SCHEMES, allowed_urls, wrong_with
from headroom.config.validation import Parts
from headroom.sources import SourceKind


def source_problems(parts: Parts, document: Document, unset: Collection[Key]) -> Iterator[Problem]:
    """Yield what is wrong with the addresses of the sources; those in `unset` have none yet."""
    for name, source in parts.sources.items():
        key = ("sources", name, "url")
        schemes = SCHEMES[source.kind]
        wrong = "" if key in unset else wrong_with(source.url, schemes)
        if wrong:
            yield document.problem(key, wrong, allowed_urls(schemes))
        if source.memory_limit and source.kind is not SourceKind.REDIS:
            limited = ("sources", name, "memory_limit")
            yield document.problem(
                limited, f"a limit of a {source.kind.value} source", "memory_limit of a redis source"
            )
        if source.cost and source.kind is not SourceKind.POSTGRES:
            costs, what = ("sources", name, "cost"), f"a cost of a {source.kind.value} source"
            yield document.problem(costs, what, "cost of a postgres source")


def history_problems(history: object, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with the place of the history."""
    if not isinstance(history, str):
        return  # the types have said so
    allowed = "the path of a SQLite file, e.g. .headroom/history.db"
    if history.startswith(("postgresql:", "postgres:", "postgresql+")):
        yield document.problem(("history",), "which is not yet supported by this version", allowed)
    elif "://" in history or "\0" in history or history.endswith("/"):
        yield document.problem(("history",), "which is no path of a file", allowed)
