"""What a person does on the page of alerts, by buttons and forms: never by an address alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import streamlit as st

from dashboard import data, data_alerts
from dashboard.data_alerts import Standing
from dashboard.foreign import one_line
from dashboard.visitor import plain
from headroom.acting import RefusedError
from headroom.audit.by_hand import LONGEST_NAME
from headroom.config import Config
from headroom.history import Action, HistoryError
from headroom.history.actions import APPLICABLE

LENGTHS = {"1 h": timedelta(hours=1), "4 h": timedelta(hours=4)}
UNTIL = "until…"
_SHOWN_FOR = timedelta(minutes=2)
_HEADERS = ("X-Forwarded-User", "X-Auth-Request-User", "Remote-User", "X-Forwarded-Email")
# The sentences of `headroom.acting` name options of the command line, which a page does not have.
_AS_FIELDS = {
    "--comment takes": "the comment takes",
    "--note takes": "the note takes",
    "TEXT takes": "the note takes",
    "--by takes": "the name takes",
    "; leave --from out to begin now": "",
    "give a later --until, or --for": "give a later one",
    "to take it over: `headroom alerts unack`, then `headroom alerts ack`": (
        "to take it over, let go of it first"
    ),
    "name what it is for (INCIDENT, --budget, --source, --owner, --severity or --label), or add --everything "
    "if that is meant": "choose what it is for, or tick that all alerts are meant",
    "--budget ": "the budget ",
    "--source ": "the source ",
    "--owner ": "the owner ",
}


@dataclass(frozen=True, slots=True)
class Done:
    """What this visitor did last.

    Attributes:
        said: a sentence without its end.
        action: None where it was refused.
    """

    at: datetime
    said: str
    action: Action | None = None


def person() -> None:
    """Ask for the visitor's name, once in their session; a proxy that signs people in is believed."""
    if "person" not in st.session_state:
        st.session_state["person"] = st.session_state.get("signed", "") or suggested(
            st.user.to_dict(), st.context.headers.to_dict()
        )
    st.session_state["signed"] = st.text_input(
        "Your name",
        key="person",
        max_chars=LONGEST_NAME,
        placeholder="who acknowledges and silences",
        help="It stands beside what you do on this page, for ever; Headroom does not check it.",
        width=320,
    )


def suggested(user: Mapping[str, object], headers: Mapping[str, str]) -> str:
    """Return the name that whoever signed the visitor in knows; empty where nobody did."""
    known = [user.get("name"), user.get("email"), *(headers.get(one) for one in _HEADERS)]
    return next((one_line(one, LONGEST_NAME) for one in known if isinstance(one, str) and one.strip()), "")


def press(config: Config, build: Callable[[str, datetime], Action], said: str) -> None:
    """Do what a button is for."""
    do(config, build, said)


def do(config: Config, build: Callable[[str, datetime], Action], said: str) -> bool:
    """Append what a person did, and keep what came of it for `outcome`; tell whether it was appended.

    Args:
        config: has the history.
        build: makes the action of the person's name and the moment, or raises RefusedError.
        said: what was done, for the person who did it.
    """
    now, who = data.now(), str(st.session_state.get("signed", ""))
    if not who.strip():
        return _refused(now, "Say who you are first: fill in “Your name” above")
    try:
        action = build(who, now)
        data_alerts.act(config, action)
    except (RefusedError, HistoryError) as error:
        return _refused(now, worded(str(error)))
    st.session_state["done"] = Done(now, said, action)
    st.session_state["toast"] = plain(said)
    return True


def _refused(now: datetime, why: str) -> bool:
    st.session_state["done"] = Done(now, why)
    st.session_state["toast"] = f"Not done. {plain(why)}"
    return False


def worded(refusal: str) -> str:
    """Return why something is refused, in the words of the page."""
    for option, field in _AS_FIELDS.items():
        refusal = refusal.replace(option, field)
    return f"{refusal[:1].upper()}{refusal[1:]}"


def outcome(standing: Standing) -> None:
    """Say what came of the visitor's last action: whether the collecting process applied it."""
    if toast := st.session_state.pop("toast", ""):
        # The place that says it may be far from the button, on a phone above all.
        st.toast(toast)
    last = st.session_state.get("done")
    if not isinstance(last, Done) or data.now() - last.at > _SHOWN_FOR:
        return
    said = plain(last.said)
    if last.action is None:
        st.error(f"Not done. {said}", icon=":material/block:")
        return
    if last.action.kind not in APPLICABLE:
        st.success(f"{said}: kept.", icon=":material/check_circle:")
        return
    known = _number(last.action, standing)
    if known is not None and known not in standing.waiting:
        st.success(f"{said}: applied.", icon=":material/check_circle:")
    elif standing.collected:
        st.info(f"{said}: the collecting process applies it within 2 s.", icon=":material/hourglass_top:")
    else:
        st.warning(
            f"{said}: nobody collects, so it is applied when `headroom run` starts.",
            icon=":material/hourglass_disabled:",
        )


def _number(action: Action, standing: Standing) -> int | None:
    same = (action.at, action.person, action.kind)
    return next(
        (one.number for one in reversed(standing.done) if (one.at, one.person, one.kind) == same), None
    )


def ends(length: str, until: datetime | None, now: datetime, zone: tzinfo) -> datetime:
    """Return when a silence ends that a person chose; RefusedError where they chose no moment."""
    if length in LENGTHS:
        return now + LENGTHS[length]
    if until is None:
        raise RefusedError("say until when it lasts")
    return until.replace(tzinfo=zone).astimezone(UTC)
