"""Which class a statement belongs to: by the rules of budgets.yaml, else by its shape and the catalogue."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from collectors.postgres.groups import WRITE, decide
from collectors.postgres.lookup import Sight
from collectors.postgres.parsing import Parser, Shape, Unparsed
from collectors.postgres.snapshot import OWN, Label
from collectors.postgres.statements import MARKER
from collectors.postgres.tags import tags
from collectors.postgres.tokens import normalised, words
from headroom.sources import QueryClass, QueryRules

_VERSION = 2  # of what shapes mean; counts up when that changes, so that what was labelled is read anew
_WRITES = frozenset({"insert", "update", "delete", "merge"})
_OBJECTS = frozenset({"create", "alter", "drop", "comment", "refresh", "security", "import", "reassign"})
_ASIDE = frozenset(
    {"or", "replace", "temp", "temporary", "unlogged", "global", "local", "unique", "materialized"}
)
_LONGEST_WHY = 300
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Runner:
    """Who runs a statement, and where; empty where that is not known."""

    role: str = ""
    database: str = ""


class Classifier:
    """Sorts statements.

    Attributes:
        digest: the same for the same rules, so that stored labels can be told from those of other rules.
    """

    def __init__(self, rules: QueryRules) -> None:
        self._claiming = [group for group in rules.classes if group.claiming]
        written = repr(
            [(one.name, one.patterns, one.tags, one.roles, one.databases) for one in self._claiming]
        )
        self.digest = hashlib.sha256(f"{_VERSION} {written}".encode()).hexdigest()[:16]

    def label(self, text: str, shape: Shape | Unparsed, sight: Sight, runner: Runner) -> Label:
        """Return class, fingerprint and reason of a text as pg_stat_statements gives it."""
        fingerprint = (
            shape.fingerprint
            if isinstance(shape, Shape)
            else hashlib.sha256(normalised(text).encode(errors="replace")).hexdigest()[:16]
        )
        group, why = self._decided(text, shape, sight, runner)
        shown = "".join(sign if sign.isprintable() else "�" for sign in why)
        return Label(group, fingerprint, shown[:_LONGEST_WHY])

    def _decided(self, text: str, shape: Shape | Unparsed, sight: Sight, runner: Runner) -> tuple[str, str]:
        if MARKER in text:
            return OWN, "Headroom's own"
        if (rule := self._claimed(text, runner)) is not None:
            return rule.name, f"claimed in budgets.yaml by {_kinds(rule)} of the class {rule.name}"
        if isinstance(shape, Shape):
            return decide(shape, _verb(text), sight)
        first = next(words(text), "")
        if first in _WRITES and not shape.why.startswith("does not parse"):
            return WRITE, f"begins with {first.upper()}; its text {shape.why}"
        return "", f"its text {shape.why}"

    def _claimed(self, text: str, runner: Runner) -> QueryClass | None:
        if not self._claiming:
            return None
        line, found = _SPACE.sub(" ", text), tags(text)
        return next(
            (rule for rule in self._claiming if rule.claims(line, found, runner.role, runner.database)), None
        )


async def why(text: str, rules: QueryRules, role: str = "", database: str = "") -> Label:
    """Return the label of any text without asking a server; ParserError where texts cannot be parsed at all.

    What only a catalogue can tell is taken from the names of columns, and said so.
    """
    shapes = await Parser().shapes([text])
    sight = Sight(None, "no catalogue was asked")
    return Classifier(rules).label(text, shapes[0], sight, Runner(role, database))


def _kinds(rule: QueryClass) -> str:
    kinds = {
        "a pattern": rule.patterns,
        "the tags": rule.tags,
        "the role": rule.roles,
        "the database": rule.databases,
    }
    return " and ".join(kind for kind, given in kinds.items() if given)


def _verb(text: str) -> str:
    """Return what a utility statement does, such as "CREATE INDEX"."""
    found = words(text)
    first = next(found, "")
    if first not in _OBJECTS:
        return first.upper()
    kind = next((word for word in found if word not in _ASIDE), "")
    return f"{first} {kind}".strip().upper()
