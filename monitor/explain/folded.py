"""Sums of squares and products of the polls that a long table folds away, so that bursts can be redone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headroom.bounds import Bounds
from headroom.explain import Row
from monitor.explain.blocks import Block, Sums, Text


def sums(rows: Sequence[Row], folded: Sequence[Row]) -> Iterator[Block]:
    """Yield what the folded rows come to, poll by poll; nothing where none is folded.

    Args:
        rows: all that were judged.
        folded: those of them that are not printed one by one. A poll of which only a part is printed counts
            among them as a whole, since the square of a poll is not that of its rows.
    """
    if not folded:
        return
    yield Text("Rows between are folded; --format json has every row.")
    numbers = {row.poll for row in folded}
    polls: dict[int, Bounds] = {}
    for row in rows:
        if row.bounds is not None:
            polls[row.poll] = polls[row.poll] + row.bounds if row.poll in polls else row.bounds
    inner = [bounds for poll, bounds in polls.items() if poll in numbers and bounds.n]
    if not inner:
        return
    one = all(bounds.k_low == bounds.k_high for bounds in polls.values())
    lines = [
        ("m_folded", len(inner), "polls with events in them"),
        ("n_folded", sum(bounds.n for bounds in inner), "their n, summed"),
    ]
    for name, suffix in (("k_high", ""),) if one else (("k_low", "_low"), ("k_high", "_high")):
        k = "k" if one else name
        pairs = [(getattr(bounds, name), bounds.n) for bounds in inner]
        lines += [
            (f"k_folded{suffix}", sum(slow for slow, _ in pairs), f"their {k}, summed"),
            (f"kk_folded{suffix}", sum(slow * slow for slow, _ in pairs), f"{k} x {k} of each poll, summed"),
            (f"kn_folded{suffix}", sum(slow * n for slow, n in pairs), f"{k} x n of each poll, summed"),
        ]
    lines.append(("nn_folded", sum(bounds.n**2 for bounds in inner), "n x n of each poll, summed"))
    yield Text(
        f"The polls {_ranges(sorted(numbers))} together, with all of their rows; what the other polls add to "
        "these sums can be read off their rows:"
    )
    yield Sums("", [(f"{symbol} = {value}", words) for symbol, value, words in lines])


def _ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers as ranges: "3, 9 to 62"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in runs)
