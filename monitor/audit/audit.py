"""`headroom audit`: every PostgreSQL source is audited live, and nothing is recorded."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from headroom.audit.facts import Facts
from headroom.audit.finding import Finding
from headroom.checks import State
from headroom.config import Config
from headroom.history import History, HistoryError, open_history
from headroom.observation import SourceError
from headroom.sources import Source, SourceKind
from monitor.audit.look import Remembered, findings, read, remembered

log = logging.getLogger("headroom.audit")


@dataclass(frozen=True, slots=True)
class Audited:
    """One source.

    Attributes:
        facts: None where it is not configured or could not be read.
        unreachable: it is configured, and could not be read.
    """

    source: Source
    findings: tuple[Finding, ...]
    facts: Facts | None = None
    unreachable: bool = False


async def audit(config: Config, sources: Sequence[Source]) -> list[Audited]:
    """Audit the sources one after the other."""
    known, refused = _known(config, sources)
    found = [await _audited(source, known.get(source.name, Remembered()), config) for source in sources]
    if refused and found:
        first = found[0]
        said = Finding("history", (), State.CANNOT_CHECK, "", refused)
        found[0] = Audited(first.source, (said, *first.findings), first.facts, first.unreachable)
    return found


class UnknownError(Exception):
    """What was asked for is not there; its text says what is."""


def chosen(config: Config, name: str | None, *, one: bool = False) -> list[Source]:
    """Return the sources to audit, those of kind postgres; UnknownError where `name` is none of them.

    With `one` there must not be several: a script for psql is for one database.
    """
    sources = of_kind(config)
    known = ", ".join(source.name for source in sources)
    if name is not None:
        sources = [source for source in sources if source.name == name]
        if not sources:
            raise UnknownError(
                f"--source {name}: {config.path} has no such source of kind postgres, but {known or 'none'}"
            )
    if one and len(sources) > 1:
        raise UnknownError(f"--sql writes the script of one source: name it by --source, one of {known}")
    return sources


def of_kind(config: Config) -> list[Source]:
    """Return the sources that the audit has rules for."""
    return [source for source in config.sources if source.kind is SourceKind.POSTGRES]


async def _audited(source: Source, known: Remembered, config: Config) -> Audited:
    subject = (("source", source.name),)
    if source.url is None:
        found = f"not configured: the environment variable {source.unset} is not set"
        fix = f"export {source.unset}='postgresql://headroom:PASSWORD@HOST:5432/DATABASE'"
        return Audited(source, (Finding("postgres.source", subject, State.CANNOT_CHECK, "", found, fix),))
    try:
        facts = await read(source, datetime.now(UTC))
    except SourceError as error:
        found = f"{error.reason}: {error.message}"
        ours = Finding("postgres.source", subject, State.CANNOT_CHECK, "", found)
        return Audited(source, (ours,), unreachable=True)
    return Audited(source, findings(facts, known, config.budgets), facts)


def _known(config: Config, sources: Sequence[Source]) -> tuple[dict[str, Remembered], str]:
    """Return what the history knows, by source, and why it cannot be read where there is one."""
    try:
        history = open_history(config.history, collecting=False)
    except HistoryError as error:
        return {}, "" if str(error).endswith("start `headroom run`") else str(error)
    try:
        return _of(history, sources), ""
    except HistoryError as error:
        return {}, str(error)
    finally:
        history.close()


def _of(history: History, sources: Sequence[Source]) -> dict[str, Remembered]:
    now = datetime.now(UTC)
    return {source.name: remembered(history, source.name, now) for source in sources}
