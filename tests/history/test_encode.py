"""Evidence and bounds survive their encoding to the last bit, and damage is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.bounds import Bounds
from headroom.evidence import Evidence, Histogram, Ratio
from headroom.history.encode import Damaged, decode, decode_bounds, encode, encode_bounds
from tests.history import strategies
from tests.history.build import EVIDENCE, LAYOUT


@given(strategies.evidence)
def test_evidence_comes_back_as_it_was(evidence: Evidence) -> None:
    """Figures keep value, sign and type; repr tells 1 from 1.0, 0.0 from -0.0, and shows NaN."""
    assert repr(decode(*encode(evidence))) == repr(evidence)


@given(st.lists(strategies.bounds(), max_size=5))
def test_bounds_come_back_as_they_were(bounds: list[Bounds]) -> None:
    """Any bounds, none at all too."""
    assert repr(decode_bounds(encode_bounds(bounds))) == repr(tuple(bounds))


def test_equal_layouts_of_other_types_are_not_mixed_up() -> None:
    """What is remembered of one layout does not answer for an equal one of integers, or of another zero."""
    for layout in ((0.0, 2.0), (0, 2), (-0.0, 2.0)):
        assert f"bounds={layout}" in repr(decode(*encode(Histogram(layout, (0, 0, 0)))))


@pytest.mark.parametrize(("evidence", "size"), list(zip(EVIDENCE, (70, 22, 8, 34), strict=True)))
def test_typical_evidence_is_small(evidence: Evidence, size: int) -> None:
    """Bytes of one part, most of a histogram's being its layout."""
    assert len(encode(evidence)[1]) <= size


@given(strategies.evidence, st.data())
def test_a_missing_or_added_byte_is_noticed(evidence: Evidence, data: st.DataObject) -> None:
    """Figures that were cut or grew are refused and never read as other figures."""
    kind, figures = encode(evidence)
    cut = figures[: data.draw(st.integers(0, len(figures) - 1))]

    for damaged in (cut, figures + b"\0"):
        with pytest.raises(Damaged, match=f"^{kind} evidence of {len(damaged)} bytes: "):
            decode(kind, damaged)


def test_unknown_letters_and_forms_are_named() -> None:
    """What a newer version wrote is not guessed at."""
    with pytest.raises(Damaged, match=r"^X evidence of 0 bytes: evidence of the unknown kind 'X'$"):
        decode("X", b"")
    with pytest.raises(Damaged, match=r"^R evidence of 2 bytes: a number of the unknown form 9$"):
        decode("R", b"\x09\x00")
    with pytest.raises(Damaged, match=r"^R evidence of 2 bytes: a number is missing$"):
        decode("R", b"\x00\x00")
    with pytest.raises(Damaged, match=r"^M evidence of 4 bytes: a whole number is missing$"):
        decode("M", b"\x04\x00\x02\x00")


def test_impossible_figures_are_noticed() -> None:
    """Bytes that decode to what no evidence can be are damage, not evidence."""
    with pytest.raises(
        Damaged, match=r"^R evidence of 4 bytes: a ratio's part and whole must not be negative"
    ):
        decode("R", b"\x03\x01\x02\x05")
    with pytest.raises(Damaged, match=r"^bounds of 5 bytes: impossible bounds: 3 to 2 of 9$"):
        decode_bounds(b"\x02\x01\x09\x03\x02")


def test_short_decimals_are_short() -> None:
    """The decimals that people write as thresholds need at most five bytes."""
    assert max(len(encode(Ratio(bound, 1.0))[1]) - 2 for bound in LAYOUT) <= 5
