"""The reader of alerts, and the one place of the dashboard that appends what a person does about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from dashboard.data import Unavailable
from headroom.config import Config
from headroom.history import (
    Action,
    ChannelState,
    Delivery,
    History,
    HistoryError,
    Receipt,
    file_of,
    open_history,
)
from headroom.history.actions import APPLICABLE, SILENCE, UNSILENCE
from headroom.history.lock import held
from headroom.incidents import Incident, State, Transition
from headroom.occurrences import occurrences
from headroom.people import KINDS, Quiet, Tested, notes, tests
from headroom.routing import Told
from headroom.silences import Maintenance, Silence, silenced_by

LOOKED_BACK = {"24h": timedelta(hours=24), "7d": timedelta(days=7)}
"""What can be looked back on."""
AHEAD = timedelta(days=7)
"""Planned work is shown so long before it begins."""
_SHARED_FOR = timedelta(seconds=1)
_MOST_ENDED = 500
_MOST_PLANNED = 50
_MOST_TOLD = 200  # notices of one incident
_MOST_OWN = 20
_IN_TURNS = 1_000  # actions of a flood that the history gives at once


@dataclass(frozen=True, slots=True)
class Standing:
    """How alerts stand.

    Attributes:
        opened: incidents that have not ended, in no order; ended: those that fired and ended, newest first.
        near_misses: how many ended without having fired.
        silences: in force or to come, planned work of the next days included.
        states: what is known of each channel that ever was used, by its name.
        tests: what came of each channel's last test.
        done: what people did about alerts, oldest first; waiting: numbers of what no cycle has applied yet.
        own: the newest messages of Headroom itself, newest first.
        collected: whether somebody collects just now.
    """

    opened: tuple[Incident, ...]
    ended: tuple[Incident, ...]
    near_misses: int
    silences: tuple[Silence, ...]
    states: Mapping[str, ChannelState]
    tests: Mapping[str, Tested]
    done: tuple[Action, ...]
    waiting: frozenset[int]
    own: tuple[Delivery, ...]
    collected: bool


@dataclass(frozen=True, slots=True)
class Story:
    """All that is kept about one incident, each oldest first."""

    moves: tuple[Transition, ...]
    deliveries: tuple[Delivery, ...]
    receipts: tuple[Receipt, ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether an alert would be noticed and would reach somebody.

    Attributes:
        disabled: channels that take nothing, of those that are configured.
        asleep: the newest message on a time in which nothing was judged, of the last day; None: no such.
    """

    collected: bool
    disabled: tuple[ChannelState, ...]
    asleep: Delivery | None


def standing(config: Config, lately: str, now: datetime) -> Standing:
    """Return how alerts stand, at most a second old, or raise Unavailable."""
    try:
        return _standing(
            config.history, config.alerting.maintenance, LOOKED_BACK[lately], now.replace(microsecond=0)
        )
    except HistoryError as error:
        raise Unavailable("No history to show", str(error)) from error


@st.cache_data(ttl=_SHARED_FOR, max_entries=4, show_spinner=False)
def _standing(url: str, planned: tuple[Maintenance, ...], back: timedelta, now: datetime) -> Standing:
    with closing(open_history(url, collecting=False)) as history:
        lately = history.incidents(now - back, limit=_MOST_ENDED)
        ended = [one for one in lately if one.ended is not None]
        done = history.actions(KINDS)
        states = history.channel_states()
        waiting = history.waiting_actions()
        numbers = {one.number for one in waiting}
        if len(waiting) >= _IN_TURNS:
            last = waiting[-1].number
            numbers |= {one.number for one in done if one.number > last and one.kind in APPLICABLE}
        return Standing(
            opened=tuple(history.open_incidents()),
            ended=tuple(sorted((one for one in ended if one.fired is not None), key=_end, reverse=True)),
            near_misses=sum(one.state is State.DROPPED for one in ended),
            silences=_silences(done, planned, now),
            states=states,
            tests=_tests(done, states),
            done=tuple(done),
            waiting=frozenset(numbers),
            own=tuple(history.own_messages(_MOST_OWN)),
            collected=held(file_of(url)),
        )


def _end(one: Incident) -> datetime:
    assert one.ended is not None
    return one.ended


def _silences(done: Sequence[Action], planned: Sequence[Maintenance], now: datetime) -> tuple[Silence, ...]:
    quiet = Quiet().after([one for one in done if one.kind in (SILENCE, UNSILENCE)], now)
    work = [
        one
        for each in planned
        for one in occurrences(each, now, now + AHEAD)[:_MOST_PLANNED]
        if one.id not in quiet.lifted and one.ends > now
    ]
    found = [*quiet.silences.values(), *work]
    return tuple(sorted(found, key=lambda one: (one.begins, one.id)))


def _tests(done: Sequence[Action], states: Mapping[str, ChannelState]) -> dict[str, Tested]:
    """Return the newest test of each channel, whichever process made it."""
    found = {
        name: Tested(one.tested_at, "", arrived=one.ok_at == one.tested_at, said=one.tested)
        for name, one in states.items()
        if one.tested_at is not None
    }
    for name, each in tests(done).items():
        if name not in found or found[name].at <= each.at:
            found[name] = each
    return found


def stories(config: Config, idents: Sequence[str], done: Sequence[Action]) -> dict[str, Story]:
    """Return what is kept about each of some incidents, at most a second old, or raise Unavailable."""
    try:
        kept = _kept(config.history, tuple(sorted(idents)))
    except HistoryError as error:
        raise Unavailable("No history to show", str(error)) from error
    return {ident: Story(*kept[ident], tuple(notes(done, ident))) for ident in idents}


_Kept = tuple[tuple[Transition, ...], tuple[Delivery, ...], tuple[Receipt, ...]]


@st.cache_data(ttl=_SHARED_FOR, max_entries=16, show_spinner=False)
def _kept(url: str, idents: tuple[str, ...]) -> dict[str, _Kept]:
    with closing(open_history(url, collecting=False)) as history:
        return {ident: _of(history, ident) for ident in idents}


def _of(history: History, ident: str) -> _Kept:
    told = history.deliveries_of(ident, _MOST_TOLD)
    return tuple(history.transitions(ident)), tuple(told[::-1]), tuple(history.receipts(ident))


def incident(config: Config, ident: str) -> Incident | None:
    """Return an incident of the last week, or an older one that is still open; None where it is unknown."""
    try:
        with closing(open_history(config.history, collecting=False)) as history:
            known = [*history.open_incidents(), *history.incidents(limit=10_000)]
    except HistoryError as error:
        raise Unavailable("No history to show", str(error)) from error
    return next((one for one in known if one.id == ident), None)


def quieted(config: Config, silences: Collection[Silence], one: Incident, now: datetime) -> Silence | None:
    """Return the silence that keeps an open incident quiet for longest, or None."""
    if one.ended is not None:
        return None
    return silenced_by(silences, one.id, told_of(config, one), one.subject, now)


def told_of(config: Config, one: Incident) -> Told:
    """Return what decides where an incident is told, by its budget's owner as the file names it now."""
    owner = next((each.owner for each in config.budgets if each.id == one.budget), "")
    return Told(one.budget, one.severity, owner, one.source)


def health(config: Config, now: datetime) -> Health | None:
    """Return whether an alert would reach somebody; None where there is no history that could tell."""
    try:
        collected, states, own = _health(config.history)
    except HistoryError:  # the page itself says what is wrong with it
        return None
    names = [one.name for one in config.channels]
    slept = [
        one
        for one in own
        if "asleep" in one.notice.payload[:1_000] and now - one.notice.created < LOOKED_BACK["24h"]
    ]
    disabled = tuple(states[name] for name in names if name in states and states[name].disabled)
    return Health(collected, disabled, slept[0] if slept else None)


@st.cache_data(ttl=_SHARED_FOR, max_entries=4, show_spinner=False)
def _health(url: str) -> tuple[bool, dict[str, ChannelState], list[Delivery]]:
    with closing(open_history(url, collecting=False)) as history:
        return held(file_of(url)), history.channel_states(), history.own_messages(_MOST_OWN)


def act(config: Config, action: Action) -> None:
    """Append what a person did; HistoryError where that cannot be."""
    with closing(open_history(config.history, collecting=False)) as history:
        history.act(action)
    _standing.clear()
    _kept.clear()
