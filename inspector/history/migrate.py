"""Schema of the history: numbered SQL files, applied once each and never changed afterwards.

Comes in: an open connection and a folder of NNNN_name.sql files. Goes out: a database at the newest
schema, and the table schema_migrations that says which files made it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from inspector.errors import InspectorError
from inspector.records import digest_of

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Migration:
    """One file: its number, name and text."""

    number: int
    name: str
    script: str

    @property
    def sha256(self) -> str:
        return digest_of([self.script])


def load(folder: Path) -> list[Migration]:
    """The migrations in a folder, in order; raises InspectorError when a number is missing."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_(\w+)", path.stem)
        if match is None:
            raise InspectorError(f"The migration {path} must be named NNNN_name.sql.")
        found.append(Migration(int(match[1]), match[2], path.read_text()))
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise InspectorError(f"The migrations in {folder} must be numbered 0001, 0002 and so on.")
    return found


def migrate(connection: duckdb.DuckDBPyConnection, migrations: list[Migration]) -> int:
    """Apply what is missing, all of it or nothing; returns how many were applied.

    Raises InspectorError when a migration that was applied has changed since, or when the database
    is newer than this program.
    """
    connection.begin()
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations "
            "(number INTEGER PRIMARY KEY, name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL)"
        )
        applied = dict(
            connection.execute("SELECT number, sha256 FROM schema_migrations").fetchall()
        )
        if len(applied) > len(migrations):
            raise InspectorError(
                f"The history has schema {len(applied)}, this program knows {len(migrations)}; "
                "use the newer program, or move the file away and rebuild the history."
            )
        missing = [m for m in migrations if m.number not in applied]
        for migration in migrations:
            if migration.number in applied and applied[migration.number] != migration.sha256:
                raise InspectorError(
                    f"Migration {migration.number:04} ({migration.name}) was changed after it had "
                    "been applied; restore it and add a new one, or move the history file away and "
                    "rebuild the history."
                )
        for migration in missing:
            connection.execute(migration.script)
            connection.execute(
                "INSERT INTO schema_migrations VALUES (?, ?, ?)",
                [migration.number, migration.name, migration.sha256],
            )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return len(missing)
