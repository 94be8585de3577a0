"""Text that others wrote, made fit to be looked at: nothing in it is invisible or turns the words around."""

from __future__ import annotations

from unicodedata import category

_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def visible(text: str) -> str:
    """Return a text with its control and direction characters written out; line breaks and tabs stay.

    A right-to-left override in a name would show the rest of the line backwards. HTML is escaped elsewhere.
    """
    if text.isprintable():
        return text
    return "".join(
        f"\\u{ord(one):04x}" if one not in "\n\t" and category(one) in _HIDDEN else one for one in text
    )


def one_line(text: str, most: int) -> str:
    """Return a text on one line of at most `most` characters, cut at its end."""
    # A text of a megabyte is not walked through for the sake of its first line.
    line = visible(" ".join(text[: 4 * most].split()))
    return line if len(line) <= most and len(text) <= 4 * most else f"{line[: most - 1]}…"
