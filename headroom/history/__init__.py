"""The only package that opens the database: cycles go in whole, records come out as they were."""

from headroom.history.actions import Action
from headroom.history.history import History
from headroom.history.open import file_of, open_history
from headroom.history.records import (
    OK,
    Audit,
    ChannelState,
    Cycle,
    Delivery,
    DeliveryState,
    HistoryError,
    HistoryGone,
    HistoryLocked,
    Poll,
    Receipt,
    Standing,
    StoredPart,
    VerdictChange,
)

__all__ = [
    "OK",
    "Action",
    "Audit",
    "ChannelState",
    "Cycle",
    "Delivery",
    "DeliveryState",
    "History",
    "HistoryError",
    "HistoryGone",
    "HistoryLocked",
    "Poll",
    "Receipt",
    "Standing",
    "StoredPart",
    "VerdictChange",
    "file_of",
    "open_history",
]
