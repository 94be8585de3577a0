"""Bringing a database to a schema, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from headroom.history.engine import open_engine, writing
from headroom.history.records import HistoryError
from headroom.history.schema import SCHEMA, Schema, compared, version


@dataclass(frozen=True, slots=True)
class Scripts:
    """The migrations of one release: a folder with env.py and versions/, and the newest of them."""

    folder: Path
    head: str


SHIPPED = Scripts(Path(__file__).with_name("migrations"), SCHEMA)


def migrate(path: Path, scripts: Scripts = SHIPPED) -> None:
    """Run all migrations that are missing in one transaction; a kill or a failure leaves the old schema.

    Raises:
        HistoryError: the database cannot be written, or the migration broke a reference between tables.
    """
    # Most starts find the newest schema and never pay for these.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    engine = open_engine(path, create=True, foreign_keys=False)
    try:
        with writing(engine, path) as connection:
            # Another process may have migrated while this one waited for its turn.
            if compared(version(connection), scripts.head) not in {Schema.EMPTY, Schema.OLDER}:
                return
            config = Config()
            config.set_main_option("script_location", str(scripts.folder).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, scripts.head)
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchone()
            if broken is not None:
                raise HistoryError(
                    f"the history {path} was left as it was: its migration to {scripts.head} would break the "
                    f"references from {broken[0]} to {broken[2]}; please report this"
                )
    finally:
        engine.dispose()
