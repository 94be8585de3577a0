"""How the five outcomes look: a word, a shape and a colour, never a colour alone."""

from __future__ import annotations

from typing import Literal

from headroom.budgets import Outcome

# Every colour has a contrast of 3:1 or more on white and on the dark background (WCAG 1.4.11), so one value
# serves both themes; words are always in the text colour of the theme.
COLOURS = {
    Outcome.OVER: "#d55e00",
    Outcome.BLIND: "#8c6bb1",
    Outcome.UNDECIDED: "#b37400",
    Outcome.IDLE: "#7f8790",
    Outcome.MET: "#009e73",
}
ICONS = {
    Outcome.OVER: "▲",
    Outcome.BLIND: "⊘",
    Outcome.UNDECIDED: "◐",
    Outcome.IDLE: "\u2013",
    Outcome.MET: "✓",
}
PATTERNS: dict[Outcome, Literal["", "/", "\\", "x", "."]] = {
    Outcome.OVER: "",
    Outcome.BLIND: "x",
    Outcome.UNDECIDED: "/",
    Outcome.IDLE: ".",
    Outcome.MET: "",
}
FIGURE = "#2b8cbe"  # measured values
LIMIT = COLOURS[Outcome.OVER]
GRID = "rgba(127, 135, 144, 0.25)"
