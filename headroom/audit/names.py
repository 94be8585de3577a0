"""Names of tables and indexes as SQL takes them, and as a sentence can bear them."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 63
"""Bytes of a name in PostgreSQL."""

# The guide's own words, none of them reserved: everything else is quoted, as no list of reserved words is
# right for every version.
_BARE = re.compile(
    r"(?:public|transactions|audit_logs|refresh_tokens|employee_wallet|idx_[a-z0-9_]+|tenant_id|user_id"
    r"|transaction_date|type|booking_id|category|created_at|expires_at|is_deleted|is_revoked)"
)


def quoted(name: str) -> str:
    """Return a name as SQL takes it; signs that no screen shows as they are stand as their numbers."""
    if _BARE.fullmatch(name):
        return name
    if not any(_unseen(sign) for sign in name):
        return '"' + name.replace('"', '""') + '"'
    return 'U&"' + "".join(_escaped(sign) for sign in name) + '"'


def qualified(schema: str, name: str) -> str:
    """Return the name of a relation as SQL takes it."""
    return f"{quoted(schema)}.{quoted(name)}"


def shown(*names: str) -> str:
    """Return a name, or one of several parts, for a sentence: on one line, and nothing hidden in it."""
    return ".".join("".join(_told(sign) for sign in name) for name in names)


def free_name(wanted: str, taken: frozenset[str], ending: str = "") -> str:
    """Return a name like the wanted one that no other relation of the schema is known to have."""
    for number in range(len(taken) + 2):
        end = ending if not number else f"{ending}_{number + 1}"
        stem = wanted.encode()[: LONGEST - len(end)].decode(errors="ignore")
        if (name := stem + end) not in taken:
            return name
    raise AssertionError("more names are taken than there are")


def _unseen(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "CZ" and sign != " "


def _escaped(sign: str) -> str:
    if sign == '"':
        return '""'
    if sign == "\\":
        return "\\\\"
    if not _unseen(sign):
        return sign
    return f"\\{ord(sign):04X}" if ord(sign) <= 0xFFFF else f"\\+{ord(sign):06X}"  # noqa: PLR2004 four digits


def _told(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if _unseen(sign) else sign
