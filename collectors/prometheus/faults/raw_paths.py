"""Raw URLs as the path of requests: hundreds of paths that are a few once their ids are taken out.

Every new URL is then a set of series that is born with its first request, without end: rates of Prometheus
miss them all, and its memory fills up. Routes as they are declared, "/users/:id", hold no ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from collectors.prometheus.asked import Target
from collectors.prometheus.faults.fault import Fault, Remedy
from collectors.prometheus.flow import Flow
from collectors.prometheus.snapshot import Buckets, Counters
from collectors.prometheus.words import printable

ID = "raw paths"

MANY = 50
"""Paths with ids before anything is concluded: nobody declares so many routes with numbers in them."""
FOLD = 5
"""How many of them must fall together on a pattern, on average. Versions and years in declared routes,
"/2/users" beside "/1/users", make two or three of one."""
ENOUGH = 20
"""Events of an interval before their share says anything."""
BORN = 5
"""New paths with ids in one interval; a rarely used route brings one or two."""
SHARE_BORN = 0.05
"""Share of the interval's events that are of new paths. Ids few enough to be known soon fall below this after
the first minutes; ids without end do not, however popular some of them are."""
AGE = 300.0
"""Seconds that a process must have run: until then its tenants, or the files of its page, come one by one."""
THOUSANDS = 2_000
"""Paths with ids that are too many however slowly they come."""

_PIECES = re.compile(r"[.,:;=@~!$'()*+|&]")
_WORDS = re.compile(r"[-_]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"-?[0-9]+")
_LONG_NUMBER = re.compile(r"[0-9]{3,}")
_HEX = re.compile(r"(?=.*[0-9])[0-9a-fA-F]{8,}")
_TOKEN = re.compile(r"(?=(?:.*[0-9]){2})(?=.*[A-Za-z])[A-Za-z0-9]{16,}")
_IDS = (_NUMBER, _UUID, _HEX, _TOKEN)

REMEDY = Remedy(
    node="""
// the route as it is declared ("/users/:id"), never the URL; all that no route takes shares one name
const path = request.route?.path ?? 'unmatched';
this.requestDuration.observe({ method: request.method, path, status: response.statusCode }, seconds);
""",
    python='''
def path_of(route):
    """Return the route as it is declared ("/users/<id>"), never the URL; all others share one name.

    Flask: path_of(request.url_rule). Django: path_of(request.resolver_match.route).
    Starlette and FastAPI: path_of(request.scope["route"].path).
    """
    return str(route) if route else "unmatched"
''',
)


def pattern_of(path: str) -> str:
    """Return a path with "*" in the place of what looks like an id: numbers, UUIDs, long hex and tokens.

    Versions ("v2"), locales ("en-us"), words and parameters of routes (":id", "{id}", "<int:id>") stay.
    """
    if not any(sign.isdigit() for sign in path):
        return path
    return "/".join(_segment(part) for part in path.split("/"))


def _segment(part: str) -> str:
    if _is_id(part):
        return "*"
    return ".".join(_piece(piece) for piece in _PIECES.split(part)) if _PIECES.search(part) else _piece(part)


def _piece(piece: str) -> str:
    if _is_id(piece):
        return "*"
    if not _WORDS.search(piece):
        return piece
    # "order-12345" is one of many, "top-10" is a name
    words = _WORDS.split(piece)
    return "-".join("*" if _LONG_NUMBER.fullmatch(word) or _HEX.fullmatch(word) else word for word in words)


def _is_id(text: str) -> bool:
    return any(form.fullmatch(text) for form in _IDS)


@dataclass(frozen=True, slots=True)
class Folded:
    """Paths with something like an id in them, and what they become without.

    Attributes:
        paths: each with its pattern.
    """

    paths: dict[str, str]

    @classmethod
    def of(cls, paths: Iterable[str]) -> Folded:
        """Return those of the paths that hold ids."""
        patterns = {path: pattern_of(path) for path in paths}
        return cls(
            {path: pattern for path, pattern in patterns.items() if "*" in pattern and "*" not in path}
        )

    @property
    def many(self) -> bool:
        """Tell whether they are so many of so few patterns that they can only be URLs."""
        return len(self.paths) >= max(MANY, FOLD * len(set(self.paths.values())))

    def said(self, metric: str) -> str:
        """Return how many are how few, with the plainest as an example."""
        # Never what follows a "?", which may be secret.
        example = printable(min(self.paths, key=lambda path: (len(path), path)).partition("?")[0], 60)
        patterns = len(set(self.paths.values()))
        return (
            f"{len(self.paths):,} paths of {printable(metric)} are {patterns:,} once ids are taken out "
            f"({example} ...)"
        )


_ADVICE = (
    "raw URLs as path make new series without end, which rate() never sees; "
    "fix: label requests with their route, such as /users/:id"
)


def raw_paths(
    metric: str,
    before: Counters,
    after: Counters,
    moved: Flow,
    keep: Callable[[Buckets], bool],
    age: Callable[[Target], float | None],
) -> Fault | None:
    """Return the fault that the paths are URLs; None where nothing, or too little, speaks for that.

    `keep` tells which label sets are traffic of users; `age` how many seconds a target's process has run,
    None where it does not tell.
    """
    folded = Folded.of({one.path for one in after.sets if one.counts and keep(one)})
    if not folded.many:
        return None
    growth = _growth(folded, before, moved, keep, age)
    return (
        Fault.blinds(ID, f"{folded.said(metric)}, {growth}: {_ADVICE}", REMEDY.of(metric)) if growth else None
    )


def _growth(
    folded: Folded,
    before: Counters,
    moved: Flow,
    keep: Callable[[Buckets], bool],
    age: Callable[[Target], float | None],
) -> str:
    """Return what shows that there is no end to them; "" where nothing does."""
    known = {one.path for one in before.sets}
    counted = [change for change in moved.changes if change.n and keep(change.series)]
    born = [one for one in counted if one.series.path in folded.paths and one.series.path not in known]
    new = len({change.series.path for change in born})
    events = sum(change.n for change in counted)
    # At the first sight of a process, and in its first minutes, everything is new: what comes after it tells.
    ages = [age(target) for target in {change.series.target for change in born}]
    told = [seconds for seconds in ages if seconds is not None]
    if (
        len(known & folded.paths.keys()) >= MANY
        and min(told, default=AGE) >= AGE
        and new >= BORN
        and events >= ENOUGH
        and sum(change.n for change in born) >= SHARE_BORN * events
    ):
        return f"and {new:,} of them were new in this interval"
    return "which are too many already" if len(folded.paths) >= THOUSANDS else ""


def too_many(metric: str, paths: Iterable[str]) -> str:
    """Return what makes the series of a histogram too many, as far as some of their paths tell; or "".

    Here a path may still have its query, which is as good as an id.
    """
    cut = {path: path.partition("?") for path in paths}
    patterns = {path: pattern_of(plain) + ("?*" if mark else "") for path, (plain, mark, _) in cut.items()}
    folded = Folded(
        {path: pattern for path, pattern in patterns.items() if "*" in pattern and "*" not in path}
    )
    return f"at least {folded.said(metric)}: {_ADVICE}" if folded.many else ""
