"""The time, as the one argument that everything else takes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of both clocks: the wall's for people, the monotonic one for how long things lasted."""

    wall: datetime
    monotonic: float


def now() -> Moment:
    """Read both clocks."""
    return Moment(datetime.now(UTC), time.monotonic())
