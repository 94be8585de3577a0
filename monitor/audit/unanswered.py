"""Why a rule of the guide that could be checked was not."""

from __future__ import annotations

from collections.abc import Collection

from headroom.audit.guide.rule import Asked, GuideRule
from headroom.config import Config
from headroom.sources import SourceKind

_KINDS = {
    Asked.POSTGRES: SourceKind.POSTGRES,
    Asked.REDIS: SourceKind.REDIS,
    Asked.PROMETHEUS: SourceKind.PROMETHEUS,
    Asked.DOCTOR: SourceKind.PROMETHEUS,
}


class Unanswered:
    """Says it of one audit, in a sentence for each rule."""

    def __init__(self, config: Config, read: Collection[str], *, live: bool = True) -> None:
        """Note which sources were read, and whether a person waits for the answer."""
        self._config = config
        self._read = read
        self._live = live

    def __call__(self, rule: GuideRule) -> str:
        """Return the sentence."""
        if rule.asked is Asked.DOORS:
            return self._of_doors()
        if rule.asked is Asked.DOCTOR and not self._live:
            return "it takes two readings: ask `headroom audit` or `headroom doctor` on the command line"
        kind = _KINDS.get(rule.asked)
        if kind is SourceKind.REDIS and any(one.startswith("caching.") for one in rule.findings):
            policies = self._config.policies.keys
            if not policies:
                return "budgets.yaml declares no policy of keys (caching:)"
            if not any(rule.cites in one.guide for one in policies):
                return f"no policy under caching: in budgets.yaml names {rule.cites} as its guide:"
        return "nothing that is read tells it" if kind is None else self._of_sources(kind)

    def _of_sources(self, kind: SourceKind) -> str:
        sources = [one for one in self._config.sources if one.kind is kind]
        read = [one.name for one in sources if one.name in self._read]
        if read:
            return f"what was read of {', '.join(read)} does not tell it"
        if not sources:
            return f"budgets.yaml has no source of kind {kind.value}"
        names = ", ".join(one.name for one in sources)
        return f"not configured: {names}" if not any(one.url for one in sources) else f"not read: {names}"

    def _of_doors(self) -> str:
        application = self._config.policies.application
        if application is None:
            return "budgets.yaml declares no application to ask (application:)"
        if application.url is None:
            return f"not configured: the environment variable {application.unset} is not set"
        return "what the application answered does not tell it"
