"""Whose connections a measure counts: those of a role, to a database, of both, or all."""

from __future__ import annotations

from dataclasses import dataclass

_ROLE, _DATABASE = "role.", "database."


@dataclass(frozen=True, slots=True)
class Whose:
    """A role and a database; None where it may be any.

    >>> Whose("app", "erp").group
    'role.app database.erp'
    >>> Whose.of("role.app")
    Whose(role='app', database=None)
    """

    role: str | None = None
    database: str | None = None

    @property
    def group(self) -> str:
        """The same as the group of a measure; empty for all."""
        words = []
        if self.role is not None:
            words.append(f"{_ROLE}{self.role}")
        if self.database is not None:
            words.append(f"{_DATABASE}{self.database}")
        return " ".join(words)

    @classmethod
    def of(cls, group: str) -> Whose:
        """Read the group of a measure."""
        if group.startswith(_DATABASE):
            return cls(None, group.removeprefix(_DATABASE))
        role, separator, database = group.rpartition(f" {_DATABASE}")
        if not separator:
            role, database = group, ""
        return cls(role.removeprefix(_ROLE) or None, database or None)

    def takes(self, role: str, database: str) -> bool:
        """Tell whether connections of this role to this database are among them."""
        return self.role in (None, role) and self.database in (None, database)

    def __str__(self) -> str:
        """Return it for a sentence: "of role app to database erp"; empty for all."""
        told = [] if self.role is None else [f"of role {self.role}"]
        return " ".join([*told, *([] if self.database is None else [f"to database {self.database}"])])
