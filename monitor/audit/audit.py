"""`headroom audit`: every source is audited live, all at once, and nothing is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from headroom.audit.application.facts import Metrics
from headroom.audit.facts import Facts
from headroom.audit.finding import Finding
from headroom.audit.guide.catalogue import catalogue
from headroom.audit.guide.coverage import Coverage, completed, coverage
from headroom.audit.guide.rule import Asked
from headroom.audit.guide.targets import targets
from headroom.checks import State
from headroom.config import Config
from headroom.observation import SourceError
from headroom.sources import Source, SourceKind
from monitor.audit import application, look, probed, redis
from monitor.audit.known import Known, known
from monitor.audit.metrics import metrics
from monitor.audit.unanswered import Unanswered
from monitor.doctor.look import our_fault

KINDS = (SourceKind.POSTGRES, SourceKind.REDIS, SourceKind.PROMETHEUS)
"""The kinds of sources that the audit has rules for."""
_EXAMPLES = {
    SourceKind.POSTGRES: "postgresql://headroom:PASSWORD@HOST:5432/DATABASE",
    SourceKind.REDIS: "redis://headroom:PASSWORD@HOST:6379/0",
    SourceKind.PROMETHEUS: "http://HOST:9090",
}


@dataclass(frozen=True, slots=True)
class Audited:
    """One source.

    Attributes:
        facts: of a PostgreSQL; None where it is not configured or could not be read.
        metrics: of a Prometheus, likewise.
        unreachable: it is configured, and could not be read.
    """

    source: Source
    findings: tuple[Finding, ...]
    facts: Facts | None = None
    metrics: Metrics | None = None
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """All of an audit.

    Attributes:
        sources: in the order of the file.
        findings: of all sources and of the application, and a line for each further rule of the guide.
        coverage: of each chapter; None where only one source was asked for.
    """

    sources: tuple[Audited, ...]
    findings: tuple[Finding, ...]
    coverage: dict[str, Coverage] | None = None

    @property
    def unreachable(self) -> bool:
        """Whether a configured source could not be read."""
        return any(one.unreachable for one in self.sources)


class UnknownError(Exception):
    """What was asked for is not there; its text says what is."""


def chosen(config: Config, name: str | None, *, one: bool = False) -> list[Source]:
    """Return the sources to audit; UnknownError where `name` is none of them.

    With `one` they are those of kind postgres, and there must not be several: a script for psql is for one
    database.
    """
    kinds = (SourceKind.POSTGRES,) if one else KINDS
    sources = [source for source in config.sources if source.kind in kinds]
    names = ", ".join(source.name for source in sources)
    if name is not None:
        sources = [source for source in sources if source.name == name]
        if not sources:
            *most, last = (kind.value for kind in kinds)
            of = f"{', '.join(most)} or {last}" if most else last
            raise UnknownError(
                f"--source {name}: {config.path} has no such source of kind {of}, but {names or 'none'}"
            )
    if one and len(sources) > 1:
        raise UnknownError(f"--sql writes the script of one source: name it by --source, one of {names}")
    return sources


async def audit_sources(config: Config, sources: Sequence[Source]) -> Report:
    """Audit these sources alone: no rule of the guide but theirs is told of."""
    before = known(config, sources, datetime.now(UTC))
    audited = await _all(config, sources, before)
    read = [one.metrics for one in audited if one.metrics is not None]
    found = [*_refused(before), *(finding for one in audited for finding in one.findings)]
    if read:
        rules = [one for one in catalogue(config.policies) if one.asked is Asked.PROMETHEUS]
        told = application.findings(config, None, read, before.parts)
        found += [one for one in told if any(rule.answered_by(one) for rule in rules)]
    return Report(tuple(audited), tuple(found))


async def audit(config: Config, sources: Sequence[Source], say: Callable[[str], None]) -> Report:
    """Hold everything against the whole guide; `say` tells a person what takes long."""
    before = known(config, sources, datetime.now(UTC))
    filled = asyncio.create_task(metrics(config, say))
    try:
        audited = await _all(config, sources, before)
        failing = [(one.source.name, one.source.kind.value) for one in audited if one.unreachable]
        doors, said = await application.doors(config.policies.application, datetime.now(UTC), failing)
        of_metrics = await filled
    finally:
        filled.cancel()
    read = [one.metrics for one in audited if one.metrics is not None]
    found = [
        *_refused(before),
        *(finding for one in audited for finding in one.findings),
        *said,
        *application.findings(config, doors, read, before.parts),
        *of_metrics,
        *targets(config.budgets),
    ]
    rules, now = catalogue(config.policies), datetime.now(UTC)
    why = Unanswered(config, {one.source.name for one in audited if one.source.url and not one.unreachable})
    lines = completed(rules, found, why, before.confirmed, now)
    return Report(tuple(audited), tuple(lines), coverage(rules, lines, before.confirmed, now))


async def _all(config: Config, sources: Sequence[Source], before: Known) -> list[Audited]:
    return list(await asyncio.gather(*(_audited(source, before, config) for source in sources)))


def _refused(before: Known) -> list[Finding]:
    return [Finding("history", (), State.CANNOT_CHECK, "", before.refused)] if before.refused else []


async def _audited(source: Source, before: Known, config: Config) -> Audited:
    """Audit one source; what it does never stops the others."""
    rule, subject = f"{source.kind.value}.source", (("source", source.name),)
    if source.url is None:
        found = f"not configured: the environment variable {source.unset} is not set"
        fix = f"export {source.unset}='{_EXAMPLES[source.kind]}'"
        return Audited(source, (Finding(rule, subject, State.CANNOT_CHECK, "", found, fix),))
    try:
        return await _read(source, before, config)
    except SourceError as error:
        found = f"{error.reason}: {error.message}"
    except Exception as error:  # noqa: BLE001 what others have to say must not be lost with it
        look.log.exception("%s: auditing it failed in a way it should not", source.name)
        found = our_fault("auditing it", error)
    return Audited(source, (Finding(rule, subject, State.CANNOT_CHECK, "", found),), unreachable=True)


async def _read(source: Source, before: Known, config: Config) -> Audited:
    now = datetime.now(UTC)
    if source.kind is SourceKind.POSTGRES:
        facts = await look.read(source, now)
        remembered = before.statements.get(source.name, look.Remembered())
        return Audited(source, look.findings(facts, remembered, config.budgets), facts)
    if source.kind is SourceKind.REDIS:
        keys = before.keys.get(source.name, redis.Keys())
        try:
            seen, _ = await redis.read(source, config, keys, now)
        finally:
            untold = probed.note(config, source)
        return Audited(source, (*redis.findings(seen, keys, config), *untold))
    return Audited(source, (), metrics=await application.metrics(source, config, now))
