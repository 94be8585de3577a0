"""The commands `headroom alerts …`: what is open, and what a person does about it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headroom.config import ConfigError, load
from headroom.history import HistoryError

if TYPE_CHECKING:
    from monitor.people.acting import Doing

NOTHING, USAGE = 1, 2

config_option = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=Path("budgets.yaml"),
    show_default=True,
    help="The file of budgets.",
)
format_option = click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True
)
by_option = click.option("--by", metavar="NAME", help="Who does it.  [default: $HEADROOM_USER, or the login]")
note_option = click.option("--note", metavar="TEXT", default="", help="What others should know.")


def _told(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what a person can mend into one sentence, with exit code 2, or 1 where there was nothing to do."""

    def call(*args: Any, **kwargs: Any) -> Any:
        from headroom.acting import RefusedError  # noqa: PLC0415 other commands start without the database
        from monitor.people.acting import NothingError  # noqa: PLC0415 as above
        from monitor.people.asked import UnknownError  # noqa: PLC0415 as above

        try:
            return command(*args, **kwargs)
        except NothingError as error:
            click.echo(str(error), err=True)
            sys.exit(NOTHING)
        except (ConfigError, HistoryError, RefusedError, UnknownError) as error:
            click.echo(str(error), err=True)
            sys.exit(USAGE)

    return update_wrapper(call, command)


@click.group()
def alerts() -> None:
    """Show alerts, take care of them, silence them, and test who hears of them.

    INCIDENT is an incident's id, the beginning of one, or a budget's id. What a person does is applied by the
    collecting process and kept for ever. Exit codes: 2 usage or an incident that there is not, 1 nothing
    done or a test that did not arrive, 0.
    """


@alerts.command("list")
@config_option
@click.option("--all", "ended", is_flag=True, help="Those too that ended in the last 7 days.")
@click.option("--each", is_flag=True, help="Every one on a line of its own, also where there are many.")
@format_option
@_told
def list_(path: Path, form: str, *, ended: bool, each: bool) -> None:
    """Print open alerts, silences, and whether somebody looks and would be heard."""
    from monitor.people import as_json, printed  # noqa: PLC0415 as in _told
    from monitor.people.overview import overview  # noqa: PLC0415 as in _told

    found = overview(load(path), datetime.now(UTC), ended=ended)
    click.echo(as_json.as_json(found) if form == "json" else printed.as_table(found, ended=ended, each=each))


@alerts.command()
@click.argument("incident")
@config_option
@format_option
@_told
def show(incident: str, path: Path, form: str) -> None:
    """Print all that is kept of an INCIDENT: its moves, its messages, and what people did."""
    from monitor.people import story  # noqa: PLC0415 as in _told

    found = story.story(load(path), incident, datetime.now(UTC))
    click.echo(story.as_json(found) if form == "json" else story.as_text(found))


@alerts.command()
@click.argument("incidents", metavar="INCIDENT...", nargs=-1)
@click.option(
    "--budget",
    "budgets",
    metavar="PATTERN",
    multiple=True,
    help="All that nobody has of these; * is any text.",
)
@by_option
@note_option
@config_option
@_told
def ack(incidents: tuple[str, ...], budgets: tuple[str, ...], by: str | None, note: str, path: Path) -> None:
    """Take care of one INCIDENT or several: no reminders, no escalation, until it grows worse."""
    from monitor.people import acting  # noqa: PLC0415 as in _told

    if not incidents and not budgets:
        raise click.UsageError("name an INCIDENT, or a --budget")
    with _doing(path, by) as on:
        _say(acting.acknowledge(on, incidents, budgets, note))


@alerts.command()
@click.argument("incident")
@by_option
@note_option
@config_option
@_told
def unack(incident: str, by: str | None, note: str, path: Path) -> None:
    """Take care of an INCIDENT no longer: reminders and escalation begin anew."""
    from monitor.people import acting  # noqa: PLC0415 as in _told

    with _doing(path, by) as on:
        _say(acting.let_go(on, incident, note))


@alerts.command()
@click.argument("incident")
@click.argument("text")
@by_option
@config_option
@_told
def note(incident: str, text: str, by: str | None, path: Path) -> None:
    """Write a TEXT about an INCIDENT, open or ended."""
    from monitor.people import acting  # noqa: PLC0415 as in _told

    with _doing(path, by) as on:
        _say(acting.note(on, incident, text))


@alerts.command()
@click.argument("incident", required=False)
@click.option(
    "--budget", "budgets", metavar="PATTERN", multiple=True, help="Of these budgets; * is any text."
)
@click.option("--source", "sources", metavar="PATTERN", multiple=True, help="Of what these sources judge.")
@click.option("--owner", "owners", metavar="PATTERN", multiple=True, help="Of budgets of these owners.")
@click.option("--severity", "severities", type=click.Choice(["warning", "critical"]), multiple=True)
@click.option("--label", "labels", metavar="NAME=PATTERN", multiple=True, help="Of subjects with this label.")
@click.option("--everything", is_flag=True, help="Every alert, if that is meant.")
@click.option("--for", "length", metavar="DURATION", help="How long, e.g. 2h.")
@click.option("--until", metavar="TIME", help="Until when (UTC unless it has a zone).")
@click.option("--from", "start", metavar="TIME", help="From when on.  [default: now]")
@click.option("--comment", metavar="TEXT", required=True, help="Why; others read it.")
@by_option
@config_option
@_told
def silence(
    incident: str | None,
    length: str | None,
    until: str | None,
    start: str | None,
    comment: str,
    by: str | None,
    path: Path,
    *,
    everything: bool,
    **parts: tuple[str, ...],
) -> None:
    """Tell nobody of an INCIDENT, or of all that every option given matches, for a while.

    Alerts go on meanwhile; what still fires at the end is told then.
    """
    from monitor.people import acting, asked  # noqa: PLC0415 as in _told

    with _doing(path, by) as on:
        times = asked.span(length, until, start, on.now)
        _say(
            acting.silence(
                on,
                incident,
                lambda ident: asked.matcher(ident, **parts),
                times,
                comment=comment,
                everything=everything,
            )
        )


@alerts.command()
@click.argument("ident", metavar="ID")
@by_option
@config_option
@_told
def unsilence(ident: str, by: str | None, path: Path) -> None:
    """End the silence ID early; also maintenance that is under way."""
    from monitor.people import acting  # noqa: PLC0415 as in _told

    with _doing(path, by) as on:
        _say(acting.unsilence(on, ident))


@alerts.command()
@click.argument("channel", required=False)
@click.option("--all", "every", is_flag=True, help="Every channel.")
@by_option
@config_option
@_told
def test(channel: str | None, by: str | None, path: Path, *, every: bool) -> None:
    """Send a CHANNEL a test message now, and print what its receiver answers."""
    from monitor.people import acting, asked, testing  # noqa: PLC0415 as in _told

    if (channel is None) != every:
        raise click.UsageError("name one CHANNEL, or --all of them")
    config = load(path)
    person = asked.person(by, asked.environ())
    names = [asked.channel(config, channel)] if channel is not None else [one.name for one in config.channels]
    if not names:
        raise asked.UnknownError(f"there is no channel in {config.path.name}: add one under alerts.channels")
    for line in acting.signature(person):
        click.echo(line)
    failed = False
    for came in testing.tested(config, names, person):
        click.echo(str(came))
        failed = failed or not came.arrived
    sys.exit(NOTHING if failed else 0)


@alerts.command()
@click.argument("incident", required=False)
@click.option("--channel", metavar="NAME", help="Only what was for this channel.")
@by_option
@config_option
@_told
def replay(incident: str | None, channel: str | None, by: str | None, path: Path) -> None:
    """Ask for messages that did not arrive to be sent again: of an INCIDENT, or all."""
    from monitor.people import acting  # noqa: PLC0415 as in _told

    with _doing(path, by) as on:
        _say(acting.replay(on, incident, channel))


def _doing(path: Path, by: str | None) -> AbstractContextManager[Doing]:
    from monitor.people import acting  # noqa: PLC0415 as in _told

    return acting.doing(load(path), by, datetime.now(UTC))


def _say(lines: list[str]) -> None:
    click.echo("\n".join(lines))
