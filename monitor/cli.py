"""The commands. Results go to stdout, logs to stderr; scripts rely on the exit codes."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click

from headroom import __version__
from headroom.config import ConfigError, load
from headroom.history import HistoryError
from monitor.people.commands import alerts

USAGE = 2

config_option = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=Path("budgets.yaml"),
    show_default=True,
    help="The file of budgets.",
)


def _told(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what a person can mend into one sentence and exit code 2."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (ConfigError, HistoryError) as error:
            click.echo(str(error), err=True)
            sys.exit(USAGE)

    return update_wrapper(call, command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="headroom")
@click.option("--verbose", is_flag=True, help="Log every poll, not only what changes.")
def main(*, verbose: bool) -> None:
    """Tell whether an API, PostgreSQL, Redis and their machines keep their performance budgets."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # it would log a webhook's path, which is a secret
    if not verbose:
        for chatty in ("apscheduler", "alembic", "asyncio"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
    # It warns of each turn that a slow job misses, every second; our schedule says once which is late.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)


main.add_command(alerts)


@main.command()
@config_option
@click.option("--once", is_flag=True, help="Poll every source twice, judge, deliver, and end.")
@_told
def run(path: Path, *, once: bool) -> None:
    """Collect, judge and alert until SIGINT or SIGTERM."""
    from monitor import service  # noqa: PLC0415 the drivers and the scheduler: other commands start without them
    from monitor.serve.server import ServeError  # noqa: PLC0415 as above

    config = load(path)
    try:
        asyncio.run(service.collect_once(config) if once else service.collect(config))
    except ServeError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)


@main.command()
@config_option
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="The dashboard's port."
)
@_told
def up(path: Path, port: int) -> None:
    """Do what `run` does, with the dashboard beside it."""
    from monitor import together  # noqa: PLC0415 as in run

    load(path)
    sys.exit(together.up(path.resolve(), port))


@main.command()
@config_option
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--by", type=click.Choice(["subject"]), help="Give the verdicts on each subject too.")
@click.option("--poll", is_flag=True, help="Collect first: two polls, one interval apart.")
@click.option("--strict", is_flag=True, help="Exit with 3 where something is undecided or blind.")
@_told
def check(path: Path, form: str, by: str | None, *, poll: bool, strict: bool) -> None:
    """Print the newest verdict on every limit.

    Exit codes, the first that applies: 2 usage or configuration, 1 something over, 4 a source cannot be
    reached or nobody collects, 3 undecided or blind (with --strict), 0. Verdicts on single subjects, which
    --by subject adds, never change it: the promise is made for all of a budget's subject.
    """
    from monitor import check as printing  # noqa: PLC0415 as in run
    from monitor.standing import verdicts  # noqa: PLC0415 as in run

    config = load(path)
    if poll:
        from monitor import service  # noqa: PLC0415 as in run

        asyncio.run(service.collect_once(config))
    found = verdicts(config, datetime.now(UTC))
    if form == "table":
        click.echo(printing.as_table(found, config.budgets, subjects=bool(by)))
    else:
        click.echo(printing.as_json(one for one in found if by or not one.subject))
    sys.exit(printing.exit_code(found, strict=strict))


@main.command()
@config_option
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--strict", is_flag=True, help="Exit with 3 where anything does not pass.")
@_told
def doctor(path: Path, form: str, *, strict: bool) -> None:
    """Look at every source, and tell whether the budgets can be decided and what measures them is sound.

    It records nothing, and needs no collecting process. Exit codes, the first that applies: 2 usage or
    configuration, 4 a source cannot be read, 3 anything but passes (with --strict), 0.
    """
    from monitor.doctor import diagnosis as examining  # noqa: PLC0415 as in run
    from monitor.doctor import printed as printing  # noqa: PLC0415 as in run

    found = asyncio.run(examining.diagnose(load(path), lambda line: click.echo(line, err=True)))
    click.echo(printing.as_json(found.checks) if form == "json" else printing.as_table(found.checks))
    sys.exit(printing.exit_code(found.checks, unreachable=found.unreachable, strict=strict))


@main.command()
@config_option
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--sql", is_flag=True, help="Print a script for psql that mends what SQL can mend; run by you.")
@click.option("--source", "name", help="Only this source, and only its rules.")
@click.option("--strict", is_flag=True, help="Exit with 3 where anything is doubtful or cannot be checked.")
@click.option("--confirm", metavar="RULE", help="Record that a rule is kept which nobody sees from outside.")
@click.option("--unconfirm", metavar="RULE", help="Take that back.")
@click.option("--by", "person", metavar="NAME", help="With --confirm and --unconfirm: who says so.")
@click.option("--note", metavar="TEXT", help="With --confirm: how it was found out.")
@_told
def audit(
    path: Path,
    form: str,
    name: str | None,
    confirm: str | None,
    unconfirm: str | None,
    person: str | None,
    note: str | None,
    *,
    sql: bool,
    strict: bool,
) -> None:
    """Hold everything against the guide, rule by rule, live.

    It changes nothing, and records only what --confirm says; with a history it tells what is used, too. Exit
    codes, the first that applies: 2 usage or configuration, 1 a rule is broken, 4 a source cannot be
    reached, 3 anything is doubtful or cannot be checked (with --strict), 0.
    """
    from monitor.audit import command  # noqa: PLC0415 as in run

    hand = command.Hand(confirm, unconfirm, person, note)
    sys.exit(command.run(load(path), hand, form=form, name=name, sql=sql, strict=strict))


def _of_budgets(limit: str | None, subject: str | None, when: str | None) -> str:
    """Return the first option given that only the explanation of a budget has."""
    options = {"--limit": limit, "--subject": subject, "--at": when}
    return next((name for name, value in options.items() if value is not None), "")


@main.command()
@click.argument("budget", required=False)
@click.option("--statement", metavar="FINGERPRINT", help="A statement instead: its class, why, and its hour.")
@click.option("--sql", metavar="TEXT", help="Any text instead: the class it would have, and why.")
@click.option("--role", default="", help="With --sql: who runs it.")
@click.option("--database", default="", help="With --sql: where.")
@click.option("--limit", help="Only this limit, by its name or statistic.")
@click.option("--subject", metavar="LABEL=VALUE,...", help="One subject instead of all of it.")
@click.option("--at", "when", metavar="TIME", help="As of this moment (UTC unless it has a zone).")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True
)
@config_option
@_told
def explain(
    path: Path,
    budget: str | None,
    statement: str | None,
    sql: str | None,
    role: str,
    database: str,
    limit: str | None,
    subject: str | None,
    when: str | None,
    form: str,
) -> None:
    """Show why a BUDGET's verdicts are what they are: query, counts, arithmetic, and what would change them.

    BUDGET is a budget's id, or that of a row of the dashboard (api.login:p95). --statement and --sql tell why
    a statement is in its class instead. It reads the history only, so that no source need be reached. Exit
    codes: 2 usage, configuration or no history, otherwise 0.
    """
    from monitor.explain import asked  # noqa: PLC0415 as in run

    if sum(each is not None for each in (budget, statement, sql)) != 1:
        raise click.UsageError("name one of BUDGET, --statement FINGERPRINT and --sql TEXT")
    if budget is None and (given := _of_budgets(limit, subject, when)):
        raise click.UsageError(f"{given} is for a BUDGET: leave it out with --statement and --sql")
    if budget is None:
        from monitor.explain import statement as statements  # noqa: PLC0415 as in run

        try:
            config = load(path)
            if sql is not None:
                told = asyncio.run(statements.of_text(config, sql, role, database, datetime.now(UTC)))
            else:
                told = statements.known(config, statement or "", datetime.now(UTC))
        except asked.UnknownError as error:
            click.echo(str(error), err=True)
            sys.exit(USAGE)
        click.echo(statements.FORMATS[form](told), nl=False)
        return
    from monitor.explain.explained import explained  # noqa: PLC0415 as in run
    from monitor.explain.printed import FORMATS  # noqa: PLC0415 as in run

    try:
        named = asked.given("--limit", limit, "--limit p95")
        labels = asked.subject_of(asked.given("--subject", subject, "--subject instance=10.0.0.7:3000"))
        moment = None if when is None else asked.end_of(when)
        found = explained(load(path), budget, limit=named, subject=labels, at=moment, now=datetime.now(UTC))
    except asked.UnknownError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)
    click.echo(FORMATS[form](found), nl=False)


@main.command()
@click.option("--for", "seconds", type=click.FloatRange(min=1), help="End after this many seconds.")
@click.option("--fault", help="Switch a fault on after 60 s, for 75 s; a wrong name lists them all.")
@click.option("--no-dashboard", is_flag=True, help="Only the servers and the collectors.")
@click.option("--port", type=click.IntRange(1, 65535), help="The dashboard's port.  [default: a free one]")
@_told
def demo(seconds: float | None, fault: str | None, port: int | None, *, no_dashboard: bool) -> None:
    """Run a sample ERP with servers of its own, and watch it."""
    from monitor import sample  # noqa: PLC0415 as in run

    if seconds is not None and not math.isfinite(seconds):
        raise click.BadParameter("a number of seconds is needed", param_hint="--for")
    sys.exit(sample.run(seconds=seconds, fault=fault, port=port, dashboard=not no_dashboard))


@main.command()
@config_option
def init(path: Path) -> None:
    """Write the shipped budgets.yaml, with all its comments, where --config says."""
    from monitor.shipped import BUDGETS, SCHEMA  # noqa: PLC0415 as in run

    try:
        with path.open("x", encoding="utf-8") as file:
            text = BUDGETS.read_text(encoding="utf-8")
            file.write(text.replace("$schema=docs/budgets.schema.json", f"$schema={SCHEMA}", 1))
    except FileExistsError:
        click.echo(f"{path} exists and is left as it is; name another file with --config", err=True)
        sys.exit(USAGE)
    except OSError as error:
        click.echo(f"{path} cannot be written: {error.strerror}", err=True)
        sys.exit(USAGE)
    click.echo(f"{path} written; name your servers in it, then start `headroom run --config {path}`")


@main.command()
def schema() -> None:
    """Print the JSON Schema of budgets.yaml, for editors."""
    from headroom.config.schema import schema_text  # noqa: PLC0415 as in run

    click.echo(schema_text(), nl=False)
