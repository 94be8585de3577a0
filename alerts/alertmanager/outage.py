"""Whether a cluster takes anything at all: while it does not, what fires is told by another channel."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from time import monotonic

from alerts.alertmanager.member import Outcome

TURNS, PATIENCE = 5, 120.0
"""So many attempts, and seconds, that no member takes: a restart is no outage."""
_AGAIN_AFTER = 60.0  # seconds between two messages on what began to fire meanwhile


@dataclass(frozen=True, slots=True)
class Outage:
    """What there is to tell of a cluster that takes nothing, or takes alerts again.

    Attributes:
        over: whether it works again.
        error: what its members said, as a sentence.
        firing: of each incident that it should know, what is said of it; those that were told of before are
            left out.
        again: whether it has been told that this outage began.
    """

    channel: str
    over: bool
    error: str
    firing: tuple[str, ...] = ()
    again: bool = False


@dataclass(slots=True)
class _Member:
    since: float
    turns: int = 0
    permanent: bool = False
    error: str = ""


@dataclass(slots=True)
class _Cluster:
    members: Collection[str]
    dead: bool
    failing: dict[str, _Member] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    told_at: float | None = None


class Outages:
    """Hears what came of each turn; on one thread."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._clusters: dict[str, _Cluster] = {}

    def expect(self, channel: str, members: Collection[str], *, dead: bool) -> None:
        """Know a cluster; `dead`: an outage was told of before this process began."""
        self._clusters[channel] = _Cluster(members, dead)

    def all_dead(self) -> dict[str, str]:
        """Return the clusters that take nothing, with what their members said."""
        return {name: _error(one) for name, one in self._clusters.items() if one.dead}

    def dead(self, channel: str) -> bool:
        """Tell whether a cluster takes nothing."""
        return self._clusters[channel].dead

    def heard(self, channel: str, outcome: Outcome, firing: Mapping[str, str]) -> Outage | None:
        """Return what there is to tell after one turn with one member.

        Args:
            channel: its name.
            outcome: of the turn.
            firing: of each incident that this channel should know now, by its id, what is said of it.
        """
        cluster = self._clusters[channel]
        if outcome.works:
            cluster.failing.clear()  # one member tells the others
            if not cluster.dead:
                return None
            cluster.dead, cluster.told, cluster.told_at = False, {}, None
            return Outage(channel, over=True, error="", firing=tuple(firing.values()))
        known = cluster.failing.setdefault(outcome.member, _Member(self._clock()))
        known.turns += 1
        known.permanent, known.error = outcome.permanent, outcome.error
        if not firing or not (cluster.dead or self._out(cluster)):
            return None
        return self._begun(channel, cluster, firing)

    def _begun(self, channel: str, cluster: _Cluster, firing: Mapping[str, str]) -> Outage | None:
        now, again = self._clock(), cluster.dead
        if again and cluster.told_at is None:  # by the process before this one
            cluster.told, cluster.told_at = dict(firing), now
            return None
        news = {ident: words for ident, words in firing.items() if ident not in cluster.told}
        if not news or (cluster.told_at is not None and now - cluster.told_at < _AGAIN_AFTER):
            return None
        cluster.dead, cluster.told, cluster.told_at = True, dict(firing), now
        return Outage(channel, over=False, error=_error(cluster), firing=tuple(news.values()), again=again)

    def _out(self, cluster: _Cluster) -> bool:
        found = cluster.failing
        if any(member not in found for member in cluster.members):
            return False
        if all(each.permanent for each in found.values()):
            return True
        now = self._clock()
        return all(each.turns >= TURNS and now - each.since >= PATIENCE for each in found.values())


def _error(cluster: _Cluster) -> str:
    return "; ".join(f"{name}: {each.error}" for name, each in sorted(cluster.failing.items()))
