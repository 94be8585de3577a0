"""The findings as a script for psql. A person runs it; Headroom never does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from headroom.audit.facts import Facts
from headroom.audit.finding import Finding
from headroom.audit.names import shown
from monitor.audit.audit import Audited

_ANALYZE, _CONCURRENTLY = "ANALYZE", " CONCURRENTLY "
_PATIENT = "SET lock_timeout = '1h'; -- CONCURRENTLY waits for older transactions, and nothing waits for it"
_BRIEF = "SET lock_timeout = '5s'; -- others would wait behind it"
_HEAD = r"""-- Written by headroom audit on {at:%Y-%m-%d %H:%M} UTC: nothing of it was run.
-- For: database {database} of source {source}, PostgreSQL {release}.
-- Read it, then run it in that database, as the owner of the tables:{place}
--   psql -X -d {argument} -f THIS_FILE
-- It is not one transaction: CREATE INDEX CONCURRENTLY runs in none. It stops at the first error; an index
-- that was begun then is left behind, not valid, and the next audit names it.
\set ON_ERROR_STOP on
\encoding UTF8
SET statement_timeout = 0;
SET standard_conforming_strings = on;
"""
_NOT_HERE = r"""-- Not this database? Then nothing is done.
SELECT current_database() = {database} AS here \gset
\if :here
\else
  \warn 'this script is for another database'
  \quit
\endif
"""


def of(audited: Audited) -> str:
    """Return the script for a source; a comment that says why where it could not be read."""
    if audited.facts is None:
        why = "; ".join(one.found for one in audited.findings)
        return f"-- No script for source {shown(audited.source.name)}: {shown(why)}\n"
    return script(audited.findings, audited.facts)


def script(found: Sequence[Finding], facts: Facts) -> str:
    """Return the script that mends what SQL can mend; each statement with its reason above it."""
    changes = [one for one in found if one.migration]
    place = " on the primary, for this is a standby:" if facts.standby else ""
    head = _HEAD.format(
        at=facts.at,
        database=shown(facts.database),
        source=shown(facts.source),
        release=shown(facts.release),
        place=place,
        argument=_argument(facts.database),
    )
    if not changes:
        return f"{head}\n-- There is nothing to mend by SQL.\n"
    parts = [head, _NOT_HERE.format(database=_literal(facts.database))]
    done: set[str] = set()
    patience = ""
    ordered = chain(
        (one for one in changes if not _analyzes(one)), (one for one in changes if _analyzes(one))
    )
    for one in ordered:
        statements = [statement for statement in one.migration if statement not in done]
        if not statements:
            continue
        done.update(statements)
        lines = ["", *_comment(one)]
        for statement in statements:
            if (needed := _PATIENT if _CONCURRENTLY in statement else _BRIEF) != patience:
                patience = needed
                lines.append(patience)
            lines.append(statement)
        parts.append("\n".join([*lines, ""]))
    return "".join(parts)


def _comment(one: Finding) -> list[str]:
    return [f"-- {shown(one.rule)}: {shown(one.found)}", f"--   guide: {shown(one.guide)}"]


def _analyzes(one: Finding) -> bool:
    return all(statement.startswith(_ANALYZE) for statement in one.migration)


def _literal(text: str) -> str:
    """Return a name as a string constant; signs that no screen shows stand as their numbers."""
    if all(sign.isprintable() for sign in text):
        return "'" + text.replace("'", "''") + "'"
    escaped = "".join(sign if sign.isprintable() and sign != "\\" else f"\\+{ord(sign):06X}" for sign in text)
    return "U&'" + escaped.replace("'", "''") + "'"


def _argument(database: str) -> str:
    plain = database.replace("_", "").replace("-", "").isalnum() and database.isascii()
    return database if plain and not database.startswith("-") else "DATABASE"
