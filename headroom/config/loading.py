"""From a path to a checked configuration, or to everything that is wrong with the file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import chain
from pathlib import Path

from headroom.config import mapping
from headroom.config.document import parse
from headroom.config.interpolation import Interpolation
from headroom.config.mapping_alerts import alerting
from headroom.config.mapping_policies import policies
from headroom.config.model import Config
from headroom.config.problems import ConfigError, Problem, UnreadableError
from headroom.config.reading import text_of
from headroom.config.rules_access import access_problems
from headroom.config.rules_alerts import alert_problems
from headroom.config.rules_budgets import budget_problems
from headroom.config.rules_channels import channel_problems
from headroom.config.rules_classes import class_problems
from headroom.config.rules_maintenance import maintenance_problems
from headroom.config.rules_policies import policy_problems
from headroom.config.rules_serve import serve_problems
from headroom.config.rules_sources import history_problems, source_problems
from headroom.config.spec import FileSpec
from headroom.config.stored import stored
from headroom.config.urls import sqlite_url
from headroom.config.validation import validated


def load(path: Path, env: Mapping[str, str] = os.environ) -> Config:
    """Return the configuration in a budgets.yaml.

    Args:
        path: the file; relative paths inside it start from its folder.
        env: what `${NAME}` stands for.

    Raises:
        ConfigError: with every problem of the file; its text is fit to be printed as it is.
    """
    try:
        text = _text(path)
        document = parse(text)
    except UnreadableError as error:
        raise ConfigError(path, [error.problem]) from None
    references = Interpolation(env, path.parent)
    values = references.filled(document.value)
    parts, wrong = validated(values, document, references.wrong)
    found = chain(
        (document.problem(key, *why) for key, why in references.wrong.items()),
        wrong,
        source_problems(parts, document, references.unset),
        access_problems(parts, document, path.parent, references.unset),
        history_problems(values.get("history"), document),
        class_problems(parts, document),
        budget_problems(parts, document),
        policy_problems(parts, document, references.unset),
        channel_problems(parts, document, path.parent),
        alert_problems(parts, document),
        maintenance_problems(parts, document),
        serve_problems(parts, document, path.parent),
    )
    problems = document.problems + _first_of_each(found)
    if problems or parts.whole is None:
        raise ConfigError(path, problems)
    return _config(path.absolute(), stored(text, document), parts.whole, references)


def _text(path: Path) -> str:
    try:
        return text_of(path)
    except UnreadableError as error:
        problem = error.problem
        found, allowed = f"a file that is {problem.found}", problem.allowed
        if problem.found == "missing":
            allowed += "; `headroom init` writes one, --config FILE names another"
        raise UnreadableError(problem.line, found, allowed) from None


def _first_of_each(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first problem of each key: what follows from it would only distract."""
    kept: dict[str, Problem] = {}
    for problem in problems:
        kept.setdefault(problem.key, problem)
    return list(kept.values())


def _config(path: Path, text: str, spec: FileSpec, references: Interpolation) -> Config:
    return Config(
        path=path,
        text=text,
        digest=sha256(text.encode()).hexdigest(),
        history=sqlite_url(Path(os.path.normpath(path.parent / spec.history))),
        sources=mapping.sources(spec.sources, references.unset, path.parent),
        endpoints=mapping.endpoint_rules(spec.classes),
        queries=mapping.query_rules(spec.classes),
        budgets=tuple(mapping.budget(each) for each in spec.budgets),
        alerting=alerting(spec, path.parent),
        policies=policies(spec, references.unset),
    )
