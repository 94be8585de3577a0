"""What the rules about HTTP doors have in common: words for what was not asked, and for what."""

from __future__ import annotations

from headroom.audit.amounts import clean
from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.facts import Answer
from headroom.budgets import Subject

DECLARE = (
    'application:\n  url: "${HEADROOM_APPLICATION_URL}"\n  live: /health/live\n  ready: /health/ready\n'
    "  payloads: [/bookings]\n  slow_requests: 1s"
)
"""The lines of budgets.yaml that let all of it be checked."""


def unasked(case: ApplicationCase) -> tuple[str, str]:
    """Return why no door was asked, and what to do about it."""
    application = case.policies.application
    if application is None:
        return "cannot be checked: budgets.yaml does not say where the application answers", DECLARE
    if application.url is None:
        found = f"cannot be checked: the environment variable {application.unset} is not set"
        return found, f"export {application.unset}='http://HOST:3000'"
    return "cannot be checked: the application was not asked", ""


def shown(path: str) -> str:
    """Return a path without its parameters, which may hold what nobody should see."""
    bare, mark, _ = path.partition("?")
    return clean(bare) + ("?…" if mark else "")


def about(answer: Answer) -> Subject:
    """Return the subject of a finding about one door."""
    return (("path", shown(answer.path)),)


def broken(answer: Answer) -> str:
    """Return why an answer is none that could be judged; empty for a good one."""
    if answer.failure:
        return f"{answer.status}: {answer.failure}" if answer.status else answer.failure
    if not 200 <= answer.status < 300:  # noqa: PLR2004 HTTP's good ones
        return f"it answers {answer.status}"
    return ""


def pause(seconds: float) -> str:
    """Return how long an answer took."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
