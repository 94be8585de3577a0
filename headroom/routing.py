"""Who is told of what: the channels and routes of `alerts:` in budgets.yaml, frozen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Literal

from headroom.budgets import Severity
from headroom.sources import Secret


@dataclass(frozen=True, slots=True)
class Channel:
    """A receiver of alerts, known by its name in the file.

    Attributes:
        url: the whole address is a secret: whoever has it can post to it.
        timeout: how long one delivery may take.
    """

    name: str
    kind: Literal["webhook"]
    url: Secret
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class Route:
    """Which alerts go to which channels.

    Attributes:
        channels: names of channels.
        severities: only alerts of these.
        budgets: patterns of budget ids, in which `*` matches anything; only alerts of these.
    """

    channels: tuple[str, ...]
    severities: frozenset[Severity] = frozenset(Severity)
    budgets: tuple[str, ...] = ("*",)

    def takes(self, budget: str, severity: Severity) -> bool:
        """Tell whether an alert of this budget and severity goes this way."""
        return severity in self.severities and any(fnmatchcase(budget, pattern) for pattern in self.budgets)


def channels_for(routes: Iterable[Route], budget: str, severity: Severity) -> tuple[str, ...]:
    """Return the names of the channels of all routes that take the alert, each once, in the file's order."""
    names = (name for route in routes if route.takes(budget, severity) for name in route.channels)
    return tuple(dict.fromkeys(names))
