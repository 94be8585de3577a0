"""A fault of the instrumentation, and the code that mends it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with how something is measured.

    Attributes:
        id: stable, for scripts: "milliseconds", "raw paths", ...
        blinding: True where the figures must not be judged; otherwise it is a warning beside them.
        detail: what was found, one sentence with the figures.
        fix: code that mends it, fit to be pasted: for prom-client, then for Python.
    """

    id: str
    blinding: bool
    detail: str
    fix: str

    @classmethod
    def blinds(cls, identity: str, detail: str, fix: str) -> Fault:
        """Return a fault whose figures must not be judged."""
        return cls(identity, blinding=True, detail=detail, fix=fix)

    @classmethod
    def warns(cls, identity: str, detail: str, fix: str) -> Fault:
        """Return a fault that is said beside the figures."""
        return cls(identity, blinding=False, detail=detail, fix=fix)


@dataclass(frozen=True, slots=True)
class Remedy:
    """The code that mends a fault, in the two client libraries that people use.

    Attributes:
        node: TypeScript for NestJS with prom-client, as the guide writes it.
        python: for prometheus_client; it can be executed as it stands.
    """

    node: str
    python: str

    @property
    def text(self) -> str:
        """Both, under a heading each."""
        node, python = self.node.strip(), self.python.strip()
        return f"// TypeScript, prom-client\n{node}\n\n# Python, prometheus_client\n{python}\n"

    def of(self, metric: str) -> str:
        """Return both with the name of the metric in the place of METRIC."""
        return self.text.replace("METRIC", metric)
