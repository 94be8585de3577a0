"""The command `headroom audit`: what was asked for, what is printed, and how it ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from headroom.config import Config
from monitor.audit import audit as auditing
from monitor.audit import confirm as confirming
from monitor.audit import migration, printed

_USAGE = 2


@dataclass(frozen=True, slots=True)
class Hand:
    """What a person confirms, or no longer does."""

    confirm: str | None = None
    unconfirm: str | None = None
    person: str | None = None
    note: str | None = None


def run(config: Config, hand: Hand, *, form: str, name: str | None, sql: bool, strict: bool) -> int:
    """Do it, print it, and return the exit code; click's UsageError where options contradict each other."""
    if hand.confirm is not None or hand.unconfirm is not None:
        if sql or strict or name is not None or form != "table":
            raise click.UsageError("--confirm and --unconfirm audit nothing: leave the other options out")
        return _record(config, hand)
    if hand.person is not None or hand.note is not None:
        option = "--by" if hand.person is not None else "--note"
        raise click.UsageError(f"{option} goes with --confirm RULE: name the rule")
    if sql and form != "table":
        raise click.UsageError("--sql prints a script, and --format json findings: ask for one of them")
    try:
        sources = auditing.chosen(config, name, one=sql)
    except auditing.UnknownError as error:
        click.echo(str(error), err=True)
        return _USAGE
    if sql or name is not None:
        report = asyncio.run(auditing.audit_sources(config, sources))
    else:
        report = asyncio.run(auditing.audit(config, sources, lambda line: click.echo(line, err=True)))
    if sql:
        click.echo("\n".join(migration.of(each) for each in report.sources), nl=False)
    else:
        write = printed.as_json if form == "json" else printed.as_table
        click.echo(write(report.findings, report.coverage, config.policies))
    return printed.exit_code(report.findings, unreachable=report.unreachable, strict=strict)


def _record(config: Config, hand: Hand) -> int:
    if hand.confirm is not None and hand.unconfirm is not None:
        raise click.UsageError("--confirm and --unconfirm contradict each other: ask for one of them")
    if hand.unconfirm is not None and hand.note is not None:
        raise click.UsageError("--note goes with --confirm: leave it out")
    if hand.person is None:
        raise click.UsageError("--by NAME is needed: who says so")
    now = datetime.now(UTC)
    try:
        if hand.confirm is not None:
            said = confirming.confirm(config, hand.confirm, hand.person, hand.note or "", now)
        else:
            said = confirming.unconfirm(config, hand.unconfirm or "", hand.person, now)
    except confirming.RefusedError as error:
        click.echo(str(error), err=True)
        return _USAGE
    click.echo(said)
    return 0
