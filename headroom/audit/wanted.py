"""The six indexes that the guide requires, by structure."""

from __future__ import annotations

from dataclasses import dataclass

from headroom.audit.names import quoted
from headroom.audit.predicate import FALSE, NOT_NULL


@dataclass(frozen=True, slots=True)
class Wanted:
    """An index that the guide requires.

    Attributes:
        columns: in their order.
        downwards: those of them that are sorted downwards.
        only: column and condition of the predicate; None where all rows are indexed.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    downwards: frozenset[str] = frozenset()
    only: tuple[str, str] | None = None

    @property
    def keys(self) -> str:
        """The columns as SQL has them, in parentheses."""
        words = (f"{quoted(one)} DESC" if one in self.downwards else quoted(one) for one in self.columns)
        return f"({', '.join(words)})"

    @property
    def predicate(self) -> str:
        """The condition as SQL has it; empty where there is none."""
        return "" if self.only is None else f"{quoted(self.only[0])} {self.only[1]}"

    @property
    def tail(self) -> str:
        """What follows the table in CREATE INDEX."""
        return f"{self.keys} WHERE {self.predicate}" if self.only else self.keys


REQUIRED = (
    Wanted(
        "idx_transactions_tenant_date_type",
        "transactions",
        ("tenant_id", "transaction_date", "type"),
        only=("is_deleted", FALSE),
    ),
    Wanted("idx_transactions_booking", "transactions", ("booking_id",), only=("booking_id", NOT_NULL)),
    Wanted(
        "idx_transactions_category_date",
        "transactions",
        ("category", "transaction_date"),
        only=("is_deleted", FALSE),
    ),
    Wanted(
        "idx_audit_logs_tenant_created",
        "audit_logs",
        ("tenant_id", "created_at"),
        downwards=frozenset({"created_at"}),
    ),
    Wanted(
        "idx_refresh_tokens_user_expires",
        "refresh_tokens",
        ("user_id", "expires_at"),
        only=("is_revoked", FALSE),
    ),
    Wanted("idx_employee_wallet_user_tenant", "employee_wallet", ("user_id", "tenant_id")),
)

TABLES = frozenset(one.table for one in REQUIRED)
"""The tables that the guide names."""
NAMES = tuple(one.name for one in REQUIRED)
"""What the guide calls its indexes."""
ANALYZED = ("transactions", "audit_logs")
"""Those that it wants to be analysed."""
