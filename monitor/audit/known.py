"""What the history knows before an audit on the command line, or why it cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from headroom.audit.by_hand import Confirmation
from headroom.audit.redis.kept import load
from headroom.config import Config
from headroom.history import History, HistoryError, open_history
from headroom.history.lock import held
from headroom.history.open import file_of
from headroom.observation import Part, Series
from headroom.sources import Source, SourceKind
from monitor.audit.application import parts
from monitor.audit.look import Remembered, remembered
from monitor.audit.redis import Keys, not_now

_LATELY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Known:
    """What the history knows.

    Attributes:
        statements: by source of kind postgres.
        keys: by source of kind redis.
        parts: as in `ApplicationCase`.
        refused: why the history cannot be read; empty where there is none, or it can be.
    """

    statements: Mapping[str, Remembered] = field(default_factory=dict)
    keys: Mapping[str, Keys] = field(default_factory=dict)
    parts: Mapping[Series, tuple[Part, ...]] = field(default_factory=dict)
    confirmed: Mapping[str, Confirmation] = field(default_factory=dict)
    refused: str = ""


def known(config: Config, sources: Sequence[Source], now: datetime) -> Known:
    """Read the history without its lock; an audit is asked for before there is one, too."""
    try:
        history = open_history(config.history, collecting=False)
    except HistoryError as error:
        return Known(refused="" if str(error).endswith("start `headroom run`") else str(error))
    collecting = held(file_of(config.history))
    try:
        return Known(
            {
                one.name: remembered(history, one.name, now)
                for one in sources
                if one.kind is SourceKind.POSTGRES
            },
            {
                one.name: of_keys(history, config, one, now, collecting=collecting)
                for one in sources
                if one.kind is SourceKind.REDIS
            },
            parts(history, sources, now),
            history.confirmations(),
        )
    except HistoryError as error:
        return Known(refused=str(error))
    finally:
        history.close()


def of_keys(history: History, config: Config, source: Source, now: datetime, *, collecting: bool) -> Keys:
    """Return what is known of a source's keys; HistoryError where it cannot be read.

    `collecting`: another process is, so that this one must not look at them.
    """
    newest = history.facts_before(source.name, now)
    keys = Keys(collecting=collecting)
    if newest is not None:
        keys = Keys(load(newest[1], config.policies.keys, source.name), collecting)
    if collecting:
        return keys
    polls = history.polls(source.name, now - _LATELY, limit=20)
    return Keys(keys.kept, not_now=not_now(source.name, polls, history.standings(), now))
