"""The file's values checked against its types: what is sound, and a problem for everything that is not.

One broken budget must not hide what is wrong with the next, so each part is kept that is sound by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from headroom.config.document import Document, value_at
from headroom.config.explain import explained, key_of
from headroom.config.forms import Form, form_of
from headroom.config.problems import Key, Problem
from headroom.config.spec import BudgetSpec, FileSpec, LimitSpec, SourceSpec
from headroom.config.spec_alerts import HeartbeatSpec, MaintenanceSpec, RouteSpec, ServeSpec, StepSpec
from headroom.config.spec_channels import AnyChannelSpec, ChannelSpec
from headroom.config.spec_classes import EndpointClassSpec, QueryClassSpec
from headroom.config.spec_measures import HistogramSpec
from headroom.config.spec_policies import ApplicationSpec, CachingSpec, InvalidationSpec

_Part = TypeVar("_Part", bound=BaseModel)
_CHANNEL: TypeAdapter[AnyChannelSpec] = TypeAdapter(ChannelSpec)


@dataclass(frozen=True, slots=True)
class BudgetParts:
    """What of a budget is sound by itself; None where it is not, or not there.

    Attributes:
        limits, evicting: the sound limits, by their place.
        second: the second measure.
        twice: it is the same as the first.
        owner: as written; empty where there is none, or none that is a text.
    """

    id: str | None
    form: Form | None
    owner: str
    source: str | None
    class_: str | None
    window: str | None
    limits: Mapping[int, LimitSpec]
    evicting: Mapping[int, LimitSpec]
    second: HistogramSpec | None
    twice: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """The sound parts of a file, by where they stand in it; `whole` where nothing is wrong."""

    whole: FileSpec | None
    sources: Mapping[str, SourceSpec]
    endpoints: Mapping[int, EndpointClassSpec]
    queries: Mapping[int, QueryClassSpec]
    budgets: Mapping[int, BudgetParts]
    channels: Mapping[str, AnyChannelSpec]
    routes: Mapping[int, RouteSpec]
    steps: Mapping[int, StepSpec]
    maintenance: Mapping[int, MaintenanceSpec]
    heartbeat: HeartbeatSpec | None
    serve: ServeSpec | None
    link: str
    caching: Mapping[int, CachingSpec]
    invalidation: Mapping[int, InvalidationSpec]
    application: ApplicationSpec | None


def validated(values: Any, document: Document, doubtful: Collection[Key]) -> tuple[Parts, list[Problem]]:
    """Return the sound parts of the file and what is wrong with the others.

    Args:
        values: the document's values with their references replaced.
        document: the same as written, for lines and messages.
        doubtful: keys that are known to be wrong already; they are not reported again.
    """
    wrong: set[Key] = set(doubtful)
    whole, problems = None, []
    try:
        whole = FileSpec.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            key = key_of(detail)
            wrong.add(key)
            if not any(key[:end] in doubtful for end in range(1, len(key) + 1)):
                problems.append(explained(detail, document))
    sift = _Sift(values, wrong)
    parts = Parts(
        None if wrong else whole,
        sift.each(SourceSpec, "sources"),
        sift.each(EndpointClassSpec, "classes", "endpoints"),
        sift.each(QueryClassSpec, "classes", "queries"),
        {index: sift.budget(index) for index, _ in sift.items(("budgets",))},
        {name: _CHANNEL.validate_python(item) for name, item in sift.sound(("alerts", "channels"))},
        sift.each(RouteSpec, "alerts", "routes"),
        sift.each(StepSpec, "alerts", "escalate"),
        sift.each(MaintenanceSpec, "alerts", "maintenance"),
        sift.one(HeartbeatSpec, "alerts", "heartbeat"),
        sift.one(ServeSpec, "serve"),
        str(sift.at(("alerts", "link")) or ""),
        sift.each(CachingSpec, "caching"),
        sift.each(InvalidationSpec, "invalidation"),
        sift.one(ApplicationSpec, "application"),
    )
    return parts, problems


class _Sift:
    """Picks the sound parts out of the values, given the keys of all that is wrong."""

    def __init__(self, values: Any, wrong: Collection[Key]) -> None:
        self.values = values
        self.wrong = wrong
        self.touched = {key[:end] for key in wrong for end in range(len(key) + 1)}

    def each(self, model: type[_Part], *key: str | int) -> dict[Any, _Part]:
        """Return the entries of a list or mapping in which nothing is wrong."""
        return {name: model.model_validate(item) for name, item in self.sound(key)}

    def sound(self, key: Key) -> list[tuple[Any, Any]]:
        """Return the entries of a list or mapping in which nothing is wrong, as they are."""
        return [(name, item) for name, item in self.items(key) if (*key, name) not in self.touched]

    def one(self, model: type[_Part], *key: str | int) -> _Part | None:
        """Return a part of the file in which nothing is wrong; None where it is not there."""
        value = self.at(key)
        return None if value is None or key in self.touched else model.model_validate(value)

    def items(self, key: Key) -> list[tuple[Any, Any]]:
        """Return the entries of what should be a list or a mapping; none where it is not."""
        value = self.at(key)
        if isinstance(value, dict):
            return list(value.items())
        return list(enumerate(value)) if isinstance(value, list) else []

    def at(self, key: Key) -> Any:
        """Return the value at a key; None where it, or something around it, is wrong as a whole."""
        if any(key[:end] in self.wrong for end in range(1, len(key) + 1)):
            return None
        return value_at(self.values, key)

    def budget(self, index: int) -> BudgetParts:
        """Return the sound parts of a budget."""
        key: Key = ("budgets", index)
        measure = self.at((*key, "measure"))
        written, second = self.at((*key, "second")), self.one(HistogramSpec, *key, "second")
        return BudgetParts(
            id=self.at((*key, "id")),
            form=form_of(measure) if isinstance(measure, dict) else None,
            owner=str(self.at((*key, "owner")) or ""),
            source=self.at((*key, "measure", "source")),
            class_=self.at((*key, "measure", "class")),
            window=self.at((*key, "window")) or BudgetSpec.model_fields["window"].default,
            limits=self.each(LimitSpec, *key, "limits"),
            evicting=self.each(LimitSpec, *key, "evicting"),
            second=second,
            twice=second is not None and written == measure,
        )
