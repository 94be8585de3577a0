"""The pages of alerts, run by Streamlit itself, and what is to be read on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape

from streamlit.testing.v1 import AppTest

from headroom.config import Config
from headroom.history import Action, Cycle, History
from headroom.people import KINDS
from tests.dashboard.serving import APP

CARD = re.compile(r'data-incident="([^"]+)" data-state="([^"]+)" data-severity="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Erp:
    """A configuration, and the history that is collected into."""

    config: Config
    history: History

    def done(self) -> list[Action]:
        """Return what people did since the sample was made."""
        return self.history.actions(KINDS)[3:]

    def apply(self) -> None:
        """Apply what waits, as the next cycle does."""
        numbers = tuple(one.number for one in self.history.waiting_actions())
        self.history.record(Cycle(datetime.now(UTC), applied=numbers))


def page(view: str = "alerts", **params: str) -> AppTest:
    """Run a page with query parameters."""
    found = AppTest.from_file(str(APP), default_timeout=30)
    found.run()
    for name, value in params.items():
        found.query_params[name] = value
    found.switch_page(f"views/{view}.py").run()
    assert not found.exception
    return found


def html(found: AppTest) -> str:
    """Return all HTML of a page."""
    return " ".join(element.value for element in found.html)


def words(found: AppTest) -> str:
    """Return all HTML of a page without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html(found))).split())


def cards(found: AppTest) -> list[str]:
    """Return the incidents on a page, in its order."""
    return [one[0] for one in CARD.findall(html(found))]


def card(found: AppTest, ident: str) -> str:
    """Return the words of an incident's card."""
    (one,) = (each.value for each in found.html if f'data-incident="{ident}"' in each.value)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", one)).split())


def signed(found: AppTest, name: str = "Ada") -> AppTest:
    """Say who is there."""
    return found.text_input(key="person").set_value(name).run()
