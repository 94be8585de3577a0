"""What `headroom explain` prints, in each of its formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from monitor.explain.as_json import as_json
from monitor.explain.blocks import as_markdown, as_terminal
from monitor.explain.explained import Explained
from monitor.explain.page import pages

FORMATS: Mapping[str, Callable[[Sequence[Explained]], str]] = {
    "table": lambda explained: as_terminal(pages(explained, narrow=True)),
    "json": lambda explained: as_json(explained) + "\n",
    "markdown": lambda explained: as_markdown(pages(explained, narrow=False)),
}
