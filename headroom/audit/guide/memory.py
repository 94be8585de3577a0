"""The chapter Memory Management."""

from __future__ import annotations

from headroom.audit.guide.rule import Asked, GuideRule, Place

_CHAPTER = "Memory Management"
_STREAMS = Place(_CHAPTER, "Stream-Based Processing")
_LEAKS = Place(_CHAPTER, "Memory Leak Prevention")

RULES = (
    GuideRule(
        "memory.streams",
        _STREAMS,
        "large exports are streamed row by row from the database to the answer",
        by_hand=True,
    ),
    GuideRule(
        "memory.stream-cleanup",
        _STREAMS,
        "a stream is destroyed and the answer ended whatever happens (finally)",
        by_hand=True,
    ),
    GuideRule(
        "memory.leak",
        _LEAKS,
        "no memory is held for longer than it is needed: what only grows is a leak",
        Asked.PROMETHEUS,
        ("memory.leak",),
    ),
    GuideRule(
        "memory.closures",
        _LEAKS,
        "no closure of a timer holds a large object; what holds one is cleaned up after use",
        by_hand=True,
    ),
    GuideRule(
        "memory.weak-map",
        _LEAKS,
        "WeakMap and WeakSet for what is kept about other objects",
        by_hand=True,
    ),
)
