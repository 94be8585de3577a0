"""Holding back the garbage collector: it comes back, and stays off where somebody else wants it off."""

from __future__ import annotations

import gc

import pytest

from collectors.prometheus.bulk import in_bulk


def test_the_collector_rests_and_comes_back() -> None:
    """Also after an exception."""
    with pytest.raises(ValueError, match="no answer"), in_bulk():  # noqa: PT012 what happens inside is the point
        resting = not gc.isenabled()
        raise ValueError("no answer")

    assert resting
    assert gc.isenabled()


def test_one_within_another_leaves_it_to_the_outer() -> None:
    """Two sources may be read at once; whoever came first brings it back."""
    with in_bulk():
        with in_bulk():
            pass
        resting = not gc.isenabled()

    assert resting
    assert gc.isenabled()


def test_where_it_is_off_it_stays_off() -> None:
    """A process that runs without it keeps it so."""
    gc.disable()
    try:
        with in_bulk():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
